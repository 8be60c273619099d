"""When the shop is open, in its own time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
Span = tuple[int, int]  # minutes since midnight, from and to


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the shop's calendar."""

    date: date
    timezone: str

    def __str__(self) -> str:
        return self.date.isoformat()

    def at(self, minute: int) -> int:
        """A minute since midnight on the shop's wall, as ms since 1970 UTC."""
        return _moment(self.date, minute, self.timezone)


@dataclass(frozen=True)
class Hours:
    """Opening hours for each weekday, Monday first; None on a day when the shop is closed.

    For `grace_ms` after closing the last shoppers still call; then the day ends.
    """

    timezone: str
    days: tuple[Span | None, ...]
    grace_ms: int = 15 * MINUTE_MS

    def is_open(self, now: int) -> bool:
        """Whether somebody who presses now can expect anybody."""
        return any(opens <= now < ends for opens, ends in self._around(now))

    def last_end(self, now: int) -> int:
        """When the day ended that ended last, at or before now; 0 if none did in a week."""
        return max((ends for _, ends in self._around(now) if ends <= now), default=0)

    def next_end(self, now: int) -> int | None:
        """When the day ends that ends next; None if none does in a week."""
        return min((ends for _, ends in self._around(now) if ends > now), default=None)

    def spans(self, now: int) -> list[tuple[Day, int, int]]:
        """The days around now on which it opens: from when until when, in ms since 1970 UTC."""
        today = _local(now, self.timezone).date()
        spans = []
        for offset in range(-8, 9):
            day = Day(today + timedelta(days=offset), self.timezone)
            span = self.days[day.date.weekday()]
            if span is not None:
                spans.append((day, day.at(span[0]), day.at(span[1])))
        return spans

    def _around(self, now: int) -> list[Span]:
        return [(opens, closes + self.grace_ms) for _, opens, closes in self.spans(now)]


def minute_of_day(now: int, timezone: str) -> int:
    """Minutes since midnight on the shop's wall."""
    local = _local(now, timezone)
    return local.hour * 60 + local.minute


@lru_cache
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


def _local(now: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(now // 1000, UTC).astimezone(_zone(timezone))


@lru_cache(maxsize=64)
def _moment(day: date, minute: int, timezone: str) -> int:
    """A time on the shop's wall as ms since 1970 UTC; 24:00 is the next midnight."""
    day += timedelta(days=minute // 1440)
    local = datetime.combine(day, time(minute % 1440 // 60, minute % 60), _zone(timezone))
    return round(local.timestamp() * 1000)
