"""Staffing: what a known queue needs is found, and too little data is said to be too little."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.cells import Cell
from overdoor.insight.erlang import ErlangA, staff_for
from overdoor.insight.histogram import Histogram
from overdoor.insight.staffing import (
    HOUR_MS,
    Change,
    Demand,
    Needed,
    NotEnough,
    PastHour,
    Target,
    against_plan,
    backtest,
    demand_of,
    past_hour,
    people_needed,
    service_level,
)

from .zone import Zone

MINUTE = 60_000
TARGET = Target(0.8, 2 * MINUTE)
# 20 calls an hour of 3.5 minutes with patience for 4, as seen in a hundred hours.
SEEN = Demand(
    hours=100,
    calls=2000,
    squares=100 * 420,
    handled=1500,
    handled_ms=round(1500 * 3.5 * MINUTE),
    abandoned=500,
    waited_ms=500 * 4 * MINUTE,
)


def test_the_people_needed_are_those_of_the_model() -> None:
    need = people_needed(SEEN, TARGET)
    assert isinstance(need, Needed)
    assert need.likely == staff_for(0.8, 2, 20 / 60, 1 / 3.5, 1 / 4)
    assert need.low <= need.likely <= need.high


def test_the_walk_takes_time_from_the_target_and_callers_leave_during_it() -> None:
    walking = SEEN + Demand(walked_ms=1500 * MINUTE)
    queue = ErlangA(20 / 60, 1 / 3.5, 1 / 4, 3)
    assert service_level(walking, 3, 2 * MINUTE) == pytest.approx(
        queue.within(1) * math.exp(-1 / 4)
    )


def test_a_walk_longer_than_the_target_leaves_nobody_who_could_meet_it() -> None:
    far = SEEN + Demand(walked_ms=1500 * 3 * MINUTE)
    assert people_needed(far, TARGET) == Needed(None, None, None)
    assert service_level(far, 9, TARGET.within_ms) == 0


def test_less_data_leaves_more_open() -> None:
    little = Demand(5, 1000, 5 * 200**2, 750, round(750 * 3.5 * MINUTE), 0, 250, 1000 * MINUTE)
    much = Demand(500, 10**5, 500 * 200**2, 75_000, 75_000 * 210_000, 0, 25_000, 10**5 * MINUTE)
    wide, narrow = people_needed(little, TARGET), people_needed(much, TARGET)
    assert isinstance(wide, Needed)
    assert isinstance(narrow, Needed)
    assert wide.likely == narrow.likely
    assert wide.high - wide.low > narrow.high - narrow.low


def test_hours_that_differ_more_than_by_chance_leave_more_open() -> None:
    """The same calls, but in half of the hours nearly all of them."""
    uneven = Demand(
        8, 160, 4 * 38**2 + 4 * 2**2, 150, round(150 * 3.5 * MINUTE), 0, 10, 150 * MINUTE
    )
    even = Demand(8, 160, 8 * 400, 150, round(150 * 3.5 * MINUTE), 0, 10, 150 * MINUTE)
    wide, narrow = people_needed(uneven, TARGET), people_needed(even, TARGET)
    assert isinstance(wide, Needed)
    assert isinstance(narrow, Needed)
    assert wide.high > narrow.high


@pytest.mark.parametrize(
    ("demand", "lacking"),
    [
        (Demand(), NotEnough("hours", 0, 4)),
        (Demand(3, 90, 2700, 90, 90 * MINUTE, 0, 1, 90 * MINUTE), NotEnough("hours", 3, 4)),
        (Demand(9, 20, 60, 20, 20 * MINUTE, 0, 1, 20 * MINUTE), NotEnough("handled", 20, 30)),
    ],
)
def test_too_little_is_said_to_be_too_little(demand: Demand, lacking: NotEnough) -> None:
    assert people_needed(demand, TARGET) == lacking
    assert service_level(demand, 2, MINUTE) == lacking


def test_nobody_who_abandons_is_no_endless_patience() -> None:
    calm = Demand(20, 200, 2000, 200, 200 * MINUTE, 0, 0, 200 * 10_000)
    assert isinstance(people_needed(calm, TARGET), Needed)


def test_nobody_there_meets_no_target_and_half_a_person_half_of_one() -> None:
    assert service_level(SEEN, 0, MINUTE) == 0
    one = service_level(SEEN, 1, MINUTE)
    assert isinstance(one, float)
    assert service_level(SEEN, 0.5, MINUTE) == pytest.approx(one / 2)


@given(st.floats(0, 12), st.floats(0, 12))
def test_more_people_are_never_worse(one: float, other: float) -> None:
    fewer, more = (service_level(SEEN, staff, MINUTE) for staff in sorted((one, other)))
    assert isinstance(fewer, float)
    assert isinstance(more, float)
    assert fewer <= more + 1e-9


def test_what_a_plan_lacks_is_added_up_and_costs() -> None:
    needed = {"mon": Needed(2, 3, 4), "tue": Needed(1, 1, 2), "wed": NotEnough("hours", 1, 4)}
    change = against_plan({"mon": 2, "tue": 3, "wed": 5}, needed)
    assert change == Change(-2, -1, 1)
    assert change.cost(15) == Change(-30, -15, 15)
    assert against_plan({}, needed) == Change(0, 0, 0)


def test_a_target_that_nobody_can_meet_changes_no_plan() -> None:
    assert against_plan({"mon": 2}, {"mon": Needed(3, None, None)}) == Change(0, 0, 0)


def test_the_model_tells_hours_that_it_has_not_seen() -> None:
    zone = Zone(20, 3.5, 4, walk_min=0.5)
    learnt = zone.hours(1, 60, 3, TARGET.within_ms)
    then = zone.hours(2, 300, 2, TARGET.within_ms)
    told = backtest(learnt, then, TARGET.within_ms)
    assert not isinstance(told, NotEnough)
    assert told.hours == 300
    assert told.predicted == pytest.approx(told.real, abs=0.05)
    assert told.interval.low < told.real < told.interval.high


def test_without_earlier_hours_like_them_nothing_is_told() -> None:
    zone = Zone(20, 3.5, 4)
    learnt = zone.hours(1, 60, 2, MINUTE)
    other = [hour._replace(slot="other") for hour in zone.hours(2, 60, 2, MINUTE)]
    assert backtest(learnt, other, MINUTE) == NotEnough("calls", 0, 30)
    assert backtest([], [], MINUTE) == NotEnough("calls", 0, 30)


def test_calls_of_one_hour_fare_alike_and_the_interval_knows() -> None:
    """Hours in which all or nobody was arrived at in time say less than their calls."""
    demand = Demand(1, 20, 400)
    known = [PastHour("hour", 2, 10, SEEN)]
    alike = [PastHour("hour", 2, 20 * (i % 2), demand) for i in range(40)]
    mixed = [PastHour("hour", 2, 10, demand) for i in range(40)]
    wide, narrow = backtest(known, alike, MINUTE), backtest(known, mixed, MINUTE)
    assert not isinstance(wide, NotEnough)
    assert not isinstance(narrow, NotEnough)
    assert wide.interval.high - wide.interval.low > 3 * (narrow.interval.high - narrow.interval.low)


def test_the_parts_of_a_demand_add_up() -> None:
    assert SEEN + Demand() == SEEN
    assert (SEEN + SEEN).calls == 4000


def test_the_hour_of_a_cell_says_what_was_seen_in_it() -> None:
    """Two were served after a walk of half a minute, one left; one and a half people were there."""
    cell = Cell(
        calls=3,
        arrived_a=2,
        left=1,
        within_ab=1,
        on_duty_ms=round(1.5 * HOUR_MS),
        arrival_ab=Histogram.of([MINUTE, 2 * MINUTE]),
        found_gone=Histogram.of([3 * MINUTE]),
        handling=Histogram.of([2 * MINUTE, 3 * MINUTE]),
        service=Histogram.of([1.5 * MINUTE]),
        service_estimated=Histogram.of([2.5 * MINUTE]),
    )
    demand = demand_of(cell)
    assert (demand.hours, demand.calls, demand.squares) == (1, 3, 9)
    assert (demand.handled, demand.abandoned) == (2, 1)
    assert demand.handled_ms == pytest.approx(5 * MINUTE, rel=0.01)
    assert demand.walked_ms == pytest.approx(MINUTE, rel=0.1)
    assert demand.waited_ms == pytest.approx(6 * MINUTE, rel=0.01)
    assert past_hour(("women", 9), cell) == PastHour(("women", 9), 1.5, 1, demand)


def test_an_hour_without_calls_is_an_hour_seen() -> None:
    assert demand_of(Cell()) == Demand(hours=1)
