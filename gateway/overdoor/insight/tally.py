"""From the calls and shifts of one day to its cells."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from overdoor.core.model import Evidence, Kind, Outcome
from overdoor.insight.cells import COUNTS, NO_REASON, TIMES, Cell, Reason
from overdoor.insight.days import ShopDay
from overdoor.insight.histogram import Histogram, bin_of
from overdoor.insight.integrity import is_far, no_dwell, soon_after
from overdoor.insight.rows import CallFacts, Hold, Stint
from overdoor.insight.summary import hasty

LOW_RATING = 2  # of 5

ALL = ""  # every zone
WHOLE = -1  # the whole day

Key: TypeAlias = tuple[str, int]  # zone or ALL, hour on the shop's wall or WHOLE

_ARRIVED = {evidence: f"arrived_{evidence.lower()}" for evidence in Evidence}
_PROVEN = (Evidence.A, Evidence.B)


class Tally:
    """Takes the calls of a day one by one, and gives its cells at the end.

    `now` is where whatever still runs is cut off: a call that waits, a shift. Add the calls of the
    day by the time of their press, and those of the day before that were open when it began: they
    end in it, and somebody had them in hand. `stints` are all shifts that reach into the day.
    """

    def __init__(self, day: ShopDay, stints: Iterable[Stint], now: int) -> None:
        self._day = day
        self._now = min(now, day.end)
        self._slots = day.slots
        self._starts = [slot.start for slot in day.slots]
        self._stints = list(stints)
        self._parts: defaultdict[Key, _Part] = defaultdict(_Part)
        self._visits: dict[str, tuple[_Part, int]] = {}  # → the cell of its first call, its calls
        self._served: dict[str, int] = {}  # room → when its last call was closed as served
        self._presses: list[tuple[int, int | None, _Part]] = []  # raised, closed
        self._holds: list[Hold] = []

    def add(self, call: CallFacts) -> None:
        """One more call."""
        self._holds += call.holds
        today = self._day.start <= call.raised_at < self._day.end
        if today:
            part = self._parts[call.zone, self._hour(call.raised_at)]
            part.acted.update(hold.by for hold in call.holds)
            counts = self._count(part, call)
        else:
            counts = _counts(call)
        ended = call.closed_at
        if counts and ended is not None and self._day.start <= ended < self._day.end:
            self._parts[call.zone, self._hour(ended)].counts["closed"] += 1
        if counts and call.outcome is Outcome.SERVED and ended is not None:
            self._served[call.room] = ended

    def _count(self, part: "_Part", call: CallFacts) -> bool:
        """Counts a call of this day; whether it is in the measures."""
        counts = part.counts
        arrival = None
        if call.arrived_at is not None and call.outcome is not Outcome.LEFT:
            arrival = call.arrived_at - call.raised_at
        if call.voided:
            counts["voided"] += 1
        elif call.kind is Kind.MYSTERY:
            counts["mystery"] += 1
            if arrival is not None:
                counts["mystery_arrived"] += 1
                part.time("mystery_arrival", arrival)
        elif call.kind is Kind.NORMAL:
            if hasty(call):
                counts["quick_cancel"] += 1
                return False
            counts["calls"] += 1
            self._outcome(part, call, arrival)
            self._effort(part, call)
            self._presses.append((call.raised_at, call.closed_at, part))
            first, count = self._visits.get(call.visit, (part, 0))
            self._visits[call.visit] = first, count + 1
            return True
        return False

    def _outcome(self, part: "_Part", call: CallFacts, arrival: int | None) -> None:
        """What became of it, and how long that took."""
        counts, ended = part.counts, (call.closed_at or self._now) - call.raised_at
        if call.acknowledged_at is not None:
            part.time("response", call.acknowledged_at - call.raised_at)
        if arrival is not None and call.evidence is not None:
            grade = "ab" if call.evidence in _PROVEN else "cd"
            counts[_ARRIVED[call.evidence]] += 1
            part.time(f"arrival_{grade}", arrival)
            counts[f"within_{grade}"] += arrival <= call.target_ms
        elif call.outcome is None:
            counts["waiting"] += 1
            part.time("waiting_for", ended)
        else:
            counts[call.outcome.value] += 1
            part.time("found_gone" if call.outcome is Outcome.LEFT else "given_up", ended)
        if arrival is not None and call.arrived_at is not None and call.closed_at is not None:
            dwell = call.closed_at - call.arrived_at
            part.time("service_estimated" if call.close_estimated else "service", dwell)
            counts["no_dwell"] += no_dwell(call)

    def _effort(self, part: "_Part", call: CallFacts) -> None:
        """What it took, what was said, and what looks like a way around the clock."""
        counts = part.counts
        counts["repeat_presses"] += call.presses - 1
        counts["hand_offs"] += call.hand_offs
        counts["lapses"] += call.lapses
        counts["pages"] += call.pages
        counts["far_away"] += is_far(call.metres)
        counts["distances"] += call.metres is not None
        closed_before = self._served.pop(call.room, None)
        counts["pressed_after_close"] += soon_after(closed_before, call.raised_at)
        if call.satisfied is not None:
            counts["ratings"] += 1
            counts["ratings_sum"] += call.satisfied
            counts["low_ratings"] += call.satisfied <= LOW_RATING
        if call.knew is not None:
            counts["knew" if call.knew else "knew_not"] += 1
        counts["thanks"] += call.thanked
        reason = part.reasons[call.reason or NO_REASON]
        reason[0] += 1
        if (
            call.acknowledged_at is not None
            and call.closed_at is not None
            and call.outcome is Outcome.SERVED
        ):
            reason[1] += 1
            reason[2] += call.closed_at - call.acknowledged_at
            part.time("handling", call.closed_at - call.acknowledged_at)

    def cells(self) -> dict[Key, Cell]:
        """The cells of the day: of each zone and of all, of each hour and of the whole day."""
        for first, count in self._visits.values():
            first.counts["visits"] += 1
            first.counts["visits_of_one"] += count == 1
        self._queue()
        self._duty()
        shifts = _shifts(self._stints, self._now)
        groups: defaultdict[Key, list[_Part]] = defaultdict(list)
        for (zone, hour), part in self._parts.items():
            for key in ((zone, hour), (zone, WHOLE), (ALL, hour), (ALL, WHOLE)):
                groups[key].append(part)
        return {key: _cell(parts, shifts) for key, parts in groups.items()}

    def _queue(self) -> None:
        """Whether somebody was free at each press, and if not, when somebody became free."""
        now = self._now
        edges: list[tuple[int, int, int, Any]] = []  # instant, order, what, whom or which
        for index, (raised_at, closed_at, _) in enumerate(self._presses):
            edges.append((raised_at, 1, 0, index))
            if closed_at is not None:
                edges.append((closed_at, 0, 1, index))
        changes: list[tuple[int, int, str, int, int]] = []  # of somebody: on duty, in hand
        for stint in self._stints:
            changes.append((stint.since, 0, stint.by, 1, 0))
            changes.append((now if stint.until is None else stint.until, 2, stint.by, -1, 0))
        for hold in self._holds:
            changes.append((hold.since, 2, hold.by, 0, 1))
            changes.append((now if hold.until is None else hold.until, 0, hold.by, 0, -1))
        edges += [(at, order, 2, (by, on, busy)) for at, order, by, on, busy in changes]
        edges.sort(key=lambda edge: edge[:3])
        on_duty: defaultdict[str, int] = defaultdict(int)
        in_hand: defaultdict[str, int] = defaultdict(int)
        free: set[str] = set()
        queue: dict[int, None] = {}
        for at, _, what, about in edges:
            if what == 0:
                if free:
                    self._presses[about][2].counts["instant"] += 1
                else:
                    queue[about] = None
            elif what == 1:
                queue.pop(about, None)
            else:
                by, on, busy = about
                on_duty[by] += on
                in_hand[by] += busy
                if on_duty[by] > 0 and in_hand[by] <= 0:
                    free.add(by)
                    for index in queue:
                        raised_at, _, part = self._presses[index]
                        part.time("queue_wait", at - raised_at)
                    queue.clear()
                else:
                    free.discard(by)

    def _duty(self) -> None:
        """The time on duty of each zone and hour, and how much of it somebody had a call."""
        holds: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for hold in self._holds:
            until = self._now if hold.until is None else hold.until
            holds[hold.by].append((hold.since, until))
        merged = {by: _union(some) for by, some in holds.items()}
        for stint in self._stints:
            until = self._now if stint.until is None else stint.until
            for hour, ms in self._by_hour(stint.since, until):
                part = self._parts[stint.zone, hour]
                part.counts["on_duty_ms"] += ms
                part.present.add(stint.by)
            for since, ended in merged.get(stint.by, ()):
                for hour, ms in self._by_hour(max(since, stint.since), min(ended, until)):
                    self._parts[stint.zone, hour].counts["busy_ms"] += ms

    def _hour(self, at: int) -> int:
        return self._slots[bisect_right(self._starts, at) - 1].hour

    def _by_hour(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        """The hours of the day that a time reaches into, and how many ms of each."""
        since, until = max(since, self._day.start), min(until, self._now)
        if since >= until:
            return
        for slot in self._slots[bisect_right(self._starts, since) - 1 :]:
            if slot.start >= until:
                return
            yield slot.hour, min(until, slot.end) - max(since, slot.start)


class _Part:
    """A cell that still grows."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.times: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.reasons: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.acted: set[str] = set()  # who had one of its calls in hand
        self.present: set[str] = set()  # who was on duty then and there

    def time(self, name: str, ms: int) -> None:
        self.times[name][bin_of(ms)] += 1


def cells_of_day(
    day: ShopDay, calls: Iterable[CallFacts], stints: Iterable[Stint], now: int
) -> dict[Key, Cell]:
    """The cells of a day, from its calls in the order of their presses and its shifts."""
    tally = Tally(day, stints, now)
    for call in calls:
        tally.add(call)
    return tally.cells()


def _counts(call: CallFacts) -> bool:
    return call.kind is Kind.NORMAL and not call.voided and not hasty(call)


def _cell(parts: Sequence[_Part], shifts: dict[str, tuple[int, int]]) -> Cell:
    values: dict[str, Any] = {}
    for name in COUNTS:
        values[name] = sum(part.counts.get(name, 0) for part in parts)
    for name in TIMES:
        some = [Histogram(dict(times)) for part in parts if (times := part.times.get(name))]
        if some:
            values[name] = some[0] if len(some) == 1 else Histogram.total(some)
    reasons: dict[str, Reason] = {}
    for part in parts:
        for name, of in part.reasons.items():
            known = reasons.get(name, Reason())
            reasons[name] = Reason(*map(sum, zip(known, of, strict=True)))
    acted = set().union(*(part.acted for part in parts))
    present = set().union(*(part.present for part in parts))
    values |= {"acted": at_once(acted, shifts), "present": at_once(present, shifts)}
    return Cell(reasons=reasons, **values)


def _shifts(stints: Iterable[Stint], now: int) -> dict[str, tuple[int, int]]:
    """From when until when each shift lasted."""
    shifts: dict[str, tuple[int, int]] = {}
    for stint in stints:
        since, until = shifts.get(stint.by, (stint.since, stint.since))
        ended = now if stint.until is None else stint.until
        shifts[stint.by] = min(since, stint.since), max(until, ended)
    return shifts


def at_once(who: Iterable[str], shifts: dict[str, tuple[int, int]]) -> int:
    """How many people are behind some shifts, at least: as many as were there at one time.

    Whoever signs off and on again has another shift, and nobody knows that it is the same person.
    A pager has no shift; somebody on duty may carry it, so pagers and shifts are not added up.
    """
    who = list(who)
    edges = sorted(
        edge
        for since, until in (shifts[by] for by in who if by in shifts)
        for edge in ((since, 1), (max(until, since + 1), -1))
    )
    most = there = 0
    for _, change in edges:
        there += change
        most = max(most, there)
    return max(most, sum(by not in shifts for by in who))


def _union(times: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time without overlaps."""
    times.sort()
    merged: list[tuple[int, int]] = []
    for since, until in times:
        if merged and since <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], until)
        else:
            merged.append((since, until))
    return merged
