"""What can be wrong with the data folder."""

import sqlite3

_AROUND_IT = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
}


class StoreError(Exception):
    """The data folder cannot be used. The message says why, and what to do."""


class InUse(StoreError):  # noqa: N818 - what it is
    """Another gateway runs on the folder."""


def is_around(error: Exception) -> bool:
    """Whether it is the disk, or who may write there, and not the file that is broken."""
    code = getattr(error, "sqlite_errorcode", None)  # extended codes have the plain one below
    return code is not None and code & 0xFF in _AROUND_IT
