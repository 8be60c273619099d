"""An estimate comes from real walks as far, is a range, and is missing if too little is known."""

from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.walks import NEEDED, remaining

walks = st.lists(
    st.tuples(st.none() | st.floats(0, 100), st.integers(0, 600_000)), max_size=2 * NEEDED
)


def a_shop(near_ms: int = 20_000, far_ms: int = 80_000) -> list[tuple[float | None, int]]:
    """Forty walks of 5 m and forty of 60 m, each a second longer than the one before."""
    near = [(5.0, near_ms + 1000 * index) for index in range(40)]
    return [*near, *((60.0, far_ms + 1000 * index) for index in range(40))]


def test_who_is_near_is_soon_there() -> None:
    near, far = remaining(a_shop(), 5.0, 0), remaining(a_shop(), 60.0, 0)
    assert near == (27_000, 51_000)
    assert far == (87_000, 111_000)


def test_the_way_that_is_left_gets_shorter() -> None:
    soon = remaining(a_shop(), 5.0, 20_000)
    assert soon is not None
    assert soon[1] < 32_000


def test_too_few_walks_as_far_say_nothing() -> None:
    assert remaining(a_shop()[: NEEDED - 1], 5.0, 0) is None
    assert remaining(a_shop(), 25.0, 0) is None
    assert remaining([], None, 0) is None


def test_who_takes_unusually_long_is_not_promised_for_soon() -> None:
    assert remaining(a_shop(), 5.0, 55_000) is None


def test_who_carries_a_pager_is_judged_by_everybody() -> None:
    span = remaining(a_shop(), None, 0)
    assert span is not None
    assert span[0] < 45_000
    assert span[1] > 90_000


@given(walks, st.none() | st.floats(0, 100), st.integers(0, 600_000))
def test_a_range_is_in_order_and_to_come(
    known: list[tuple[float | None, int]], metres: float | None, elapsed: int
) -> None:
    span = remaining(known, metres, elapsed)
    if span is not None:
        assert 0 < span[0] <= span[1] <= 600_000
        assert len(known) >= NEEDED
