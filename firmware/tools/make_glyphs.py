"""Writes `overdoor/glyphs.py` from the drawings in `glyphs.txt`.

python firmware/tools/make_glyphs.py
"""

from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent / "overdoor" / "glyphs.py"
PLAIN = {chr(code) for code in range(32, 127)}  # MicroPython's own font has these
MARKS = ("diaeresis", "acute", "caron", "breve")

HEAD = '''"""Letters beyond ASCII: Bulgarian, Russian, Greek, German and Bosnian, and a few signs.

Made by `firmware/tools/make_glyphs.py` from `glyphs.txt`; change that file, not this one.
"""

'''


class DrawingError(Exception):
    """The drawings cannot be used; the message says which and why."""


def make(drawings: str) -> str:
    """The source of the module. Raises DrawingError."""
    alike: dict[str, str] = {}
    marked: dict[str, tuple[str, str]] = {}
    drawn: dict[str, bytes] = {}
    for line in drawings.splitlines():
        match line.split():
            case [] | ["#", *_]:
                continue
            case ["=", letter, base]:
                alike[letter] = base
            case ["+", letter, base, mark] if mark in MARKS:
                marked[letter] = (base, str(MARKS.index(mark)))
            case [letter, *rows] if len(rows) == 8:
                drawn[letter] = _columns(letter, rows)
            case _:
                raise DrawingError(f"not understood: {line}")
    for letter, base in [*alike.items(), *((one, two[0]) for one, two in marked.items())]:
        if base not in PLAIN | set(drawn):
            raise DrawingError(f"{letter} is made from {base}, which nobody drew")
    data = b"".join(drawn.values())
    lines = [
        "# Pairs: a letter, and the one that it looks like.",
        *_text("ALIKE", "".join(one + two for one, two in alike.items())),
        "",
        "# Triples: a letter, the one below its mark, and which mark.",
        *_text("MARKED", "".join(a + b + c for a, (b, c) in marked.items())),
        "",
        *_text("DRAWN", "".join(drawn)),
        "",
        "# Eight columns for each letter of DRAWN, the lowest bit on top.",
        "COLUMNS = (",
        *(f"    {_literal(data[start : start + 16])}" for start in range(0, len(data), 16)),
        ")",
    ]
    return HEAD + "\n".join(lines) + "\n"


def _text(name: str, text: str) -> list[str]:
    if len(name) + len(text) <= 95:
        return [f'{name} = "{text}"']
    parts = [f'    "{text[start : start + 85]}"' for start in range(0, len(text), 85)]
    return [f"{name} = (", *parts, ")"]


def _literal(data: bytes) -> str:
    return 'b"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def _columns(letter: str, rows: list[str]) -> bytes:
    if any(len(row) != 8 or set(row) - {"#", "."} for row in rows):
        raise DrawingError(f"{letter} is not eight rows of eight points")
    return bytes(sum((rows[y][x] == "#") << y for y in range(8)) for x in range(8))


if __name__ == "__main__":
    TARGET.write_text(make((HERE / "glyphs.txt").read_text(encoding="utf-8")), encoding="utf-8")
