"""How days are rolled up and old facts and calls go, while the writer has nothing else to do.

First the numbers of the days that are over (`store.rollup`), then what is too old: nothing goes
that is not counted. A press waits for one slice at most. Each slice of a removal is a transaction
of its own that folds the oldest facts into the base (`store.base`) and removes them, together with
the calls that they end. So a process may die at any moment, and the next one goes on from there.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from sqlite3 import Connection
from typing import TypeAlias

import structlog

from overdoor.core.events import Fact
from overdoor.core.evolve import evolve
from overdoor.core.model import Millis, Shop
from overdoor.store import base
from overdoor.store.projections import read_log
from overdoor.store.rollup import catching_up, removable
from overdoor.store.schema import INCREMENTAL
from overdoor.store.spare import SLICE_S, transaction
from overdoor.store.writer import Chore, Writer

FIRST_S = 60.0  # after the start
EVERY_S = 60.0
PAUSE_S = 0.05  # between slices,
REST = 4  # and at least so many times as long as the last one took
FEWEST, MOST = 32, 256  # facts in a slice
VACUUM_PAGES = 64  # in a slice
SPARE = 10  # one page in so many may be free: the file would only grow again

# Unless it is opened again afterwards: then the log still makes a row of it.
_DELETE_CALL = """
    DELETE FROM call WHERE id = ?1 AND NOT EXISTS (
        SELECT 1 FROM event WHERE call = ?1 AND seq > ?2
        AND fact NOT IN ('voided', 'rated', 'thanked', 'late')
    )
"""

_DELETE_FOLLOW_UP = """
    DELETE FROM follow_up WHERE call = ?1 AND NOT EXISTS (SELECT 1 FROM call WHERE id = ?1)
"""

log = structlog.get_logger()


def removal(
    db: Connection, before: Millis, stopwatch: Callable[[], float] = time.perf_counter
) -> Iterator[int]:
    """Removes what was noted before an instant, a slice at each step; yields how many facts went.

    A call that is open, or ended later than that, stays whole, and so does all that was noted
    after its press. The last fact of all stays as well: the numbers and the clock go on from it.
    """
    if _oldest(db, before, 1) is not None:
        loading = base.loading(db)
        shop: Shop | None = None
        while shop is None:
            try:
                next(loading)
            except StopIteration as end:
                shop = end.value
            else:
                yield 0
        many = FEWEST
        while (upto := _oldest(db, before, many)) is not None:
            began = stopwatch()
            shop, count = _fold(db, shop, upto)
            took = stopwatch() - began
            if took > SLICE_S:
                many = max(FEWEST, many // 2)
            elif took < SLICE_S / 2:
                many = min(MOST, many * 2)
            yield count
            yield _checkpoint(db)
    while _vacuum(db):
        yield 0
        yield _checkpoint(db)


def _oldest(db: Connection, before: Millis, many: int) -> int | None:
    """The number of the last of the oldest facts that may go now, of so many; None if none may."""
    rows = db.execute(
        "SELECT seq, noted_at, call FROM event WHERE seq < (SELECT max(seq) FROM event) "
        "ORDER BY seq LIMIT ?",
        (many,),
    ).fetchall()
    calls = json.dumps([call for _, _, call in rows if call is not None])
    whole = db.execute(
        "SELECT id FROM call WHERE id IN (SELECT value FROM json_each(?)) "
        "AND (closed_at IS NULL OR closed_at >= ?)",
        (calls, before),
    )
    kept = {call for (call,) in whole}
    upto: int | None = None
    for seq, noted_at, call in rows:
        if noted_at >= before or call in kept:
            break
        upto = seq
    return upto


def _fold(db: Connection, shop: Shop, upto: int) -> tuple[Shop, int]:
    """Moves the facts up to a number from the log to the base; how many they were."""
    events = list(read_log(db, "seq <= ?", (upto,)))
    after = shop
    for event in events:
        after = evolve(after, event)
    with transaction(db):
        base.write(db, shop, after)
        base.write_ledgers(db, events)
        ended = [(event.call, upto) for event in events if event.fact is Fact.CLOSED]
        db.executemany(_DELETE_CALL, ended)
        db.executemany(_DELETE_FOLLOW_UP, [(call,) for call, _ in ended])
        db.execute("DELETE FROM event WHERE seq <= ?", (upto,))
    return after, len(events)


def _vacuum(db: Connection) -> bool:
    """Gives some free pages back to the disk; whether there may be more to give."""
    (mode,), (pages,), (free,) = (
        db.execute(f"PRAGMA {name}").fetchone()
        for name in ("auto_vacuum", "page_count", "freelist_count")
    )
    if mode != INCREMENTAL or free * SPARE <= pages:
        return False
    with transaction(db):
        for _ in range(VACUUM_PAGES):  # Python runs this pragma for one page, whatever it is told
            db.execute("PRAGMA incremental_vacuum(1)")
    return True


def _checkpoint(db: Connection) -> int:
    """Folds the write-ahead log back, lest a press's commit does it for all the slices before."""
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return 0


def upkeep(
    db: Connection,
    keep_ms: Millis,
    now: Millis,
    stopwatch: Callable[[], float] = time.perf_counter,
) -> Iterator[int]:
    """Rolls up, then removes, a slice at each step; yields how many facts went."""
    yield from catching_up(db, now, stopwatch)
    yield from removal(db, removable(db, now - keep_ms), stopwatch)


Work: TypeAlias = Callable[[Connection, Millis, Millis, Callable[[], float]], Iterator[int]]


class Retention:
    """Rolls days up, and lets facts and calls go once they are so old, minute by minute.

    `removed` counts facts since the start. `ran_at` is when it last came to its end, by the
    shop's clock; `trouble` says why it did not come to it the last time.
    """

    def __init__(
        self,
        writer: Writer,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], Millis],
        keep_ms: Millis,
    ) -> None:
        self.keep_ms = keep_ms
        self.work: Work = upkeep
        self.removed = 0
        self.ran_at: Millis | None = None
        self.trouble: str | None = None
        self._writer = writer
        self._loop = loop
        self._clock = clock
        self._slices: Iterator[int] | None = None
        self._at: Millis = 0
        self._took = 0.0
        self._running = False
        self._next = loop.call_later(FIRST_S, self.begin)

    def stop(self) -> None:
        """Begins no further slice."""
        self._next.cancel()

    def begin(self) -> None:
        """Rolls up what is over and removes what is too old by now, unless that is under way."""
        if self._running:
            return
        self._running = True
        self._next.cancel()
        self._at = self._clock()
        self._go_on()

    def _go_on(self) -> None:
        self._writer.spare(Chore(self._slice, self._done))

    def _slice(self, db: Connection) -> int | None:
        """One step, in the writer's thread; None at the end."""
        stopwatch = self._writer.stopwatch
        began = stopwatch()
        if self._slices is None:
            self._slices = self.work(db, self.keep_ms, self._at, stopwatch)
        count = next(self._slices, None)
        self._took = stopwatch() - began
        return count

    def _done(self, count: int | None, error: Exception | None) -> None:
        """Back on the event loop. A writer that was busy did nothing: count 0."""
        if error is None and count is not None:
            self.removed += count
            self._next = self._loop.call_later(max(PAUSE_S, REST * self._took), self._go_on)
            return
        self._slices, self._running = None, False
        self.trouble = None if error is None else f"old facts cannot be removed: {error}"
        if self.trouble is None:
            self.ran_at = self._clock()
        else:
            log.warning(self.trouble)
        self._next = self._loop.call_later(EVERY_S, self.begin)
