"""Whose a file is, for those who run a command as the wrong user."""

import pwd
from contextlib import suppress
from pathlib import Path


def owner(path: Path) -> str:
    """The user that a file belongs to; of what cannot be seen, that of the folder above."""
    for there in (path.absolute(), *path.absolute().parents):
        with suppress(OSError):
            uid = there.stat().st_uid
            try:
                return pwd.getpwuid(uid).pw_name
            except KeyError:
                return f"#{uid}"  # as sudo -u takes it
    return "root"
