"""Flags are counted where they can be, and only there."""

from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.integrity import Flags, Handled, flags

NONE = (0, 0)


def served(raised: int, arrived: int, closed: int, room: str = "w1", **other: object) -> Handled:
    """Seconds."""
    return Handled(raised * 1000, arrived * 1000, closed * 1000, "served", room, **other)  # type: ignore[arg-type]


def test_of_no_calls_there_are_no_flags() -> None:
    assert flags([]) == Flags(NONE, NONE, NONE, NONE)


def test_far_away_is_counted_among_those_whose_distance_is_known() -> None:
    calls = [
        served(0, 60, 120, metres=45.0),
        served(0, 60, 120, room="w2", metres=5.0),
        served(0, 60, 120, room="w3"),
    ]
    assert flags(calls).far_away == (1, 2)


def test_a_reset_without_a_stay_is_counted_but_not_a_close_that_nobody_said() -> None:
    calls = [
        served(0, 60, 63),
        served(0, 60, 90, room="w2"),
        served(0, 60, 61, room="w3", close_estimated=True),
    ]
    assert flags(calls).no_dwell == (1, 2)


def test_a_cancel_right_after_the_press_is_counted() -> None:
    calls = [
        Handled(0, None, 2000, "cancelled", "w1"),
        Handled(0, None, 60_000, "cancelled", "w2"),
        served(0, 60, 90, room="w3"),
    ]
    assert flags(calls).quick_cancel == (1, 3)


def test_pressed_again_after_a_close_is_of_the_same_room_and_soon() -> None:
    calls = [
        served(0, 30, 60),
        served(90, 120, 150),  # half a minute later
        served(300, 330, 400),  # later than that
        served(95, 120, 150, room="w2"),
    ]
    assert flags(calls).pressed_after_close == (1, 4)


def test_after_a_call_that_was_not_served_nobody_pressed_again() -> None:
    calls = [Handled(0, None, 60_000, "cancelled", "w1"), served(90, 120, 150)]
    assert flags(calls).pressed_after_close == (0, 1)


calls = st.lists(
    st.builds(
        Handled,
        st.integers(0, 10**6),
        st.none() | st.integers(10**6, 2 * 10**6),
        st.none() | st.integers(2 * 10**6, 3 * 10**6),
        st.sampled_from(["served", "cancelled", "left", "unanswered", None]),
        st.sampled_from(["w1", "w2"]),
        st.none() | st.floats(0, 100),
        st.booleans(),
    ),
    max_size=20,
)


@given(calls)
def test_no_flag_counts_more_calls_than_it_could_be_found_in(some: list[Handled]) -> None:
    found = flags(some)
    for flag in (found.far_away, found.no_dwell, found.quick_cancel):
        assert 0 <= flag.found <= flag.of <= len(some)
