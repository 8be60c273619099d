"""Where a badge was last seen, from how strongly the call points hear it. Never stored.

Radio is noisy: levels are smoothed, a room must be clearly louder before somebody counts as having
moved there, and what was not heard for a while is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Millis = int

SMOOTHING = 0.3  # weight of the newest level
CLEARLY_DB = 6.0
FORGET_MS = 30_000  # a room that no longer hears the badge
STALE_MS = 120_000  # a badge that nobody hears


@dataclass(frozen=True)
class Seen:
    """The room a badge is in, and how loud each room heard it when, in dBm."""

    room: str
    at: Millis
    levels: Mapping[str, tuple[float, Millis]]


def sight(before: Seen | None, room: str, rssi: int, now: Millis) -> Seen:
    """What is known of a badge once a room has heard it at `rssi` dBm."""
    levels = {
        other: (level, at)
        for other, (level, at) in (before.levels.items() if before else ())
        if now - at <= FORGET_MS
    }
    level, _ = levels.get(room, (float(rssi), now))
    levels[room] = (level + SMOOTHING * (rssi - level), now)
    here = before.room if before is not None and before.room in levels else room
    loudest = max(levels, key=lambda other: levels[other][0])
    if levels[loudest][0] >= levels[here][0] + CLEARLY_DB:
        here = loudest
    return Seen(here, now, levels)
