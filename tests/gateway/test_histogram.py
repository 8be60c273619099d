"""Histograms: what comes out is within one per cent of what went in, however it was added up."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.histogram import ERROR, Histogram, value_of

DURATIONS = st.lists(st.integers(0, 7 * 86_400_000), max_size=50)


@given(DURATIONS.filter(bool), st.sampled_from((0.01, 0.1, 0.5, 0.9, 0.99, 1.0)))
def test_a_quantile_is_within_one_per_cent_of_brute_force(durations: list[int], q: float) -> None:
    exact = sorted(durations)[ceil(q * len(durations)) - 1]
    assert Histogram.of(durations).quantile(q) == pytest.approx(exact, rel=ERROR * 1.0001)


@given(DURATIONS, DURATIONS, DURATIONS)
def test_in_which_order_they_are_added_changes_nothing(
    one: list[int], two: list[int], three: list[int]
) -> None:
    first, second, third = map(Histogram.of, (one, two, three))
    assert (first + second) + third == first + (second + third)
    assert first + second == second + first == Histogram.of(one + two)
    assert first + Histogram() == first


@given(DURATIONS)
def test_as_text_it_says_the_same(durations: list[int]) -> None:
    histogram = Histogram.of(durations)
    assert Histogram.from_text(histogram.to_text()) == histogram
    assert bool(Histogram.from_text(histogram.to_text())) == bool(durations)
    assert histogram.count == len(durations)
    assert [n for _, n in histogram.values() if n < 1] == []


@given(DURATIONS.filter(bool))
def test_the_mean_is_within_one_per_cent(durations: list[int]) -> None:
    mean = sum(durations) / len(durations)
    assert Histogram.of(durations).mean() == pytest.approx(mean, rel=ERROR * 1.0001)


@pytest.mark.parametrize("text", ["1", "1 2 3", "one two", "1 2.5"])
def test_what_is_no_histogram_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"zip|invalid"):
        _ = Histogram.from_text(text).counts


def test_of_nothing_there_is_nothing() -> None:
    assert Histogram().quantile(0.5) is None
    assert Histogram().mean() is None
    assert not Histogram()


def test_no_time_at_all_is_no_time() -> None:
    assert Histogram.of([0, 0, -5]).quantile(1.0) == value_of(-1) == 0
