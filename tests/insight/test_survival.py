"""Curves of waits that did not all come to an end: by hand, by brute force, and by lifelines."""

import math
import random
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.intervals import of_quantile
from overdoor.insight.survival import aalen_johansen, doubly_censored, kaplan_meier

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own dependencies
    import lifelines

# Remission of leukaemia under 6-MP in weeks: Freireich et al. 1963.
ENDED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
LOST = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
LEUKAEMIA = [*((t, 1, 0) for t in ENDED), *((t, 0, 1) for t in LOST)]

times = st.integers(0, 50)
rows = st.lists(st.tuples(times, st.integers(0, 3), st.integers(0, 3)), max_size=30)
competing = st.lists(
    st.tuples(times, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=30
)


def test_the_published_curve() -> None:
    curve = kaplan_meier(LEUKAEMIA)
    assert [round(curve.at(t), 3) for t in (5, 6, 7, 10, 13, 16, 22, 23)] == [
        1.0,
        0.857,
        0.807,
        0.753,
        0.690,
        0.627,
        0.538,
        0.448,
    ]
    assert curve.quantile(0.5) == 23
    assert curve.quantile(0.9) is None


def test_of_nothing_there_is_no_curve() -> None:
    curve = kaplan_meier([])
    assert curve.at(10) == 1.0
    assert curve.interval(10) == (None, None)
    assert curve.quantile(0.5) is None
    assert curve.quantile_interval(0.5) == (None, None)
    arrived, abandoned = aalen_johansen([])
    assert arrived.at(10) == abandoned.at(10) == 0.0
    assert arrived.interval(10) == (None, None)


def test_who_only_waits_has_no_quantile_and_no_lower_bound() -> None:
    curve = kaplan_meier([(60, 0, 5)])
    assert curve.at(60) == 1.0
    assert curve.quantile(0.5) is None
    assert curve.interval(60) == (None, 1.0)


def test_a_time_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        kaplan_meier([(-1, 1, 0)])
    with pytest.raises(ValueError, match="below zero"):
        aalen_johansen([(1, -1, 0, 0)])


def some_calls(seed: int, n: int, ties: bool) -> list[tuple[float, bool]]:
    dice = random.Random(seed)
    pairs = [(dice.expovariate(1 / 60), dice.expovariate(1 / 90)) for _ in range(n)]
    calls = [(min(wait, patience), wait <= patience) for wait, patience in pairs]
    return [(float(round(t, -1)) if ties else t, ended) for t, ended in calls]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [12, 400])
def test_lifelines_has_the_same_curve_and_the_same_interval(n: int, ties: bool) -> None:
    calls = some_calls(n, n, ties)
    curve = kaplan_meier((t, ended, not ended) for t, ended in calls)
    theirs = lifelines.KaplanMeierFitter(alpha=0.1).fit(*zip(*calls, strict=True))
    interval = theirs.confidence_interval_survival_function_
    for time in sorted({t for t, ended in calls if ended})[:-1]:
        assert math.isclose(curve.at(time), theirs.predict(time), abs_tol=1e-12)
        low, high = curve.interval(time)
        assert math.isclose(low, interval.loc[time].iloc[0], abs_tol=1e-9)
        assert math.isclose(high, interval.loc[time].iloc[1], abs_tol=1e-9)
    assert curve.quantile(0.5) == theirs.median_survival_time_


def test_lifelines_has_the_same_shares_of_two_ends_that_compete() -> None:
    dice = random.Random(5)
    calls = []
    for _ in range(300):
        ends = [dice.expovariate(1 / mean) for mean in (60, 90, 200)]
        calls.append((min(ends), (ends.index(min(ends)) + 1) % 3))  # 1 arrived, 2 abandoned, 0 lost
    both = aalen_johansen((t, kind == 1, kind == 2, kind == 0) for t, kind in calls)
    for kind, ours in zip((1, 2), both, strict=True):
        fitter = lifelines.AalenJohansenFitter(calculate_variance=True)
        theirs = fitter.fit(*zip(*calls, strict=True), event_of_interest=kind)
        for step in range(0, len(ours.times), 7):
            time = ours.times[step]
            share = theirs.cumulative_density_.loc[:time].iloc[-1, 0]
            assert math.isclose(ours.at(time), share, abs_tol=1e-9)
            variance = theirs.variance_.loc[:time].iloc[-1]
            assert math.isclose(ours.variance[step], variance, rel_tol=0.02, abs_tol=1e-6)


def test_where_some_had_ended_before_it_is_the_likeliest_curve() -> None:
    """Against the plain EM algorithm over everybody's possible ends, which is slow and simple."""
    dice = random.Random(9)
    exact, lost, before = [], [], []
    for _ in range(150):
        end, look = dice.expovariate(1 / 80), dice.expovariate(1 / 80)
        if end > look:
            lost.append(look)
        elif dice.random() < 0.5:
            exact.append(end)
        else:
            before.append(look)
    curve = doubly_censored(
        [*((t, 1, 0) for t in exact), *((t, 0, 1) for t in lost)], [(t, 1) for t in before]
    )

    support = np.array(sorted({*exact, *before, math.inf}))
    possible = np.array(
        [support == t for t in exact] + [support > t for t in lost] + [support <= t for t in before]
    )
    mass = np.full(len(support), 1 / len(support))
    for _ in range(3000):
        likely = possible * mass
        mass = (likely / likely.sum(axis=1, keepdims=True)).mean(axis=0)
    for time in support[:-1]:
        assert curve.at(time) == pytest.approx(mass[support > time].sum(), abs=1e-3)


def test_who_was_found_gone_is_not_taken_for_one_who_left_just_then() -> None:
    # Ten gave up after 20 s; of ten more only is known that they were gone after 100 s.
    curve = doubly_censored([(20, 10, 0), (200, 0, 10)], [(100, 10)])
    assert math.isclose(curve.at(20), 1 / 3, abs_tol=1e-3)


def test_nobody_seen_to_give_up_means_no_interval() -> None:
    curve = doubly_censored([(50, 0, 10)], [(100, 10)])
    assert curve.at(99) == 1.0
    assert curve.interval(100) == (None, None)
    assert curve.quantile_interval(0.5) == (None, None)


@given(rows, st.randoms())
def test_the_order_of_the_rows_does_not_matter(
    known: list[tuple[int, int, int]], dice: random.Random
) -> None:
    single = [(t, 1, 0) for t, ended, _ in known for _ in range(ended)]
    single += [(t, 0, 1) for t, _, lost in known for _ in range(lost)]
    dice.shuffle(single)
    one, other = kaplan_meier(known), kaplan_meier(single)
    assert one.times == other.times
    assert one.alive == pytest.approx(other.alive)
    assert one.spread == pytest.approx(other.spread)


@given(rows)
def test_a_curve_only_falls_and_lies_within_its_interval(
    known: list[tuple[int, int, int]],
) -> None:
    curve = kaplan_meier(known)
    assert all(a >= b >= 0 for a, b in zip((1.0, *curve.alive), curve.alive, strict=False))
    for time in curve.times:
        low, high = curve.interval(time)
        assert low is None or low <= curve.at(time) + 1e-12
        assert high is None or high >= curve.at(time) - 1e-12


@given(rows, st.sampled_from((0.1, 0.5, 0.9)))
def test_a_quantile_could_be_wherever_the_curves_interval_has_it(
    known: list[tuple[int, int, int]], q: float
) -> None:
    curve = kaplan_meier(known)
    around = [(time, curve.interval(time)) for time in curve.times]
    low = [time for time, (least, _) in around if least is not None and least <= 1 - q]
    high = [time for time, (_, most) in around if most is not None and most < 1 - q]
    assert curve.quantile_interval(q) == (next(iter(low), None), next(iter(high), None))


@given(st.lists(times, min_size=1, max_size=40), times)
def test_where_all_ended_it_is_the_share_that_lasted_longer(ends: list[int], time: int) -> None:
    curve = kaplan_meier((t, 1, 0) for t in ends)
    assert curve.at(time) == pytest.approx(sum(t > time for t in ends) / len(ends))
    arrived, abandoned = aalen_johansen((t, 1, 0, 0) for t in ends)
    assert arrived.at(time) == pytest.approx(1 - curve.at(time))
    assert abandoned.at(time) == 0


@given(competing)
def test_two_ends_that_compete_share_those_who_ended(
    known: list[tuple[int, int, int, int]],
) -> None:
    arrived, abandoned = aalen_johansen(known)
    alive = kaplan_meier((t, a + b, lost) for t, a, b, lost in known)
    for time in range(51):
        assert arrived.at(time) + abandoned.at(time) == pytest.approx(1 - alive.at(time))


@given(rows)
def test_without_a_rival_the_variance_is_greenwoods(known: list[tuple[int, int, int]]) -> None:
    share, _ = aalen_johansen((t, ended, 0, lost) for t, ended, lost in known)
    curve = kaplan_meier(known)
    for step, alive in enumerate(curve.alive):
        if alive > 0:
            assert share.variance[step] == pytest.approx(
                alive**2 * curve.spread[step], rel=1e-6, abs=1e-12
            )


@given(rows, st.lists(st.tuples(times, st.integers(1, 3)), max_size=8))
def test_who_was_found_gone_is_counted_whole(
    known: list[tuple[int, int, int]], before: list[tuple[int, int]]
) -> None:
    curve = doubly_censored(known, before)
    ended = sum(ended for _, ended, _ in known) + sum(count for _, count in before)
    assert curve.ends == pytest.approx(ended)
    assert all(a >= b >= 0 for a, b in zip((1.0, *curve.alive), curve.alive, strict=False))


@given(st.lists(times, min_size=30, max_size=200))
def test_where_all_ended_the_interval_is_near_the_exact_one(ends: list[int]) -> None:
    counted = sorted(Counter(ends).items())
    exact = of_quantile(counted, 0.5)
    near = kaplan_meier((t, n, 0) for t, n in counted).quantile_interval(0.5)
    ordered = sorted(ends)

    def rank(value: float | None) -> int:
        return sum(t <= value for t in ordered) if value is not None else len(ordered)

    slack = 2 + max(Counter(ends).values())
    assert abs(rank(exact.low) - rank(near.low)) <= slack
    assert abs(rank(exact.high) - rank(near.high)) <= slack
