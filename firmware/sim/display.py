"""The chips behind a simulated screen: they take the bytes that the drivers send, nothing else."""


class Ssd1306:
    """128x64 points on I2C, in page addressing mode. `points` is its memory."""

    width = 128
    height = 64

    def __init__(self, changed):
        self.points = bytearray(1024)
        self.on = False
        self._changed = changed
        self._page = self._column = 0
        self._skip = 0  # arguments of the last command that are still to come

    def take(self, address, data):
        if address != 0x3C:
            raise OSError(19)  # ENODEV: nobody answers there
        if data[0] == 0x00:
            for byte in data[1:]:
                self._command(byte)
        elif data[0] == 0x40:
            for byte in data[1:]:
                self.points[128 * self._page + self._column] = byte
                self._column = (self._column + 1) % 128
        self._changed()

    def _command(self, byte):
        if self._skip:
            self._skip -= 1
        elif byte in (0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB, 0x20):
            self._skip = 1
        elif byte in (0xAE, 0xAF):
            self.on = byte == 0xAF
        elif 0xB0 <= byte <= 0xB7:
            self._page = byte & 7
        elif byte <= 0x0F:
            self._column = self._column & 0x70 | byte
        elif byte <= 0x1F:
            self._column = self._column & 0x0F | (byte & 7) << 4

    def seen(self):
        """What the screen shows, for a report."""
        return {"on": self.on, "width": 128, "height": 64, "points": bytes(self.points).hex()}


class St7789:
    """135x240 points in colour on SPI, in the middle of a memory of 320x240.

    `is_data()` and `is_lit()` tell the levels of its data pin and of its light.
    """

    width = 240
    height = 135
    _LEFT = 40
    _TOP = 53

    def __init__(self, changed, is_data, is_lit):
        self.points = bytearray(240 * 135 * 2)  # the high byte of each colour first
        self.awake = False
        self._changed = changed
        self._is_data = is_data
        self._is_lit = is_lit
        self._command = 0
        self._columns = self._rows = (0, 0)
        self._x = self._y = 0
        self._turned = False

    @property
    def on(self):
        return self.awake and self._is_lit()

    def take(self, data):
        if not self._is_data():
            for byte in data:
                self._command = byte
                if byte == 0x29:
                    self.awake = True
                elif byte == 0x2C:
                    self._x, self._y = self._columns[0], self._rows[0]
        elif self._command == 0x36:
            self._turned = bool(data[0] & 0x20)
        elif self._command in (0x2A, 0x2B):
            span = (data[0] << 8 | data[1], data[2] << 8 | data[3])
            if self._command == 0x2A:
                self._columns = span
            else:
                self._rows = span
        elif self._command == 0x2C:
            self._paint(data)
        self._changed()

    def _paint(self, data):
        if not self._turned:
            raise ValueError("the panel lies on its side")
        run = (self._columns[1] - self._columns[0] + 1) * 2
        for start in range(0, len(data), run):
            x, y = self._columns[0] - self._LEFT, self._y - self._TOP
            if x < 0 or run > 480 or not 0 <= y < 135:
                raise ValueError("painted beside the panel")
            place = 2 * (240 * y + x)
            self.points[place : place + run] = data[start : start + run]
            self._y += 1

    def seen(self):
        """What the screen shows, for a report; the points only on request, they are many."""
        return {"on": self.on, "width": 240, "height": 135}
