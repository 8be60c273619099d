"""One made-up day: shoppers who press and lose patience, associates with shifts.

A queue in virtual time: who waits for longest goes first, and is helped by somebody of their zone
if one is free there, else by somebody else. It gives the day twice: as the rows that the numbers
are made of, and as what people did, for the real shop to be told of (`history_replay`).
"""

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from math import ceil, exp, log
from random import Random
from typing import Any

from overdoor.core.model import Evidence, Outcome
from overdoor.insight.rows import CallFacts, Hold, Stint
from overdoor.simulate.history_truth import (
    BY_HOUR,
    BY_WEEKDAY,
    CLOSES,
    EVIDENCE,
    HOUR_MS,
    LAST_PRESS_MS,
    OPENS,
    REASONS,
    Truth,
)

MINUTE = 60_000
TARGET_MS = 60_000  # these are the policy's defaults; a test compares
GIVE_UP_MS = 900_000
LAPSE_MS = 90_000
CLOSE_AFTER_MS = 300_000
VISIT_GAP_MS = 600_000
HANDS_OFF_AFTER_MS = 8_000
LEAST_SERVICE_S = 3.0
SHIFTS = ((-15, 5 * 60 + 15), (4 * 60 + 45, 10 * 60 + 15))  # minutes since the shop opened
BREAK_MS, BREAKS = 30 * MINUTE, 5  # one after the other
ZONE_MS, SHOP_MS = 20_000, 60_000  # until more people are paged
METRES = 9.0  # to walk, median; only those of days without facts

_REASONS, _REASON_SHARES = [*REASONS], [*REASONS.values()]
_EVIDENCE, _EVIDENCE_SHARES = [Evidence(one) for one in EVIDENCE], [*EVIDENCE.values()]


@dataclass(slots=True)
class Visit:
    """A call under way. `done`: nothing happens to it any more."""

    zone: str
    room: str
    at: int
    visit: str
    reason: str | None
    acknowledged_at: int | None = None
    by: "Person | None" = None
    presses: int = 1
    lapses: int = 0
    hand_offs: int = 0
    pages: int = 0
    metres: float | None = None
    gone: bool = False  # left without a word
    done: bool = False
    turn: int = 0  # grows with each acknowledgement: what was planned in an older one is void
    holds: list[Hold] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    """An associate on their shift."""

    duty: str
    zone: str
    since: int = 0  # when they were last free, or came
    on: bool = False
    busy: bool = False
    wants_off: str | None = None  # break or home, once what they do is done
    begun: int = 0


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did: `what` in `zone` or of `room`, by `who`."""

    at: int
    order: int
    what: str
    zone: str = ""
    room: str = ""
    who: str = ""
    more: Any = None


class MadeUpDay:
    """Plays a day. `rooms`: of each zone; `opens`: when the shop does, in ms since 1970 UTC."""

    def __init__(
        self, truth: Truth, rooms: Mapping[str, Sequence[str]], day: date, opens: int
    ) -> None:
        self._truth, self._day, self._opens = truth, day, opens
        self._dice = Random(f"{truth.seed}/{day}")  # noqa: S311 - the same day again
        self._walk = log(truth.walk(day))
        self._service = log(truth.service_s)
        self._free_rooms = {zone: [*some] for zone, some in rooms.items()}
        self._closed: dict[str, tuple[int, str]] = {}  # room → when its last call ended, its visit
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = count()
        self._waiting: deque[Visit] = deque()
        self._people: list[Person] = []
        self._breaks = count()
        self._visits = 0
        self.rows: list[CallFacts] = []
        self.stints: list[Stint] = []
        self.deeds: list[Deed] = []

    def play(self) -> None:
        """The whole day."""
        if BY_WEEKDAY[self._day.weekday()] == 0:
            return
        noise = exp(self._dice.gauss(0, self._truth.day_noise) - self._truth.day_noise**2 / 2)
        for zone in self._free_rooms:
            self._roster(zone)
            self._shoppers(zone, noise)
        while self._heap:
            at, _, what, about = heapq.heappop(self._heap)
            what(at, *about)

    def _at(self, at: float, what: Callable[..., None], *about: Any) -> None:
        heapq.heappush(self._heap, (int(at), next(self._count), what, about))

    def _did(
        self, at: int, what: str, about: Visit | Person, who: str = "", more: Any = None
    ) -> None:
        if isinstance(about, Person):
            deed = Deed(at, next(self._count), what, about.zone, who=about.duty)
        else:
            deed = Deed(at, next(self._count), what, about.zone, about.room, who, more)
        self.deeds.append(deed)

    # -- people ------------------------------------------------------------------------------------

    def _roster(self, zone: str) -> None:
        """As many as the average day needs at its busier hours; a sale finds them too few."""
        truth = self._truth
        usual = truth.calls_per_day * truth.zones[zone] * BY_WEEKDAY[self._day.weekday()]
        each_h = (truth.reaction_s + truth.walk_s * 1.13 + truth.service_s * 1.2) / 3600
        halves = (BY_HOUR[: len(BY_HOUR) // 2], BY_HOUR[len(BY_HOUR) // 2 :])
        for half, (begins, ends) in enumerate(SHIFTS):
            load = usual * max(halves[half]) * each_h
            for number in range(max(1, ceil(load * truth.staffing))):
                duty = f"{zone}{self._day:%y%m%d}{half}{number}"
                came = self._opens + begins * MINUTE + int(self._dice.random() * 5 * MINUTE)
                went = self._opens + ends * MINUTE + int(self._dice.random() * 5 * MINUTE)
                person = Person(duty, zone)
                self._at(came, self._come, person)
                turn = (next(self._breaks) % BREAKS - BREAKS // 2) * BREAK_MS
                self._at((came + went) / 2 + turn, self._wish, person, "break")
                self._at(went, self._wish, person, "home")

    def _come(self, at: int, person: Person) -> None:
        if not person.on and person.wants_off != "gone":
            person.on, person.since, person.begun = True, at, at
            self._people.append(person)
            self._did(at, "on", person)
            self._next(at)

    def _wish(self, at: int, person: Person, what: str) -> None:
        if what == "home" and not person.on:
            person.wants_off = "gone"  # was on a break
            self._did(at, "off", person)
            return
        if person.on and person.wants_off != "home":
            person.wants_off = what
            if not person.busy:
                self._leave(at, person)

    def _leave(self, at: int, person: Person) -> None:
        self._people.remove(person)
        person.on = False
        self.stints.append(Stint(person.duty, person.zone, person.begun, at))
        if person.wants_off == "break":
            person.wants_off = None
            self._did(at, "break", person)
            self._at(at + BREAK_MS, self._come, person)
        else:
            person.wants_off = "gone"
            self._did(at, "off", person)

    def _free(self, at: int, person: Person) -> None:
        person.busy, person.since = False, at
        if person.wants_off:
            self._leave(at, person)
        self._next(at)

    # -- shoppers ----------------------------------------------------------------------------------

    def _shoppers(self, zone: str, noise: float) -> None:
        truth, dice = self._truth, self._dice
        calls = truth.level(self._day) * truth.zones[zone] * noise
        calls /= 1 + truth.comes_again  # who comes again is a call, too
        for hour, share in enumerate(BY_HOUR):
            rate = calls * share / HOUR_MS
            at = self._opens + hour * HOUR_MS + dice.expovariate(1) / rate if rate else None
            while at is not None and at < self._opens + (hour + 1) * HOUR_MS:
                self._at(at, self._press, zone, None)
                at += dice.expovariate(1) / rate

    def _press(self, at: int, zone: str, room: str | None) -> None:
        dice, truth, free = self._dice, self._truth, self._free_rooms[zone]
        if at > self._opens + (CLOSES - OPENS) * HOUR_MS - LAST_PRESS_MS:
            return
        if room is None:
            if not free:
                return  # no room, no call
            room = free[int(dice.random() * len(free))]
        elif room not in free:
            return  # somebody else is in there by now
        free.remove(room)
        self._visits += 1
        ended, visit = self._closed.get(room, (0, ""))
        if at - ended >= VISIT_GAP_MS:
            visit = str(self._visits)
        (reason,) = dice.choices(_REASONS, _REASON_SHARES)
        call = Visit(zone, room, at, visit, reason)
        self._did(at, "press", call, more=reason)
        if dice.random() < truth.wrong_press:
            call.done = True
            self._at(at + dice.uniform(800, 4_000), self._end, call, Outcome.CANCELLED, "cancel")
            return
        self._waiting.append(call)
        self._at(at + dice.expovariate(1 / (truth.patience_s * 1000)) + 5_001, self._give_up, call)
        if dice.random() < truth.presses_again:
            self._at(at + MINUTE * (1 + dice.random()), self._press_again, call)
        self._at(at + GIVE_UP_MS, self._nobody_came, call)
        self._next(at)

    def _press_again(self, at: int, call: Visit) -> None:
        if not call.done and not call.gone:
            call.presses += 1
            self._did(at, "press", call)

    def _give_up(self, at: int, call: Visit) -> None:
        if call.done:
            return
        if self._dice.random() < self._truth.say_so:
            person = call.by
            call.done = True
            self._end(at, call, Outcome.CANCELLED, "cancel")
            if person is not None:
                self._free(at, person)
        else:
            call.gone = True

    def _nobody_came(self, at: int, call: Visit) -> None:
        if not call.done and call.by is None:
            call.done = True
            self._end(at, call, Outcome.UNANSWERED, None)

    # -- help --------------------------------------------------------------------------------------

    def _next(self, at: int) -> None:
        """Whoever has been free for longest takes the call that waits for longest."""
        while self._waiting:
            if self._waiting[0].done:
                self._waiting.popleft()
                continue
            free = [person for person in self._people if not person.busy]
            if not free:
                return
            call = self._waiting.popleft()
            zone = call.zone
            person = min(free, key=lambda one: (one.zone != zone, one.since))
            person.busy = True
            reacts = self._dice.expovariate(1 / (self._truth.reaction_s * 1000))
            self._at(at + reacts, self._acknowledge, call, person)

    def _acknowledge(self, at: int, call: Visit, person: Person) -> None:
        if call.done:
            self._free(at, person)
            return
        dice, truth = self._dice, self._truth
        call.by, call.acknowledged_at = person, at
        call.turn += 1
        self._page(at, call)
        self._did(at, "acknowledge", call, person.duty)
        chance = dice.random()
        if chance < truth.lapses:
            self._at(at + LAPSE_MS, self._back, call, call.turn, None)
        elif chance < truth.lapses + truth.hand_offs:
            self._at(at + HANDS_OFF_AFTER_MS, self._back, call, call.turn, "hand-off")
        else:
            call.metres = round(METRES * exp(dice.gauss(0, 0.6)), 1)
            walk = min(exp(dice.gauss(self._walk, 0.5)) * 1000, LAPSE_MS - 1000)
            self._at(at + walk, self._arrive, call, call.turn)

    def _page(self, at: int, call: Visit) -> None:
        """Counts who was paged until now: the nearest, then the zone, then the shop."""
        waited = at - call.at
        of_zone = sum(person.zone == call.zone for person in self._people)
        call.pages += 1
        call.pages += of_zone * (waited >= ZONE_MS) + len(self._people) * (waited >= SHOP_MS)

    def _let_go(self, at: int, call: Visit) -> Person:
        """Whoever has the call has it no more."""
        person = call.by
        assert person is not None and call.acknowledged_at is not None
        call.holds.append(Hold(person.duty, call.acknowledged_at, at))
        call.by = None
        return person

    def _back(self, at: int, call: Visit, turn: int, deed: str | None) -> None:
        """A lapse or a hand-off: the call waits again, before all others."""
        if call.done or call.turn != turn:
            return
        if deed is not None:
            call.hand_offs += 1
            self._did(at, deed, call, call.by.duty if call.by else "")
        else:
            call.lapses += 1
        person = self._let_go(at, call)
        call.acknowledged_at = None
        if at - call.at >= GIVE_UP_MS:
            call.done = True
            self._end(at, call, Outcome.UNANSWERED, None)
        else:
            self._waiting.appendleft(call)
        self._free(at, person)

    def _arrive(self, at: int, call: Visit, turn: int) -> None:
        if call.done or call.turn != turn:
            return
        person = call.by
        assert person is not None
        call.done = True
        if call.gone:
            self._end(at, call, Outcome.LEFT, "nobody-there")
            self._free(at, person)
            return
        dice, truth = self._dice, self._truth
        (evidence,) = dice.choices(_EVIDENCE, _EVIDENCE_SHARES)
        self._did(at, "arrive", call, person.duty, evidence)
        takes = max(LEAST_SERVICE_S, exp(dice.gauss(self._service, 0.7))) * 1000
        forgotten = takes >= CLOSE_AFTER_MS or dice.random() < truth.never_closed
        ended = at + (CLOSE_AFTER_MS if forgotten else int(takes))
        self._at(ended, self._served, call, at, evidence, forgotten)

    def _served(
        self, at: int, call: Visit, arrived_at: int, evidence: Evidence, forgotten: bool
    ) -> None:
        dice, truth, person = self._dice, self._truth, call.by
        assert person is not None
        said: dict[str, Any] = {}
        if dice.random() < truth.rated:
            waited_s = (arrived_at - call.at) / 1000
            said["satisfied"] = max(1, min(5, round(dice.gauss(4.7 - waited_s / 90, 0.8))))
            said["knew"] = dice.random() < 0.7
        thanked = dice.random() < truth.thanked
        self._end(
            at,
            call,
            Outcome.SERVED,
            None if forgotten else "close",
            arrived_at=arrived_at,
            evidence=evidence,
            close_estimated=forgotten,
            thanked=thanked,
            **said,
        )
        if thanked:
            self._did(at, "thank", call)
        if said:
            self._did(at, "rate", call, more=said)
        if dice.random() < truth.comes_again:
            self._at(at + dice.uniform(30_000, 8 * MINUTE), self._press, call.zone, call.room)
        self._free(at, person)

    def _end(self, at: int, call: Visit, outcome: Outcome, deed: str | None, **more: Any) -> None:
        """The call is over: its row is written, its room is free again."""
        if deed is not None:
            self._did(at, deed, call, call.by.duty if call.by else "")
        if call.by is not None:
            self._let_go(at, call)
        else:
            self._page(at, call)
        self.rows.append(
            CallFacts(
                room=call.room,
                zone=call.zone,
                raised_at=call.at,
                target_ms=TARGET_MS,
                visit=call.visit,
                acknowledged_at=call.acknowledged_at,
                closed_at=at,
                outcome=outcome,
                reason=call.reason,
                presses=call.presses,
                lapses=call.lapses,
                hand_offs=call.hand_offs,
                pages=call.pages,
                metres=call.metres,
                holds=tuple(call.holds),
                **more,
            )
        )
        self._closed[call.room] = at, call.visit
        self._free_rooms[call.zone].append(call.room)
