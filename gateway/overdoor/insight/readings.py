"""From a cell to the numbers that a page shows: each measure of the registry, read from one group.

A reading always has its n, and an interval where there is one. Below `Measure.needs` calls a time
has no 90th percentile, and its calls are given one by one. Units are those of the registry.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from overdoor.insight import measures
from overdoor.insight.cells import NO_REASON, Cell
from overdoor.insight.histogram import Histogram
from overdoor.insight.intervals import Interval, of_quantile, only_dots, poisson, wilson
from overdoor.insight.measures import FEWEST, Measure
from overdoor.insight.survival import Curve, Incidence
from overdoor.insight.waits import End, Wait, arrived_or_abandoned, patience, to_be_helped

NOT_KNOWN = Interval(None, None)
SIGN_SHARE = 0.03  # of the calls with a reason: from here on a sign or a shelf may be worth it
# What a sign or a shelf could answer; who wants to pay, or another size, wants a person.
BY_A_SIGN = ("question", "other")


@dataclass(frozen=True, slots=True)
class Part:
    """One of what a measure is made of: a reason, a grade of evidence."""

    id: str
    count: int
    of: int
    interval: Interval

    @property
    def share(self) -> float:
        """Of all."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure of one group. `value` None: nothing, or too little to say.

    `n` is what the value rests on (calls, arrivals, visits, answers), and `of` out of how many that
    could have shown it. `p90` is of times only, and `dots` are their values where they are few.
    `without` is the value without the arrivals of evidence C and D, `anyhow` with them, where the
    value itself is the other one.
    """

    measure: Measure
    n: int
    value: float | None = None
    interval: Interval = NOT_KNOWN
    p90: float | None = None
    p90_interval: Interval = NOT_KNOWN
    dots: tuple[float, ...] = ()
    of: int | None = None
    parts: tuple[Part, ...] = ()
    anyhow: float | None = None
    estimated: int = 0


def read(measure: Measure, cell: Cell) -> Reading:
    """The measure in this group."""
    return _READERS[measure](cell)


def glance(measure: Measure, cell: Cell) -> Reading:
    """As `read`, with the value, its n and its interval for sure: a point among hundreds."""
    if measure is measures.TO_BE_HELPED:
        curve = helped(cell)
        value, interval = curve.quantile(0.5), curve.quantile_interval(0.5)
        return Reading(measure, round(curve.n), value, interval)
    return read(measure, cell)


def proven(cell: Cell) -> bool:
    """Whether any arrival is known by evidence A or B, so that the headline can rest on these."""
    return cell.arrived_a + cell.arrived_b > 0


def waits(cell: Cell, *, only_proven: bool = False) -> list[Wait]:
    """How each wait ended. `only_proven`: who came by evidence C or D is lost sight of then.

    A tap says that somebody came, and not that they stood there; so the wait was at least so long.
    """
    tapped = End.WAITING if only_proven else End.ARRIVED
    ends = (
        (cell.arrival_ab, End.ARRIVED),
        (cell.arrival_cd, tapped),
        (cell.found_gone, End.LEFT),
        (cell.waiting_for, End.WAITING),
    )
    found = [(ms, end, n) for times, end in ends for ms, n in times.values()]
    return found + list(_given_up(cell))


def curves(cell: Cell) -> tuple[Incidence, Incidence]:
    """The shares that were arrived at, and that were abandoned, by each time."""
    return arrived_or_abandoned(waits(cell))


def helped(cell: Cell) -> Curve:
    """How long it takes until somebody stands there; by evidence A and B, if there is any."""
    return to_be_helped(waits(cell, only_proven=proven(cell)))


def flagged(part: Part) -> bool:
    """Whether a reason comes up so often, for sure, that a sign or a shelf could answer it."""
    low = part.interval.low
    return part.id in BY_A_SIGN and low is not None and low > SIGN_SHARE


def _given_up(cell: Cell) -> Iterator[Wait]:
    """The waits of those who cancelled, and of those whom nobody answered.

    One histogram holds both. The shop gives up after a fixed time, which few shoppers outlast, so
    the longest ones are taken as the unanswered.
    """
    cancelled = cell.given_up.count - cell.unanswered
    for ms, n in cell.given_up.values():
        early = min(n, max(0, cancelled))
        cancelled -= early
        if early:
            yield ms, End.CANCELLED, early
        if n > early:
            yield ms, End.UNANSWERED, n - early


def _time(measure: Measure, pick: Callable[[Cell], Histogram]) -> Callable[[Cell], Reading]:
    def reader(cell: Cell) -> Reading:
        return _of_times(measure, pick(cell))

    return reader


def _of_times(measure: Measure, times: Histogram) -> Reading:
    counted = list(times.values())
    n = sum(count for _, count in counted)
    few = only_dots(n)
    return Reading(
        measure,
        n,
        times.quantile(0.5),
        of_quantile(counted, 0.5),
        None if few else times.quantile(0.9),
        NOT_KNOWN if few else of_quantile(counted, 0.9),
        _dots(counted) if few else (),
    )


def _dots(counted: Iterable[tuple[float, int]]) -> tuple[float, ...]:
    return tuple(ms for ms, count in counted for _ in range(count))


def _arrival_time(cell: Cell) -> Reading:
    reading = _of_times(measures.ARRIVAL_TIME, cell.arrival_ab if proven(cell) else cell.arrival_cd)
    return replace(reading, anyhow=cell.arrival.quantile(0.5) if _mixed(cell) else None)


def _helped(cell: Cell) -> Reading:
    curve = helped(cell)
    n = round(curve.n)
    few = only_dots(n)
    return Reading(
        measures.TO_BE_HELPED,
        n,
        curve.quantile(0.5),
        curve.quantile_interval(0.5),
        None if few else curve.quantile(0.9),
        NOT_KNOWN if few else curve.quantile_interval(0.9),
        _dots(cell.arrival.values()) if few else (),
        anyhow=to_be_helped(waits(cell)).quantile(0.5) if _mixed(cell) else None,
    )


def _patience(cell: Cell) -> Reading:
    curve = patience(waits(cell))
    return Reading(
        measures.PATIENCE, round(curve.n), curve.quantile(0.5), curve.quantile_interval(0.5)
    )


def _service_time(cell: Cell) -> Reading:
    reading = _of_times(measures.SERVICE_TIME, cell.service)
    return replace(reading, estimated=cell.service_estimated.count)


def _service_level(cell: Cell) -> Reading:
    over = cell.calls - cell.waiting
    within = cell.within_ab + cell.within_cd
    reading = _rate(measures.SERVICE_LEVEL, within, over)
    return replace(reading, anyhow=cell.within_ab / over if over and _mixed(cell) else None)


def _abandonment(cell: Cell) -> Reading:
    _, abandoned = curves(cell)
    if cell.calls < FEWEST:
        return Reading(measures.ABANDONMENT, cell.calls)
    last = abandoned.times[-1] if abandoned.times else 0.0
    interval = abandoned.interval(last)
    if not cell.abandoned:  # the curve never rose, and knows no bound; the count does
        interval = wilson(0, cell.calls)
    return Reading(measures.ABANDONMENT, cell.calls, abandoned.at(last), interval)


def _satisfaction(cell: Cell) -> Reading:
    enough = cell.ratings >= FEWEST
    value = cell.ratings_sum / cell.ratings if enough else None
    return Reading(measures.SATISFACTION, cell.ratings, value)


def _reasons(cell: Cell) -> Reading:
    named = {id_: reason.calls for id_, reason in cell.reasons.items() if id_ != NO_REASON}
    return _shares(measures.REASONS, named, None)


def _evidence(cell: Cell) -> Reading:
    grades = {grade: getattr(cell, f"arrived_{grade.lower()}") for grade in "ABCD"}
    return _shares(measures.EVIDENCE, grades, grades["A"] + grades["B"])


def _occupancy(cell: Cell) -> Reading:
    share = cell.busy_ms / cell.on_duty_ms if cell.on_duty_ms else None
    return Reading(measures.OCCUPANCY, cell.calls, share)


def _backlog(cell: Cell) -> Reading:
    return Reading(measures.BACKLOG, cell.calls, float(max(0, cell.calls - cell.closed)))


def _pages_per_hour(cell: Cell) -> Reading:
    hours = cell.on_duty_ms / 3_600_000
    enough = cell.calls >= FEWEST and hours >= 1
    return Reading(measures.PAGES_PER_HOUR, cell.calls, cell.pages / hours if enough else None)


def _share_of(
    measure: Measure, hits: Callable[[Cell], int], of: Callable[[Cell], int]
) -> Callable[[Cell], Reading]:
    return lambda cell: _rate(measure, hits(cell), of(cell))


def _rate(measure: Measure, hits: int, n: int) -> Reading:
    if n < measure.needs:
        return Reading(measure, n)
    return Reading(measure, n, hits / n if n else None, wilson(hits, n))


def _per(
    measure: Measure, events: Callable[[Cell], int], of: Callable[[Cell], int], *, rare: bool
) -> Callable[[Cell], Reading]:
    """`rare`: each happens by itself, so that a Poisson interval holds."""

    def reader(cell: Cell) -> Reading:
        count, n = events(cell), of(cell)
        if n < measure.needs or not n:
            return Reading(measure, n)
        low, high = poisson(count) if rare else NOT_KNOWN
        interval = Interval(None if low is None else low / n, None if high is None else high / n)
        return Reading(measure, n, count / n, interval)

    return reader


def _flag(
    measure: Measure, found: Callable[[Cell], int], of: Callable[[Cell], int]
) -> Callable[[Cell], Reading]:
    def reader(cell: Cell) -> Reading:
        count, n = found(cell), of(cell)
        return Reading(measure, n, float(count) if n else None, of=n)

    return reader


def _shares(measure: Measure, counts: dict[str, int], hits: int | None) -> Reading:
    total = sum(counts.values())
    parts = tuple(Part(id_, count, total, wilson(count, total)) for id_, count in counts.items())
    if total < measure.needs:
        return Reading(measure, total)
    if hits is None:
        parts = tuple(sorted(parts, key=lambda part: -part.count))
        return Reading(measure, total, parts=parts)
    return Reading(measure, total, hits / total, wilson(hits, total), parts=parts)


def _mixed(cell: Cell) -> bool:
    """Whether some arrivals are proven and some are not, so that it matters which are taken."""
    return proven(cell) and cell.arrived_c + cell.arrived_d > 0


def _calls(cell: Cell) -> int:
    return cell.calls


def _over(cell: Cell) -> int:
    return cell.visits


_READERS: dict[Measure, Callable[[Cell], Reading]] = {
    measures.CALLS: lambda cell: Reading(measures.CALLS, cell.calls, float(cell.calls)),
    measures.ARRIVAL_TIME: _arrival_time,
    measures.RESPONSE_TIME: _time(measures.RESPONSE_TIME, lambda cell: cell.response),
    measures.SERVICE_TIME: _service_time,
    measures.SERVICE_LEVEL: _service_level,
    measures.ABANDONMENT: _abandonment,
    measures.TO_BE_HELPED: _helped,
    measures.PATIENCE: _patience,
    measures.INSTANT_SHARE: _share_of(measures.INSTANT_SHARE, lambda cell: cell.instant, _calls),
    measures.QUEUE_WAIT: _time(measures.QUEUE_WAIT, lambda cell: cell.queue_wait),
    measures.FIRST_CONTACT: _share_of(
        measures.FIRST_CONTACT, lambda cell: cell.visits_of_one, _over
    ),
    measures.CALLS_PER_VISIT: _per(measures.CALLS_PER_VISIT, _calls, _over, rare=False),
    measures.REPEAT_PRESSES: _per(
        measures.REPEAT_PRESSES, lambda cell: cell.repeat_presses, _calls, rare=True
    ),
    measures.HAND_OFFS: _per(measures.HAND_OFFS, lambda cell: cell.hand_offs, _calls, rare=True),
    measures.LAPSES: _per(measures.LAPSES, lambda cell: cell.lapses, _calls, rare=True),
    measures.HANDLING_TIME: _time(measures.HANDLING_TIME, lambda cell: cell.handling),
    measures.OCCUPANCY: _occupancy,
    measures.BACKLOG: _backlog,
    measures.REASONS: _reasons,
    measures.SATISFACTION: _satisfaction,
    measures.KNEW_HOW_LONG: _share_of(
        measures.KNEW_HOW_LONG, lambda cell: cell.knew, lambda cell: cell.knew + cell.knew_not
    ),
    measures.PAGES_PER_CALL: _per(
        measures.PAGES_PER_CALL, lambda cell: cell.pages, _calls, rare=False
    ),
    measures.PAGES_PER_HOUR: _pages_per_hour,
    measures.EVIDENCE: _evidence,
    measures.FAR_AWAY: _flag(
        measures.FAR_AWAY, lambda cell: cell.far_away, lambda cell: cell.distances
    ),
    measures.NO_DWELL: _flag(
        measures.NO_DWELL, lambda cell: cell.no_dwell, lambda cell: cell.service.count
    ),
    measures.QUICK_CANCEL: _flag(
        measures.QUICK_CANCEL,
        lambda cell: cell.quick_cancel,
        lambda cell: cell.calls + cell.quick_cancel,
    ),
    measures.PRESSED_AFTER_CLOSE: _flag(
        measures.PRESSED_AFTER_CLOSE,
        lambda cell: cell.pressed_after_close,
        lambda cell: cell.service.count + cell.service_estimated.count,
    ),
}
