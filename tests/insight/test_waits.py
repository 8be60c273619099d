"""How each end of a wait counts in each curve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.waits import (
    ABANDONED,
    End,
    Wait,
    arrived_or_abandoned,
    patience,
    to_be_helped,
)

waits = st.lists(
    st.tuples(st.integers(0, 900_000), st.sampled_from(list(End)), st.integers(1, 4)), max_size=30
)


def test_who_gave_up_makes_the_time_to_be_helped_longer() -> None:
    answered: list[Wait] = [(s * 1000, End.ARRIVED, 1) for s in range(10, 60)]
    gave_up: list[Wait] = [(55_000, End.CANCELLED, 30)]
    alone = to_be_helped(answered).quantile(0.9)
    both = to_be_helped([*answered, *gave_up]).quantile(0.9)
    assert alone == 54_000
    assert both is not None
    assert both > alone


def test_coming_to_an_empty_room_is_how_long_it_took() -> None:
    assert to_be_helped([(60_000, End.LEFT, 1)]).quantile(0.5) == 60_000
    assert to_be_helped([(60_000, End.CANCELLED, 1)]).quantile(0.5) is None


def test_an_unanswered_call_says_nothing_of_patience() -> None:
    known: list[Wait] = [(30_000, End.CANCELLED, 3), (90_000, End.ARRIVED, 3)]
    assert patience([*known, (600_000, End.UNANSWERED, 9)]) == patience(known)


def test_who_left_had_less_patience_than_the_time_until_somebody_came() -> None:
    known: list[Wait] = [(30_000, End.CANCELLED, 3), (90_000, End.ARRIVED, 3)]
    more = patience([*known, (60_000, End.LEFT, 3)])
    assert more.at(30_000) == pytest.approx(1 / 3, abs=0.01)


@given(waits)
def test_after_the_last_wait_the_shares_are_those_of_the_counts(some: list[Wait]) -> None:
    some = [wait for wait in some if wait[1] is not End.WAITING]
    n = sum(count for _, _, count in some)
    arrived, abandoned = arrived_or_abandoned(some)
    gave_up = sum(count for _, end, count in some if end in ABANDONED)
    assert abandoned.at(1e9) == pytest.approx(gave_up / n if n else 0)
    assert arrived.at(1e9) == pytest.approx((n - gave_up) / n if n else 0)
