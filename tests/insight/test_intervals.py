"""Intervals against scipy, against brute force, and by what is in the books."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from overdoor.insight.intervals import (
    ENOUGH,
    of_quantile,
    only_dots,
    percentile,
    poisson,
    ranks,
    wilson,
)

levels = st.sampled_from([0.8, 0.9, 0.95])
shares = st.sampled_from([0.1, 0.25, 0.5, 0.9])


def test_of_ten_calls_the_median_lies_between_the_second_and_the_ninth() -> None:
    assert ranks(10, 0.5) == (2, 9)


def test_thirty_calls_bound_the_90th_percentile_and_twenty_do_not() -> None:
    assert ranks(20, 0.9)[1] is None
    assert ranks(ENOUGH, 0.9)[1] == 30
    assert only_dots(ENOUGH - 1)
    assert not only_dots(ENOUGH)


def test_of_one_call_nothing_is_known() -> None:
    assert of_quantile([(60, 1)], 0.5) == (None, None)
    assert of_quantile([], 0.5) == (None, None)


@given(st.integers(0, 2000), shares, levels)
def test_ranks_are_the_tightest_that_cover(n: int, q: float, level: float) -> None:
    below = stats.binom(n, q)
    beyond = (1 - level) / 2
    low, high = ranks(n, q, level)
    assert below.cdf((low or 0) - 1) <= beyond + 1e-9
    assert below.cdf(low or 0) > beyond - 1e-9
    if high is None:
        assert below.sf(n - 1) > beyond - 1e-9
    else:
        assert below.sf(high - 1) <= beyond + 1e-9
        assert below.sf(high - 2) > beyond - 1e-9


def test_five_million_calls_are_as_exact() -> None:
    n, q = 5_000_000, 0.9
    assert ranks(n, q) == (stats.binom.ppf(0.05, n, q), stats.binom.ppf(0.95, n, q) + 1)


@given(st.lists(st.integers(0, 20), max_size=80), shares)
def test_bins_and_single_calls_agree(values: list[int], q: float) -> None:
    single = [(value, 1) for value in sorted(values)]
    binned = [(value, values.count(value)) for value in sorted(set(values))]
    assert of_quantile(single, q) == of_quantile(binned, q)


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.sampled_from([0.1, 0.5, 0.9, 1.0])
)
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[int], q: float
) -> None:
    enough = [v for v in values if sum(other <= v for other in values) >= q * len(values)]
    assert percentile(sorted(values), q) == min(enough)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200), shares)
def test_the_interval_holds_the_quantile(values: list[int], q: float) -> None:
    ordered = sorted(values)
    low, high = of_quantile([(value, 1) for value in ordered], q)
    middle = percentile(ordered, q)
    assert low is None or low <= middle
    assert high is None or high >= middle


@given(st.integers(0, 300), st.integers(0, 300), levels)
def test_the_interval_of_a_rate_is_wilsons(hits: int, misses: int, level: float) -> None:
    n = hits + misses
    ours = wilson(hits, n, level)
    if n == 0:
        assert ours == (None, None)
        return
    theirs = stats.binomtest(hits, n).proportion_ci(level, "wilson")
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.integers(1, 10_000), levels)
def test_the_interval_of_a_count_is_within_a_percent(events: int, level: float) -> None:
    beyond = (1 - level) / 2
    low, high = poisson(events, level)
    assert low == pytest.approx(stats.chi2.ppf(beyond, 2 * events) / 2, rel=0.01, abs=0.02)
    assert high == pytest.approx(stats.chi2.isf(beyond, 2 * events + 2) / 2, rel=0.01)


def test_nothing_that_happened_still_has_an_upper_bound() -> None:
    low, high = poisson(0)
    assert low == 0
    assert high == pytest.approx(-math.log(0.05), rel=0.02)


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5)])
def test_more_hits_than_tries_are_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        wilson(hits, n)


def test_the_interval_of_the_median_covers_as_often_as_it_says() -> None:
    dice = random.Random(1)
    truth = math.log(2)
    hit = 0
    for _ in range(2000):
        low, high = of_quantile(
            [(v, 1) for v in sorted(dice.expovariate(1) for _ in range(25))], 0.5
        )
        hit += low <= truth <= high
    assert 0.9 <= hit / 2000 <= 0.97  # by the binomial it is 0.957
