"""Signal or noise: control charts, on which a point is marked only when a rule fires.

Most days differ from the day before without anything having changed. The limits say how much, from
the points themselves. Four rules, as taught by NHS England, Making Data Count; more of them would
mostly add false alarms:

- outside: a point beyond a limit
- near: two of three points in a row beyond two thirds of the way to the same limit
- shift: an unusually long run of points on one side of the centre
- trend: seven points in a row, each higher (or each lower) than the one before

An unusually long run has 7 points or more (NHS), and more than log₂(n) + 3 rounded, of n points
that are not on the centre: a longer chart has longer runs by chance (Anhøj & Olesen, Run Charts
Revisited, 2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby, pairwise
from math import log2, sqrt
from statistics import fmean
from typing import TypeVar

NEEDED = 12  # points in a phase, before it has limits
TREND = 7
SHORTEST_SHIFT = 7
XMR = 2.66  # 3 / 1.128: three standard deviations in mean moving ranges

_T = TypeVar("_T")


class Rule(StrEnum):
    """Why a point is marked."""

    OUTSIDE = "outside"
    NEAR = "near"
    SHIFT = "shift"
    TREND = "trend"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart, in the unit of its values.

    `centre`, `low` and `high` are None where its phase is too short to know them, and then no rule
    is asked. A limit below zero (or of a rate above one) is drawn there and cannot be crossed.
    """

    value: float
    centre: float | None = None
    low: float | None = None
    high: float | None = None
    rules: frozenset[Rule] = frozenset()


def xmr(values: Sequence[float], phases: Sequence[int] = ()) -> list[Point]:
    """The chart of single values, such as daily medians: mean ± 2.66 · mean |moving range|.

    `phases` holds the indices of the points at which something was changed on purpose (an
    annotation): from each on, centre and limits start anew. Values are not below zero. Source:
    Shewhart; Wheeler, Understanding Variation, 1993.
    """
    points: list[Point] = []
    for phase in _cut(values, phases):
        centre = fmean(phase)
        sigma = XMR / 3 * fmean(abs(b - a) for a, b in pairwise(phase)) if phase[1:] else 0.0
        points += _marked(phase, centre, [sigma] * len(phase), None)
    return points


def p_chart(counts: Sequence[tuple[int, int]], phases: Sequence[int] = ()) -> list[Point]:
    """The chart of rates, such as the abandonment of each day: p̄ ± 3 √(p̄ (1 − p̄) / nᵢ).

    `counts` holds (hits, n) of each point; the limits are wider where n is small, and a point
    without calls lies on the centre. Source: Montgomery, Introduction to Statistical Quality
    Control, 2012, section 7.2. Raises ValueError where there are more hits than n.
    """
    if any(not 0 <= hits <= n for hits, n in counts):
        raise ValueError("the hits lie between 0 and n")
    points: list[Point] = []
    for phase in _cut(counts, phases):
        total = sum(n for _, n in phase)
        centre = sum(hits for hits, _ in phase) / total if total else 0.0
        spread = sqrt(centre * (1 - centre))
        values = [hits / n if n else centre for hits, n in phase]
        points += _marked(values, centre, [spread / sqrt(n or 1) for _, n in phase], 1.0)
    return points


def longest_by_chance(useful: int) -> int:
    """How long a run on one side of the centre still is chance, of so many points beside it."""
    return max(SHORTEST_SHIFT - 1, round(log2(useful) + 3)) if useful else 0


def _cut(points: Sequence[_T], phases: Sequence[int]) -> list[Sequence[_T]]:
    starts = sorted({0, len(points), *(start for start in phases if 0 < start < len(points))})
    return [points[start:end] for start, end in pairwise(starts)]


def _marked(
    values: Sequence[float], centre: float, sigmas: Sequence[float], most: float | None
) -> list[Point]:
    """The points of one phase, with its limits and with the rules that fire."""
    if len(values) < NEEDED:
        return [Point(value) for value in values]
    points = []
    for value, sigma in zip(values, sigmas, strict=True):
        high = centre + 3 * sigma
        points.append(
            Point(
                value,
                centre,
                low=max(0.0, centre - 3 * sigma),
                high=high if most is None else min(most, high),
            )
        )
    fired = [set[Rule]() for _ in values]
    # How far from the centre, in standard deviations; rounding is no deviation.
    off = [
        (value - centre) / sigma if sigma > 1e-12 * (1 + abs(centre)) else 0.0
        for value, sigma in zip(values, sigmas, strict=True)
    ]
    for index, far in enumerate(off):
        if abs(far) > 3:
            fired[index].add(Rule.OUTSIDE)
    _near(off, fired)
    _shifts(off, fired)
    _trends(values, fired)
    return [
        replace(point, rules=frozenset(rules)) for point, rules in zip(points, fired, strict=True)
    ]


def _near(off: Sequence[float], fired: list[set[Rule]]) -> None:
    for last in range(2, len(off)):
        three = range(last - 2, last + 1)
        for side in (1, -1):
            beyond = [index for index in three if off[index] * side > 2]
            if len(beyond) >= 2:
                for index in beyond:
                    fired[index].add(Rule.NEAR)


def _shifts(off: Sequence[float], fired: list[set[Rule]]) -> None:
    """Points on the centre neither make a run nor end it."""
    useful = [(index, far > 0) for index, far in enumerate(off) if far]
    chance = longest_by_chance(len(useful))
    for _, group in groupby(useful, key=lambda point: point[1]):
        run = list(group)
        if len(run) > chance:
            for index, _ in run:
                fired[index].add(Rule.SHIFT)


def _trends(values: Sequence[float], fired: list[set[Rule]]) -> None:
    steps = [(b > a) - (b < a) for a, b in pairwise(values)]
    for last in range(TREND - 1, len(values)):
        if abs(sum(steps[last - TREND + 1 : last])) == TREND - 1:
            for index in range(last - TREND + 1, last + 1):
                fired[index].add(Rule.TREND)
