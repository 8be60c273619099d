"""Shoppers who scanned the card of a room. They see what is committed, and say what forms say."""

from typing import TYPE_CHECKING

from overdoor.core.inputs import (
    Answer,
    Input,
    Need,
    ShopperAnswers,
    ShopperAsks,
    ShopperRates,
    Verb,
)
from overdoor.core.model import Call, Kind

if TYPE_CHECKING:
    from overdoor.simulate.world import World

NEEDS = (None, "another-size", "question")


class Shopper:
    """Whoever holds a phone in this room just now. No answer of the gateway is no answer."""

    def __init__(self, world: "World", room: str) -> None:
        self._world = world
        self._room = room

    def asks(self, much: int) -> None:
        """Calls somebody, and perhaps says what for."""
        seed = f"{self._room}/page/{self._world.timeline.now}"
        self._say(ShopperAsks(self._room, seed, NEEDS[much % len(NEEDS)]))

    def says(self, much: int) -> None:
        """What one can say of the call that waits: what is needed, yes or no, or never mind."""
        call = self._open()
        if call is None:
            return
        if much == 0:
            self._say(Answer(call.id, Verb.CANCEL, None))
        elif much == 1:
            self._say(Need(self._room, "another-model"))
        else:
            self._say(ShopperAnswers(call.id, yes=much % 2 == 0))

    def rates(self, much: int) -> None:
        """One of the two questions, of the call that this page followed last."""
        engine = self._world.gateway.engine
        last = engine.committed.room(self._room).last if engine is not None else None
        if last is not None:
            satisfied = much if 1 <= much <= 5 else None
            knew = much % 2 == 0 if satisfied is None else None
            self._say(ShopperRates(self._room, last.id, satisfied, knew))

    def _open(self) -> Call | None:
        engine = self._world.gateway.engine
        call = engine.committed.calls.get(self._room) if engine is not None else None
        return None if call is None or call.kind is Kind.MYSTERY else call

    def _say(self, said: Input) -> None:
        self._world.gateway.ask(said)
