"""Times of which some never came to an end: who is still waiting, gave up, or was found gone.

All that goes in are times with counts, so single calls and the bins of a histogram do alike. Times
are milliseconds, as everywhere, but any unit works. Rows may come in any order and repeat a time;
no rows give an empty curve. Raised for a time or a count below zero: ValueError.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, inf, log, sqrt
from operator import sub

from overdoor.insight.intervals import LEVEL, Interval, deviate

Ended = tuple[float, float, float]  # time, how many ended then, how many were lost sight of then
Competed = tuple[float, float, float, float]  # time; arrived, abandoned, lost sight of then

ROUNDS = 500
SETTLED = 1e-6  # of the share alive
DUST = 1e-9  # what rounding may leave of a count that is nought
NOT_BELOW = "times and counts are not below zero"
MOST_BY = 700.0  # exp of more is too large for a float


@dataclass(frozen=True, slots=True)
class Curve:
    """The share that has not ended yet, as steps down: from `times[i]` on it is `alive[i]`.

    `spread[i]` is Greenwood's sum: the variance of alive[i] over alive[i]². Of `n` calls, `ends`
    ended. Before the first step all are alive; after the last time of anybody nothing is known.
    """

    n: float
    ends: float
    times: tuple[float, ...]
    alive: tuple[float, ...]
    spread: tuple[float, ...]

    def at(self, time: float) -> float:
        """The share that has not ended by `time`."""
        step = bisect_right(self.times, time)
        return self.alive[step - 1] if step else 1.0

    def interval(self, time: float, level: float = LEVEL) -> Interval:
        """Of that share: on the log(−log) scale, so that it stays between 0 and 1.

        Source: Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, 2002.
        """
        step = bisect_right(self.times, time)
        if not step:
            return Interval(None, 1.0) if self.n else Interval(None, None)
        return _log_log(self.alive[step - 1], self.spread[step - 1], level)

    def quantile(self, q: float) -> float | None:
        """The first time by which at least `q` have ended; None where the curve ends before."""
        steps = zip(self.times, self.alive, strict=True)
        return next((time for time, alive in steps if alive <= 1 - q + DUST), None)

    def quantile_interval(self, q: float, level: float = LEVEL) -> Interval:
        """The times at which the curve could as well be at `q`; None where there is no bound.

        From the first time whose own interval reaches down to 1 − q, to the first whose interval
        lies below it. Source: Brookmeyer & Crowley, A Confidence Interval for the Median Survival
        Time, 1982, on the log(−log) scale. Where nobody was lost sight of, the order-statistic
        interval is exact and to be preferred (`intervals.of_quantile`).
        """
        low, z, there = None, deviate(level), -log(1 - q)
        for time, alive, spread in zip(self.times, self.alive, self.spread, strict=True):
            # least <= 1 - q and most < 1 - q, both of `_log_log`, without their powers
            if spread == inf or alive >= 1:
                continue
            if alive <= 0:
                return Interval(time if low is None else low, None)
            here = -log(alive)
            by = exp(min(MOST_BY, z * sqrt(spread) / here))
            if low is None and here * by >= there:
                low = time
            if here > there * by:
                return Interval(low, time)
        return Interval(low, None)


@dataclass(frozen=True, slots=True)
class Incidence:
    """The share that has come to one kind of end, as steps up: from `times[i]` on `share[i]`."""

    n: float
    times: tuple[float, ...]
    share: tuple[float, ...]
    variance: tuple[float, ...]

    def at(self, time: float) -> float:
        """The share that came to this end by `time`."""
        step = bisect_right(self.times, time)
        return self.share[step - 1] if step else 0.0

    def interval(self, time: float, level: float = LEVEL) -> Interval:
        """Of that share: on the log(−log) scale of those whom it has not come to."""
        step = bisect_right(self.times, time)
        if not step:
            return Interval(0.0, None) if self.n else Interval(None, None)
        rest = 1 - self.share[step - 1]
        spread = self.variance[step - 1] / rest**2 if rest > DUST else inf
        least, most = _log_log(rest, spread, level)
        return Interval(None if most is None else 1 - most, None if least is None else 1 - least)

    def quantile(self, q: float) -> float | None:
        """The first time by which this end came to `q` of all; None where it never did."""
        steps = zip(self.times, self.share, strict=True)
        return next((time for time, share in steps if share >= q - DUST), None)


def kaplan_meier(rows: Iterable[Ended]) -> Curve:
    """S(t) = ∏ (1 − dᵢ / nᵢ) over the times up to t: dᵢ ended at tᵢ, nᵢ were there just before.

    Who is lost sight of at the time at which another ends was there for it. Greenwood's sum is
    Σ dᵢ / (nᵢ (nᵢ − dᵢ)). Source: Kaplan & Meier, Nonparametric Estimation from Incomplete
    Observations, 1958.
    """
    ends: dict[float, float] = {}
    losses: dict[float, float] = {}
    for time, ended, lost in rows:
        if time < 0 or ended < 0 or lost < 0:
            raise ValueError(NOT_BELOW)
        if ended:
            ends[time] = ends.get(time, 0.0) + ended
        if lost:
            losses[time] = losses.get(time, 0.0) + lost
    n = at_risk = sum(ends.values()) + sum(losses.values())
    alive, spread = 1.0, 0.0
    steps: list[tuple[float, float, float]] = []
    for time in sorted(ends.keys() | losses.keys()):
        if ended := ends.get(time, 0.0):
            remain = _less(at_risk, ended, n)
            alive *= remain / at_risk if at_risk else 1.0
            spread += ended / (at_risk * remain) if remain else 0.0
            steps.append((time, alive, spread))
            at_risk = remain
        at_risk = _less(at_risk, losses.get(time, 0.0), n)
    return Curve(n, sum(ends.values()), *_columns(steps))


def doubly_censored(rows: Iterable[Ended], before: Iterable[tuple[float, float]]) -> Curve:
    """As `kaplan_meier`, with some of whom only is known that they had ended before some time.

    Each of `before` (time, count) is shared out over the possible ends up to that time, as the
    curve itself says is likely, until the curve stays as it is. Possible are the times of the ends
    that were seen, and those in `before`: the likeliest curve needs no others. Those in `before`
    tell less than an end that was seen, so Greenwood's sum counts the latter alone: without any,
    the curve has no interval. Source: Turnbull, Nonparametric Estimation of a Survivorship Function
    with Doubly Censored Data, 1974.
    """
    merged = _folded(
        _merge(
            [
                *((time, (ended, 0.0, lost)) for time, ended, lost in rows),
                *((time, (0.0, count, 0.0)) for time, count in before),
            ]
        )
    )
    seen, gone, lost = ([counts[of] for _, counts in merged] for of in range(3))
    ended = [one + other for one, other in zip(seen, gone, strict=True)]
    alive = _alive(ended, lost)
    for _ in range(ROUNDS if any(gone) else 0):
        shares = _shared_out(alive, gone)
        ended = [one + share for one, share in zip(seen, shares, strict=True)]
        last, alive = alive, _alive(ended, lost)
        if max(map(abs, map(sub, last, alive))) < SETTLED:
            break
    times = (time for time, _ in merged)
    curve = kaplan_meier(zip(times, ended, lost, strict=True))
    known = sum(seen)
    spread = (each * curve.ends / known if known else inf for each in curve.spread)
    return replace(curve, spread=tuple(spread))


def aalen_johansen(rows: Iterable[Competed]) -> tuple[Incidence, Incidence]:
    """The shares that were arrived at, and that abandoned, by each time: two ends that compete.

    Fₖ(t) = Σ S(tᵢ₋₁) dₖᵢ / nᵢ over the times up to t, where S is the share that came to neither.
    Unlike 1 − S of one end alone, the two sum up to at most 1, and say what did happen, not what
    would if there were no other end. Variance by the delta method. Sources: Aalen & Johansen, An
    Empirical Transition Matrix for Non-homogeneous Markov Chains, 1978; Marubini & Valsecchi,
    Analysing Survival Data from Clinical Trials, 1995, p. 341.
    """
    merged = _folded(_merge((time, (arrived, left, lost)) for time, arrived, left, lost in rows))
    n = sum(sum(counts) for _, counts in merged)
    return _incidence(merged, n, 0), _incidence(merged, n, 1)


def _incidence(
    merged: list[tuple[float, tuple[float, float, float]]], n: float, kind: int
) -> Incidence:
    at_risk, alive, share = n, 1.0, 0.0
    # The sums of the variance, taken apart so that one pass does:
    # Σ (F − Fᵢ)² aᵢ + Σ bᵢ − 2 Σ (F − Fᵢ) cᵢ
    a, af, aff, b, c, cf = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    steps: list[tuple[float, float, float]] = []
    for time, counts in merged:
        ended = counts[0] + counts[1]
        if ended and at_risk:
            mine, remain = counts[kind], _less(at_risk, ended, n)
            share += alive * mine / at_risk
            weight = ended / (at_risk * remain) if remain else 0.0
            a, af, aff = a + weight, af + weight * share, aff + weight * share**2
            cross = alive * mine / at_risk**2
            b += alive**2 * mine * (at_risk - mine) / at_risk**3
            c, cf = c + cross, cf + cross * share
            alive *= remain / at_risk
            variance = share**2 * a - 2 * share * af + aff + b - 2 * (share * c - cf)
            steps.append((time, share, max(0.0, variance)))
        at_risk = _less(at_risk, sum(counts), n)
    return Incidence(n, *_columns(steps))


def _shared_out(alive: list[float], gone: list[float]) -> list[float]:
    """How many of those found gone at each time or later ended there, as the curve has it."""
    shares = [0.0] * len(alive)
    each = 0.0  # what a unit of the curve's fall gets from all of them that reach as far
    for step in reversed(range(len(alive))):
        if gone[step]:
            each += gone[step] / (1 - alive[step])
        shares[step] = ((alive[step - 1] if step else 1.0) - alive[step]) * each
    return shares


def _alive(ended: list[float], lost: list[float]) -> list[float]:
    """The share alive after each time: what `kaplan_meier` says, in a loop that runs often."""
    at_risk = sum(ended) + sum(lost)
    dust = DUST * at_risk
    alive, shares = 1.0, []
    for one, other in zip(ended, lost, strict=True):
        if one and at_risk:
            remain = at_risk - one
            if remain <= dust:
                remain = 0.0
            alive *= remain / at_risk
            at_risk = remain
        if other:
            at_risk -= other
            if at_risk <= dust:
                at_risk = 0.0
        shares.append(alive)
    return shares


def _log_log(share: float, spread: float, level: float) -> Interval:
    """The interval of a surviving share whose relative variance is `spread`.

    share ^ exp(±z √spread / log share). Where none or all are left, it is open to one side.
    """
    if spread == inf:
        return Interval(None, None)
    if share <= 0:
        return Interval(0.0, None)
    if share >= 1:
        return Interval(None, 1.0)
    by = exp(min(MOST_BY, deviate(level) * sqrt(spread) / -log(share)))
    return Interval(share**by, share ** (1 / by))


def _merge(
    rows: Iterable[tuple[float, tuple[float, float, float]]],
) -> list[tuple[float, tuple[float, float, float]]]:
    """What happened at each time, in order."""
    merged: dict[float, tuple[float, float, float]] = {}
    for time, counts in rows:
        one, other, lost = counts
        if time < 0 or one < 0 or other < 0 or lost < 0:
            raise ValueError(NOT_BELOW)
        before = merged.get(time)
        if before:
            merged[time] = (before[0] + one, before[1] + other, before[2] + lost)
        else:
            merged[time] = counts
    return sorted(merged.items())


def _folded(
    merged: list[tuple[float, tuple[float, float, float]]],
) -> list[tuple[float, tuple[float, float, float]]]:
    """The same without times of losses alone: those were there for the end before, and no more."""
    folded = merged[:1]
    for time, (one, other, lost) in merged[1:]:
        if one or other:
            folded.append((time, (one, other, lost)))
        else:
            at, (first, second, lost_before) = folded[-1]
            folded[-1] = (at, (first, second, lost_before + lost))
    return folded


def _less(count: float, gone: float, n: float) -> float:
    """What is left of a count; counts may be fractions, so what rounding left of them is nought."""
    rest = count - gone
    return rest if rest > DUST * n else 0.0


def _columns(
    steps: list[tuple[float, float, float]],
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    times, shares, spreads = zip(*steps, strict=True) if steps else ((), (), ())
    return times, shares, spreads
