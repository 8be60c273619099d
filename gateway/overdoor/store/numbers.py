"""Questions about the numbers: read from roll-ups, and for the day that still runs from its facts.

Only reading connections are used, so a report never holds up a press. What comes out went through
the rule of `insight.privacy`; no function here gives a bare cell, a call or a person.

Days are dates of the shop's calendar, `zone` None is the whole shop, a weekday counts from Monday,
0, and an hour is what the shop's wall said.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from sqlite3 import Connection
from typing import Literal, TypeAlias

from overdoor.core.model import Millis
from overdoor.insight.cells import Cell
from overdoor.insight.days import ShopDay, day_of
from overdoor.insight.privacy import AGREED, Rule, Shown
from overdoor.insight.rows import CallFacts
from overdoor.insight.staffing import PastHour, past_hour
from overdoor.insight.tally import ALL, WHOLE, Key, Tally
from overdoor.store.dayfacts import ids_of_day, rows_of, stints_of_day
from overdoor.store.rollup import DAY, EVER, MONTH, YEAR
from overdoor.store.store import ReadOnly, Store

Level: TypeAlias = Literal["day", "week", "month", "year", "ever"]
Parts: TypeAlias = list[tuple[str, str]]  # level and start of roll-ups


@dataclass(frozen=True, slots=True)
class Point:
    """One day or month of a series."""

    start: date
    group: Shown


class Numbers:
    """The numbers of a shop. May be used by several threads."""

    def __init__(
        self,
        store: Store | ReadOnly,
        clock: Callable[[], Millis],
        timezone: Callable[[], str],
        rule: Rule | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._timezone = timezone
        self._rule = rule or Rule()
        self._today = _Today()

    @property
    def shows_all(self) -> bool:
        """Whether small groups are shown, too."""
        return self._rule == AGREED

    def today(self) -> date:
        """The day that still runs."""
        return date.fromisoformat(day_of(self._clock(), self._timezone()))

    def first_day(self) -> date | None:
        """The first day that is in the numbers; None before anything was counted."""
        db = self._store.reader()
        (day,) = db.execute("SELECT min(start) FROM rollup WHERE level = 'day'").fetchone()
        if day is not None:
            return date.fromisoformat(day)
        return self.today() if self._of_today(db) else None

    def pending(self) -> int:
        """How many days that are over have numbers that are still to be made, or made anew."""
        sql = "SELECT count(*) FROM stale WHERE level = 'day' AND start < ?"
        return int(self._store.reader().execute(sql, (str(self.today()),)).fetchone()[0])

    def bounds(self, level: Level, day: date) -> tuple[date, date]:
        """The first and the last day of the period of this kind in which a day lies."""
        match level:
            case "day":
                return day, day
            case "week":
                monday = day - timedelta(day.weekday())
                return monday, monday + timedelta(6)
            case "month":
                first = day.replace(day=1)
                return first, (first + timedelta(31)).replace(day=1) - timedelta(1)
            case "year":
                return day.replace(month=1, day=1), day.replace(month=12, day=31)
            case "ever":
                return self.first_day() or day, self.today()

    def period(self, level: Level, day: date, zone: str | None = None) -> Shown:
        """The numbers of the day, week, month or year in which a day lies, or of all time."""
        return self.between(*self.bounds(level, day), zone)

    def between(self, first: date, last: date, zone: str | None = None) -> Shown:
        """The numbers of all days from the first to the last one together."""
        return self._rule.show(Cell.merged(self._wholes(first, last, zone or ALL)))

    def zones(self, first: date, last: date) -> dict[str, Shown]:
        """The same for each zone that has any."""
        db = self._store.reader()
        cells: defaultdict[str, list[Cell]] = defaultdict(list)
        parts, with_today = self._parts(first, last)
        for level, start in parts:
            sql = "SELECT zone, body FROM rollup WHERE level = ? AND start = ? AND zone <> ''"
            for zone, body in db.execute(sql, (level, start)):
                cells[zone].append(Cell.from_json(body))
        for (zone, hour), cell in self._of_today(db).items() if with_today else ():
            if hour == WHOLE and zone != ALL:
                cells[zone].append(cell)
        return {zone: self._rule.show(Cell.merged(some)) for zone, some in sorted(cells.items())}

    def days(self, first: date, last: date, zone: str | None = None) -> list[Point]:
        """Each day that has numbers, in order: for series and control charts."""
        return self._series(DAY, first, last, zone or ALL)

    def months(self, first: date, last: date, zone: str | None = None) -> list[Point]:
        """Each calendar month that has numbers, whole, in order."""
        return self._series(MONTH, first.replace(day=1), last, zone or ALL)

    def calls_of_days(self, first: date, last: date, zone: str | None = None) -> dict[date, int]:
        """How many calls each of these days had, where it has numbers; that is never hidden."""
        db, today = self._store.reader(), self.today()
        rows = db.execute(
            "SELECT start, calls FROM rollup WHERE level = 'day' AND start BETWEEN ? AND ? "
            "AND zone = ? AND start <> ? ORDER BY start",
            (str(first), str(last), zone or ALL, str(today)),
        )
        found = {date.fromisoformat(start): int(calls) for start, calls in rows}
        if first <= today <= last and (cell := self._of_today(db).get((zone or ALL, WHOLE))):
            found[today] = cell.calls
        return found

    def hours_of_week(
        self, first: date, last: date, zone: str | None = None
    ) -> dict[tuple[int, int], Shown]:
        """Each hour of each weekday that has numbers: for the heat map and the staffing plan."""
        cells = self._hours(first, last, zone or ALL)
        return {key: self._rule.show(Cell.merged(some)) for key, some in sorted(cells.items())}

    def hours(self, first: date, last: date, zone: str | None = None) -> dict[int, Shown]:
        """Each hour of the day that has numbers, over all weekdays."""
        cells: defaultdict[int, list[Cell]] = defaultdict(list)
        for (_, hour), some in self._hours(first, last, zone or ALL).items():
            cells[hour] += some
        return {hour: self._rule.show(Cell.merged(some)) for hour, some in sorted(cells.items())}

    def past_hours(self, first: date, last: date) -> list[PastHour]:
        """Each single hour of each zone that is over, for the staffing plan: not to be shown.

        What the plan says of a slot is about thirty calls or more in four hours or more.
        """
        rows = self._store.reader().execute(
            "SELECT zone, weekday, hour, body FROM rollup_hour WHERE level = 'day' "
            "AND start BETWEEN ? AND ? AND start < ? AND zone <> ''",
            (str(first), str(last), str(self.today())),
        )
        return [
            past_hour((zone, weekday, hour), Cell.from_json(body))
            for zone, weekday, hour, body in rows
        ]

    # -- reading -----------------------------------------------------------------------------------

    def _parts(self, first: date, last: date) -> tuple[Parts, bool]:
        """The fewest roll-ups that make up these days, and whether today belongs to them."""
        today = self.today()
        with_today = first <= today <= last
        earliest = self.first_day() or today
        if first <= earliest and last >= today:
            return [(EVER, "")], with_today
        # What is to come, and today, is in no roll-up; so a span that ends there may be whole.
        open_end = last >= today
        parts: Parts = []
        day = max(first, earliest)
        while day <= last and day <= today:
            for level, start, end in (
                (YEAR, f"{day:%Y}", day.replace(month=12, day=31)),
                (MONTH, f"{day:%Y-%m}", self.bounds("month", day)[1]),
                (DAY, str(day), day),
            ):
                begins = level == DAY or (day.day == 1 and (level == MONTH or day.month == 1))
                if begins and (end <= last or (open_end and end >= today)):
                    parts.append((level, start))
                    day = end + timedelta(1)
                    break
        return [part for part in parts if part != (DAY, str(today))], with_today

    def _wholes(self, first: date, last: date, zone: str) -> Iterator[Cell]:
        db = self._store.reader()
        parts, with_today = self._parts(first, last)
        sql = "SELECT body FROM rollup WHERE level = ? AND start = ? AND zone = ?"
        for level, start in parts:
            for (body,) in db.execute(sql, (level, start, zone)):
                yield Cell.from_json(body)
        if with_today and (zone, WHOLE) in (cells := self._of_today(db)):
            yield cells[zone, WHOLE]

    def _series(self, level: str, first: date, last: date, zone: str) -> list[Point]:
        db, today = self._store.reader(), self.today()
        length = len("2026-11") if level == MONTH else len("2026-11-21")
        cells: dict[str, list[Cell]] = {}
        rows = db.execute(
            "SELECT start, body FROM rollup WHERE level = ? AND start BETWEEN ? AND ? "
            "AND zone = ? ORDER BY start",
            (level, str(first)[:length], str(last)[:length], zone),
        )
        for start, body in rows:
            if start != str(today):
                cells[start] = [Cell.from_json(body)]
        if first <= today <= last and (zone, WHOLE) in (live := self._of_today(db)):
            cells.setdefault(str(today)[:length], []).append(live[zone, WHOLE])
        return [
            Point(
                date.fromisoformat(start if level == DAY else f"{start}-01"),
                self._rule.show(Cell.merged(some)),
            )
            for start, some in cells.items()
        ]

    def _hours(self, first: date, last: date, zone: str) -> dict[tuple[int, int], list[Cell]]:
        db, today = self._store.reader(), self.today()
        cells: defaultdict[tuple[int, int], list[Cell]] = defaultdict(list)
        parts, with_today = self._parts(first, last)
        for level, start in parts:
            only = (date.fromisoformat(start).weekday(),) if level == DAY else range(7)
            rows = db.execute(
                "SELECT weekday, hour, body FROM rollup_hour WHERE level = ? "
                "AND weekday IN (SELECT value FROM json_each(?)) AND start = ? AND zone = ?",
                (level, json.dumps([*only]), start, zone),
            )
            for weekday, hour, body in rows:
                cells[weekday, hour].append(Cell.from_json(body))
        for (of, hour), cell in self._of_today(db).items() if with_today else ():
            if of == zone and hour != WHOLE:
                cells[today.weekday(), hour].append(cell)
        return cells

    def _of_today(self, db: Connection) -> dict[Key, Cell]:
        day = ShopDay(self.today(), self._timezone())
        return self._today.cells(db, day, self._clock())


class _Today:
    """The cells of the day that still runs, counted from its facts.

    Rows of calls are kept in memory as long as no new fact is about them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: ShopDay | None = None
        self._seq = 0
        self._at = 0
        self._rows: dict[str, CallFacts] = {}
        self._cells: dict[Key, Cell] = {}

    def cells(self, db: Connection, day: ShopDay, now: Millis) -> dict[Key, Cell]:
        """The cells of `day` up to now."""
        with self._lock:
            if day != self._day:
                self._day, self._rows, self._seq, self._at = day, {}, 0, 0
            (seq,) = db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
            if seq == self._seq and now - self._at < FRESH_MS:
                return self._cells
            touched = "SELECT DISTINCT call FROM event WHERE seq > ? AND call IS NOT NULL"
            if self._seq:
                for (call,) in db.execute(touched, (self._seq,)):
                    self._rows.pop(call, None)
            ids = ids_of_day(db, day)
            news = [id_ for id_ in ids if id_ not in self._rows]
            self._rows |= zip(news, rows_of(db, news), strict=False)
            tally = Tally(day, stints_of_day(db, day), now)
            for id_ in ids:
                if id_ in self._rows:
                    tally.add(self._rows[id_])
            self._cells, self._seq, self._at = tally.cells(), seq, now
            return self._cells


FRESH_MS = 1_000  # while nothing happens, only what still runs grows
