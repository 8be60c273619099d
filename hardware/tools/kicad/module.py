"""The ESP32 board in KiCad, which has none of it: its symbol, and its two rows of sockets."""

import itertools
from typing import Any

from hardware.tools.kicad.sexpr import Node, Word, form

_PITCH = 2.54
_UNIT = 1.27
_SOCKET = (
    "${KICAD9_3DMODEL_DIR}/Connector_PinSocket_2.54mm.3dshapes/PinSocket_1x19_P2.54mm_Vertical.step"
)


def footprint(name: str, description: str, module: dict[str, Any]) -> list[Node]:
    """The footprint, antenna up, 3V3 at its origin. `module` is that of the outline."""
    rows, count = module["rows"], module["pins"]
    end = (count - 1) * _PITCH
    pads = [_pad(n + 1, 0, n * _PITCH) for n in range(count)]
    pads += [_pad(2 * count - n, rows, n * _PITCH) for n in range(count)]
    body = (-1.35, -1.0, rows + 1.35, end + 1.0)
    antenna = (rows / 2 - 9, -7.1, rows / 2 + 9, -1.0)
    return form(
        "footprint",
        name,
        form("version", Word("20241229")),
        form("generator", "overdoor"),
        form("layer", "F.Cu"),
        form("descr", description),
        _property("Reference", "REF**", (rows / 2, end / 2), "F.SilkS", False),
        _property("Value", name, (rows / 2, end / 2 + 3), "F.Fab", False),
        _property("Datasheet", "", (0, 0), "F.Fab", True),
        _property("Description", description, (0, 0), "F.Fab", True),
        form("attr", Word("through_hole")),
        *_box(body, "F.SilkS", 0.12),
        *_box(antenna, "F.SilkS", 0.12),
        *_box(body, "F.Fab", 0.1),
        *_socket(0, end),
        *_socket(rows, end),
        _text("USB", (rows / 2, end - 0.6)),
        _text("antenna", (rows / 2, 1)),
        _text("3V3", (3.5, 0)),
        _text("5V", (3.1, end)),
        _text("GND", (rows - 3.5, 0)),
        *pads,
        form("embedded_fonts", Word("no")),
        *(_model(x) for x in (0, rows)),
    )


def _pad(n: int, x: float, y: float) -> list[Node]:
    shape = Word("rect" if n == 1 else "circle")
    return form(
        "pad",
        str(n),
        Word("thru_hole"),
        shape,
        form("at", x, y),
        form("size", 1.6, 1.6),
        form("drill", 1),
        form("layers", "*.Cu", "*.Mask"),
        form("remove_unused_layers", Word("no")),
    )


def _property(
    key: str, value: str, at: tuple[float, float], layer: str, hidden: bool
) -> list[Node]:
    effects = form("effects", form("font", form("size", 1, 1), form("thickness", 0.15)))
    hide = [form("hide", Word("yes"))] if hidden else []
    return form("property", key, value, form("at", *at, 0), form("layer", layer), *hide, effects)


def _text(said: str, at: tuple[float, float]) -> list[Node]:
    effects = form("effects", form("font", form("size", 1, 1), form("thickness", 0.15)))
    return form(
        "fp_text", Word("user"), said, form("at", *at, 0), form("layer", "F.SilkS"), effects
    )


def _socket(x: float, end: float) -> list[list[Node]]:
    """A row's courtyard alone: the space between the rows stays free for low parts."""
    return _box((x - 1.8, -1.8, x + 1.8, end + 1.8), "F.CrtYd", 0.05)


def _box(box: tuple[float, float, float, float], layer: str, width: float) -> list[list[Node]]:
    left, top, right, bottom = box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    stroke = form("stroke", form("width", width), form("type", Word("solid")))
    return [
        form("fp_line", form("start", *a), form("end", *b), stroke, form("layer", layer))
        for a, b in itertools.pairwise(corners)
    ]


def _model(x: float) -> list[Node]:
    return form(
        "model",
        _SOCKET,
        form("offset", form("xyz", x, 0, 0)),
        form("scale", form("xyz", 1, 1, 1)),
        form("rotate", form("xyz", 0, 0, 0)),
    )


def symbols(name: str, module: dict[str, list[str]], description: str) -> list[Node]:
    """The library that holds its symbol: two rows of pins, as they lie on the board."""
    rows = max(len(module["near"]), len(module["far"]))
    top = (rows - 1) * _UNIT

    def prop(key: str, value: str, y: float, shown: bool) -> list[Node]:
        effects = form("effects", form("font", form("size", 1.27, 1.27)))
        if not shown:
            effects.append(form("hide", Word("yes")))
        return form("property", key, value, form("at", 0, y, 0), effects)

    def pin(n: int, label: str, x: float, y: float, turn: float) -> list[Node]:
        kind = {"3V3": "power_out", "5V": "power_in", "GND": "passive", "EN": "input"}.get(
            label, "bidirectional"
        )
        size = form("effects", form("font", form("size", 1.27, 1.27)))
        return form(
            "pin",
            Word(kind),
            Word("line"),
            form("at", x, y, turn),
            form("length", 4 * _UNIT),
            form("name", label, size),
            form("number", str(n), size),
        )

    near = [
        pin(n + 1, p, -14 * _UNIT, top - 2 * n * _UNIT, 0) for n, p in enumerate(module["near"])
    ]
    far = [
        pin(2 * rows - n, p, 14 * _UNIT, top - 2 * n * _UNIT, 180)
        for n, p in enumerate(module["far"])
    ]
    body = form(
        "rectangle",
        form("start", -10 * _UNIT, top + 2 * _UNIT),
        form("end", 10 * _UNIT, -top - 2 * _UNIT),
        form("stroke", form("width", 0.254), form("type", Word("default"))),
        form("fill", form("type", Word("background"))),
    )
    symbol = form(
        "symbol",
        name,
        form("pin_names", form("offset", 1.016)),
        form("exclude_from_sim", Word("no")),
        form("in_bom", Word("yes")),
        form("on_board", Word("yes")),
        prop("Reference", "U", top + 4 * _UNIT, True),
        prop("Value", name, -top - 4 * _UNIT, True),
        prop("Footprint", f"overdoor:{name}", 0, False),
        prop("Datasheet", "", 0, False),
        prop("Description", description, 0, False),
        form("symbol", f"{name}_0_1", body),
        form("symbol", f"{name}_1_1", *near, *far),
        form("embedded_fonts", Word("no")),
    )
    return form(
        "kicad_symbol_lib",
        form("version", Word("20241209")),
        form("generator", "overdoor"),
        form("generator_version", "9.0"),
        symbol,
    )
