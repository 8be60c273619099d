"""Whether a number differs from that of another period by more than chance.

From the two numbers and their own intervals, so that it costs nothing on a page (`compare` looks at
single calls, for experiments). The interval of a difference a − b has the ends

    a − b − √((a − low a)² + (high b − b)²)   and   a − b + √((high a − a)² + (b − low b)²),

"square and add". Sources: Newcombe, Interval Estimation for the Difference Between Independent
Proportions, 1998; for any other number Zou & Donner, Construction of Confidence Limits About Effect
Measures, 2008. Chance of this kind knows nothing of what differs between any two periods anyway
(the weather, a holiday), so it errs on the side of seeing a change; a control chart knows better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from statistics import fmean, stdev

from overdoor.insight.intervals import LEVEL, Interval, deviate

FEWEST_DAYS = 5  # of each period: fewer tell nothing of how much days differ anyway


@dataclass(frozen=True, slots=True)
class Change:
    """Now less before, in the unit of the number, with its interval at 90 %."""

    before: float
    estimate: float
    interval: Interval

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves out that there is no difference."""
        low, high = self.interval
        return (low is not None and low > 0) or (high is not None and high < 0)


def of_numbers(
    now: float | None, around_now: Interval, before: float | None, around_before: Interval
) -> Change | None:
    """From two numbers and their intervals; None where one is not known.

    Where an interval has no bound in a direction, the difference has none in it either.
    """
    if now is None or before is None:
        return None
    apart = now - before
    down = _square_and_add(now, around_now.low, before, around_before.high)
    up = _square_and_add(now, around_now.high, before, around_before.low)
    return Change(
        before,
        apart,
        Interval(None if down is None else apart - down, None if up is None else apart + up),
    )


def of_days(now: Sequence[int], before: Sequence[int], *, paired: bool) -> Change | None:
    """Of the calls a day, from the calls of each day; None of fewer than five days.

    `paired`: the days of both are the same weekdays in the same order, so that Saturdays are
    compared with Saturdays. The interval is Student's, of the differences; or else Welch's.
    """
    if min(len(now), len(before)) < FEWEST_DAYS:
        return None
    if paired and len(now) == len(before):
        apart = [float(a - b) for a, b in zip(now, before, strict=True)]
        error, freedom = stdev(apart) / sqrt(len(apart)), len(apart) - 1.0
    else:
        a, b = (stdev(map(float, days)) ** 2 / len(days) for days in (now, before))
        error = sqrt(a + b)
        each = a**2 / (len(now) - 1) + b**2 / (len(before) - 1)
        freedom = (a + b) ** 2 / each if each else float(len(now))
    estimate = fmean(now) - fmean(before)
    half = student(freedom) * error
    return Change(fmean(before), estimate, Interval(estimate - half, estimate + half))


def student(freedom: float, level: float = LEVEL) -> float:
    """How many standard errors to each side hold `level` of Student's t; right to 1 % from ν = 4.

    Source: Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    z = deviate(level)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def _square_and_add(
    now: float, bound: float | None, before: float, other: float | None
) -> float | None:
    if bound is None or other is None:
        return None
    return hypot(now - bound, other - before)
