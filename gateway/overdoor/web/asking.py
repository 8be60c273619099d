"""What is asked of the numbers: a period, a zone, a measure; and with what it is compared."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from overdoor.insight.measures import BY_ID, Measure
from overdoor.languages import gettext as _
from overdoor.store.numbers import Level, Numbers
from overdoor.web.problems import Problem
from overdoor.web.session import TheEngine

LEVELS: tuple[Level, ...] = ("day", "week", "month", "year", "ever")
# How many days a chart by days goes back: enough for limits, few enough to tell apart.
CHART_DAYS = {"day": 56, "week": 56, "month": 92, "year": 366}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days, from the first to the last."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Ask:
    """What a reader looks at. `measure` None: arrival and abandonment, as curves."""

    level: Level
    day: date
    today: date
    earliest: date
    zone: str | None = None
    measure: Measure | None = None

    def span(self, numbers: Numbers) -> Span:
        """The period, as far as it has come."""
        first, last = numbers.bounds(self.level, self.day)
        return Span(first, max(first, min(last, self.today)))

    def unfinished(self, numbers: Numbers) -> bool:
        """Whether today is in it."""
        return self.span(numbers).last == self.today

    def before(self, numbers: Numbers) -> Span | None:
        """The period before, and of one that is not over, as much of it as has passed.

        A day is compared with the same weekday of the week before. None: nothing lies before.
        """
        span = self.span(numbers)
        if self.level == "ever":
            return None
        if self.level == "day":
            first, last = (self.day - timedelta(7),) * 2
        else:
            first, last = numbers.bounds(self.level, span.first - timedelta(1))
        if self.unfinished(numbers):
            last = min(last, first + timedelta(span.days - 1))
        return Span(first, last) if last >= self.earliest else None

    def chart(self, numbers: Numbers) -> Span:
        """The days of a chart: the period, and some before it where it is short."""
        span = self.span(numbers)
        days = CHART_DAYS.get(self.level, span.days)
        return Span(min(span.first, span.last - timedelta(days - 1)), span.last)

    def step(self, numbers: Numbers, by: int) -> "Ask | None":
        """The period before (-1) or after (1); None where there are no numbers."""
        if self.level == "ever":
            return None
        first, last = numbers.bounds(self.level, self.day)
        day = first - timedelta(1) if by < 0 else last + timedelta(1)
        if day > self.today or (by < 0 and day < self.earliest):
            return None
        return replace(self, day=day)

    def query(self, **changes: Any) -> str:
        """The address of it, or of another one, from `?` on."""
        to = replace(self, **changes)
        said = {
            "period": to.level,
            "day": None if to.day == to.today else to.day,
            "zone": to.zone,
            "measure": to.measure.id if to.measure else None,
        }
        return "?" + urlencode({name: value for name, value in said.items() if value is not None})


def numbers_of(request: Request) -> Numbers:
    """The numbers of this shop."""
    numbers: Numbers = request.app.state.numbers
    return numbers


TheNumbers = Annotated[Numbers, Depends(numbers_of)]


def asked(
    engine: TheEngine,
    numbers: TheNumbers,
    period: Level = "day",
    day: Annotated[date | None, Query(description="any day of it; today")] = None,
    zone: Annotated[str | None, Query(max_length=32)] = None,
    measure: Annotated[str | None, Query(max_length=32)] = None,
) -> Ask:
    """Reads it from an address. Raises `Problem` for a zone or a measure that there is not."""
    today = numbers.today()
    earliest = numbers.first_day() or today
    if measure is not None and measure not in BY_ID:
        raise Problem(422, _("Not understood"), _("There is no such measure."))
    if zone is not None and zone not in engine.committed.plan.zones:
        raise Problem(422, _("Not understood"), _("There is no such zone."))
    return Ask(
        period, min(day or today, today), today, earliest, zone, BY_ID[measure] if measure else None
    )


Asked = Annotated[Ask, Depends(asked)]
