"""The recovered truth: data with known parameters, and how often the intervals hold them.

`python -m tests.insight.truth` prints the table of docs/metrics.md; the test asks the same of it.
All from seeds, so it says the same every time.
"""

import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist, fmean, median, stdev

from overdoor.insight.compare import of_medians, of_rates
from overdoor.insight.control import p_chart, xmr
from overdoor.insight.erlang import staff_for
from overdoor.insight.intervals import Interval, of_quantile
from overdoor.insight.staffing import Demand, Needed, Target, people_needed
from overdoor.insight.waits import End, Wait, arrived_or_abandoned, patience, to_be_helped

from .zone import Zone

SEEDS = 200
CALLS = 300
Z90 = NormalDist().inv_cdf(0.95)

# Time until somebody comes: log-normal, median 50 s. Patience: exponential, mean 150 s.
COMES, SIGMA = 50_000, 0.7
STAYS = 150_000
SILENT = 0.6  # of those who give up, leave without a word


@dataclass(frozen=True)
class Found:
    """One line of the table: how often the interval held the truth, and how often another did."""

    what: str
    truth: str
    covered: float | None  # None: the page shows no such number
    answered_only: float | None = None
    note: str = ""


def a_month(seed: int) -> list[Wait]:
    """Some calls. Who leaves without a word is found gone when somebody comes."""
    dice = random.Random(seed)
    calls: list[Wait] = []
    for _ in range(CALLS):
        comes, stays = dice.lognormvariate(math.log(COMES), SIGMA), dice.expovariate(1 / STAYS)
        silent = dice.random() < SILENT
        if comes <= stays:
            calls.append((comes, End.ARRIVED, 1))
        elif silent:
            calls.append((comes, End.LEFT, 1))
        else:
            calls.append((stays, End.CANCELLED, 1))
    return calls


def true_quantile(q: float) -> float:
    return math.exp(math.log(COMES) + SIGMA * NormalDist().inv_cdf(q))


def true_abandonment() -> float:
    """P(patience < wait) = E[1 − e^(−wait/STAYS)], by the midpoints of many equal parts."""
    parts = 100_000
    waits = (true_quantile((part + 0.5) / parts) for part in range(parts))
    return fmean(-math.expm1(-wait / STAYS) for wait in waits)


def held(interval: Interval, truth: float) -> bool:
    """An end that is not known leaves everything open in its direction."""
    low, high = interval
    return (low is None or low <= truth) and (high is None or truth <= high)


def share(hits: Iterator[bool]) -> float:
    return fmean(map(float, hits))


def answered(calls: list[Wait]) -> list[float]:
    return sorted(ms for ms, end, _ in calls if end is End.ARRIVED)


def times() -> Iterator[Found]:
    months = [a_month(seed) for seed in range(SEEDS)]
    helped = [to_be_helped(calls) for calls in months]
    only = [answered(calls) for calls in months]
    for q, name in ((0.5, "median"), (0.9, "p90")):
        truth = true_quantile(q)
        naive = share(held(of_quantile([(v, 1) for v in waits], q), truth) for waits in only)
        yield Found(
            f"time to be helped, {name}",
            f"{truth / 1000:.1f} s",
            share(held(curve.quantile_interval(q), truth) for curve in helped),
            naive,
            f"of the answered only: {fmean(quantile(waits, q) for waits in only) / 1000:.1f} s",
        )
    mean = COMES * math.exp(SIGMA**2 / 2)
    errors = [Z90 * stdev(waits) / math.sqrt(len(waits)) for waits in only]
    means = [fmean(waits) for waits in only]
    naive = share(abs(m - mean) <= e for m, e in zip(means, errors, strict=True))
    rate = true_abandonment()
    yield Found(
        "abandonment",
        f"{rate:.1%}",
        share(held(arrived_or_abandoned(calls)[1].interval(math.inf), rate) for calls in months),
    )
    yield Found(
        "mean wait",
        f"{mean / 1000:.1f} s",
        None,
        naive,
        f"of the answered only: {fmean(means) / 1000:.1f} s",
    )
    truth = -STAYS * math.log(0.75)
    gone = [sorted(ms for ms, end, _ in calls if end is not End.ARRIVED) for calls in months]
    yield Found(
        "patience, first quarter",
        f"{truth / 1000:.1f} s",
        share(held(patience(calls).quantile_interval(0.25), truth) for calls in months),
        note=f"of those who gave up: {fmean(quantile(waits, 0.25) for waits in gone) / 1000:.1f} s",
    )


def quantile(ordered: list[float], q: float) -> float:
    return ordered[math.ceil(q * len(ordered)) - 1]


def staffing() -> Iterator[Found]:
    """Thirty hours are seen with 5 people, whatever the target needs."""
    target = Target(0.8, 120_000)
    zone = Zone(calls_per_hour=100, service_min=3, patience_min=4)
    truth = staff_for(target.share, 2, zone.calls_per_hour / 60, 1 / 3, 1 / 4)
    found = []
    for seed in range(SEEDS):
        hours = zone.hours(seed, 30, 5, target.within_ms)
        need = people_needed(sum((hour.demand for hour in hours), Demand()), target)
        if isinstance(need, Needed):
            found.append(need)
    ends = (
        f"from {fmean(n.low for n in found):.1f} to {fmean(n.high for n in found):.1f} on average"
    )
    held_by = sum(n.low <= truth <= n.high for n in found) / SEEDS
    yield Found("people needed", str(truth), held_by, note=ends)
    exact = sum(n.likely == truth for n in found) / SEEDS
    yield Found("people needed, likely number", str(truth), exact, note="the very number")


@dataclass(frozen=True)
class Alarms:
    """What a control chart marked, of charts of 60 days."""

    what: str
    shifted: float  # charts with a shift from day 40 on that are marked in the 14 days after
    quiet: float  # days marked of charts on which nothing happened


def alarms() -> Iterator[Alarms]:
    def medians(seed: int, after: float) -> list[bool]:
        dice = random.Random(seed)
        days = [
            median(
                dice.lognormvariate(math.log(COMES * (after if day >= 40 else 1)), SIGMA)
                for _ in range(40)
            )
            for day in range(60)
        ]
        return [bool(point.rules) for point in xmr(days)]

    def rates(seed: int, after: float) -> list[bool]:
        dice = random.Random(seed)
        days = []
        for day in range(60):
            n = dice.randint(40, 80)
            chance = 0.15 * (after if day >= 40 else 1)
            days.append((sum(dice.random() < chance for _ in range(n)), n))
        return [bool(point.rules) for point in p_chart(days)]

    charts: list[tuple[str, Callable[[int, float], list[bool]], float]] = [
        ("daily median, + 30 %", medians, 1.3),
        ("abandonment of 15 %, + 60 %", rates, 1.6),
    ]
    for what, chart, after in charts:
        yield Alarms(
            what,
            share(any(chart(seed, after)[40:54]) for seed in range(SEEDS)),
            fmean(fmean(chart(seed, 1.0)) for seed in range(SEEDS)),
        )


def comparisons(seeds: int = SEEDS) -> Iterator[Found]:
    def some(dice: random.Random, mean: float, n: int) -> list[float]:
        return [dice.expovariate(1 / mean) for _ in range(n)]

    def did(dice: random.Random, chance: float, n: int) -> list[float]:
        return [float(dice.random() < chance) for _ in range(n)]

    hits = []
    for seed in range(seeds):
        dice = random.Random(seed)
        found = of_medians({"": (some(dice, 60, 100), some(dice, 90, 40))}, seed)
        hits.append(found is not None and held(found.interval, 30 * math.log(2)))
    yield Found("difference of medians", "20.8 s", fmean(hits))
    hits = []
    for seed in range(seeds):
        dice = random.Random(seed)
        found = of_rates({"": (did(dice, 0.1, 150), did(dice, 0.2, 80))}, seed)
        hits.append(found is not None and held(found.interval, 0.1))
    yield Found("difference of rates", "10 %", fmean(hits))


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def table(found: list[Found], charts: list[Alarms]) -> str:
    lines = [
        "| number | truth | our interval held it | that of the answered only | |",
        "|---|---|---|---|---|",
        *(
            f"| {line.what} | {line.truth} | {percent(line.covered)} "
            f"| {percent(line.answered_only)} | {line.note} |"
            for line in found
        ),
        "",
        "| control chart of 60 days | shift marked within 14 days | days marked without one |",
        "|---|---|---|",
        *(f"| {c.what} | {c.shifted:.1%} | {c.quiet:.1%} |" for c in charts),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    found = [*times(), *staffing(), *comparisons()]
    sys.stdout.write(table(found, list(alarms())) + "\n")
