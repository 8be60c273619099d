"""Reads a pager's screen as its carrier does: points to letters, by the font it draws with."""

import json
import subprocess
from typing import Any

from .conftest import FIRMWARE, micropython, micropython_environment

_FONT = """
import json
from overdoor.glyphs import ALIKE, DRAWN, MARKED
from overdoor.letters import Font
from overdoor.screens import plain_letters

letters = [chr(code) for code in range(32, 127)] + list(DRAWN)
letters += [MARKED[at] for at in range(0, len(MARKED), 3)]
letters += [ALIKE[at] for at in range(0, len(ALIKE), 2)]
font = Font(plain_letters())
print(json.dumps([[letter, list(font.glyph(letter))] for letter in letters]))
"""


class NoTextError(Exception):
    """There are points that make up no letters."""


class Eyes:
    """Knows the letters of the font, once somebody drew them."""

    def __init__(self) -> None:
        drawn = subprocess.run(
            [micropython(), "-c", _FONT],
            env=micropython_environment(FIRMWARE),
            capture_output=True,
            check=True,
        )
        self.letters: dict[bytes, str] = {}
        for letter, columns in json.loads(drawn.stdout):
            self.letters.setdefault(bytes(columns), letter)

    def read(self, screen: dict[str, Any]) -> list[str]:
        """The lines of text on a 128x64 screen, top to bottom; a tall line counts once.

        Raises NoTextError for points that are no letters, as while a line is being drawn.
        """
        if not screen["on"]:
            return []
        points = bytes.fromhex(screen["points"])
        rows = [points[start : start + 128] for start in range(0, 1024, 128)]
        lines, place = [], 0
        while place < 8:
            text = self._line(rows[place])
            if text is None:
                if place == 7:
                    raise NoTextError("the last row")
                text = self._tall(rows[place], rows[place + 1])
                place += 1
            lines.append(text.strip())
            place += 1
        return lines

    def read_colour(self, screen: dict[str, Any]) -> list[str]:
        """The lines of text on a 240x135 screen, where one point of a letter is four."""
        colours = bytes.fromhex(screen["points"])
        points = bytearray(1024)
        for y in range(64):
            band = colours[480 * (3 + 16 * (y // 8)) :][: 480 * 16]
            pairs = [band[at : at + 2] for at in range(0, len(band), 2)]
            paper = max(set(pairs), key=pairs.count)
            start = 480 * (3 + 2 * y)
            row = [colours[at : at + 2] for at in range(start, start + 480, 2)]
            below = colours[start + 480 : start + 960]
            if b"".join(row) != below:
                raise NoTextError("a point that was not doubled")
            for x in range(120):
                points[128 * (y // 8) + x] |= (row[2 * x] != paper) << y % 8
        return self.read({"on": screen["on"], "points": points.hex()})

    def _line(self, row: bytes) -> str | None:
        cells = [row[start : start + 8] for start in range(0, len(row), 8)]
        for turned in (0, 0xFF):
            found = [self.letters.get(bytes(column ^ turned for column in cell)) for cell in cells]
            if None not in found:
                return "".join(str(letter) for letter in found)
        return None

    def _tall(self, upper: bytes, lower: bytes) -> str:
        """Two rows with letters twice as high, and perhaps twice as wide."""
        columns = bytes(_halved(up, low) for up, low in zip(upper, lower, strict=True))
        text = self._line(columns)
        if text is None:
            text = self._line(columns[::2]) if columns[::2] == columns[1::2] else None
        if text is None:
            raise NoTextError("two rows that hold neither tall nor big letters")
        return text


def _halved(upper: int, lower: int) -> int:
    both = upper | lower << 8
    dots = [both >> bit & 3 for bit in range(0, 16, 2)]
    if not set(dots) <= {0, 3}:
        raise NoTextError("a point that was not doubled")
    return sum((pair == 3) << bit for bit, pair in enumerate(dots))
