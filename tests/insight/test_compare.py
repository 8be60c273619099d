"""Two groups compared: what was planted is found, and chance is not taken for it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overdoor.insight.compare import MOST, NEEDED, of_medians, of_rates


def times(seed: int, mean: float, n: int) -> list[float]:
    dice = random.Random(seed)
    return [dice.expovariate(1 / mean) for _ in range(n)]


def test_a_planted_difference_is_found_with_its_size() -> None:
    slow = [value + 40 for value in times(1, 60, 120)]
    found = of_medians({"": (times(2, 60, 120), slow)}, seed=7)
    assert found is not None
    assert found.beyond_noise
    assert found.interval.low < 40 < found.interval.high


def test_no_difference_is_within_the_noise() -> None:
    found = of_medians({"": (times(1, 60, 120), times(2, 60, 120))}, seed=7)
    assert found is not None
    assert not found.beyond_noise
    rates = of_rates({"": ([0, 1, 1, 1] * 20, [0, 1, 1, 1] * 25)}, seed=7)
    assert rates is not None
    assert rates.estimate == 0
    assert not rates.beyond_noise


def test_rates_that_differ_are_found() -> None:
    found = of_rates({"": ([0, 0, 0, 1] * 30, [0, 1, 1, 1] * 30)}, seed=7)
    assert found is not None
    assert found.estimate == pytest.approx(0.5)
    assert found.beyond_noise


def test_nothing_ever_happened_is_not_taken_for_certain() -> None:
    found = of_rates({"": ([0.0] * 20, [0.0] * 20)}, seed=7)
    assert found is not None
    assert found.interval.low < 0 < found.interval.high


def test_what_differs_anyway_is_no_difference_within_its_strata() -> None:
    """Most of the first group is of quiet hours, most of the second of busy ones."""
    quiet = (times(1, 30, 100), times(2, 30, 20))
    busy = (times(3, 120, 20), times(4, 120, 100))
    mixed = of_medians({"": ([*quiet[0], *busy[0]], [*quiet[1], *busy[1]])}, seed=7)
    apart = of_medians({"quiet": quiet, "busy": busy}, seed=7)
    assert mixed is not None
    assert apart is not None
    assert mixed.beyond_noise
    assert not apart.beyond_noise


def test_an_hour_with_one_group_alone_compares_nothing() -> None:
    both = (times(1, 60, 40), times(2, 60, 40))
    alone = {9: both, 10: (times(3, 900, 40), [])}
    assert of_medians(alone, seed=7) == of_medians({9: both}, seed=7)


def test_too_few_calls_are_not_compared() -> None:
    many, few = times(1, 60, 100), times(2, 60, NEEDED - 1)
    assert of_medians({"": (many, few)}, seed=7) is None
    assert of_medians({}, seed=7) is None


def test_of_many_calls_a_part_is_looked_at_and_the_number_says_so() -> None:
    found = of_medians({"": (times(1, 60, 3 * MOST), times(2, 60, 40))}, seed=7)
    assert found is not None
    assert (found.first, found.second) == (MOST, 40)


groups = st.lists(st.integers(0, 600_000), min_size=NEEDED, max_size=20)


@settings(max_examples=15)
@given(groups, groups, st.integers(0, 10**6))
def test_the_same_seed_gives_the_same_numbers_and_the_estimate_lies_within(
    first: list[int], second: list[int], seed: int
) -> None:
    found = of_medians({"": (first, second)}, seed)
    assert found == of_medians({"": (first, second)}, seed)
    assert found is not None
    assert found.interval.low <= found.interval.high
