"""People who work in the shop. They see what the pages show, which is only what is committed."""

from random import Random
from typing import TYPE_CHECKING

from overdoor.core.events import Event, Fact
from overdoor.core.inputs import (
    Answer,
    DutyEnded,
    DutyPaused,
    DutyStarted,
    Input,
    Raise,
    Reply,
    Verb,
)
from overdoor.core.model import Kind, Phrase
from overdoor.engine import Done

if TYPE_CHECKING:
    from overdoor.simulate.world import World

TRIES = 4
TRY_AGAIN_MS = 3_000
NEVER_CAME_MS = 60_000


class Associate:
    """One person, on duty or not, with at most one call in hand."""

    def __init__(self, world: "World", name: str, rng: Random) -> None:
        self.name = name
        self.duty: str | None = None
        self._world = world
        self._rng = rng
        # Apart, so that the rest of a day stays as it is without replies.
        self._rng_of_replies = Random(f"{world.script.seed}/{name}/replies")  # noqa: S311
        self._manners = world.script.manners
        self._pace = world.script.pace
        self._call: str | None = None
        self._there: str | None = None  # the call whose room was reached without a proof
        self._intent = 0

    # -- the shift -------------------------------------------------------------------------------

    def sign_on(self, zone: str) -> None:
        """Begins, moves, or comes back from a break."""
        if self.duty is None:
            self.duty = f"{self._rng.getrandbits(32):08x}"
            self._world.people[self.duty] = self
        self._insist(DutyStarted(self.duty, zone))

    def take_break(self) -> None:
        """Is away for a while."""
        if self.duty is not None:
            self._insist(DutyPaused(self.duty))

    def sign_off(self) -> None:
        """Goes home, and is somebody else at the next shift."""
        duty, self.duty, self._call = self.duty, None, None
        if duty is not None:
            self._insist(DutyEnded(duty))

    def _insist(self, given: Input) -> None:
        """Says it until the page says that it is stored, or means something else by now."""
        self._intent += 1
        intent = self._intent

        def say() -> None:
            if intent != self._intent:
                return
            if not self._world.gateway.ask(given, answered):
                self._later(TRY_AGAIN_MS, say)

        def answered(done: Done | None) -> None:
            if done is None:
                self._later(TRY_AGAIN_MS, say)

        say()

    def train(self) -> None:
        """Tries a call in the room that is for that."""
        room = self._world.script.training_room
        if self.duty is not None and room is not None:
            seed = f"{room}/{self._world.timeline.now}"
            self._world.gateway.ask(Raise(room, seed, Kind.TRAINING, by=self.duty))

    # -- calls -----------------------------------------------------------------------------------

    def hears(self, event: Event) -> None:
        """The phone rings, or asks."""
        if event.fact is Fact.ASKED and event.call == self._there:
            self._say(event.call or "", Verb.ARRIVE)
        if event.fact is Fact.PAGED and self._call is None and event.call and event.room:
            call, room = event.call, event.room
            self._later(self._seconds(1, 8), lambda: self._consider(call, room))

    def _consider(self, call: str, room: str) -> None:
        if self._call is not None or self.duty is None:
            return
        mood = self._rng.random()
        if mood < self._manners.answers:
            self._say(call, Verb.ACKNOWLEDGE, lambda: self._take(call, room))
        elif mood < self._manners.answers + self._manners.declines:
            self._say(call, Verb.DECLINE)

    def _take(self, call: str, room: str) -> None:
        self._call = call
        if self._rng_of_replies.random() < self._manners.replies:
            self._tell(call)
            if self._rng_of_replies.random() < 0.5:
                self._tell(call)
        mood = self._rng.random()
        if mood < self._manners.undoes:
            self._later(2_000, lambda: self._drop(call, Verb.UNDO))
        elif mood < self._manners.undoes + self._manners.hands_off:
            self._later(self._seconds(2, 8), lambda: self._drop(call, Verb.HAND_OFF))
        elif self._rng.random() < self._manners.comes:
            self._later(self._seconds(3, 14), lambda: self._arrive(call, room))
        else:
            self._world.story.note(f"{self.name} forgets about {self._world.room_name(room)}")
            self._later(NEVER_CAME_MS, lambda: self._free(call))

    def _tell(self, call: str) -> None:
        """A quick reply to the shopper's page; by then the call may be somebody else's."""
        phrase = self._rng_of_replies.choice(tuple(Phrase))
        minutes = self._rng_of_replies.randint(1, 2) if phrase is Phrase.WAIT else None
        sizes = ("M", "L") if phrase is Phrase.SIZE else (None, None)

        def say() -> None:
            if self.duty is not None:
                self._world.gateway.ask(Reply(call, self.duty, phrase, minutes, *sizes))

        self._later(self._rng_of_replies.randint(500, 40_000), say)

    def _drop(self, call: str, verb: Verb) -> None:
        self._free(call)
        self._say(call, verb)

    def _arrive(self, call: str, room: str) -> None:
        if self._call != call:
            return
        mood = self._rng.random()
        if self._rng.random() < self._manners.finds_nobody:
            self._free(call)
            self._say(call, Verb.NOBODY_THERE, lambda: self._regret(call))
            return
        if mood < self._manners.presses_presence:
            self._at_the_door(room)
        elif mood < self._manners.presses_presence + self._manners.taps_arrived:
            self._say(call, Verb.ARRIVE)
        else:
            self._there = call
        self._later(self._seconds(15, 60), lambda: self._finish(call, room))

    def _finish(self, call: str, room: str) -> None:
        self._free(call)
        mood = self._rng.random()
        if mood < self._manners.closes / 2:
            self._at_the_door(room)
        elif mood < self._manners.closes:
            self._say(call, Verb.CLOSE, lambda: self._regret(call))

    def _regret(self, call: str) -> None:
        """A closing that was a wrong tap, now and then."""
        if self._rng.random() < self._manners.regrets:
            self._later(self._rng.randint(500, 6_000), lambda: self._say(call, Verb.UNDO))

    def _at_the_door(self, room: str) -> None:
        here = [device for device in self._world.devices.values() if device.room == room]
        doors = [device for device in here if device.build.presence]
        if doors:
            self._world.press(doors[0].build.name, "presence", 200)
        elif here:
            self._world.press(here[0].build.name, "call", 3_300)  # until the light changes

    def _free(self, call: str) -> None:
        if self._call == call:
            self._call = None

    def _say(self, call: str, verb: Verb, done: object = None, tries: int = TRIES) -> None:
        if self.duty is None:
            return

        def again() -> None:
            if tries > 1:
                self._say(call, verb, done, tries - 1)

        def answered(turn: Done | None) -> None:
            if turn is None:
                self._later(TRY_AGAIN_MS, again)
            elif turn.refused is None and callable(done):
                done()

        if not self._world.gateway.ask(Answer(call, verb, self.duty), answered):
            self._later(TRY_AGAIN_MS, again)

    def _seconds(self, least: int, most: int) -> int:
        return self._rng.randint(least * 1000, most * 1000) * self._pace

    def _later(self, ms: int, do: object) -> None:
        assert callable(do)
        self._world.timeline.after(ms, do)
