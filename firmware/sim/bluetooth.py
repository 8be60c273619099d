"""Stands in for MicroPython's `bluetooth`: a radio that hears what the runner lets it hear."""

_IRQ_SCAN_RESULT = 5
_IRQ_SCAN_DONE = 6


class BLE:
    """The one radio of the board."""

    _one = None

    def __new__(cls):
        if cls._one is None:
            cls._one = super().__new__(cls)
            cls._one._active = False
            cls._one._handler = None
            cls._one._scans = False
        return cls._one

    def active(self, state=None):
        if state is not None:
            self._active = bool(state)
        return self._active

    def irq(self, handler):
        self._handler = handler

    def gap_scan(self, duration_ms, interval_us=1280000, window_us=11250, active=False):
        if not self._active:
            raise OSError(19)  # ENODEV, as a board answers
        if not 2500 <= window_us <= interval_us <= 10240000:
            raise OSError(22)  # EINVAL
        self._scans = duration_ms is not None

    def hear(self, data, rssi):
        """Let an advertisement reach the antenna; whether the device listened."""
        if not (self._active and self._scans and self._handler is not None):
            return False
        address = memoryview(b"\x00\x11\x22\x33\x44\x55")
        buffer = bytearray(data)
        self._handler(_IRQ_SCAN_RESULT, (1, address, 3, rssi, memoryview(buffer)))
        for place in range(len(buffer)):  # it belongs to the radio again
            buffer[place] = 0xEE
        return True
