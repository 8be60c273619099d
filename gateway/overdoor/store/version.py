"""Which version of Overdoor a database is of: by the migrations that were applied to it."""

import sqlite3
from enum import Enum

from overdoor.store.schema import migrations

_TABLE = "_sqlite_migrations"


class Version(Enum):
    """How a database stands to this version of Overdoor."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"


def of(db: sqlite3.Connection) -> Version:
    """The version of an open database; one without tables is older. Raises `sqlite3.Error`."""
    there = db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (_TABLE,)).fetchone()
    if there is None:
        return Version.OLDER
    applied = {name for (name,) in db.execute(f"SELECT name FROM {_TABLE}")}  # noqa: S608
    known = {each.name for each in migrations._migrations}
    if applied - known:
        return Version.NEWER
    return Version.SAME if applied == known else Version.OLDER
