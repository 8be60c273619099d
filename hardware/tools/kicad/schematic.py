"""The schematic: KiCad's symbols, placed and wired as `board/schematic.toml` says."""

import itertools
import math
import re
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hardware.tools.kicad import parts
from hardware.tools.kicad.sexpr import Node, Word, form
from hardware.tools.kicad.symbols import UNIT, Point, library, pins, texts, turned, way_out
from hardware.tools.netlist import Carrier

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://overdoor.invalid/hardware/callpoint")
_PIN = re.compile(r"([A-Z]+\d+)\.(\S+)")


def identity(what: str) -> str:
    """The same UUID each time: KiCad wants one for everything."""
    return str(uuid.uuid5(_SPACE, what))


@dataclass
class Sheet:
    """A schematic that is being drawn."""

    made: Carrier
    layout: dict[str, Any]
    own: list[Node]
    symbols: dict[str, list[Node]] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    ends: dict[tuple[str, str], tuple[Point, float]] = field(default_factory=dict)
    lines: list[tuple[Point, Point]] = field(default_factory=list)
    stops: list[Point] = field(default_factory=list)  # where something stands on a wire
    counts: Counter[str] = field(default_factory=Counter)

    def symbol(self, lib_id: str) -> list[Node]:
        """A symbol, which is then part of the file."""
        if lib_id not in self.symbols:
            self.symbols[lib_id] = library(lib_id, self.own)
        return self.symbols[lib_id]

    def at(self, x: float, y: float) -> Point:
        """A place of the layout, in mm."""
        left, top = self.layout["origin"]
        return (x + left) * UNIT, (y + top) * UNIT

    def next(self, kind: str) -> str:
        """A UUID for the next thing of a kind."""
        self.counts[kind] += 1
        return identity(f"{kind} {self.counts[kind]}")


def draw(made: Carrier, layout: dict[str, Any], own: list[Node]) -> list[Node]:
    """The content of the `.kicad_sch` file. `own` is the library of our own symbols.

    Raises KeyError where layout and carrier do not name the same parts, ValueError where a wire
    makes no sense.
    """
    sheet = Sheet(made, layout, own)
    if odd := set(sheet.layout["place"]) ^ set(made.parts):
        raise KeyError(f"On the schematic or on the carrier alone: {', '.join(sorted(odd))}.")
    for ref in made.parts:
        _place(sheet, ref)
    for name, wires in sheet.layout["wires"].items():
        for wire in wires:
            _wire(sheet, name, wire)
    _finish(sheet)
    for title, box in sheet.layout["frames"].items():
        _frame(sheet, title, box)
    x, y = sheet.layout["notes"]["at"]
    for n, line in enumerate(sheet.layout["notes"]["lines"]):
        sheet.items.append(_text(sheet, line, sheet.at(x, y + 3 * n), 1.6))
    return form(
        "kicad_sch",
        form("version", Word("20250114")),
        form("generator", "overdoor"),
        form("generator_version", "9.0"),
        form("uuid", identity("sheet")),
        form("paper", sheet.layout["paper"]),
        form(
            "title_block",
            form("title", made.title),
            form("rev", "A"),
            form("company", "Overdoor"),
            form("comment", 1, "Designed, checked by CI, not built. CERN-OHL-P-2.0"),
        ),
        form("lib_symbols", *sheet.symbols.values()),
        *sheet.items,
        form("sheet_instances", form("path", "/", form("page", "1"))),
    )


def _place(sheet: Sheet, ref: str) -> None:
    part = sheet.made.parts[ref]
    known = parts.known()[part.part]
    x, y, turn, *more = sheet.layout["place"][ref]
    mirrored = "mirror" in more
    symbol = sheet.symbol(known.symbol)
    drawn = pins(symbol)
    middle = sheet.at(x, y)
    for pin in part.pins:
        for n in known.numbers(pin):
            at, way = drawn[n]
            dx, dy = turned(at, turn, mirrored)
            sheet.ends.setdefault(
                (ref, pin if len(known.numbers(pin)) == 1 else f"{pin}@{n}"),
                ((middle[0] + dx, middle[1] + dy), way_out(way, turn, mirrored)),
            )
    taken = {n for pin in part.pins for n in known.numbers(pin)}
    for n, (at, _) in drawn.items():
        if n not in taken:
            dx, dy = turned(at, turn, mirrored)
            _no_connect(sheet, (middle[0] + dx, middle[1] + dy))
    (rx, ry, rj), (vx, vy, vj) = texts(known.symbol, turn, len(drawn))
    fields = [
        _field("Reference", ref, (middle[0] + rx, middle[1] + ry), rj, turn),
        _field("Value", known.value, (middle[0] + vx, middle[1] + vy), vj, turn),
        _field("Footprint", known.footprint, middle, None, turn),
        _field("Datasheet", "", middle, None, turn),
        _field("Description", known.description, middle, None, turn),
        _field("Part", part.part, middle, None, turn),
        _field("MPN", known.mpn, middle, None, turn),
    ]
    instance = form(
        "symbol",
        form("lib_id", known.symbol),
        form("at", *middle, turn),
        *([form("mirror", Word("y"))] if mirrored else []),
        form("unit", 1),
        form("exclude_from_sim", Word("no")),
        form("in_bom", Word("yes")),
        form("on_board", Word("yes")),
        form("dnp", Word("no" if part.fit else "yes")),
        form("uuid", identity(ref)),
        *fields,
        *(form("pin", n, form("uuid", identity(f"{ref} pin {n}"))) for n in drawn),
        _instances(ref),
    )
    sheet.items.append(instance)


def _instances(ref: str) -> list[Node]:
    path = form("path", "/" + identity("sheet"), form("reference", ref), form("unit", 1))
    return form("instances", form("project", "callpoint", path))


def _field(name: str, value: str, at: Point, justify: str | None, turn: float) -> list[Node]:
    """A field of a symbol, level whatever its symbol's turn; without `justify` it is hidden."""
    effects = form("effects", form("font", form("size", 1.27, 1.27)))
    if justify == "left":
        flipped = turn == 180
        effects.append(form("justify", Word("right" if flipped else "left")))
    if justify is None:
        effects.append(form("hide", Word("yes")))
    return form("property", name, value, form("at", *at, 90 if turn % 180 == 90 else 0), effects)


def _no_connect(sheet: Sheet, at: Point) -> None:
    sheet.items.append(form("no_connect", form("at", *at), form("uuid", sheet.next("no_connect"))))


def _power(sheet: Sheet, kind: str, at: Point, turn: float = 0) -> None:
    """A ground or a flag at a point."""
    lib_id = f"power:{kind}"
    sheet.symbol(lib_id)
    ref = "#PWR" if kind == "GND" else "#FLG"
    sheet.stops.append(at)
    sheet.counts[ref] += 1
    ref = f"{ref}{sheet.counts[ref]:02}"
    hidden = form("effects", form("font", form("size", 1.27, 1.27)), form("hide", Word("yes")))
    sheet.items.append(
        form(
            "symbol",
            form("lib_id", lib_id),
            form("at", *at, turn),
            form("unit", 1),
            form("exclude_from_sim", Word("no")),
            form("in_bom", Word("yes")),
            form("on_board", Word("yes")),
            form("dnp", Word("no")),
            form("uuid", identity(ref)),
            form("property", "Reference", ref, form("at", *at, 0), hidden),
            form("property", "Value", kind, form("at", *at, 0), hidden),
            form("property", "Footprint", "", form("at", *at, 0), hidden),
            form("property", "Datasheet", "", form("at", *at, 0), hidden),
            form("pin", "1", form("uuid", identity(f"{ref} pin"))),
            _instances(ref),
        )
    )


def _wire(sheet: Sheet, block: str, said: str) -> None:
    here: Point | None = None
    bend = ""
    way = 0.0
    for word in said.split():
        if word in ("--", "-|", "|-"):
            bend = word
        elif word == "GND":
            _power(sheet, "GND", _there(here, said))
        elif word == "FLAG":
            _power(sheet, "PWR_FLAG", _there(here, said))
        elif word[0] in "=>":
            _label(sheet, word, _there(here, said), way)
        else:
            there = _point(sheet, word)
            if here is not None:
                way = _segments(sheet, here, there, bend, said)
            here = there


def _there(here: Point | None, said: str) -> Point:
    if here is None:
        raise ValueError(f"Nothing stands before the name in {said!r}.")
    return here


def _point(sheet: Sheet, token: str) -> Point:
    if pin := _PIN.fullmatch(token):
        if pin.groups() not in sheet.ends:
            raise ValueError(f"{token} is no pin of the carrier.")
        return sheet.ends[pin[1], pin[2]][0]
    x, y = token.split(",")
    return sheet.at(float(x), float(y))


def _segments(sheet: Sheet, here: Point, there: Point, bend: str, said: str) -> float:
    corner = {"-|": (there[0], here[1]), "|-": (here[0], there[1])}.get(bend)
    if corner is None and not (_same(here[0], there[0]) or _same(here[1], there[1])):
        raise ValueError(f"{said!r} is not straight.")
    stops = [here, corner, there] if corner else [here, there]
    way = 0.0
    for a, b in itertools.pairwise(stops):
        if a is not None and b is not None and not (_same(a[0], b[0]) and _same(a[1], b[1])):
            sheet.lines.append((a, b))
            way = math.degrees(math.atan2(a[1] - b[1], b[0] - a[0])) % 360
    return way


def _same(a: float, b: float) -> bool:
    return abs(a - b) < 1e-6


def _label(sheet: Sheet, token: str, at: Point, way: float) -> None:
    name = token[1:]
    kind = "global_label" if token[0] == ">" else "label"
    left = token[0] == ">" and round(way) == 180
    effects = form("effects", form("font", form("size", 1.27, 1.27)))
    effects.append(
        form(
            "justify",
            Word("right" if left else "left"),
            *([] if token[0] == ">" else [Word("bottom")]),
        )
    )
    shape = [form("shape", Word("passive"))] if token[0] == ">" else []
    sheet.items.append(
        form(
            kind,
            name,
            *shape,
            form("at", *at, 180 if left else 0),
            effects,
            form("uuid", sheet.next("label")),
        )
    )


def _finish(sheet: Sheet) -> None:
    """Ground at pins of GND without a wire, crosses at pins without a net; wires, junctions."""
    touched = {_key(end) for line in sheet.lines for end in line}
    for (ref, pin), (at, way) in sheet.ends.items():
        net = sheet.made.parts[ref].pins[pin.split("@")[0]]
        if net == "NC":
            _no_connect(sheet, at)
        elif net == "GND" and _key(at) not in touched:
            _power(sheet, "GND", at, (way + 90) % 360)
    sheet.stops += [at for at, _ in sheet.ends.values()]
    arms: dict[Point, int] = Counter(_key(at) for at in sheet.stops)
    stops = touched | arms.keys()
    for line in sheet.lines:
        for a, b in _split(*line, stops):
            points = form("pts", form("xy", *a), form("xy", *b))
            stroke = form("stroke", form("width", 0), form("type", Word("default")))
            sheet.items.append(form("wire", points, stroke, form("uuid", sheet.next("wire"))))
            arms[a] += 1
            arms[b] += 1
    for stop, count in arms.items():
        if count > 2:
            sheet.items.append(
                form(
                    "junction",
                    form("at", *stop),
                    form("diameter", 0),
                    form("uuid", sheet.next("junction")),
                )
            )


def _split(a: Point, b: Point, stops: set[Point]) -> list[tuple[Point, Point]]:
    """A line in pieces from stop to stop: KiCad joins wires at their ends alone."""
    on = sorted((each for each in stops if _between(each, a, b)), key=lambda p: math.dist(p, a))
    return list(itertools.pairwise(on))


def _key(point: Point) -> Point:
    return round(point[0], 4), round(point[1], 4)


def _between(point: Point, a: Point, b: Point) -> bool:
    on_x = min(a[0], b[0]) - 1e-6 <= point[0] <= max(a[0], b[0]) + 1e-6
    on_y = min(a[1], b[1]) - 1e-6 <= point[1] <= max(a[1], b[1]) + 1e-6
    return on_x and on_y


def _frame(sheet: Sheet, title: str, box: list[float]) -> None:
    (left, top), (right, bottom) = sheet.at(*box[:2]), sheet.at(*box[2:])
    sheet.items.append(
        form(
            "rectangle",
            form("start", left, top),
            form("end", right, bottom),
            form("stroke", form("width", 0.15), form("type", Word("dash"))),
            form("fill", form("type", Word("none"))),
            form("uuid", sheet.next("frame")),
        )
    )
    sheet.items.append(_text(sheet, title, (left + UNIT, top + 3 * UNIT), 2))


def _text(sheet: Sheet, said: str, at: Point, size: float) -> list[Node]:
    font = form("font", form("size", size, size))
    return form(
        "text",
        said,
        form("exclude_from_sim", Word("no")),
        form("at", *at, 0),
        form("effects", font, form("justify", Word("left"), Word("bottom"))),
        form("uuid", sheet.next("text")),
    )
