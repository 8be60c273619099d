"""Calls that the manager should look into: rated low by the shopper, or answered by nobody.

One comes up with the fact behind it (`projections`) and goes with its call. A low rating waits
until the shift of whoever came is over: one shopper's word is no measure of a person, and by then
the record does not know who it was.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from overdoor.core.events import Event, Fact
from overdoor.core.model import Call, Kind, Millis, Outcome
from overdoor.insight.tally import LOW_RATING

if TYPE_CHECKING:
    from overdoor.store.store import ReadOnly, Store

Statement = tuple[str, tuple[Any, ...]]


class Why(StrEnum):
    """Why a call is looked into."""

    LOW_RATING = "low rating"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One of them; `dealt_with_at` None: nobody has yet."""

    call: str
    room: str
    zone: str
    raised_at: Millis
    why: Why
    at: Millis
    dealt_with_at: Millis | None


_SELECT = """
    SELECT f.call, c.room, c.zone, c.raised_at, f.why, f.at, f.dealt_with_at
    FROM follow_up f JOIN call c ON c.id = f.call
    WHERE c.voided IS NULL AND (?1 IS NULL OR f.call = ?1)
    AND (f.why <> 'low rating'
        OR NOT EXISTS (SELECT 1 FROM duty WHERE id = json_extract(c.body, '$.by')))
    ORDER BY f.dealt_with_at IS NOT NULL, f.at DESC, f.call LIMIT 500
"""


def of_shop(store: "Store | ReadOnly", call: str | None = None) -> list[FollowUp]:
    """All of them, or that of one call: first what nobody dealt with, the latest first."""
    rows = store.reader().execute(_SELECT, (call,))
    return [
        FollowUp(id_, room, zone, raised_at, Why(why), at, dealt_with_at)
        for id_, room, zone, raised_at, why, at, dealt_with_at in rows
    ]


def raising(event: Event, call: Call | None) -> list[Statement]:
    """What a fact about a call, as it is afterwards, asks the manager to look into."""
    if call is None or call.kind is not Kind.NORMAL:
        return []
    why = None
    if event.fact is Fact.CLOSED and call.outcome is Outcome.UNANSWERED:
        why = Why.UNANSWERED
    elif event.fact is Fact.RATED and 0 < event.data.get("satisfied", 0) <= LOW_RATING:
        why = Why.LOW_RATING
    if why is None:
        return []
    put = "INSERT OR IGNORE INTO follow_up (call, why, at) VALUES (?, ?, ?)"
    return [(put, (call.id, why.value, event.at))]


def dealing_with(call: str, at: Millis | None) -> list[Statement]:
    """It was dealt with, the first time that somebody says so; None: not yet, after all."""
    set_ = "coalesce(dealt_with_at, ?1)" if at is not None else "?1"
    return [(f"UPDATE follow_up SET dealt_with_at = {set_} WHERE call = ?2", (at, call))]  # noqa: S608 - ours
