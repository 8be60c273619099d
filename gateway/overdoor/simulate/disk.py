"""The gateway's disk: a real SQLite database in memory that can be told to fail.

The store's own code reads and writes it. A process that dies loses what it had not committed;
what it had committed is there for the next one.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from overdoor.core.inputs import Input
from overdoor.store.schema import PROJECTIONS, migrations
from overdoor.store.store import Store
from overdoor.store.writer import Chore, Turned, Writer

Row = tuple[Any, ...]

GROUP_LIMIT = 256


class _Connection(sqlite3.Connection):
    """A connection that asks the disk first."""

    disk: "Disk | None" = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if self.disk is None:
            return super().execute(sql, parameters)
        self.disk.before(sql)
        cursor = super().execute(sql, parameters)
        self.disk.after(sql)
        return cursor


def _blank() -> bytes:
    """An empty database with today's tables; made once, because every world begins with one."""
    db = sqlite3.connect(":memory:")
    migrations.apply(Database(db))
    db.commit()
    image = db.serialize()
    db.close()
    return image


_BLANK: list[bytes] = []


class Disk:
    """One file on one disk.

    `fault` is what the disk says to the next commits, while it is set. `point` is called where a
    process may die, `committed` with the rows that became durable.
    """

    def __init__(self, point: Callable[[], None], committed: Callable[[list[Row]], None]) -> None:
        if not _BLANK:
            _BLANK.append(_blank())
        self.fault: str | None = None
        self._point = point
        self._committed = committed
        self._seen = 0
        self.db: _Connection = sqlite3.connect(
            ":memory:", factory=_Connection, isolation_level=None
        )
        self.db.deserialize(_BLANK[0])
        self.db.disk = self

    def before(self, sql: str) -> None:
        """A statement is about to run."""
        if sql == "COMMIT":
            self._point()
            if self.fault is not None:
                raise sqlite3.OperationalError(self.fault)
        elif self.fault == "database is locked" and sql.startswith("BEGIN"):
            raise sqlite3.OperationalError(self.fault)

    def after(self, sql: str) -> None:
        """A statement ran."""
        if sql == "COMMIT":
            self._committed(self._news())
            self._point()

    def _news(self) -> list[Row]:
        rows: list[Row] = self.db.execute(
            "SELECT * FROM event WHERE seq > ? ORDER BY seq", (self._seen,)
        ).fetchall()
        if rows:
            self._seen = rows[-1][0]
        return rows

    def power_off(self) -> None:
        """The process is gone, and with it what it had not committed."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def log(self) -> list[Row]:
        """All that is durable."""
        return self.db.execute("SELECT * FROM event ORDER BY seq").fetchall()

    def tables(self) -> dict[str, list[Row]]:
        """The projections as they are."""
        return _tables(self.db)

    def rebuilt(self, rebuild: Callable[[sqlite3.Connection], object]) -> dict[str, list[Row]]:
        """The projections as they would be, were they made anew from the log."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        copy.deserialize(self.db.serialize())
        rebuild(copy)
        tables = _tables(copy)
        copy.close()
        return tables

    def replayed(
        self, facts: list[Row], rebuild: Callable[[sqlite3.Connection], object]
    ) -> dict[str, list[Row]]:
        """The projections as they would be if all these facts had been kept."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        copy.deserialize(_BLANK[0])
        marks = ", ".join("?" * 12)
        copy.executemany(f"INSERT INTO event VALUES ({marks})", facts)  # noqa: S608 - only marks
        rebuild(copy)
        tables = _tables(copy)
        copy.close()
        return tables

    def close(self) -> None:
        """The world ends."""
        self.db.disk = None
        self.db.close()


def _tables(db: sqlite3.Connection) -> dict[str, list[Row]]:
    return {
        table: sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)  # noqa: S608
        for table in PROJECTIONS
    }


class SimulatedStore(Store):
    """The real store's reading, on the disk's only connection."""

    def __init__(self, disk: Disk, latency: Callable[[], int]) -> None:
        self.path = Path("/simulated/overdoor.db")
        self.disk = disk
        self._latency = latency
        self.inline: InlineWriter | None = None

    def reader(self) -> sqlite3.Connection:
        """Writes are instants here, so a reader never meets one half done."""
        return self.disk.db

    def writer(self, loop: Any) -> Writer:
        """The writer, without its thread."""
        self.inline = InlineWriter(self.disk.db, loop, self._latency)
        return self.inline

    def close(self) -> None:
        """The file stays for the next gateway."""


class InlineWriter(Writer):
    """The real commit, at a moment of virtual time instead of in a thread.

    As in the thread, turns that come while the disk is busy share the next commit.
    """

    def __init__(self, db: sqlite3.Connection, loop: Any, latency: Callable[[], int]) -> None:
        super().__init__(db, loop)
        self.stopwatch = lambda: 0.0
        self._wait = latency
        self._line: list[Turned | None] = []  # None: from here on the shop was loaded anew
        self._busy = False
        self._untold = 0
        self.given: Input | None = None  # what the next turn answers
        self.watch: Callable[[Input | None, Turned], None] = lambda *_: None
        self.refused: Callable[[Exception], None] = lambda _: None

    def start(self) -> None:
        """There is no thread."""

    def stop(self) -> None:
        """There is no thread."""

    def put(self, turned: Turned) -> None:
        """Queues a turn."""
        given, self.given = self.given, None
        self.watch(given, turned)
        self._line.append(turned)
        self._work()

    def spare(self, chore: Chore) -> None:
        """Does a chore at its moment, if nothing waits to be written by then."""
        self._loop.call_later(self._wait() / 1000, self._do, chore)

    def _idle(self) -> bool:
        return not self._line and not self._busy

    def resume(self) -> None:
        """Turns that are put from here on rest on what is in the file."""
        self._line.append(None)
        self._work()

    def pending(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._line) or self._busy or self._untold > 0

    def _work(self) -> None:
        if not self._busy and self._line:
            self._busy = True
            self._loop.call_later(self._wait() / 1000, self._write_group)

    def _write_group(self) -> None:
        group: list[Turned] = []
        while self._line and len(group) < GROUP_LIMIT:
            item = self._line.pop(0)
            if item is not None:
                group.append(item)
            elif group:
                self._line.insert(0, None)
                break
            else:
                self._failed = None
        self._busy = False
        if group:
            self._commit(group)
            if self._failed is not None:
                self.refused(self._failed)
            self._untold += 1
            self._loop.call_soon(self._told)
        self._work()

    def _told(self) -> None:
        self._untold -= 1
