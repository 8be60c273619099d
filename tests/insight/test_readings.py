"""Each measure of the registry can be read from a cell, with its n and its interval."""

import pytest

from overdoor.insight import measures
from overdoor.insight.cells import Cell, Reason
from overdoor.insight.histogram import Histogram
from overdoor.insight.intervals import Interval
from overdoor.insight.measures import MEASURES, Measure
from overdoor.insight.readings import flagged, glance, read

SECOND = 1000


def times(*seconds: float) -> Histogram:
    return Histogram.of(value * SECOND for value in seconds)


BUSY = Cell(
    calls=60,
    arrived_a=40,
    arrived_d=10,
    cancelled=6,
    left=1,
    unanswered=3,
    within_ab=30,
    within_cd=9,
    instant=45,
    closed=58,
    arrival_ab=times(*range(20, 60)),
    arrival_cd=times(*[10] * 10),
    given_up=times(*[50] * 6, *[900] * 3),
    found_gone=times(70),
    response=times(*range(5, 55)),
    pages=75,
    visits=50,
    visits_of_one=42,
    busy_ms=600_000,
    on_duty_ms=3_600_000,
    ratings=10,
    ratings_sum=44,
    reasons={"question": Reason(20), "another-size": Reason(30), "none": Reason(10)},
)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.id)
def test_an_empty_cell_says_nothing_wrong(measure: Measure) -> None:
    reading = read(measure, Cell())
    assert reading.n == 0
    assert reading.value in (None, 0.0)
    assert reading.dots == ()


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.id)
def test_a_point_among_many_is_what_a_whole_reading_says(measure: Measure) -> None:
    point, whole = glance(measure, BUSY), read(measure, BUSY)
    assert (point.n, point.value, point.interval) == (whole.n, whole.value, whole.interval)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.id)
def test_a_value_lies_in_its_interval(measure: Measure) -> None:
    reading = read(measure, BUSY)
    low, high = reading.interval
    if reading.value is not None:
        assert low is None or low <= reading.value
        assert high is None or reading.value <= high


def test_the_headline_takes_proven_arrivals_and_says_what_taps_would_add() -> None:
    reading = read(measures.TO_BE_HELPED, BUSY)
    assert reading.value is not None
    assert reading.anyhow is not None
    assert reading.anyhow < reading.value, "the taps came early"
    assert reading.n == 60


def test_a_shop_that_only_taps_has_a_headline_as_well() -> None:
    taps = Cell(calls=40, arrived_d=40, arrival_cd=times(*range(10, 50)), within_cd=40)
    reading = read(measures.TO_BE_HELPED, taps)
    assert reading.value == pytest.approx(29 * SECOND, rel=0.01)
    assert reading.anyhow is None
    assert read(measures.ARRIVAL_TIME, taps).value == pytest.approx(29 * SECOND, rel=0.01)


def test_who_gave_up_makes_the_time_to_be_helped_longer_than_that_of_who_was() -> None:
    answered = read(measures.ARRIVAL_TIME, BUSY).value
    helped = read(measures.TO_BE_HELPED, BUSY).value
    assert answered is not None
    assert helped is not None
    assert helped > answered


def test_few_calls_have_dots_and_no_slowest_tenth() -> None:
    few = Cell(calls=9, arrived_a=9, arrival_ab=times(*range(30, 39)))
    reading = read(measures.ARRIVAL_TIME, few)
    assert len(reading.dots) == 9
    assert reading.p90 is None
    many = read(measures.ARRIVAL_TIME, BUSY)
    assert many.dots == ()
    assert many.p90 is not None


def test_a_rate_of_fewer_than_five_calls_is_not_said() -> None:
    reading = read(measures.SERVICE_LEVEL, Cell(calls=4, arrived_a=4, within_ab=4))
    assert reading.value is None
    assert reading.interval == Interval(None, None)


def test_calls_that_still_wait_are_no_failures_yet() -> None:
    waiting = Cell(calls=20, arrived_a=10, within_ab=10, waiting=10)
    assert read(measures.SERVICE_LEVEL, waiting).value == 1.0


def test_everybody_who_was_abandoned_is_in_the_abandonment() -> None:
    assert read(measures.ABANDONMENT, BUSY).value == pytest.approx(10 / 60)


def test_a_reason_that_a_sign_could_answer_is_flagged_once_it_is_sure() -> None:
    reading = read(measures.REASONS, BUSY)
    assert [part.id for part in reading.parts] == ["another-size", "question"]
    assert [flagged(part) for part in reading.parts] == [False, True]
    assert reading.n == 50, "who said nothing is not in it"
    rare = Cell(calls=60, reasons={"question": Reason(2), "another-size": Reason(48)})
    assert not any(flagged(part) for part in read(measures.REASONS, rare).parts)


def test_evidence_is_the_share_of_what_is_proven() -> None:
    reading = read(measures.EVIDENCE, BUSY)
    assert reading.value == 0.8
    assert [part.count for part in reading.parts] == [40, 0, 0, 10]
