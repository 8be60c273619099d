"""Stands in for MicroPython's `network`: a radio in reach of its access point, or with a fault.

It answers as an ESP32 does with `reconnects=0`: a try ends with the reason as status, a lost
connection is not taken up again, and a second `connect()` without `disconnect()` raises.
"""

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202

FAULTS = ("no_access_point", "wrong_password", "no_address", "status_stuck", "radio_refuses")
_LOOKS_UNTIL_KNOWN = 3  # how often the status says "connecting" before it says why not

_air = [None, 0]  # the fault, and how often connections were cut


class WLAN:
    """A station."""

    def __init__(self, interface=STA_IF):
        self._active = False
        self._asked = False
        self._cuts = 0  # of the air, when we joined
        self._looks = 0
        self._cured = 0  # of a stuck status, by switching off: as `_cuts`
        self._reconnects = True
        self.orders = 0  # how many it got

    def active(self, state=None):
        if state is not None:
            self.orders += 1
            self._active = bool(state)
            if not state:
                self._asked = False
                self._cured = _air[1]
        return self._active

    def config(self, **settings):
        self._reconnects = settings.get("reconnects", -1) != 0

    def connect(self, ssid=None, password=None):
        self.orders += 1
        if not self._active or self._asked or _air[0] == "radio_refuses":
            raise OSError("Wifi Internal Error")
        self._asked = True
        self._cuts = _air[1]
        self._looks = 0

    def disconnect(self):
        self.orders += 1
        self._asked = False

    def isconnected(self):
        joined = self._active and self._asked and self._cuts == _air[1]
        return joined and (_air[0] is None or (_air[0] == "status_stuck" and self._is_cured()))

    def status(self, param=None):
        fault = None if _air[0] == "status_stuck" and self._is_cured() else _air[0]
        associated = self._active and self._asked and fault in (None, "no_address")
        if param == "rssi":
            if not associated:
                raise OSError("Wifi Not Connected")
            return -55
        if self.isconnected():
            return STAT_GOT_IP
        if fault == "status_stuck":
            return STAT_WRONG_PASSWORD
        if not self._asked:
            return STAT_IDLE
        self._looks += 1
        if self._reconnects or self._looks <= _LOOKS_UNTIL_KNOWN or fault == "no_address":
            return STAT_CONNECTING
        return STAT_WRONG_PASSWORD if fault == "wrong_password" else STAT_NO_AP_FOUND

    def _is_cured(self):
        return self._cured == _air[1] and _air[1] > 0


def set_air(fault):
    """Let the radio reach its access point (None), or give it one of `FAULTS`."""
    _air[0] = fault
    if fault is not None:
        _air[1] += 1  # who was connected no longer is
