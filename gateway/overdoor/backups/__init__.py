"""Backups of a whole shop: its file, its database, its secrets. In one archive, sealed if asked.

`sealed` is a file that a password opens, `archive` writes and reads what is in one, `command` is
what people type.
"""


class BackupError(Exception):
    """A backup cannot be made or brought back. The message says why, and what to do."""
