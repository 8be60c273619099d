"""Whether a number differs from before: intervals of differences, and what they are called."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from overdoor.insight.change import of_days, of_numbers, student
from overdoor.insight.intervals import Interval, wilson


def test_two_rates_as_newcombe_has_them() -> None:
    # Newcombe 1998, table II, line (a), method 10: 56/70 − 48/80 lies in 0.0524 to 0.3339 at 95 %.
    change = of_numbers(56 / 70, wilson(56, 70, 0.95), 48 / 80, wilson(48, 80, 0.95))
    assert change is not None
    assert change.estimate == pytest.approx(0.2)
    assert change.interval == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert change.beyond_noise


rates = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(rates, rates)
def test_what_is_compared_the_other_way_round_is_the_mirror(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    a, b = (hits / n for hits, n in (one, other))
    there = of_numbers(a, wilson(*one), b, wilson(*other))
    back = of_numbers(b, wilson(*other), a, wilson(*one))
    assert there is not None
    assert back is not None
    assert there.beyond_noise is back.beyond_noise
    low, high = there.interval
    assert back.interval == pytest.approx((-(high or 0), -(low or 0)))


def test_without_a_bound_there_is_none_in_the_difference() -> None:
    slow = of_numbers(90.0, Interval(60.0, None), 30.0, Interval(25.0, 35.0))
    assert slow is not None
    assert slow.interval.high is None
    assert slow.beyond_noise, "it is slower, by how much is not known"
    unknown = of_numbers(90.0, Interval(None, None), 30.0, Interval(25.0, 35.0))
    assert unknown is not None
    assert not unknown.beyond_noise
    assert of_numbers(None, Interval(1.0, 2.0), 1.0, Interval(0.0, 2.0)) is None


def test_days_of_weeks_are_compared_weekday_by_weekday() -> None:
    before = [30, 32, 31, 35, 60, 80]
    more = [calls + 5 + extra for calls, extra in zip(before, (0, 1, 0, 1, 0, 1), strict=True)]
    paired = of_days(more, before, paired=True)
    assert paired is not None
    assert paired.beyond_noise, "each day had some more"
    apart = of_days(more, before, paired=False)
    assert apart is not None
    assert not apart.beyond_noise, "unless one looks at how much days differ anyway"
    expected = stats.ttest_rel(more, before).confidence_interval(0.9)
    assert paired.interval == pytest.approx((expected.low, expected.high), rel=0.01)
    welch = stats.ttest_ind(more, before, equal_var=False).confidence_interval(0.9)
    assert apart.interval == pytest.approx((welch.low, welch.high), rel=0.01)


def test_few_days_tell_nothing() -> None:
    assert of_days([9] * 4, [5] * 9, paired=False) is None


@pytest.mark.parametrize("freedom", [4, 5, 6, 12, 60, 1000])
def test_students_t(freedom: int) -> None:
    assert student(freedom) == pytest.approx(stats.t.ppf(0.95, freedom), rel=0.01)
    assert student(inf) == pytest.approx(stats.norm.ppf(0.95))
