"""The one writer: a thread that commits turns in groups.

Under load the turns that arrive while one commit waits for the disk share the next one, so a
durable commit costs each of them little. A turn is decided on the shop that all turns before it
left behind; so when one cannot be written, everything queued behind it is refused too, until
`resume` says that the shop was loaded anew.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from queue import SimpleQueue

from overdoor.core.effects import Effect
from overdoor.core.events import Event
from overdoor.core.model import Shop
from overdoor.store.projections import Changes, Statement, append

GROUP_LIMIT = 256


@dataclass(slots=True)
class Turned:
    """A turn that waits to be written. `also`: statements that belong to the same transaction.

    `then` is called on the event loop: with None once it is durable, else with what went wrong.
    """

    before: Shop
    after: Shop
    events: Sequence[Event]
    effects: Sequence[Effect]
    also: Sequence[Statement]
    then: Callable[["Turned", Exception | None], None]


def _has_news(turned: Turned) -> bool:
    return bool(turned.events or turned.also) or turned.after.rev != turned.before.rev


@dataclass(frozen=True, slots=True)
class Chore:
    """Work for a writer that has nothing else to do: it returns a number, or None at its end.

    `then` is called on the event loop with that and with what went wrong; with 0 if the writer
    was busy and did not begin.
    """

    work: Callable[[sqlite3.Connection], int | None]
    then: Callable[[int | None, Exception | None], None]


class _Resume:
    """Marks where the turns of a newly loaded shop begin."""


class Writer:
    """Owns the writing connection, in a thread of its own."""

    def __init__(self, db: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        self.first: Callable[[Sequence[Turned]], None] = lambda _: None  # before each group's own
        self.stopwatch: Callable[[], float] = time.perf_counter  # for how long a chore takes
        self._db = db
        self._loop = loop
        self._queue: SimpleQueue[Turned | Chore | _Resume | None] = SimpleQueue()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="overdoor-writer", daemon=True)

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def put(self, turned: Turned) -> None:
        """Queues a turn; turns are written in the order in which they are put."""
        self._queue.put(turned)

    def spare(self, chore: Chore) -> None:
        """Does a chore if nothing waits to be written by then."""
        self._queue.put(chore)

    def resume(self) -> None:
        """Turns that are put from here on rest on what is in the file."""
        self._queue.put(_Resume())

    def stop(self) -> None:
        """Writes what is queued and ends the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            group: list[Turned] = []
            item = self._queue.get()
            while isinstance(item, Turned):
                group.append(item)
                if len(group) == GROUP_LIMIT or self._queue.empty():
                    break
                item = self._queue.get()
            if group:
                self._commit(group)
            if isinstance(item, Chore):
                self._do(item)
            elif isinstance(item, _Resume):
                self._failed = None
            elif item is None:
                return

    def _commit(self, group: list[Turned]) -> None:
        if self._failed is None and any(_has_news(turned) for turned in group):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._write(group)
                self._db.execute("COMMIT")
            except Exception as error:
                self._failed = error
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        failed = self._failed
        self._loop.call_soon_threadsafe(self._tell, group, failed)

    def _idle(self) -> bool:
        return self._queue.empty()

    def _do(self, chore: Chore) -> None:
        count: int | None = 0
        failed: Exception | None = None
        if self._idle() and self._failed is None:
            try:
                count = chore.work(self._db)
            except Exception as error:
                failed = error
        self._loop.call_soon_threadsafe(chore.then, count, failed)

    def _write(self, group: Sequence[Turned]) -> None:
        changes = Changes()
        for turned in group:
            changes.note(turned.before, turned.after, turned.events)
            changes.also(turned.also)
        append(self._db, chain.from_iterable(turned.events for turned in group))
        changes.write(self._db)
        rev = group[-1].after.rev
        if rev != group[0].before.rev:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('rev', ?)", (rev,))

    def _tell(self, group: list[Turned], failed: Exception | None) -> None:
        if failed is None:
            self.first(group)
        for turned in group:
            turned.then(turned, failed)
