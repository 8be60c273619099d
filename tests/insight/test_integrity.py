"""What is flagged, to the metre and the millisecond; how it is counted is in test_cells."""

import pytest

from overdoor.core.model import Outcome
from overdoor.insight.integrity import is_far, no_dwell, soon_after
from overdoor.insight.rows import CallFacts


@pytest.mark.parametrize(("metres", "far"), [(None, False), (30.0, False), (30.1, True)])
def test_far_is_known_to_be_far(metres: float | None, far: bool) -> None:
    assert is_far(metres) is far


@pytest.mark.parametrize(
    ("dwell", "outcome", "estimated", "flagged"),
    [
        (9_999, Outcome.SERVED, False, True),
        (10_000, Outcome.SERVED, False, False),
        (0, Outcome.SERVED, True, False),  # nobody said that it was over
        (0, Outcome.LEFT, False, False),  # an empty room takes no time
    ],
)
def test_a_service_takes_some_time(
    dwell: int, outcome: Outcome, estimated: bool, flagged: bool
) -> None:
    call = CallFacts(
        "w1",
        "women",
        raised_at=0,
        target_ms=60_000,
        visit="one",
        arrived_at=50_000,
        closed_at=50_000 + dwell,
        outcome=outcome,
        close_estimated=estimated,
    )
    assert no_dwell(call) is flagged


def test_a_call_that_is_open_was_not_closed_at_once() -> None:
    assert not no_dwell(CallFacts("w1", "women", 0, 60_000, "one", arrived_at=1))


@pytest.mark.parametrize(
    ("closed", "raised", "soon"),
    [
        (None, 5, False),
        (100, 100, True),
        (100, 60_099, True),
        (100, 60_100, False),
        (100, 5, False),
    ],
)
def test_pressed_again_is_soon_after_the_close(closed: int | None, raised: int, soon: bool) -> None:
    assert soon_after(closed, raised) is soon
