"""Instants in words."""

from datetime import UTC, datetime
from functools import lru_cache

from overdoor.core.model import Millis


@lru_cache(maxsize=64)  # a turn says the same instant several times
def rfc3339(at: Millis) -> str:
    """`2026-11-21T09:30:00.125Z`."""
    whole = datetime.fromtimestamp(at // 1000, UTC).isoformat()  # ends in +00:00
    return f"{whole[:19]}.{at % 1000:03d}Z"
