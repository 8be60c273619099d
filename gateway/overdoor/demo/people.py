"""Simulated people: associates who answer pages and walk, shoppers who press by themselves.

An associate knows only what a real one would: the page, and where the rooms are. They answer
through the same inputs as the handheld and prove their arrival with the room's presence button.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import dist
from typing import Any

from overdoor.core.events import Fact
from overdoor.core.floor import Point
from overdoor.core.inputs import Answer, Verb
from overdoor.core.model import State
from overdoor.core.sentence import Sentence
from overdoor.demo.rooms import SimulatedRoom
from overdoor.engine import Done, Engine
from overdoor.languages import gettext as _
from overdoor.reach import Reach, Rung, Told
from overdoor.web.session import sign_off, sign_on

NAMES = ("Ana", "Boris", "Chen")
PACE_M_PER_S = 1.2
REACTION_S = (1.0, 4.0)
HELP_S = (11.0, 20.0)
PRESS_EVERY_S = 14.0  # of a busy shop with eight rooms: enough for three associates
FRAME_S = 0.1
DOOR_M = 1.7  # from the middle of a room to a person at its door
_FREE = Sentence("free")


@dataclass
class Associate:
    """Somebody of the demo's staff."""

    id: str
    name: str
    zone: str
    zone_name: str
    at: Point
    duty: str | None = None
    doing: Sentence | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def state(self) -> dict[str, Any]:
        """What the page shows of them."""
        x, y = self.at
        return {
            "id": self.id,
            "name": self.name,
            "zone_name": self.zone_name,
            "on": self.duty is not None,
            "x": round(x, 2),
            "y": round(y, 2),
            "doing": _(self.doing) if self.doing else "",
        }


class People:
    """The three associates and the shoppers."""

    def __init__(
        self,
        engine: Engine,
        reach: Reach,
        rooms: Mapping[str, SimulatedRoom],
        zones: list[dict[str, Any]],
        changed: Callable[[], None],
    ) -> None:
        self.busy = False
        self._engine = engine
        self._reach = reach
        self._rooms = rooms
        self._changed = changed
        self._aisle = zones[0]["y"] + zones[0]["h"] / 2
        self._random = random.Random()  # noqa: S311 - people, not secrets
        self._shopping: asyncio.Task[None] | None = None
        self.associates = {
            name.lower(): Associate(
                name.lower(),
                name,
                zone["id"],
                zone["name"],
                (zone["x"] + zone["w"] / 2, zone["y"] + zone["h"] / 2),
            )
            for name, zone in zip(NAMES, zones, strict=False)
        }
        engine.listen(self._hear)

    async def set_on(self, person: Associate, on: bool) -> None:
        """Signs somebody on or off."""
        if on and person.duty is None:
            person.duty, _ = await sign_on(self._engine, person.name, person.zone)
            person.doing = _FREE
            self._take_next(person)  # what they were paged for while signing on
        elif not on and person.duty is not None:
            duty, person.duty, person.doing = person.duty, None, None
            if person.task is not None:
                person.task.cancel()
            await sign_off(self._engine, duty)
        self._changed()

    def set_busy(self, busy: bool) -> None:
        """Lets shoppers press by themselves, or not."""
        self.busy = busy
        if self._shopping is not None:
            self._shopping.cancel()
        self._shopping = asyncio.create_task(self._shop()) if busy else None
        self._changed()

    async def stop(self) -> None:
        """Everybody goes home."""
        tasks = [person.task for person in self.associates.values() if person.task]
        tasks += [self._shopping] if self._shopping else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, done: Done) -> None:
        """Pages reach people in their pocket."""
        for event in done.events:
            if event.fact is Fact.DUTY_ENDED:
                self._ended(event.duty)
            if event.fact is not Fact.PAGED or event.room is None or event.call is None:
                continue
            for person in self.associates.values():
                if person.duty is not None and person.duty in event.data["duties"]:
                    self._look(event.call, person.duty)
                idle = person.task is None or person.task.done()
                if person.duty in event.data["duties"] and idle:
                    person.task = asyncio.create_task(self._go(person, event.room, event.call))

    def _look(self, call: str, duty: str) -> None:
        """They have no page, so they say themselves that they have seen it, a moment later."""
        seen = (call, duty, Rung.PAGE, Told.SHOWN)
        asyncio.get_running_loop().call_soon(self._reach.receipt, *seen)

    def _ended(self, duty: str | None) -> None:
        """Somebody signed on elsewhere under the same name, or the manager ended the shift."""
        for person in self.associates.values():
            if duty is not None and person.duty == duty:
                person.duty, person.doing = None, None
                self._changed()

    async def _go(self, person: Associate, room: str, call: str) -> None:
        try:
            await asyncio.sleep(self._random.uniform(*REACTION_S))
            done = await self._engine.do(Answer(call, Verb.ACKNOWLEDGE, person.duty))
            if done.refused is None:
                await self._help(person, room, call)
        finally:
            self._do(person, _FREE if person.duty else None)
        self._take_next(person)

    async def _help(self, person: Associate, room: str, call: str) -> None:
        place = self._engine.committed.plan.rooms[room]
        self._do(person, Sentence("walking to %(room)s", room=place.name))
        await self._walk(person, self._door(place.at))
        self._rooms[room].press("presence", 150)
        self._do(person, Sentence("helping in %(room)s", room=place.name))
        await asyncio.sleep(self._random.uniform(*HELP_S))
        current = self._engine.committed.calls.get(room)
        if current is not None and current.id == call and current.state is State.ARRIVED:
            self._rooms[room].press("presence", 150)

    def _take_next(self, person: Associate) -> None:
        """A page that came while they were busy still waits."""
        for call in self._engine.committed.calls.values():
            if call.state is State.RAISED and person.duty in call.paged:
                person.task = asyncio.create_task(self._go(person, call.room, call.id))
                return

    def _door(self, room: Point) -> Point:
        """In front of a room, on its side of the aisle."""
        x, y = room
        return x, y + DOOR_M if y < self._aisle else y - DOOR_M

    async def _walk(self, person: Associate, to: Point) -> None:
        while (left := dist(person.at, to)) > 0:
            stride = min(left, PACE_M_PER_S * FRAME_S) / left
            x, y = person.at
            person.at = (x + (to[0] - x) * stride, y + (to[1] - y) * stride)
            self._changed()
            await asyncio.sleep(FRAME_S)

    def _do(self, person: Associate, doing: Sentence | None) -> None:
        person.doing = doing
        self._changed()

    async def _shop(self) -> None:
        while True:
            pace = PRESS_EVERY_S * 8 / len(self._rooms)
            await asyncio.sleep(self._random.expovariate(1 / pace))
            calls = self._engine.committed.calls
            free = [room for room in self._rooms.values() if room.id not in calls and room.online]
            with suppress(IndexError):  # every room has called already
                room = self._random.choice(free)
                for _ in range(self._random.randint(0, len(room.needs))):
                    room.press("need", self._random.randint(60, 200))
                    await asyncio.sleep(self._random.uniform(0.4, 1.2))
                room.press("call", self._random.randint(60, 300))
