"""Instants in words."""

from datetime import UTC, datetime

from overdoor.core.model import Millis


def rfc3339(at: Millis) -> str:
    """`2026-11-21T09:30:00.125Z`."""
    whole = datetime.fromtimestamp(at // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"
