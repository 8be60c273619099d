"""Symbols: from KiCad's libraries, and where their pins and texts come to lie on a sheet."""

import math
from functools import cache
from pathlib import Path

from hardware.tools.kicad.sexpr import Node, named, one, parse, text

UNIT = 1.27  # mm: KiCad's grid of 50 mil
_LIBRARIES = Path("/usr/share/kicad/symbols")
_OWN = "overdoor"

Point = tuple[float, float]


def library(lib_id: str, own: list[Node]) -> list[Node]:
    """A symbol of KiCad's libraries or of our own, under its full name as a schematic keeps it.

    Raises KeyError where there is none.
    """
    name, symbol = lib_id.split(":")
    content = own if name == _OWN else _read(_LIBRARIES / f"{name}.kicad_sym")
    for found in named(content, "symbol"):
        if found[1] == symbol:
            return [found[0], lib_id, *found[2:]]
    raise KeyError(lib_id)


@cache
def _read(path: Path) -> list[Node]:
    return parse(path.read_text(encoding="utf-8"))


def pins(symbol: list[Node]) -> dict[str, tuple[Point, float]]:
    """Where each pin of a symbol ends (mm, y up), and which way it points, in degrees."""
    found = {}
    for unit in named(symbol, "symbol"):
        for pin in named(unit, "pin"):
            x, y, turn = (float(text(each)) for each in one(pin, "at")[1:4])
            found[text(one(pin, "number")[1])] = ((x, y), turn)
    return found


def turned(point: Point, turn: float, mirrored: bool) -> Point:
    """From a symbol's own millimetres (y up) to the sheet's (y down), around its middle."""
    x, y = (-point[0] if mirrored else point[0]), -point[1]
    cos, sin = round(math.cos(math.radians(turn))), round(math.sin(math.radians(turn)))
    return x * cos + y * sin, -x * sin + y * cos


def way_out(pin: float, turn: float, mirrored: bool) -> float:
    """Where one goes from a pin's end away from its symbol, in degrees."""
    away = (pin + 180) % 360
    if mirrored:
        away = (180 - away) % 360
    return (away + turn) % 360


def texts(symbol: str, turn: float, count: int) -> tuple[tuple[float, float, str], ...]:
    """Where reference and value stand: beside what is upright, over and under what lies."""
    name = symbol.split(":")[1]
    if name.startswith("Conn"):
        top = -UNIT * (3 if count == 2 else 4.6)
        return (0, top - UNIT * 1.6, "centre"), (0, top, "centre")
    special = {
        "Q_NMOS_GSD": ((UNIT * 4, -UNIT, "left"), (UNIT * 4, UNIT, "left")),
        "TSR_1-2450": ((0, -UNIT * 6.6, "centre"), (0, -UNIT * 5, "centre")),
        "74LVC1G125": ((UNIT * 2, UNIT * 6, "left"), (UNIT * 2, UNIT * 7.6, "left")),
        "ESP32-DevKitC-32E": ((0, -UNIT * 22.6, "centre"), (0, -UNIT * 21, "centre")),
    }
    if name in special:
        return special[name]
    upright = (
        (turn % 180 == 0) if name in ("R", "C", "C_Polarized", "Polyfuse") else (turn % 180 == 90)
    )
    if upright:
        return (UNIT * 2.4, -UNIT * 0.9, "left"), (UNIT * 2.4, UNIT * 0.9, "left")
    return (0, -UNIT * 2.6, "centre"), (0, UNIT * 2.8, "centre")
