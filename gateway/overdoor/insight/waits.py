"""How a call's wait counts by the way it ended: one rule for the curves, from calls or from bins.

| ended | at | to be helped | patience | competing ends |
|---|---|---|---|---|
| arrived | somebody came | ended | lost sight of | arrival |
| cancelled | the cancel | lost sight of | ended | abandonment |
| left | somebody came, and found nobody | ended | had ended before | abandonment |
| unanswered | the house gave up | lost sight of | left out: not known | abandonment |
| waiting | now | lost sight of | lost sight of | lost sight of |

Those who left did so at some time before; their abandonment is counted at the latest one, so its
curve is a lower bound until its end, where it is right. Sources: Brown et al., Statistical Analysis
of a Telephone Call Center, 2005; for those who leave without a word Castellanos, Yom-Tov &
Goldberg, Silent Abandonment in Contact Centers, 2023 (arXiv 2304.11754).
"""

from collections.abc import Iterable
from enum import StrEnum

from overdoor.insight.survival import (
    Curve,
    Incidence,
    aalen_johansen,
    doubly_censored,
    kaplan_meier,
)


class End(StrEnum):
    """How a wait ended."""

    ARRIVED = "arrived"
    CANCELLED = "cancelled"  # before anybody came, and later than a wrong press
    LEFT = "left"
    UNANSWERED = "unanswered"
    WAITING = "waiting"


ABANDONED = frozenset({End.CANCELLED, End.LEFT, End.UNANSWERED})

Wait = tuple[float, End, int]  # ms since the press, how it ended, how many calls


def to_be_helped(waits: Iterable[Wait]) -> Curve:
    """How long it takes until somebody stands there, had everybody waited for it."""
    came = (End.ARRIVED, End.LEFT)
    return kaplan_meier(
        (time, count, 0) if end in came else (time, 0, count) for time, end, count in waits
    )


def patience(waits: Iterable[Wait]) -> Curve:
    """How long people wait before they give up, had nobody come."""
    waits = list(waits)
    return doubly_censored(
        (
            (time, count, 0) if end is End.CANCELLED else (time, 0, count)
            for time, end, count in waits
            if end not in (End.LEFT, End.UNANSWERED)
        ),
        ((time, count) for time, end, count in waits if end is End.LEFT),
    )


def arrived_or_abandoned(waits: Iterable[Wait]) -> tuple[Incidence, Incidence]:
    """The shares of calls that were arrived at, and that were abandoned, by each time."""
    return aalen_johansen(
        (
            time,
            count if end is End.ARRIVED else 0,
            count if end in ABANDONED else 0,
            count if end is End.WAITING else 0,
        )
        for time, end, count in waits
    )
