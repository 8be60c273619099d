"""What may be a way around the clock: each flag counts calls, never people.

A flag is a question to ask the shop's ways, not a verdict: somebody may well be served within
seconds. Each comes with the number of calls that it could have been found in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from overdoor.insight.summary import CallRow, hasty

FAR_M = 30.0  # of walking: further away nobody is at the door in a few seconds
DWELL_MS = 10_000  # between arrival and close: shorter is hardly a service
AGAIN_MS = 60_000  # between close and the next press: the service was none, or not enough


@dataclass(frozen=True, slots=True)
class Handled(CallRow):
    """A call, with what the flags need to know beside its clock."""

    room: str
    metres: float | None = None  # to walk, when it was acknowledged
    close_estimated: bool = False  # nobody said that it was over


class Flag(NamedTuple):
    """How many calls show it, of how many that could."""

    found: int
    of: int


@dataclass(frozen=True, slots=True)
class Flags:
    """The four flags, of some calls."""

    far_away: Flag  # acknowledged from more than `FAR_M` away
    no_dwell: Flag  # served, and closed by somebody within `DWELL_MS` of the arrival
    quick_cancel: Flag  # cancelled within 5 s of the press
    pressed_after_close: Flag  # served, and the same room called again within `AGAIN_MS`


def flags(calls: Iterable[Handled]) -> Flags:
    """The flags of calls in any order. Test, mystery and voided calls are left out before."""
    calls = sorted(calls, key=lambda call: call.raised_at)
    counted = [call for call in calls if not hasty(call)]
    distances = [call.metres for call in counted if call.metres is not None]
    dwells = [dwell for call in counted if (dwell := dwell_ms(call)) is not None]
    served = sum(call.outcome == "served" for call in counted)
    again, last_close = 0, dict[str, int]()
    for call in counted:
        again += soon_after(last_close.pop(call.room, None), call.raised_at)
        if call.outcome == "served" and call.closed_at is not None:
            last_close[call.room] = call.closed_at
    return Flags(
        far_away=Flag(sum(map(is_far, distances)), len(distances)),
        no_dwell=Flag(sum(dwell < DWELL_MS for dwell in dwells), len(dwells)),
        quick_cancel=Flag(len(calls) - len(counted), len(calls)),
        pressed_after_close=Flag(again, served),
    )


def is_far(metres: float | None) -> bool:
    """Whether that is too far for an acknowledgement at the door; unknown is not far."""
    return metres is not None and metres > FAR_M


def dwell_ms(call: Handled) -> int | None:
    """How long somebody stayed, if they served, and said themselves that it was over."""
    if call.outcome != "served" or call.close_estimated:
        return None
    if call.arrived_at is None or call.closed_at is None:
        return None
    return call.closed_at - call.arrived_at


def soon_after(closed_at: int | None, raised_at: int) -> bool:
    """Whether a press came so soon after the room's call before it was closed as served."""
    return closed_at is not None and 0 <= raised_at - closed_at < AGAIN_MS
