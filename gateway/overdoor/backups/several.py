"""Backups of one shop in a folder: the time is in their names, and the oldest go."""

import re
from datetime import UTC, datetime
from pathlib import Path

from overdoor.backups import BackupError
from overdoor.backups.archive import clear_up


def next_in(folder: Path, shop: str) -> Path:
    """Where a backup that is made now goes. `shop`: its id. Removes what one before left half."""
    clear_up(folder, re.compile(rf"\.{_name(shop)}\.new"))
    return folder / f"{shop}-{datetime.now(UTC):%Y%m%d-%H%M%S}.overdoor"


def thin(made: Path, shop: str, keep: int) -> int:
    """Removes this shop's backups beside the one just made, but for the latest; how many.

    `keep` of them stay, that one among them, whatever the clock said when it got its name. What
    has another name, also that of another shop, stays too. Raises `BackupError`.
    """
    name = re.compile(_name(shop))
    try:
        found = sorted(path for path in made.parent.iterdir() if name.fullmatch(path.name))
        others = [path for path in found if path.name != made.name]
        old = others[: max(0, len(others) - (keep - 1))]
        for path in old:
            path.unlink()
    except OSError as error:
        raise BackupError(
            f"{made} is made and whole, but older ones cannot be removed: {error}."
        ) from error
    return len(old)


def _name(shop: str) -> str:
    """A pattern of the names that `next_in` gives."""
    return rf"{re.escape(shop)}-\d{{8}}-\d{{6}}\.overdoor"
