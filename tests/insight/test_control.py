"""Control charts: the limits by hand, and that a point is marked for its rule and no other."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.control import NEEDED, Point, Rule, longest_by_chance, p_chart, xmr

QUIET = [50, 53, 49, 51, 48, 52, 50, 47, 51, 49, 52, 50, 48, 51, 50, 49]  # nothing happened


def rules(points: list[Point]) -> list[set[Rule]]:
    return [set(point.rules) for point in points]


def test_the_limits_of_single_values() -> None:
    """Mean 50, and moving ranges that sum up to 39 over 15 steps."""
    point = xmr(QUIET)[0]
    assert point.centre == 50
    assert point.high == pytest.approx(50 + 2.66 * 39 / 15)
    assert point.low == pytest.approx(50 - 2.66 * 39 / 15)


def test_a_quiet_chart_has_no_marks() -> None:
    assert rules(xmr(QUIET)) == [set()] * len(QUIET)


def test_a_day_beyond_the_limit_is_marked_alone() -> None:
    points = xmr([*QUIET, 75, *QUIET])
    assert points[16].rules == {Rule.OUTSIDE}
    assert rules(points[:16] + points[17:]) == [set()] * 32


def test_two_of_three_near_a_limit_are_marked() -> None:
    points = xmr([*QUIET, 57, 50, 57, *QUIET])
    assert [i for i, p in enumerate(points) if p.rules] == [16, 18]
    assert points[16].rules == points[18].rules == {Rule.NEAR}


def test_near_to_different_limits_is_no_pattern() -> None:
    assert rules(xmr([*QUIET, 57, 50, 43, *QUIET])) == [set()] * 35


def test_a_shift_marks_its_whole_run_and_both_sides_of_it() -> None:
    points = xmr([v for v in QUIET for _ in (0, 1)] + [v + 4 for v in QUIET for _ in (0, 1)])
    after = rules(points)[32:]
    assert sum(Rule.SHIFT in marks for marks in after) >= 9


def test_a_longer_chart_needs_a_longer_run() -> None:
    """The limits published by Anhøj, at least one less than the seven of the NHS."""
    known = {10: 6, 20: 7, 24: 8, 40: 8, 60: 9, 100: 10}
    assert {n: longest_by_chance(n) for n in known} == known


def test_six_steps_up_are_a_trend_and_five_are_not() -> None:
    up = [47.0, 48, 49, 50, 51, 52, 53]
    assert [Rule.TREND in p.rules for p in xmr([*QUIET, *up, *QUIET])][16:23] == [True] * 7
    assert not any(Rule.TREND in p.rules for p in xmr([*QUIET, *up[:5], *QUIET]))


def test_few_points_have_no_limits_and_no_marks() -> None:
    points = xmr([50.0] * (NEEDED - 2) + [500])
    assert points == [Point(50)] * (NEEDED - 2) + [Point(500)]
    assert xmr([]) == []


def test_equal_days_have_no_marks() -> None:
    assert rules(xmr([0.1 + 0.2] * 20)) == [set()] * 20


def test_after_an_annotation_the_limits_start_anew() -> None:
    both = [*QUIET, *(v + 20 for v in QUIET)]
    assert any(point.rules for point in xmr(both))
    points = xmr(both, phases=[16])
    assert rules(points) == [set()] * 32
    assert (points[15].centre, points[16].centre) == (50, 70)
    # A phase that has just begun has no limits yet.
    assert xmr(both[:20], phases=[16])[16] == Point(70)


def test_the_limits_of_rates_follow_n() -> None:
    points = p_chart([(10, 100)] * 20 + [(40, 400)])
    assert points[0].centre == pytest.approx(0.1)
    assert points[0].high == pytest.approx(0.1 + 3 * (0.1 * 0.9 / 100) ** 0.5)
    assert points[-1].high == pytest.approx(0.1 + 3 * (0.1 * 0.9 / 400) ** 0.5)
    assert p_chart([(1, 3)] * 20)[0].low == 0


def test_the_same_rate_is_a_signal_only_where_n_is_large() -> None:
    quiet = [(10, 100), (11, 100), (9, 100), (12, 100), (8, 100)] * 4
    assert p_chart([*quiet, (4, 20)])[-1].rules == frozenset()
    assert p_chart([*quiet, (80, 400)])[-1].rules == {Rule.OUTSIDE}


def test_a_day_without_calls_is_no_signal() -> None:
    assert p_chart([(10, 100), (9, 100), (11, 100)] * 5 + [(0, 0)])[-1].rules == frozenset()
    assert rules(p_chart([(0, 0)] * 20)) == [set()] * 20
    assert rules(p_chart([(0, 50)] * 20)) == [set()] * 20


def test_more_hits_than_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        p_chart([(3, 2)])


values = st.lists(st.floats(0, 1e6), max_size=60)


@given(values, st.lists(st.integers(-5, 70), max_size=4))
def test_every_point_has_its_place(some: list[float], phases: list[int]) -> None:
    points = xmr(some, phases)
    assert [point.value for point in points] == some
    for point in points:
        assert point.centre is not None or not point.rules
        if point.centre is not None:
            assert 0 <= point.low <= point.centre + 1e-6
            assert point.centre <= point.high + 1e-6


@given(st.lists(st.integers(1, 10**6), max_size=60), st.sampled_from([0.5, 2.0, 1024.0]))
def test_the_unit_does_not_matter(some: list[int], unit: float) -> None:
    assert rules(xmr(some)) == rules(xmr([value * unit for value in some]))


def test_few_quiet_days_are_marked() -> None:
    """Of days on which nothing changed, less than one in fifty is marked outside or near."""
    dice = random.Random(4)
    marked = days = 0
    for _ in range(200):
        points = xmr([max(0.0, dice.gauss(60, 8)) for _ in range(60)])
        marked += sum(bool(point.rules & {Rule.OUTSIDE, Rule.NEAR}) for point in points)
        days += len(points)
    assert marked / days < 0.02
