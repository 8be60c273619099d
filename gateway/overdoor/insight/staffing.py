"""How many people a zone needs in an hour, as a range, what that costs, and how right it is.

An associate is busy from the acknowledgement to the close, the walk included, so calls queue for
the acknowledgement: Erlang-A (`erlang`). Then comes the walk, during which a caller may leave, too.
The three rates of the model are each a number of events over the time in which they could happen:

- calls over hours
- calls handled over the time they took
- calls abandoned over the time all callers waited

Each has a Poisson interval, that of the calls as much wider as hours alike differ by more than
chance; the range of the people needed is that over all their ends together. Who left without a
word counts as if they had waited until somebody came, so patience is taken for a little longer than
it is; the backtest says whether that, and the rest of the model, does for a shop. Hours alike (the
same weekday and hour, say) are one slot. All times are ms.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import ceil, exp, floor
from typing import NamedTuple

from overdoor.insight.cells import Cell
from overdoor.insight.erlang import MOST_STAFF, ErlangA, staff_for
from overdoor.insight.intervals import ENOUGH, LEVEL, Interval, poisson, wilson

HOUR_MS = 3_600_000
HOURS_NEEDED = 4  # of a slot


@dataclass(frozen=True, slots=True)
class Demand:
    """What was seen in some hours of a zone; two of them add up to that of both."""

    hours: int = 0
    calls: int = 0
    squares: int = 0  # the calls of each hour squared, added up
    handled: int = 0  # closed by whoever acknowledged
    handled_ms: int = 0  # acknowledged → closed, of them together
    walked_ms: int = 0  # acknowledged → arrived, of them together
    abandoned: int = 0
    waited_ms: int = 0  # raised → arrived, abandoned or found gone, of all calls together

    def __add__(self, other: "Demand") -> "Demand":
        return Demand(
            self.hours + other.hours,
            self.calls + other.calls,
            self.squares + other.squares,
            self.handled + other.handled,
            self.handled_ms + other.handled_ms,
            self.walked_ms + other.walked_ms,
            self.abandoned + other.abandoned,
            self.waited_ms + other.waited_ms,
        )


def demand_of(cell: Cell) -> Demand:
    """What one hour of a zone adds to the demand of its slot.

    The walk is what handling takes beyond the service, in the mean of the hour.
    """
    handled, walked = cell.handling.total_ms(), 0.0
    served = cell.service + cell.service_estimated
    if served:
        walked = max(0.0, handled - served.total_ms() * cell.handling.count / served.count)
    waits = (cell.arrival, cell.given_up, cell.found_gone, cell.waiting_for)
    return Demand(
        hours=1,
        calls=cell.calls,
        squares=cell.calls**2,
        handled=cell.handling.count,
        handled_ms=round(handled),
        walked_ms=round(walked),
        abandoned=cell.abandoned,
        waited_ms=round(sum(times.total_ms() for times in waits)),
    )


@dataclass(frozen=True, slots=True)
class Target:
    """The shop's target: `share` of all calls arrived at within `within_ms`."""

    share: float
    within_ms: int


@dataclass(frozen=True, slots=True)
class NotEnough:
    """Too little is known, and of what: there is `have` where `need` is the least."""

    of: str  # hours | handled | calls
    have: int
    need: int


@dataclass(frozen=True, slots=True)
class Needed:
    """People needed; None where not even `MOST_STAFF` would do, as the walk alone takes longer."""

    low: int | None
    likely: int | None
    high: int | None


def people_needed(demand: Demand, target: Target, level: float = LEVEL) -> Needed | NotEnough:
    """The fewest people with whom the target is met, and the range that the data leaves open."""
    lacking = _lacking(demand)
    if lacking:
        return lacking
    ends = [_staff(rates, demand, target) for rates in product(*_rates_within(demand, level))]
    low, high = min(ends), max(ends)
    return Needed(*map(_or_none, (low, _staff(_rates(demand), demand, target), high)))


def service_level(demand: Demand, staff: float, within_ms: int) -> float | NotEnough:
    """The share of calls arrived at in time with so many people there, on average over the hours.

    Between two whole numbers of people it lies in proportion; without anybody it is 0.
    """
    lacking = _lacking(demand)
    if lacking:
        return lacking
    staff = min(staff, MOST_STAFF)
    fewer, more = (
        _level(_rates(demand), n, demand, within_ms) for n in (floor(staff), ceil(staff))
    )
    return fewer + (staff - floor(staff)) * (more - fewer)


@dataclass(frozen=True, slots=True)
class Change:
    """People-hours more than planned (fewer: below zero), as a range."""

    low: float
    likely: float
    high: float

    def cost(self, wage: float) -> "Change":
        """The same in money, at so much for an hour."""
        return Change(self.low * wage, self.likely * wage, self.high * wage)


def against_plan(
    plan: Mapping[Hashable, float], needed: Mapping[Hashable, Needed | NotEnough]
) -> Change:
    """What the people needed are more than those planned, summed up over the slots of a week.

    Slots of which too little is known, or whose target nobody can meet, stay as they are planned.
    """
    low = likely = high = 0.0
    for slot, planned in plan.items():
        need = needed.get(slot)
        if isinstance(need, Needed) and None not in (need.low, need.likely, need.high):
            low += (need.low or 0) - planned
            likely += (need.likely or 0) - planned
            high += (need.high or 0) - planned
    return Change(low, likely, high)


class PastHour(NamedTuple):
    """An hour of a zone as it was."""

    slot: Hashable
    staff: float  # time on duty ÷ an hour
    within: int  # calls arrived at in time
    demand: Demand


def past_hour(slot: Hashable, cell: Cell) -> PastHour:
    """An hour of a zone, from its cell. In time means within the target that each call had."""
    within = cell.within_ab + cell.within_cd
    return PastHour(slot, cell.on_duty_ms / HOUR_MS, within, demand_of(cell))


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the model says of hours that it had not seen, beside what was.

    `hours` and `calls` are those that could be told. `real` is the share of their calls arrived at
    in time; its interval knows that calls of one hour fare alike.
    """

    hours: int
    calls: int
    predicted: float
    real: float
    interval: Interval


def backtest(
    known: Iterable[PastHour], then: Iterable[PastHour], within_ms: int, level: float = LEVEL
) -> Backtest | NotEnough:
    """Learns from the hours `known`, and tells the service level of those that came `then`.

    Each later hour is told from its slot's earlier ones and the people who were there. Hours of
    slots that are not known well enough, or without calls, are left out.
    """
    slots: defaultdict[Hashable, Demand] = defaultdict(Demand)
    for hour in known:
        slots[hour.slot] += hour.demand
    told: list[tuple[int, int, float]] = []  # calls, within, predicted share
    for hour in then:
        share = service_level(slots[hour.slot], hour.staff, within_ms)
        if hour.demand.calls and not isinstance(share, NotEnough):
            told.append((hour.demand.calls, hour.within, share))
    calls = sum(n for n, _, _ in told)
    if calls < ENOUGH:
        return NotEnough("calls", calls, ENOUGH)
    real = sum(within for _, within, _ in told) / calls
    predicted = sum(n * share for n, _, share in told) / calls
    # How much more the hours differ than calls by themselves would: so many calls count as one.
    chance = calls * real * (1 - real)
    alike = sum((within - real * n) ** 2 for n, within, _ in told) / chance if chance else 1.0
    n = calls / max(1.0, alike)
    return Backtest(len(told), calls, predicted, real, wilson(real * n, n, level))


class _Rates(NamedTuple):
    """Events per ms."""

    arrivals: float
    service: float
    impatience: float


def _lacking(demand: Demand) -> NotEnough | None:
    if demand.hours < HOURS_NEEDED:
        return NotEnough("hours", demand.hours, HOURS_NEEDED)
    if demand.handled < ENOUGH or not demand.handled_ms or not demand.waited_ms:
        return NotEnough("handled", demand.handled, ENOUGH)
    return None


def _rates(demand: Demand) -> _Rates:
    """The likeliest ones. Where nobody abandoned, half a caller did: patience is not endless."""
    return _Rates(
        demand.calls / (demand.hours * HOUR_MS),
        demand.handled / demand.handled_ms,
        max(demand.abandoned, 0.5) / demand.waited_ms,
    )


def _rates_within(demand: Demand, level: float) -> list[tuple[float, float]]:
    """Both ends of each of the three, above zero."""
    ends = []
    for count, exposure, alike in (
        (demand.calls, demand.hours * HOUR_MS, _dispersion(demand)),
        (demand.handled, demand.handled_ms, 1.0),
        (demand.abandoned, demand.waited_ms, 1.0),
    ):
        low, high = poisson(count / alike, level)
        ends.append((max(low or 0.0, 0.05) * alike / exposure, (high or 0.0) * alike / exposure))
    return ends


def _dispersion(demand: Demand) -> float:
    """The variance of the calls of hours alike, in that of chance alone; not below 1."""
    mean = demand.calls / demand.hours
    if not mean:
        return 1.0
    return max(1.0, (demand.squares - mean * demand.calls) / (demand.hours - 1) / mean)


def _staff(rates: Iterable[float], demand: Demand, target: Target) -> int:
    """How many are needed; one more than `MOST_STAFF` where they are not enough."""
    arrivals, service, impatience = rates
    walk = demand.walked_ms / demand.handled
    stays = exp(-impatience * walk)
    found = staff_for(target.share / stays, target.within_ms - walk, arrivals, service, impatience)
    return found or MOST_STAFF + 1


def _or_none(staff: int) -> int | None:
    return staff if staff <= MOST_STAFF else None


def _level(rates: _Rates, staff: int, demand: Demand, within_ms: int) -> float:
    if not staff:
        return 0.0
    walk = demand.walked_ms / demand.handled
    queue = ErlangA(rates.arrivals, rates.service, rates.impatience, staff)
    return queue.within(within_ms - walk) * exp(-rates.impatience * walk)
