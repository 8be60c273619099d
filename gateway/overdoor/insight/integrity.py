"""What may be a way around the clock. Cells count calls that show it (`tally`), never people.

A flag is a question to the shop's ways, not a verdict: somebody may well be served within seconds.
The fourth, a cancel right after the press, is `summary.hasty`.
"""

from overdoor.core.model import Outcome
from overdoor.insight.rows import CallFacts

FAR_M = 30.0  # of walking: from further away nobody is at the door in a few seconds
DWELL_MS = 10_000  # between arrival and close: shorter is hardly a service
AGAIN_MS = 60_000  # between close and the next press: the service was none, or not enough


def is_far(metres: float | None) -> bool:
    """Whether that is too far for an acknowledgement at the door; unknown is not far."""
    return metres is not None and metres > FAR_M


def no_dwell(call: CallFacts) -> bool:
    """Whether somebody said that it was over as soon as they had arrived."""
    if call.arrived_at is None or call.closed_at is None or call.close_estimated:
        return False
    return call.outcome is Outcome.SERVED and call.closed_at - call.arrived_at < DWELL_MS


def soon_after(closed_at: int | None, raised_at: int) -> bool:
    """Whether a press came so soon after the room's call before it was closed as served."""
    return closed_at is not None and 0 <= raised_at - closed_at < AGAIN_MS
