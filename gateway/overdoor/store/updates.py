"""How the last update of each device ended, or how far it came: what the gateway saw of it."""

from dataclasses import dataclass

from overdoor.core.model import Millis
from overdoor.store.projections import Statement
from overdoor.store.store import Store

_SELECT = "SELECT device, at, version, stage, reason FROM device_update"
_KEEP = "INSERT OR REPLACE INTO device_update VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Kept:
    """One row. `stage`: as the API names it, from `starting` on. `at`: when it was entered."""

    device: str
    at: Millis
    version: str
    stage: str
    reason: str | None

    def statement(self) -> Statement:
        """Writes it in place of what was known of the device."""
        return _KEEP, (self.device, self.at, self.version, self.stage, self.reason)


def last(store: Store, device: str) -> Kept | None:
    """The last update of a device; None if there was none."""
    row = store.reader().execute(f"{_SELECT} WHERE device = ?", (device,)).fetchone()
    return Kept(*row) if row is not None else None


def every(store: Store) -> dict[str, Kept]:
    """The last update of each device that had one."""
    return {row[0]: Kept(*row) for row in store.reader().execute(_SELECT)}
