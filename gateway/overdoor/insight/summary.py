"""The numbers of a day, as the manager reads them.

Definitions are those of `docs/metrics.md`. Times are milliseconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from overdoor.insight.intervals import only_dots, percentile
from overdoor.insight.rows import CallFacts

HASTY_CANCEL_MS = 5_000


@dataclass(frozen=True, slots=True)
class CallRow:
    """What of a call counts. Test, mystery and voided calls are left out before."""

    raised_at: int
    arrived_at: int | None
    closed_at: int | None
    outcome: str | None  # served | cancelled | left | unanswered; None while open


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of some calls, with the n behind each."""

    calls: int
    arrived: int
    abandoned: int
    waiting: int
    median_ms: int | None
    p90_ms: int | None


def summarise(rows: Iterable[CallRow]) -> Summary:
    """Counts and quantiles of the arrival time.

    - calls: all but those cancelled within the first five seconds (a wrong press)
    - arrived: somebody was proven or said to be there; an empty room does not count
    - abandoned: cancelled later than that, left, or unanswered
    - waiting: open, and nobody arrived yet
    - arrival time: raised → arrived, over those who were arrived at. Calls that still wait or were
      abandoned are not in it, so it flatters on a bad day; the counts beside it say how bad.
    """
    counted = [row for row in rows if not hasty(row)]
    waits = sorted(wait for row in counted if (wait := arrival_ms(row)) is not None)
    return Summary(
        calls=len(counted),
        arrived=len(waits),
        abandoned=sum(row.outcome in ("cancelled", "left", "unanswered") for row in counted),
        waiting=sum(row.outcome is None and row.arrived_at is None for row in counted),
        median_ms=round(median(waits)) if waits else None,
        p90_ms=None if only_dots(len(waits)) else percentile(waits, 0.9),
    )


def arrival_ms(row: CallRow) -> int | None:
    """Raised → arrived; None if nobody came, or whoever came found the room empty."""
    if row.arrived_at is None or row.outcome == "left":
        return None
    return row.arrived_at - row.raised_at


def hasty(row: CallRow | CallFacts) -> bool:
    """Whether it was a wrong press: cancelled within the first five seconds."""
    return (
        row.outcome == "cancelled"
        and row.closed_at is not None
        and row.closed_at - row.raised_at < HASTY_CANCEL_MS
    )
