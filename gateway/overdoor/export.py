"""The numbers and the calls as tables, for whoever wants to look further: CSV, Parquet, Datasette.

No table has a person, a shift or a name in it. What is about groups went through the same rule as
the pages (`insight.privacy`); calls are told one by one, without who had them.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from overdoor.core.times import rfc3339
from overdoor.insight.days import ShopDay
from overdoor.insight.measures import MEASURES
from overdoor.insight.privacy import Shown
from overdoor.insight.readings import read
from overdoor.store.numbers import Numbers
from overdoor.store.store import ReadOnly, Store

Row = dict[str, Any]

_MEASURED = ("measure", "unit", "n", "value", "low", "high", "p90")
_GROUP = ("zone", "calls", "hidden", *_MEASURED)


class ExportError(Exception):
    """Nothing can be exported, and why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be exported: whole days, of all zones or one."""

    first: date
    last: date
    timezone: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `rows` gives them one by one, in order."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Store | ReadOnly, Numbers, Asked], Iterator[Row]]


def _calls(store: Store | ReadOnly, _numbers: Numbers, asked: Asked) -> Iterator[Row]:
    since = ShopDay(asked.first, asked.timezone).start
    until = ShopDay(asked.last, asked.timezone).end
    found = store.reader().execute(
        "SELECT id, room, zone, kind, state, outcome, raised_at, "
        "json_extract(body, '$.acknowledged_at'), arrived_at, closed_at, "
        "json_extract(body, '$.evidence'), json_extract(body, '$.need'), "
        "json_extract(body, '$.presses'), json_extract(body, '$.lapses'), "
        "json_extract(body, '$.hand_offs'), voided IS NOT NULL FROM call "
        "WHERE raised_at >= ? AND raised_at < ? AND (?3 IS NULL OR zone = ?3) ORDER BY id",
        (since, until, asked.zone),
    )
    for values in found:
        row = dict(zip(CALL_COLUMNS, values, strict=True))
        for name in CALL_COLUMNS:
            if name.endswith("_at") and row[name] is not None:
                row[name] = rfc3339(row[name])
        row["voided"] = bool(row["voided"])
        yield row


CALL_COLUMNS = (
    "id",
    "room",
    "zone",
    "kind",
    "state",
    "outcome",
    "raised_at",
    "acknowledged_at",
    "arrived_at",
    "closed_at",
    "evidence",
    "need",
    "presses",
    "lapses",
    "hand_offs",
    "voided",
)


def _days(_store: Store | ReadOnly, numbers: Numbers, asked: Asked) -> Iterator[Row]:
    for zone in _zones(numbers, asked):
        for point in numbers.days(asked.first, asked.last, zone):
            yield from _measured({"day": str(point.start)}, zone, point.group)


def _hours(_store: Store | ReadOnly, numbers: Numbers, asked: Asked) -> Iterator[Row]:
    for zone in _zones(numbers, asked):
        found = numbers.hours_of_week(asked.first, asked.last, zone)
        for (weekday, hour), group in found.items():
            yield from _measured({"weekday": weekday, "hour": hour}, zone, group)


def _zones(numbers: Numbers, asked: Asked) -> list[str | None]:
    """The whole shop, and each zone; or the one that was asked for."""
    if asked.zone is not None:
        return [asked.zone]
    return [None, *numbers.zones(asked.first, asked.last)]


def _measured(head: Row, zone: str | None, group: Shown) -> Iterator[Row]:
    """A row for each measure that says something; one without a measure for a hidden group."""
    head = head | {"zone": zone or "", "calls": group.calls, "hidden": group.hidden or ""}
    if group.cell is None:
        yield head | dict.fromkeys(_MEASURED)
        return
    for measure in MEASURES:
        one = read(measure, group.cell)
        if one.value is not None:
            values = (measure.id, measure.unit, one.n, one.value, *one.interval, one.p90)
            yield head | dict(zip(_MEASURED, values, strict=True))


TABLES = {
    table.name: table
    for table in (
        Table("calls", CALL_COLUMNS, _calls),
        Table("days", ("day", *_GROUP), _days),
        Table("hours", ("weekday", "hour", *_GROUP), _hours),
    )
}


def as_csv(table: Table, rows: Iterable[Row]) -> Iterator[str]:
    """Lines of CSV (RFC 4180), with a head; what is not known is empty."""
    line = io.StringIO()
    writer = csv.DictWriter(line, table.columns)
    writer.writeheader()
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow({name: _unarmed(value) for name, value in row.items()})
        yield line.getvalue()


def _unarmed(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def as_parquet(table: Table, rows: Iterable[Row], target: Any) -> None:
    """Writes Parquet to a path or a file. Raises `ExportError` without pyarrow."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise ExportError(
            "Parquet needs pyarrow: pip install 'overdoor[parquet]'. CSV works without."
        ) from None
    columns = [(name, _type(pa, name)) for name in table.columns]
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(columns)), target)


def _type(pa: Any, name: str) -> Any:
    if name in ("value", "low", "high", "p90"):
        return pa.float64()
    if name in ("calls", "n", "weekday", "hour", "presses", "lapses", "hand_offs"):
        return pa.int64()
    return pa.bool_() if name == "voided" else pa.string()


def write(
    store: Store | ReadOnly, numbers: Numbers, asked: Asked, folder: Path, kind: str
) -> list[Path]:
    """All tables as files in a folder; `kind` is csv or parquet. Raises `ExportError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for table in TABLES.values():
            file = folder / f"{table.name}.{kind}"
            rows = table.rows(store, numbers, asked)
            if kind == "csv":
                with file.open("w", newline="", encoding="utf-8") as out:
                    out.writelines(as_csv(table, rows))
            else:
                as_parquet(table, rows, file)
            written.append(file)
    except OSError as error:
        raise ExportError(f"{folder} cannot be written: {error}.") from error
    return written


# -- Datasette -----------------------------------------------------------------------------------

# Roll-ups of small groups, and who had which call, are for nobody: what may be seen is named here.
_OPEN = ("annotation", "device_update", "telemetry")
_QUERIES = {
    "calls_by_day": (
        "Calls of each day",
        "select start as day, zone, calls from rollup where level = 'day' order by start, zone",
    ),
    "numbers_by_day": (
        "Arrivals, abandonment and calls within the target, of each day that may be shown",
        "select start as day, zone, calls, arrived, abandoned, within_target, "
        "round(100.0 * within_target / calls, 1) as within_target_percent from rollup "
        "where level = 'day' and zone = '' and calls >= 5 and associates not in (1, 2) "
        "order by start",
    ),
    "numbers_by_hour": (
        "Hours and weekdays of all time (Monday is 0)",
        "select weekday, hour, zone, calls, round(100.0 * within_target / calls, 1) as "
        "within_target_percent from rollup_hour where level = 'ever' and zone = '' "
        "and calls >= 5 and associates not in (1, 2) order by weekday, hour",
    ),
    "calls": (
        "Calls that are still kept, one by one, without who had them",
        "select id, room, zone, kind, outcome, datetime(raised_at / 1000, 'unixepoch') as raised, "
        "round((arrived_at - raised_at) / 1000.0, 1) as arrival_s, "
        "json_extract(body, '$.evidence') as evidence, json_extract(body, '$.need') as need, "
        "voided is not null as voided from call order by id desc",
    ),
    "reasons": (
        "What was asked for, of the calls that are still kept",
        "select json_extract(body, '$.need') as need, count(*) as calls from call "
        "where kind = 'normal' and voided is null group by 1 having count(*) >= 5 order by 2 desc",
    ),
}


def datasette(tables: Iterable[str]) -> Row:
    """Metadata for `datasette overdoor.db -m …` (0.65): canned queries, and no other way in."""
    return {
        "title": "Overdoor",
        "description": "Calls and numbers of one shop. Nobody is named.",
        "databases": {
            "overdoor": {
                "allow_sql": False,
                "tables": {
                    name: {"allow": False, "hidden": True} for name in tables if name not in _OPEN
                },
                "queries": {
                    name: {"title": title, "sql": sql} for name, (title, sql) in _QUERIES.items()
                },
            }
        },
    }
