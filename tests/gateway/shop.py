"""A small shop, driven by hand: no I/O, and time passes only when a test says so."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from overdoor.core.effects import Effect, PagerList, Receipt, Refused, Signal, Wake
from overdoor.core.escalation import Timer
from overdoor.core.events import Event, Fact
from overdoor.core.evolve import evolve
from overdoor.core.inputs import (
    Answer,
    Configured,
    DeviceEvent,
    DutyStarted,
    Input,
    TimerFired,
    Verb,
)
from overdoor.core.model import Call, Pager, Plan, Policy, Room, Shop, Zone
from overdoor.core.step import step

NOW = 1_790_000_000_000  # in 2026
BOOT = "00000000000a"
SECOND = 1000
MINUTE = 60 * SECOND

T = TypeVar("T")


def a_plan(**policy: Any) -> Plan:
    """Women: w1 at 0 m and w2 at 10 m. Men: m1 at 40 m, with two devices. One pager."""
    rooms = (
        Room("w1", "Women 1", "women", (0.0, 0.0), ("cp-w1",)),
        Room("w2", "Women 2", "women", (10.0, 0.0), ("cp-w2",)),
        Room("m1", "Men 1", "men", (40.0, 0.0), ("button-m1", "lamp-m1")),
    )
    return Plan(
        zones={"women": Zone("women", "Women"), "men": Zone("men", "Men")},
        rooms={room.id: room for room in rooms},
        pagers={"pg-1": Pager("pg-1")},
        policy=Policy(**policy),
    )


def an_event(device: str = "cp-w1", n: int = 1, **said: Any) -> DeviceEvent:
    """What a device sends; a press of the call button just now unless said otherwise."""
    plain = {"boot": BOOT, "low": 1, "type": "button", "button": "call", "gesture": "press"}
    return DeviceEvent(device, n=n, **({"age_ms": 0} | plain | said))


def only(kind: type[T] | tuple[type[T], ...], effects: Sequence[Effect]) -> list[T]:
    """The effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def without_revs(shop: Shop) -> Shop:
    """The part of a shop that follows from the log."""
    return replace(shop, rev=0, lists={})


class Floor:
    """A shop with its clock, its log and its timers."""

    def __init__(self, plan: Plan | None = None, now: int = NOW) -> None:
        self.shop = Shop()
        self.now = now
        self.log: list[Event] = []
        self.events: list[Event] = []  # of the last turn
        self.effects: list[Effect] = []  # of the last turn
        self.signals: dict[str, Signal] = {}  # what each device shows
        self.timers: list[Timer] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self.do(Configured(plan or a_plan()))

    def do(self, given: Input) -> list[Effect]:
        """One turn. Every revision in it is new, not below the clock; a list may be repeated."""
        highest, lists = self.shop.rev, self.shop.lists
        self.shop, self.events, self.effects = step(self.shop, given, self.now)
        said = only((Signal, PagerList), self.effects)
        revs = [one.rev for one in said if lists.get(one.device) != one.rev]
        assert len(set(revs)) == len(revs)
        assert all(rev > highest and rev >= self.now for rev in revs)
        self.log += self.events
        self.signals |= {signal.device: signal for signal in only(Signal, self.effects)}
        for wish in only(Wake, self.effects):
            heapq.heappush(self.timers, wish.timer)
        return self.effects

    def wait(self, ms: int) -> None:
        """Time passes; timers ring when they are due."""
        end, rang = self.now + ms, 0
        while self.timers and self.timers[0].at <= end:
            timer = heapq.heappop(self.timers)
            rang += 1
            assert rang < 10_000, f"{timer} rings for ever"
            self.now = max(self.now, timer.at)
            self.do(TimerFired(timer))
        self.now = end

    def send(self, device: str = "cp-w1", **said: Any) -> DeviceEvent:
        """The next event of a device that holds on to everything."""
        key = (device, said.get("boot", BOOT))
        self._numbers[key] = said.pop("n", self._numbers.get(key, 0) + 1)
        event = an_event(device, self._numbers[key], **said)
        self.do(event)
        return event

    def press(self, device: str = "cp-w1", **said: Any) -> Call | None:
        """A press of the call button; the call it left in its room."""
        self.send(device, **said)
        return self.call(self.room_of(device))

    def room_of(self, device: str) -> str:
        """Where a device hangs now."""
        rooms = self.shop.plan.rooms.values()
        return next(room.id for room in rooms if device in room.devices)

    def presence(self, device: str = "cp-w1", **said: Any) -> None:
        """A press of the presence button."""
        self.send(device, button="presence", **said)

    def sign_on(self, duty: str, zone: str = "women") -> None:
        """Somebody begins a shift."""
        self.do(DutyStarted(duty, zone))

    def say(self, verb: Verb, by: str | None = "ana", room: str = "w1", **more: Any) -> bool:
        """Somebody answers the open call of a room; whether it was accepted."""
        call = self.call(room)
        return not only(Refused, self.do(Answer(call.id if call else "none", verb, by, **more)))

    def call(self, room: str = "w1") -> Call | None:
        """The open call of a room."""
        return self.shop.calls.get(room)

    def last(self, room: str = "w1") -> Call:
        """The call of a room that closed last."""
        last = self.shop.room(room).last
        assert last is not None
        return last

    def paged(self) -> list[tuple[str, ...]]:
        """Who was paged in the last turn, page by page."""
        return [tuple(e.data["duties"]) for e in self.events if e.fact is Fact.PAGED]

    def covers(self, device: str, boot: str, n: int) -> bool:
        """Whether the last turn receipted an event."""
        receipts = [r for r in only(Receipt, self.effects) if r.device == device]
        return any(dict(receipt.boots).get(boot, 0) >= n for receipt in receipts)

    def replayed(self) -> Shop:
        """The shop made again from the log alone."""
        shop = Shop()
        for event in self.log:
            shop = evolve(shop, event)
        return without_revs(shop)
