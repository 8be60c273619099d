"""How sure a number is: intervals that hold for any n, and None where the data set no bound.

All intervals are two-sided and central: at level 0.9, at most one in twenty lies beyond each end.
Values and their intervals have the same unit.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import ceil, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import NamedTuple, TypeVar

LEVEL = 0.9
ENOUGH = 30  # fewer calls are drawn as dots, without a 90th percentile

Value = TypeVar("Value", int, float)
Counted = Sequence[tuple[float, int]]  # value, how many of it; ascending


class Interval(NamedTuple):
    """From and to; None where nothing is known in that direction."""

    low: float | None
    high: float | None


def only_dots(n: int) -> bool:
    """Whether so few calls are shown one by one, and without a 90th percentile.

    From 29 values on, the 90th percentile has an upper bound at level 0.9 (0.9²⁹ < 0.05).
    """
    return n < ENOUGH


def percentile(ordered: Sequence[Value], q: float) -> Value:
    """The nearest-rank percentile: the smallest value that at least `q` of all do not exceed.

    `ordered` is sorted and not empty; 0 < q ≤ 1. Definition 1 of Hyndman & Fan, Sample Quantiles
    in Statistical Packages, 1996.
    """
    return ordered[ceil(q * len(ordered)) - 1]


def of_quantile(ordered: Counted, q: float, level: float = LEVEL) -> Interval:
    """The order-statistic interval of the `q` quantile, whatever the distribution is.

    `ordered` holds ascending values with their counts: single calls as (value, 1), or the bins of a
    histogram. Source: David & Nagaraja, Order Statistics, 2003, section 7.1.
    """
    upto = list(accumulate(count for _, count in ordered))
    low, high = ranks(upto[-1] if upto else 0, q, level)
    return Interval(_at_rank(ordered, upto, low), _at_rank(ordered, upto, high))


@lru_cache(maxsize=4096)
def ranks(n: int, q: float, level: float = LEVEL) -> tuple[int | None, int | None]:
    """The ranks (from 1) of the two of `n` ordered values between which the `q` quantile lies.

    The number of values below the quantile is binomial (n, q). The low rank is the highest one that
    is above the quantile with a probability of at most (1 − level) / 2; the high one is its mirror.
    The probabilities are summed exactly, so the interval covers at least `level`.
    """
    if not 0 < q < 1:
        raise ValueError("a quantile lies between 0 and 1")
    beyond = (1 - level) / 2
    low, mirrored = _low_rank(n, q, beyond), _low_rank(n, 1 - q, beyond)
    return low or None, n + 1 - mirrored if mirrored else None


def wilson(hits: float, n: float, level: float = LEVEL) -> Interval:
    """The score interval of a rate: `hits` of `n`; no bounds at n = 0.

    Centre (p + z²/2n) / (1 + z²/n), half width z √(p(1−p)/n + z²/4n²) / (1 + z²/n).
    Source: Wilson, Probable Inference, 1927; Brown, Cai & DasGupta, Interval Estimation, 2001.
    """
    if not 0 <= hits <= n:
        raise ValueError("the hits lie between 0 and n")
    if n == 0:
        return Interval(None, None)
    z, p = deviate(level), hits / n
    shrink = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / shrink
    half = z * sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2) / shrink
    return Interval(
        0.0 if hits == 0 else max(0.0, centre - half),
        1.0 if hits == n else min(1.0, centre + half),
    )


def poisson(events: float, level: float = LEVEL) -> Interval:
    """The interval of the mean behind a count, by Byar's approximation.

    Within a percent of the exact limits from one event on; none happened: 0, and somewhat too wide.
    Source: Breslow & Day, Statistical Methods in Cancer Research II, 1987, p. 69.
    """
    z, k = deviate(level), events + 1
    low = events * (1 - 1 / (9 * events) - z / (3 * sqrt(events))) ** 3 if events else 0.0
    return Interval(max(0.0, low), k * (1 - 1 / (9 * k) + z / (3 * sqrt(k))) ** 3)


@lru_cache(maxsize=64)
def deviate(level: float) -> float:
    """How many standard deviations to each side hold `level` of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)


def _at_rank(ordered: Counted, upto: list[int], rank: int | None) -> float | None:
    if rank is None:
        return None
    return next(value for (value, _), here in zip(ordered, upto, strict=True) if here >= rank)


def _low_rank(n: int, q: float, beyond: float) -> int:
    """How many of the smallest counts of a binomial (n, q) together have at most `beyond`.

    The sum starts 12 standard deviations below the mean: what lies before is less than 1e-20.
    """
    count = max(0, int(n * q - 12 * sqrt(n * q * (1 - q)) - 12))
    chance = exp(
        lgamma(n + 1)
        - lgamma(count + 1)
        - lgamma(n - count + 1)
        + count * log(q)
        + (n - count) * log1p(-q)
    )
    total = chance
    while total <= beyond:
        chance *= (n - count) * q / ((count + 1) * (1 - q))
        count += 1
        total += chance
    return count
