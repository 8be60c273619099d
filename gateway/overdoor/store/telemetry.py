"""How devices are doing, over the last month: not facts of the shop, so not in the log."""

from typing import Any

from overdoor.core.model import Millis
from overdoor.store.projections import Statement
from overdoor.store.store import Store

KEPT_MS = 30 * 86_400_000
FIELDS = ("rssi", "heap_free", "uptime_s", "outbox")
LATEST = 500

# Overlapping subscriptions bring an info twice; the second one is no other measurement.
_KEEP = """
INSERT OR REPLACE INTO telemetry
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
    SELECT 1 FROM telemetry
    WHERE device = ?1 AND at > ?2 - 5000
    AND (rssi, heap_free, uptime_s, outbox) IS (?3, ?4, ?5, ?6)
)
"""


def recording(device: str, at: Millis, told: dict[str, Any]) -> list[Statement]:
    """The statements that keep what a device told of itself, and forget what is a month old."""
    values = tuple(told.get(field) for field in FIELDS)
    return [
        (_KEEP, (device, at, *values)),
        ("DELETE FROM telemetry WHERE device = ? AND at < ?", (device, at - KEPT_MS)),
    ]


def history(store: Store, device: str) -> list[dict[str, Any]]:
    """What a device told of itself, the newest first: dBm, bytes, seconds, events waiting."""
    rows = store.reader().execute(
        "SELECT at, rssi, heap_free, uptime_s, outbox FROM telemetry "
        "WHERE device = ? ORDER BY at DESC LIMIT ?",
        (device, LATEST),
    )
    return [dict(zip(("at", *FIELDS), row, strict=True)) for row in rows]


def reboots(store: Store, device: str, since: Millis) -> int:
    """How often a device said that it is in another boot."""
    (count,) = (
        store.reader()
        .execute(
            "SELECT count(DISTINCT json_extract(data, '$.boot')) FROM event "
            "WHERE device = ? AND fact = 'described' AND at >= ?",
            (device, since),
        )
        .fetchone()
    )
    return int(count)
