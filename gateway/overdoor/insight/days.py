"""The days of a shop, by its own clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Self
from zoneinfo import ZoneInfo

from overdoor.core.hours import Day

_QUARTER_MS = 900_000  # every offset from UTC in use today is a multiple of a quarter of an hour


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour of a day, or what a change of the clocks makes of it: ms since 1970 UTC."""

    start: int
    end: int
    hour: int  # on the shop's wall


@dataclass(frozen=True)
class ShopDay:
    """One day of the shop's calendar.

    When the clocks go back the day has 25 hours, and one hour of the wall comes twice: both count
    as the same hour. When they go forward an hour is missing. So an hour is always what the wall
    said, and how long it was is in the time that people were on duty.
    """

    date: date
    timezone: str

    @classmethod
    def parse(cls, text: str, timezone: str) -> Self:
        """The day of an ISO date."""
        return cls(date.fromisoformat(text), timezone)

    def __str__(self) -> str:
        return self.date.isoformat()

    @cached_property
    def start(self) -> int:
        """Its midnight, in ms since 1970 UTC."""
        return Day(self.date, self.timezone).at(0)

    @cached_property
    def end(self) -> int:
        """The next midnight."""
        return Day(self.date, self.timezone).at(1440)

    @property
    def weekday(self) -> int:
        """Monday is 0."""
        return self.date.weekday()

    def plus(self, days: int) -> "ShopDay":
        """So many days later."""
        return ShopDay(self.date + timedelta(days), self.timezone)

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """Its hours in order, between them the whole day."""
        slots = []
        quarters = range(self.start, self.end, _QUARTER_MS)
        for hour, group in groupby(quarters, lambda at: hour_of(at, self.timezone)):
            same = list(group)
            slots.append(Slot(same[0], min(same[-1] + _QUARTER_MS, self.end), hour))
        return tuple(slots)


def local(at: int, timezone: str) -> datetime:
    """What the shop's wall says at an instant."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(timezone))


def day_of(at: int, timezone: str) -> str:
    """The day of the shop in which an instant lies, as an ISO date."""
    return _day_of_quarter(at // _QUARTER_MS, timezone)


@lru_cache(maxsize=512)
def _day_of_quarter(quarter: int, timezone: str) -> str:
    return local(quarter * _QUARTER_MS, timezone).date().isoformat()


def hour_of(at: int, timezone: str) -> int:
    """The hour on the shop's wall."""
    return _hour_of_quarter(at // _QUARTER_MS, timezone)


@lru_cache(maxsize=512)
def _hour_of_quarter(quarter: int, timezone: str) -> int:
    return local(quarter * _QUARTER_MS, timezone).hour


def between(first: date, last: date) -> Iterator[date]:
    """All days from the first to the last one."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(offset)
