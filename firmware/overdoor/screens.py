"""The two screens that a pager can have, and MicroPython's own font."""

import framebuf

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import SleepMs

_SSD1306_ADDRESS = const(0x3C)

# Panel off; clock, 64 rows, no offset, first line; charge pump on; columns and rows as the usual
# boards have them; pins, contrast, precharge, level; show memory, not inverted.
_SSD1306_INIT = (
    b"\xae\xd5\x80\xa8\x3f\xd3\x00\x40\x8d\x14\xa1\xc8\xda\x12\x81\x7f\xd9\xf1\xdb\x40\xa4\xa6"
)


def plain_letters():
    """A function from a letter of ASCII to its eight columns."""
    columns = bytearray(8)
    frame = framebuf.FrameBuffer(columns, 8, 8, framebuf.MONO_VLSB)

    def plain(letter: str) -> bytes:
        frame.fill(0)
        frame.text(letter, 0, 0)
        return bytes(columns)

    return plain


class Ssd1306:
    """128x64 points of one colour, on I2C. A page of its memory is a row of ours."""

    columns = 16
    scale = 1

    def __init__(self, i2c):
        self._i2c = i2c
        self._command(_SSD1306_INIT)

    def power(self, on: bool) -> None:
        """Light the panel, or let it sleep; it keeps what was drawn."""
        self._command(b"\xaf" if on else b"\xae")

    def write(self, row: int, strips: list, style: str) -> None:
        """Draw one row."""
        strip = strips[0]
        if style in ("key", "alert"):
            strip = bytes([points ^ 0xFF for points in strip])
        self._command(bytes([0xB0 | row, 0x00, 0x10]))
        self._i2c.writevto(_SSD1306_ADDRESS, (b"\x40", strip))

    def _command(self, command: bytes) -> None:
        self._i2c.writevto(_SSD1306_ADDRESS, (b"\x00", command))


_WIDTH = const(240)  # of an ST7789 that lies on its side
_HEIGHT = const(135)
_LEFT = const(40)  # where the panel lies in the chip's memory of 320x240
_TOP = const(53)
_MARGIN = const(3)  # eight rows of 16 points leave seven

# Ink and paper of each style, RGB565. Rhythm and words carry the meaning; colour only helps.
_STYLES = {
    "plain": (0xFFFF, 0x0000),
    "quiet": (0xAD75, 0x0000),
    "mine": (0x67F0, 0x0000),
    "key": (0x0000, 0xC618),
    "alert": (0x0000, 0xFE60),
}


class St7789:
    """135x240 points in colour, on SPI, lying on its side: an M5StickC Plus2."""

    columns = 15
    scale = 2

    def __init__(self, spi, select, data, reset, light, sleep_ms: "SleepMs"):
        """`select`, `data`, `reset` and `light` are pins; `sleep_ms` is that of `time`."""
        self._spi = spi
        self._select = select
        self._data = data
        self._light = light
        light.value(0)
        reset.value(0)
        sleep_ms(10)
        reset.value(1)
        sleep_ms(120)
        self._command(0x11)  # wake up
        sleep_ms(120)
        self._command(0x3A, b"\x55")  # 16 bits a point
        self._command(0x36, b"\x60")  # on its side
        self._command(0x21)  # these panels show the inverse
        self._strip = bytearray(_WIDTH * 16 * 2)
        self._paper = framebuf.FrameBuffer(self._strip, _WIDTH, 16, framebuf.RGB565)
        inks = bytearray(4)
        self._inks = framebuf.FrameBuffer(inks, 2, 1, framebuf.RGB565)
        self._paper.fill(0)
        for top in (0, 16, 32, 48, 64, 80, 96, 112, _HEIGHT - 16):
            self._paint(top)
        self._command(0x29)  # panel on

    def power(self, on: bool) -> None:
        """Light the panel, or let it go dark; it keeps what was drawn."""
        self._light.value(1 if on else 0)

    def write(self, row: int, strips: list, style: str) -> None:
        """Draw one row."""
        ink, paper = _STYLES[style]
        self._inks.pixel(0, 0, _swapped(paper))
        self._inks.pixel(1, 0, _swapped(ink))
        points = bytearray(strips[0] + strips[1])
        letters = framebuf.FrameBuffer(points, _WIDTH, 16, framebuf.MONO_VLSB)
        self._paper.blit(letters, 0, 0, -1, self._inks)
        self._paint(_MARGIN + 16 * row)

    def _paint(self, top: int) -> None:
        first, last = _LEFT, _LEFT + _WIDTH - 1
        self._command(0x2A, first.to_bytes(2, "big") + last.to_bytes(2, "big"))
        first, last = _TOP + top, _TOP + top + 15
        self._command(0x2B, first.to_bytes(2, "big") + last.to_bytes(2, "big"))
        self._command(0x2C, self._strip)

    def _command(self, command: int, arguments=b"") -> None:
        self._select.value(0)
        self._data.value(0)
        self._spi.write(bytes([command]))
        self._data.value(1)
        self._spi.write(arguments)
        self._select.value(1)


def _swapped(colour: int) -> int:
    """The chip wants the high byte first, a frame buffer holds the low one first."""
    return colour >> 8 | (colour & 0xFF) << 8
