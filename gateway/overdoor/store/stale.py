"""Which days' numbers a fact touches, and the marks that say that they are to be made anew."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from ulid import ULID

from overdoor.core.events import Event, Fact
from overdoor.core.model import Millis
from overdoor.insight.days import day_of

_OF_DUTY = frozenset({Fact.DUTY_STARTED, Fact.DUTY_PAUSED, Fact.DUTY_ENDED})

# A day whose facts begin to go keeps the numbers that it has (`retention`).
MARK = """
    INSERT OR IGNORE INTO stale SELECT 'day', ?1, ?2
    WHERE ?1 >= coalesce((SELECT value FROM meta WHERE key = 'frozen_before'), '')
"""


def days_touched(event: Event, timezone: str) -> set[str]:
    """The days of the shop, as ISO dates, whose numbers a fact may change."""
    if event.fact is Fact.LATE:
        return set()
    if event.call is None:
        return {day_of(event.at, timezone)} if event.fact in _OF_DUTY else set()
    days = {day_of(event.at, timezone)}
    raised_at = _raised_at(event.call)
    if raised_at is not None:
        days.add(day_of(raised_at, timezone))
    return days


def marking(days: Iterable[str]) -> list[tuple[str, int]]:
    """The values with which `MARK` marks days as stale."""
    return [(day, date.fromisoformat(day).weekday()) for day in sorted(days)]


@lru_cache(maxsize=1024)
def _raised_at(call: str) -> Millis | None:
    """When a call was raised: its id says so (`core.turn.call_id`)."""
    try:
        return ULID.from_str(call).milliseconds
    except ValueError:
        return None
