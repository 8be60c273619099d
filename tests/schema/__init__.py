"""Databases as each version of Overdoor wrote them, to be opened by this one.

A file is named after the last migration that it has. After a new migration:

    python -m tests.schema

writes the next one, from a small shop that this version runs.
"""

from pathlib import Path

FOLDER = Path(__file__).parent


def fixtures() -> list[Path]:
    """From the oldest to the newest."""
    return sorted(FOLDER.glob("*.sql"))
