"""The numbers of a day, by hand and by brute force."""

from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.summary import CallRow, Summary, summarise

from .shop import SECOND

EMPTY = Summary(calls=0, arrived=0, abandoned=0, waiting=0, median_ms=None, p90_ms=None)


def row(arrived_s: float | None, closed_s: float | None, outcome: str | None) -> CallRow:
    """A call that was raised at 1000 s; the rest in seconds after that."""
    at = [None if s is None else round((1000 + s) * SECOND) for s in (arrived_s, closed_s)]
    return CallRow(1000 * SECOND, at[0], at[1], outcome)


def test_of_nothing_there_are_no_numbers() -> None:
    assert summarise([]) == EMPTY


def test_a_day_counted_by_hand() -> None:
    day = [
        row(30, 90, "served"),
        row(50, None, None),  # somebody is there now
        row(100, 400, "served"),
        row(20, 25, "left"),  # whoever came found nobody
        row(None, 4.999, "cancelled"),  # a wrong press
        row(None, 5, "cancelled"),
        row(None, 900, "unanswered"),
        row(None, None, None),  # waits
    ]
    assert summarise(day) == Summary(
        calls=7, arrived=3, abandoned=3, waiting=1, median_ms=50_000, p90_ms=None
    )


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    day = [row(10, 20, "served"), row(20, 30, "served")]
    assert summarise(day).median_ms == 15_000


def test_a_90th_percentile_needs_thirty_arrivals() -> None:
    day = [row(seconds, 1000, "served") for seconds in range(1, 30)]
    assert summarise(day).p90_ms is None
    assert summarise([*day, row(30, 1000, "served")]).p90_ms == 27_000


def test_a_call_that_nobody_came_to_does_not_shorten_the_wait() -> None:
    served = [row(60, 100, "served")]
    assert summarise([*served, row(None, 900, "unanswered")]).median_ms == 60_000


rows = st.builds(
    row,
    st.none() | st.floats(0, 900),
    st.none() | st.floats(0, 900),
    st.sampled_from([None, "served", "cancelled", "left", "unanswered"]),
)


@given(st.lists(rows, max_size=40), st.randoms())
def test_the_order_of_the_calls_does_not_matter(day: list[CallRow], random: object) -> None:
    shuffled = list(day)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert summarise(shuffled) == summarise(day)


@given(st.lists(rows, max_size=40))
def test_no_call_is_counted_twice(day: list[CallRow]) -> None:
    numbers = summarise(day)
    hasty = [r for r in day if r.outcome == "cancelled" and r.closed_at is not None]
    hasty = [r for r in hasty if r.closed_at - r.raised_at < 5000]
    assert numbers.calls == len(day) - len(hasty)
    left = [r for r in day if r not in hasty and r.outcome in ("cancelled", "left", "unanswered")]
    assert numbers.abandoned == len(left)
    assert numbers.arrived + numbers.waiting <= numbers.calls
