"""Stands in for MicroPython's `network`: a radio that is always in reach, unless told otherwise."""

STA_IF = 0
AP_IF = 1

_air = [True]


class WLAN:
    """A station that joins whatever it is asked to join, at once."""

    def __init__(self, interface=STA_IF):
        self._active = False
        self._joined = False

    def active(self, state=None):
        if state is not None:
            self._active = bool(state)
        return self._active

    def connect(self, ssid=None, password=None):
        if self._joined:
            raise OSError("Wifi Internal Error")  # as an ESP32 answers to a second connect()
        self._joined = True

    def disconnect(self):
        self._joined = False

    def isconnected(self):
        return self._active and self._joined and _air[0]

    def status(self, param=None):
        if param == "rssi":
            return -55
        return 1010 if self.isconnected() else 1001


def set_air(up):
    """Let the radio reach its access point, or not."""
    _air[0] = up
