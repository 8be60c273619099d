"""The shop's file: opening it, loading the shop, reading calls."""

import asyncio
import fcntl
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from weakref import WeakSet

import structlog
from sqlite_utils import Database

from overdoor import __version__
from overdoor.core import codec
from overdoor.core.events import Event
from overdoor.core.ledger import Boot
from overdoor.core.model import Call, Millis, Shop
from overdoor.store import base, version
from overdoor.store.problem import InUse, StoreError, is_around
from overdoor.store.projections import load, read_log, rebuild
from overdoor.store.schema import BUSY_TIMEOUT_MS, INCREMENTAL, migrations
from overdoor.store.writer import Writer

FILE = "overdoor.db"
LOCK = "overdoor.lock"
PATIENCE_S = 1.0  # for who has the folder a moment only: a look at it, a command
COMPACTED_AT_START = 32_000_000  # bytes, a second or two even on a small box


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Person:
    """Who is on duty: a nickname, the hash of the session's token, the account if there is one."""

    name: str
    token_hash: str
    account: str | None


class Store:
    """The database of one shop.

    Readers have a connection for each thread; the writer has its own. Raises `StoreError` when
    the folder cannot be used, or `InUse` if another gateway uses it, also after that patience.
    """

    def __init__(self, folder: Path, patience_s: float = PATIENCE_S) -> None:
        self.path = folder / FILE
        self._local = threading.local()
        with ExitStack() as stack:
            stack.enter_context(locked(folder, patience_s))
            self._readers: WeakSet[_Reader] = WeakSet()
            stack.callback(self._close_connections)
            with self.opening():
                self._db = connect(self.path)
                if version.of(self._db) is version.Version.NEWER:
                    raise StoreError(
                        f"{self.path} was written by a newer Overdoor than {__version__}. Install "
                        "that version again, or restore a backup of this one."
                    )
                self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA secure_delete = ON")  # an erased name is gone
                self._db.execute("PRAGMA synchronous = FULL")
                migrations.apply(Database(self._db))
                self._let_shrink()
            self._held = stack.pop_all()

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Says in a sentence that the file is not what it should be. Raises `StoreError`."""
        try:
            yield
        except (sqlite3.DatabaseError, ValueError) as error:
            if is_around(error):
                raise StoreError(
                    f"{self.path} cannot be opened: {error}. See to its disk and to who may write "
                    "there, then start again; what is in the file is kept."
                ) from error
            raise StoreError(
                f"{self.path} cannot be read as an Overdoor database: {error}. "
                "Restore a backup, or move the file away."
            ) from error

    def _let_shrink(self) -> None:
        """A small file of an older version gets the mode in which it can give pages back.

        SQLite changes the mode only as it writes the whole file anew. A large file waits for
        `compact`; what is removed from it is used again by what comes.
        """
        (mode,) = self._db.execute("PRAGMA auto_vacuum").fetchone()
        if mode != INCREMENTAL and self.path.stat().st_size <= COMPACTED_AT_START:
            try:
                self._db.execute("VACUUM")
            except sqlite3.OperationalError as error:  # a full disk, perhaps
                log.warning("the database cannot be written anew", why=str(error))

    def compact(self) -> None:
        """Writes the whole file anew, as small as it can be. Raises `StoreError`."""
        try:
            self._db.execute("VACUUM")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be written anew: {error}.") from error

    def writer(self, loop: asyncio.AbstractEventLoop) -> Writer:
        """The one writer. Call it once."""
        return Writer(self._db, loop)

    def load(self) -> Shop:
        """The shop as it was last committed; nonsense in the tables is made anew."""
        try:
            return load(self.reader())
        except ValueError as error:
            log.warning("the tables are made anew from what was kept", why=str(error)[:200])
            rebuild(self._db)
            return load(self.reader())

    def reader(self) -> sqlite3.Connection:
        """A connection of the calling thread, for reading only; it ends with the thread."""
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = _Reader(self.path)
            self._readers.add(reader)
        return reader.db

    def close(self) -> None:
        """Lets go of the file, so that another gateway may have it."""
        self._held.close()

    def _close_connections(self) -> None:
        """The writer's last, so that it folds the write-ahead log back into the file."""
        for reader in list(self._readers):
            reader.db.close()
        if hasattr(self, "_db"):
            self._db.close()

    def last_noted_at(self) -> Millis:
        """When the last fact was noted; 0 for an empty log."""
        row = self.reader().execute("SELECT noted_at FROM event ORDER BY seq DESC LIMIT 1")
        return int((row.fetchone() or (0,))[0])

    def last_seq(self) -> int:
        """The number of the last fact; 0 for an empty log."""
        return int(self.reader().execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])

    def ledger(self, device: str, boot: str) -> Boot:
        """What the log knows of one boot of a device."""
        where = "device = ? AND boot = ? AND fact IN ('heard', 'settled')"
        # The log first: what is folded into the base meanwhile may be told twice, never not at all.
        events = list(read_log(self.reader(), where, (device, boot)))
        return base.ledger(self.reader(), device, boot, events)

    def answered(self, key: str) -> str | None:
        """The call that an answer with this idempotency key was about, if it was applied."""
        row = self.reader().execute("SELECT call FROM event WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def call(self, call_id: str) -> Call | None:
        """One call, open or closed."""
        row = self.reader().execute("SELECT body FROM call WHERE id = ?", (call_id,)).fetchone()
        return codec.CALL.validate_json(row[0]) if row else None

    def story(self, call_id: str) -> list[Event]:
        """The facts of one call, in order."""
        return list(read_log(self.reader(), "call = ?", (call_id,)))

    def calls(
        self,
        *,
        state: str | None = None,
        since: Millis | None = None,
        until: Millis | None = None,
        zone: str | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> list[Call]:
        """Calls, the newest first; `before` is the id of the last one of the previous page."""
        where, values = ["1"], list[Any]()
        for condition, value in (
            ("state = ?", state if state != "open" else None),
            ("raised_at >= ?", since),
            ("raised_at < ?", until),
            ("zone = ?", zone),
            ("id < ?", before),
        ):
            if value is not None:
                where.append(condition)
                values.append(value)
        if state == "open":
            where.append("state <> 'closed'")
        rows: Iterable[tuple[str]] = self.reader().execute(
            f"SELECT body FROM call WHERE {' AND '.join(where)} "  # noqa: S608 - our conditions
            "ORDER BY id DESC LIMIT ?",
            (*values, limit),
        )
        return [codec.CALL.validate_json(body) for (body,) in rows]

    def counted(
        self, since: Millis, until: Millis | None = None, zone: str | None = None
    ) -> list[tuple[Millis, Millis | None, Millis | None, str | None]]:
        """`(raised_at, arrived_at, closed_at, outcome)` of the calls that count in the numbers."""
        rows = self.reader().execute(
            "SELECT raised_at, arrived_at, closed_at, outcome FROM call "
            "WHERE raised_at >= ?1 AND (?2 IS NULL OR raised_at < ?2) "
            "AND (?3 IS NULL OR zone = ?3) AND kind = 'normal' AND voided IS NULL",
            (since, until, zone),
        )
        return rows.fetchall()

    def thanks(self, since: Millis) -> dict[str, int]:
        """Zone → how often shoppers thanked since an instant."""
        rows = self.reader().execute(
            "SELECT call.zone, count(*) FROM event JOIN call ON call.id = event.call "
            "WHERE event.fact = 'thanked' AND event.at >= ? GROUP BY call.zone",
            (since,),
        )
        return dict(rows.fetchall())

    def people(self) -> dict[str, Person]:
        """Duty id → who it is, for those on duty."""
        rows = self.reader().execute("SELECT duty, name, token_hash, account FROM person")
        return {duty: Person(*about) for duty, *about in rows}

    def walks(self, among: int = 1000) -> list[tuple[float | None, Millis]]:
        """Metres, and ms from the acknowledgement to a proven arrival, of the latest calls."""
        rows = self.reader().execute(
            """
            WITH latest AS (
                SELECT kind, voided, arrived_at, body FROM call ORDER BY id DESC LIMIT ?
            )
            SELECT json_extract(body, '$.metres'),
                arrived_at - json_extract(body, '$.acknowledged_at') AS took FROM latest
            WHERE kind = 'normal' AND voided IS NULL AND took >= 0
                AND json_extract(body, '$.evidence') IN ('A', 'B')
                AND NOT json_extract(body, '$.arrival_estimated')
            """,
            (among,),
        )
        return rows.fetchall()

    def identity(self) -> str:
        """A name of this database in this place: the same at each start, another elsewhere."""
        place = f"{os.uname().nodename}:{self.path.resolve()}"
        return json.dumps(place)


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy of a database that may be in use. Raises `StoreError`."""
    if not source.is_file():
        raise StoreError(f"There is no database {source}.")
    try:
        target.touch(0o600, exist_ok=False)  # before anything is in it
    except FileExistsError:
        raise StoreError(f"{target} is there already; a backup never overwrites.") from None
    except OSError as error:
        raise StoreError(f"The backup to {target} failed: {error}.") from error
    try:
        with closing(connect(source)) as here, closing(sqlite3.connect(target)) as there:
            # One state of the file: else the copy begins again with every commit of the gateway.
            here.execute("BEGIN")
            here.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            here.backup(there, pages=1000, sleep=0.01)
            (verdict,) = there.execute("PRAGMA quick_check").fetchone()
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise StoreError(f"The backup to {target} failed: {error}.") from error
    if verdict != "ok":
        raise StoreError(f"The copy {target} is damaged: {verdict}.")


class ReadOnly:
    """The database of a shop whose gateway may be running: to be read by one thread.

    Raises `StoreError` where there is none, or it is of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        if not self.path.is_file():
            raise StoreError(f"There is no database {self.path}.")
        self._reader = _Reader(self.path)
        done = self._reader.db.execute(
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('rollup', 'annotation')"
        )
        if done.fetchone()[0] < 2:
            raise StoreError(f"{self.path} is of an older version. Start its gateway once.")

    def reader(self) -> sqlite3.Connection:
        """The connection, for reading only."""
        return self._reader.db

    def close(self) -> None:
        """Ends it."""
        self._reader.db.close()


class _Reader:
    """A reading connection that is closed with its thread: worker threads come and go."""

    def __init__(self, path: Path) -> None:
        self.db = connect(path)
        self.db.execute("PRAGMA query_only = ON")

    def __del__(self) -> None:
        self.db.close()


def connect(path: Path) -> sqlite3.Connection:
    """A connection that waits for others, and begins a transaction only when told to."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return db


@contextmanager
def locked(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Keeps the folder for one gateway. Raises `StoreError`, `InUse`."""
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        file = (folder / LOCK).open("w")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise StoreError(
            f"The data folder {folder} cannot be written: {why}. Give it to the user that runs "
            "the gateway, or set another [data] path."
        ) from error
    with file:
        ends = time.monotonic() + patience_s
        while not _taken(file):
            if time.monotonic() >= ends:
                raise InUse(
                    f"A gateway is running on {folder} already. Stop it first, or give this one "
                    "another [data] path."
                )
            time.sleep(0.02)
        yield


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(folder: Path) -> bool:
    """Whether a gateway has the folder, as far as this user may know."""
    try:
        with (folder / LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False
