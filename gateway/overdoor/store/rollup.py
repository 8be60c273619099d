"""Roll-ups: the cells of every day that is over, and of months, years and all time.

A day's cells are a pure function of its facts (`insight.tally`), so they can be made again at any
time. A fact that touches a day marks it as stale in its own transaction (`stale`). While the writer
has nothing else to do, stale days that are over are made anew, and then what is merged from them:
months from days, years from months, all time from years. The day that still runs is never
stored: it is counted when it is asked for (`numbers`).
"""

import time
from collections.abc import Callable, Iterator
from itertools import groupby
from sqlite3 import Connection
from typing import TypeAlias

from overdoor.core.model import Millis
from overdoor.insight.cells import Cell
from overdoor.insight.days import ShopDay, day_of
from overdoor.insight.tally import WHOLE, Key, Tally
from overdoor.store.dayfacts import CHUNK, ids_of_day, rows_of, stints_of_day
from overdoor.store.projections import read_log
from overdoor.store.spare import SLICE_S, transaction
from overdoor.store.stale import days_touched

DAY, MONTH, YEAR, EVER = "day", "month", "year", "ever"
_COARSER = {DAY: MONTH, MONTH: YEAR, YEAR: EVER}
_FINER = {coarse: fine for fine, coarse in _COARSER.items()}

Row: TypeAlias = tuple[str | int, ...]
Rows: TypeAlias = tuple[list[Row], list[Row]]  # of `rollup` and of `rollup_hour`

_PUT = "INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_HOUR = "INSERT INTO rollup_hour VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MARK = "INSERT OR IGNORE INTO stale VALUES (?, ?, ?)"
_UNMARK = "DELETE FROM stale WHERE (level, start, weekday) = (?, ?, ?)"


def coarser(level: str, start: str) -> tuple[str, str]:
    """What a span of time is merged into: the month of a day, the year of a month, all time."""
    return _COARSER[level], {DAY: start[:7], MONTH: start[:4], YEAR: ""}[level]


def within(level: str, start: str) -> tuple[str, str, str]:
    """What a span of time is merged from: the finer level, and between which starts."""
    return _FINER[level], f"{start}-" if start else "", f"{start}-99" if start else "9999"


def timezone_of(db: Connection) -> str | None:
    """The time zone of the shop; None if no plan was ever read."""
    row = db.execute("SELECT json_extract(plan, '$.timezone') FROM shop").fetchone()
    return row[0] if row else None


def catching_up(
    db: Connection, now: Millis, stopwatch: Callable[[], float] = time.perf_counter
) -> Iterator[int]:
    """Makes anew what is stale, a slice at each step."""
    began = stopwatch()
    for _ in _steps(db, now):
        if stopwatch() - began >= SLICE_S:
            yield 0
            began = stopwatch()


def stale_before(db: Connection, day: str) -> str | None:
    """The oldest day before this one whose numbers are to be made anew."""
    sql = "SELECT min(start) FROM stale WHERE level = 'day' AND start < ?"
    oldest: str | None = db.execute(sql, (day,)).fetchone()[0]
    return oldest


def _steps(db: Connection, now: Millis) -> Iterator[None]:
    timezone = timezone_of(db)
    if timezone is None:
        return
    today = day_of(now, timezone)
    tried = ""
    while (day := _next_day(db, tried, today)) is not None:
        yield from _roll_up(db, ShopDay.parse(day, timezone), now)
        tried = day
    for level in (MONTH, YEAR, EVER):
        for start, weekday in db.execute(
            "SELECT start, weekday FROM stale WHERE level = ? ORDER BY start, weekday", (level,)
        ).fetchall():
            yield from _merge(db, level, start, weekday)


def _next_day(db: Connection, after: str, before: str) -> str | None:
    sql = "SELECT min(start) FROM stale WHERE level = 'day' AND start > ? AND start < ?"
    day: str | None = db.execute(sql, (after, before)).fetchone()[0]
    return day


def _roll_up(db: Connection, day: ShopDay, now: Millis) -> Iterator[None]:
    """Makes the cells of a day from its facts. What touches it meanwhile leaves it stale."""
    upto = _last_seq(db)
    ids = ids_of_day(db, day)
    tally = Tally(day, stints_of_day(db, day), now)
    for first in range(0, len(ids), CHUNK):
        for row in rows_of(db, ids[first : first + CHUNK]):
            tally.add(row)
        yield
    rows = rows_of_day(day, tally.cells())
    yield
    with transaction(db):
        touched = any(
            str(day) in days_touched(event, day.timezone)
            for event in read_log(db, "seq > ?", (upto,))
        )
        write_day(db, day, rows)
        if not touched:
            db.execute(_UNMARK, (DAY, str(day), day.weekday))
    yield


def rows_of_day(day: ShopDay, cells: dict[Key, Cell]) -> Rows:
    """The cells of a day as they are stored."""
    return _rows(DAY, str(day), day.weekday, cells)


def write_day(db: Connection, day: ShopDay, rows: Rows) -> None:
    """Puts the cells of a day in the place of those it had; what is merged from it is stale."""
    _replace(db, DAY, str(day), day.weekday, rows)
    db.execute(_MARK, (*coarser(DAY, str(day)), day.weekday))


def _merge(db: Connection, level: str, start: str, weekday: int) -> Iterator[None]:
    """Makes the cells of a weekday of a longer span, and of the whole span, from shorter ones."""
    finer, first, last = within(level, start)
    cells: dict[Key, Cell] = {}
    keys = db.execute(
        "SELECT DISTINCT zone, hour FROM rollup_hour "
        "WHERE level = ? AND weekday = ? AND start BETWEEN ? AND ?",
        (finer, weekday, first, last),
    ).fetchall()
    for zone, hour in keys:
        bodies = db.execute(
            "SELECT body FROM rollup_hour WHERE level = ? AND weekday = ? "
            "AND start BETWEEN ? AND ? AND zone = ? AND hour = ?",
            (finer, weekday, first, last, zone, hour),
        )
        cells[zone, hour] = Cell.merged(Cell.from_json(body) for (body,) in bodies)
        yield
    totals = db.execute(
        "SELECT zone, body FROM rollup WHERE level = ? AND start BETWEEN ? AND ? ORDER BY zone",
        (finer, first, last),
    ).fetchall()
    for zone, rows in groupby(totals, lambda row: row[0]):
        cells[zone, WHOLE] = Cell.merged(Cell.from_json(body) for _, body in rows)
        yield
    with transaction(db):
        _replace(db, level, start, weekday, _rows(level, start, weekday, cells))
        db.execute(_UNMARK, (level, start, weekday))
        if level in _COARSER:
            db.execute(_MARK, (*coarser(level, start), weekday))
    yield


def _rows(level: str, start: str, weekday: int, cells: dict[Key, Cell]) -> Rows:
    span = (level, start)
    whole: list[Row] = []
    hours: list[Row] = []
    for (zone, hour), cell in cells.items():
        if hour == WHOLE:
            whole.append((*span, zone, *_columns(cell)))
        else:
            hours.append((*span, weekday, zone, hour, *_columns(cell)))
    return whole, hours


def _replace(db: Connection, level: str, start: str, weekday: int, rows: Rows) -> None:
    span = (level, start)
    db.execute("DELETE FROM rollup WHERE (level, start) = (?, ?)", span)
    db.execute(
        "DELETE FROM rollup_hour WHERE (level, start, weekday) = (?, ?, ?)", (*span, weekday)
    )
    whole, hours = rows
    db.executemany(_PUT, whole)
    db.executemany(_PUT_HOUR, hours)


def _columns(cell: Cell) -> tuple[int | str, ...]:
    within = cell.within_ab + cell.within_cd
    counts = (cell.calls, cell.arrived, cell.abandoned, within, cell.associates)
    return *counts, cell.to_json()


def _last_seq(db: Connection) -> int:
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])


# -- and what of the facts may go ------------------------------------------------------------------


def removable(db: Connection, before: Millis) -> Millis:
    """Up to when facts may go, of those noted before an instant; the days before are frozen.

    Whole days only, and only such as are rolled up. A day is made from its own facts and some of
    the day before it, so the first day that stays is frozen as well.
    """
    timezone = timezone_of(db)
    if timezone is None:
        return before
    first = ShopDay.parse(day_of(before, timezone), timezone)
    stale = stale_before(db, "9999")
    if stale is not None:
        first = min(first, ShopDay.parse(stale, timezone).plus(-1), key=lambda day: day.date)
    frozen_before = str(first.plus(1))
    with transaction(db):
        db.execute(
            "INSERT INTO meta VALUES ('frozen_before', ?1) ON CONFLICT (key) DO UPDATE "
            "SET value = max(value, ?1) WHERE value < ?1",
            (frozen_before,),
        )
    return first.start
