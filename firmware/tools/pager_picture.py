"""Makes docs/images/pager.png: both screens of a pager in several states, drawn by the firmware.

python firmware/tools/pager_picture.py
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

FIRMWARE = Path(__file__).parents[1]
TARGET = FIRMWARE.parent / "docs" / "images" / "pager.png"
GAP = 12
PER_ROW = 4
_DESK = (232, 230, 224)
_OLED = (150, 215, 255)


def states(screen: str) -> list[dict[str, Any]]:
    """What the firmware draws on this screen, on the real interpreter."""
    beside = Path(sys.executable).with_name("micropython")
    done = subprocess.run(  # noqa: S603
        [shutil.which("micropython") or str(beside), FIRMWARE / "sim" / "pager_states.py", screen],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE / 'sim'}:{FIRMWARE}:.frozen"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def pixels(screen: dict[str, Any]) -> list[bytes]:
    """A screen as rows of RGB, an SSD1306's points doubled."""
    points = bytes.fromhex(screen["points"])
    if screen["width"] == 128:
        rows = []
        for y in range(64):
            lit = [points[128 * (y // 8) + x] >> y % 8 & 1 for x in range(128)]
            row = b"".join(bytes(_OLED if dot else (0, 0, 0)) * 2 for dot in lit)
            rows += [row, row]
        return rows
    return [
        b"".join(_rgb(points[at : at + 2]) for at in range(480 * y, 480 * y + 480, 2))
        for y in range(135)
    ]


def _rgb(colour: bytes) -> bytes:
    value = int.from_bytes(colour, "big")
    return bytes(
        [(value >> 11) * 255 // 31, (value >> 5 & 63) * 255 // 63, (value & 31) * 255 // 31]
    )


def picture() -> tuple[int, int, bytes]:
    """Width, height and RGB of the whole picture."""
    bands = []
    for screen in ("ssd1306", "st7789"):
        shots = [pixels(state["points"]) for state in states(screen)]
        bands += [shots[at : at + PER_ROW] for at in range(0, len(shots), PER_ROW)]
    width = max(sum(len(shot[0]) // 3 + GAP for shot in band) for band in bands) + GAP
    rows = [_desk(width)] * GAP
    for band in bands:
        for y in range(len(band[0])):
            row = _desk(GAP) + b"".join(shot[y] + _desk(GAP) for shot in band)
            rows.append(row + _desk(width - len(row) // 3))
        rows += [_desk(width)] * GAP
    return width, len(rows), b"".join(rows)


def _desk(width: int) -> bytes:
    return bytes(_DESK) * width


def write(path: Path, width: int, height: int, rgb: bytes) -> None:
    """A PNG."""
    lines = b"".join(b"\0" + rgb[at : at + 3 * width] for at in range(0, len(rgb), 3 * width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


if __name__ == "__main__":
    write(TARGET, *picture())
