"""Made-up days told to the real shop: its own decisions, facts and tables."""

import heapq
from collections.abc import Iterable
from sqlite3 import Connection

from overdoor.core import inputs
from overdoor.core.effects import Wake
from overdoor.core.escalation import Timer
from overdoor.core.events import Event
from overdoor.core.inputs import (
    Answer,
    DeviceEvent,
    DutyEnded,
    DutyPaused,
    DutyStarted,
    ShopperRates,
    ShopperThanks,
    TimerFired,
    Verb,
)
from overdoor.core.model import Plan, Shop
from overdoor.core.step import step
from overdoor.simulate.history_day import Deed
from overdoor.store.projections import Changes, append

_BOOT = "000000000001"
_VERBS = {"acknowledge", "hand-off", "arrive", "close", "nobody-there", "cancel"}


class Replay:
    """A shop that lives through deeds, and writes its facts down day by day."""

    def __init__(self, db: Connection, plan: Plan, begins: int) -> None:
        self._db = db
        self._shop = Shop()
        self._now = begins
        self._timers: list[Timer] = []
        self._presses: dict[str, int] = {}  # device → how many
        self._events: list[Event] = []
        self._changes = Changes()
        self._do(inputs.Configured(plan))

    def live(self, deeds: Iterable[Deed], end: int) -> None:
        """Does what people did, in its order, and lets time pass up to `end`."""
        for deed in deeds:
            self._pass_time(deed.at)
            for given in self._inputs(deed):
                self._do(given)
        self._pass_time(end)
        self._db.execute("BEGIN")
        append(self._db, self._events)
        self._changes.write(self._db)
        self._db.execute("COMMIT")
        self._events, self._changes = [], Changes()

    def _pass_time(self, until: int) -> None:
        while self._timers and self._timers[0].at <= until:
            timer = heapq.heappop(self._timers)
            self._now = max(self._now, timer.at)
            self._do(TimerFired(timer))
        self._now = max(self._now, until)

    def _do(self, given: inputs.Input) -> None:
        before = self._shop
        self._shop, facts, effects = step(before, given, self._now)
        self._changes.note(before, self._shop, facts)
        self._events += facts
        for effect in effects:
            if isinstance(effect, Wake):
                heapq.heappush(self._timers, effect.timer)

    def _inputs(self, deed: Deed) -> list[inputs.Input]:
        room, who = deed.room, deed.who
        if deed.what == "on":
            return [DutyStarted(who, deed.zone)]
        if deed.what == "break":
            return [DutyPaused(who)]
        if deed.what == "off":
            return [DutyEnded(who)]
        if deed.what == "press":
            said = [inputs.Need(room, deed.more)] if deed.more is not None else []
            return [self._press(room), *said]
        last = self._shop.room(room).last
        if deed.what == "rate":
            return [ShopperRates(room, last.id, **deed.more)] if last is not None else []
        if deed.what == "thank":
            return [ShopperThanks(room, last.id)] if last is not None else []
        assert deed.what in _VERBS
        call = self._shop.calls.get(room)
        if call is None:
            return []
        if deed.what == "arrive":
            return [Answer(call.id, Verb.ARRIVE, who, evidence=deed.more)]
        if deed.what == "hand-off":
            return [Answer(call.id, Verb.HAND_OFF, who, zone=deed.zone)]
        return [Answer(call.id, Verb(deed.what), who or None)]

    def _press(self, room: str) -> DeviceEvent:
        device = self._shop.plan.rooms[room].devices[0]
        number = self._presses[device] = self._presses.get(device, 0) + 1
        said = {"type": "button", "button": "call", "gesture": "press", "age_ms": 0}
        event = (device, _BOOT, number, number, "button", 0, "call", "press")
        return DeviceEvent(*event, body=said)
