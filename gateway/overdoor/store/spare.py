"""What all work in the writer's spare time has in common: it is short and waits for nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection

from overdoor.store.schema import BUSY_TIMEOUT_MS

SLICE_S = 0.01  # how long one slice of such work should take, most of it for the disk


@contextmanager
def transaction(db: Connection) -> Iterator[None]:
    """A transaction that does not wait for anybody."""
    db.execute("PRAGMA busy_timeout = 0")
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
