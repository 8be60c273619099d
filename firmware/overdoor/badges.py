"""Which badges are near, and how loud. Off unless config.json names the shop's badges.

A badge is an iBeacon with the shop's UUID: the tags that one can buy, worn on a lanyard, without a
phone. It is told to the gateway as "major.minor", with the loudest level of a few seconds: radio
fades far more often than it flatters. Every other advertisement is forgotten in the handler that
heard it, and nothing is ever stored.
"""

import asyncio

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Ask, Beat, TellBadge, Write

_SCAN_RESULT = const(5)
_APPLE = b"\x4c\x00\x02\x15"  # company, type and length of an iBeacon
_MAKER = const(0xFF)  # "manufacturer specific", of the Core Specification Supplement
_MOST = const(16)  # badges in one period; a shop floor has fewer
_PERIOD_MS = const(4000)
_INTERVAL_US = const(300000)
_WINDOW_US = const(60000)  # a fifth of the time; the rest of the antenna's is Wi-Fi's


def ibeacon(data, uuid: bytes):
    """The "major.minor" in an advertisement of an iBeacon with this UUID, or None for any other."""
    at = 0
    while at + 1 < len(data):
        length = data[at]  # of what follows: a type, and its data
        field = data[at + 2 : at + 1 + length]
        if length == 26 and len(field) == 25 and data[at + 1] == _MAKER:
            field = bytes(field)
            if field[:4] == _APPLE and field[4:20] == uuid:
                return "%d.%d" % (field[20] << 8 | field[21], field[22] << 8 | field[23])
        at += 1 + length
    return None


class Heard:
    """The badges of one period. Pure."""

    def __init__(self, uuid: bytes):
        self._uuid = uuid
        self._loudest = {}  # badge -> dBm

    def add(self, data, rssi: int) -> None:
        """An advertisement was heard."""
        badge = ibeacon(data, self._uuid)
        if badge is None:
            return
        before = self._loudest.get(badge)
        if before is None and len(self._loudest) >= _MOST:
            return
        self._loudest[badge] = rssi if before is None else max(before, rssi)

    def take(self) -> list:
        """[(badge, dBm), ...], and begin again."""
        loudest, self._loudest = self._loudest, {}
        return sorted(loudest.items())


class Badges:
    """Listens with a `bluetooth.BLE`, whenever nobody needs the radio more."""

    def __init__(self, ble, uuid: bytes, log: "Write"):
        self._ble = ble
        self._heard = Heard(uuid)
        self._log = log

    async def run(self, tell: "TellBadge", busy: "Ask", beat: "Beat") -> None:
        """For ever. `tell(badge, rssi)` publishes; while `busy()` there is no scan."""
        self._ble.irq(self._on_radio)
        while True:
            beat()
            if not busy():
                self._scan()
            await asyncio.sleep(_PERIOD_MS / 1000)
            for badge, rssi in self._heard.take():
                tell(badge, rssi)

    def _scan(self) -> None:
        try:
            if not self._ble.active():
                self._ble.active(True)
            self._ble.gap_scan(_PERIOD_MS, _INTERVAL_US, _WINDOW_US, False)
        except OSError as error:  # the radio is not in the mood; the next period asks again
            self._log("badges: %r" % error)

    def _on_radio(self, event: int, data) -> None:
        if event == _SCAN_RESULT:
            self._heard.add(data[4], data[3])
