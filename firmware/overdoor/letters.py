"""Text as columns of points: MicroPython's own 8x8 font, and ours for what it has not. Pure.

A letter is eight bytes, one for each column, with the lowest bit on top: what an SSD1306 takes.
"""

from .compat import const
from .glyphs import ALIKE, COLUMNS, DRAWN, MARKED

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Plain

_KEPT = const(64)  # letters that need not be looked up again
_UNKNOWN = "□"

# Marks in the order of make_glyphs.MARKS: in the two rows above a small letter, and in one row
# above a capital, which is moved down for it.
_ABOVE_SMALL = (
    b"\x00\x01\x01\x00\x00\x01\x01\x00",
    b"\x00\x00\x00\x02\x03\x01\x00\x00",
    b"\x00\x00\x01\x02\x02\x01\x00\x00",
    b"\x00\x01\x02\x02\x02\x02\x01\x00",
)
_ABOVE_CAPITAL = (
    b"\x00\x01\x01\x00\x00\x01\x01\x00",
    b"\x00\x00\x00\x00\x01\x01\x00\x00",
    b"\x00\x00\x01\x00\x00\x01\x00\x00",
    b"\x00\x00\x01\x01\x01\x01\x00\x00",
)
_DOUBLED = bytes(
    [sum([(nibble >> bit & 1) * 3 << 2 * bit for bit in range(4)]) for nibble in range(16)]
)


class Font:
    """Every letter as eight columns."""

    def __init__(self, plain: "Plain"):
        """`plain(letter) -> bytes` gives the eight columns of a letter of ASCII."""
        self._plain = plain
        self._known = {}

    def glyph(self, letter: str) -> bytes:
        """The columns of a letter; a box for one that is not known."""
        columns = self._known.get(letter)
        if columns is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            columns = self._known[letter] = self._look_up(letter)
        return columns

    def _look_up(self, letter: str) -> bytes:
        if " " <= letter <= "~":
            return self._plain(letter)
        place = DRAWN.find(letter)
        if place >= 0:
            return COLUMNS[8 * place : 8 * place + 8]
        place = _find(ALIKE, letter, 2)
        if place >= 0:
            return self._look_up(ALIKE[place + 1])
        place = _find(MARKED, letter, 3)
        if place >= 0:
            return _marked(self._look_up(MARKED[place + 1]), int(MARKED[place + 2]))
        return self._look_up(_UNKNOWN)

    def render(self, text: str, width: int, wide: int, high: int) -> list:
        """A line of text, `width` points wide, as `high` strips of eight points each.

        Letters are stretched `wide` and `high` times (1, 2 or 4); what does not fit is cut off.
        """
        strips = [bytearray(width) for _ in range(high)]
        x = 0
        for letter in text:
            for column in self.glyph(letter):
                parts = stretched(column, high)
                for _ in range(wide):
                    if x >= width:
                        return strips
                    for place, part in enumerate(parts):
                        strips[place][x] = part
                    x += 1
        return strips


def stretched(column: int, times: int) -> list:
    """Eight points one below the other, `times` (1, 2 or 4) as high: so many bytes."""
    parts = [column]
    while len(parts) < times:
        parts = [_DOUBLED[half] for part in parts for half in (part & 15, part >> 4)]
    return parts


def _marked(base: bytes, mark: int) -> bytes:
    small = not any(column & 3 for column in base)
    above = _ABOVE_SMALL[mark] if small else _ABOVE_CAPITAL[mark]
    down = 0 if small else 1
    return bytes([base[x] << down & 0xFF | above[x] for x in range(8)])


def _find(text: str, letter: str, step: int) -> int:
    """Where a group of `step` letters begins with this one, or -1."""
    place = text.find(letter)
    while place >= 0 and place % step:
        place = text.find(letter, place + 1)
    return place
