"""Known parameters come out of generated data: as often as the intervals say, and no more."""

import pytest

from . import truth


def test_the_intervals_hold_the_truth_as_often_as_they_say_and_the_answered_alone_do_not() -> None:
    found = {line.what: line for line in truth.times()}
    for what in ("time to be helped, median", "time to be helped, p90", "abandonment"):
        assert 0.85 <= found[what].covered <= 0.95, found[what]
    # Those who left tell less than is made of them, so this one is wider than it must be.
    assert found["patience, first quarter"].covered >= 0.85
    for what in ("time to be helped, median", "time to be helped, p90", "mean wait"):
        assert found[what].answered_only < 0.5, found[what]


def test_the_people_needed_are_found() -> None:
    within, exact = truth.staffing()
    assert within.covered >= 0.9, within
    assert exact.covered >= 0.5, exact


@pytest.mark.timeout(240)
def test_differences_are_held_as_often_as_their_intervals_say() -> None:
    for line in truth.comparisons(seeds=60):
        assert 0.8 <= line.covered <= 0.98, line


def test_a_control_chart_marks_a_shift_and_hardly_anything_else() -> None:
    for chart in truth.alarms():
        assert chart.shifted >= 0.85, chart
        assert chart.quiet <= 0.025, chart
