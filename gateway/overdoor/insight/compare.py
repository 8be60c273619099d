"""Two groups of calls compared: rooms with and without something, or hours.

A before-and-after chart convinces nobody; two groups at the same time may. What differs anyway (the
hour, the zone) goes into strata, and calls are only compared within one.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import NormalDist

from overdoor.insight.intervals import LEVEL, Interval, deviate, percentile

NEEDED = 10  # calls of each group; fewer are not compared
MOST = 500  # calls of each group that are looked at
DRAWS = 299
STEPS = 2  # towards each end of the interval

Groups = tuple[Sequence[float], Sequence[float]]
Known = tuple[float, float]  # a number of a group, and its variance
Statistic = Callable[[Sequence[float]], Known]


@dataclass(frozen=True, slots=True)
class Difference:
    """The second group less the first, in the unit of the values; n of those looked at."""

    estimate: float
    interval: Interval
    first: int
    second: int

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves out that there is no difference."""
        low, high = self.interval
        return low is not None and high is not None and not low <= 0 <= high


def of_medians(
    strata: Mapping[Hashable, Groups], seed: int, level: float = LEVEL
) -> Difference | None:
    """The difference of medians, of times in ms; see `_difference`."""
    return _difference(strata, _median, seed, level)


def of_rates(
    strata: Mapping[Hashable, Groups], seed: int, level: float = LEVEL
) -> Difference | None:
    """The difference of rates, of calls that did (1) or did not (0); see `_difference`."""
    return _difference(strata, _rate, seed, level)


def _difference(
    strata: Mapping[Hashable, Groups], statistic: Statistic, seed: int, level: float
) -> Difference | None:
    """The difference and its permutation interval; None where there are too few calls.

    Of each stratum with both groups the difference of the statistic is taken, weighted by
    n₁ n₂ / (n₁ + n₂). An end of the interval is the difference that would just not surprise: with
    the second group moved back by it, calls change their group at random within their stratum
    `DRAWS` times, and what is seen lies at the edge of what comes out. Both are measured in their
    own standard errors, so groups may scatter differently. Of more than `MOST` calls of a group a
    random part is looked at, so more of them make the interval no narrower; the same seed gives the
    same numbers. Sources: Janssen, Studentized Permutation Tests for Non-i.i.d. Hypotheses, 1997;
    for the weights Cochran, Some Methods for Strengthening the Common χ² Tests, 1954.
    """
    dice = Random(seed)  # noqa: S311 - no secret
    some = [strata[name] for name in sorted(strata, key=repr) if all(map(len, strata[name]))]
    totals = [sum(len(groups[side]) for groups in some) for side in (0, 1)]
    some = [(_part(a, totals[0], dice), _part(b, totals[1], dice)) for a, b in some]
    some = [groups for groups in some if all(map(len, groups))]
    first, second = (sum(len(groups[side]) for groups in some) for side in (0, 1))
    if min(first, second) < NEEDED:
        return None
    estimate, error = _weighted([(statistic(a), statistic(b), len(a), len(b)) for a, b in some])
    ends = []
    for edge in ((1 + level) / 2, (1 - level) / 2):
        end = estimate - NormalDist().inv_cdf(edge) * error
        for _ in range(STEPS):
            end = estimate - error * percentile(_by_chance(some, end, statistic, dice), edge)
        ends.append(end)
    return Difference(estimate, Interval(min(ends), max(ends)), first, second)


def _by_chance(
    strata: Sequence[Groups], moved: float, statistic: Statistic, dice: Random
) -> list[float]:
    """What comes out where calls have their group by chance, in standard errors, in order."""
    pools = [[*a, *(value - moved for value in b)] for a, b in strata]
    drawn = []
    for _ in range(DRAWS):
        shuffled = []
        for pool, (a, b) in zip(pools, strata, strict=True):
            dice.shuffle(pool)
            one, other = statistic(pool[: len(a)]), statistic(pool[len(a) :])
            shuffled.append((one, other, len(a), len(b)))
        apart, error = _weighted(shuffled)
        drawn.append(apart / error if error else 0.0)
    return sorted(drawn)


def _part(group: Sequence[float], total: int, dice: Random) -> Sequence[float]:
    """A group's share of the most that is looked at, of all its calls in all strata."""
    if total <= MOST:
        return group
    return dice.sample(list(group), round(len(group) * MOST / total))


def _weighted(strata: Sequence[tuple[Known, Known, int, int]]) -> Known:
    """The difference over all strata, and its standard error."""
    weights = [n * m / (n + m) for _, _, n, m in strata]
    total = sum(weights)
    apart = sum(w * (b[0] - a[0]) for w, (a, b, _, _) in zip(weights, strata, strict=True))
    variance = sum(w * w * (a[1] + b[1]) for w, (a, b, _, _) in zip(weights, strata, strict=True))
    return apart / total, sqrt(variance) / total


def _median(values: Sequence[float]) -> Known:
    """Its variance is that of the order statistics a normal 99 % around it.

    Source: McKean & Schrader, A Comparison of Methods for Studentizing the Sample Median, 1984.
    """
    ordered, n = sorted(values), len(values)
    rank = max(0, round((n + 1) / 2 - deviate(0.99) * sqrt(n / 4)) - 1)
    error = (ordered[n - 1 - rank] - ordered[rank]) / (2 * deviate(0.99))
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2, error**2


def _rate(values: Sequence[float]) -> Known:
    """Its variance is never nought: one call more could have been the first that did."""
    n = len(values)
    rate = sum(values) / n
    least = (n + 1) / (n + 2) ** 2
    return rate, max(least, sum((value - rate) ** 2 for value in values) / n) / n
