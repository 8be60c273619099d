"""The wiring: reading WireViz files with WireViz itself, checking what it does not, drawing it.

WireViz refuses a pin that does not exist; a wire or a pin that is used twice it draws in silence.
"""

import contextlib
import io
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.tools.files import HARDWARE, toml
from hardware.tools.netlist import Carrier
from wireviz import wireviz

# The carrier that each harness is plugged into, and the variant of it.
HARNESSES: dict[str, tuple[str, str | None]] = {
    "callpoint": ("callpoint", None),
    "lamp": ("callpoint", "lamp"),
    "battery-button": ("battery-button", None),
    "pager": ("pager", None),
}
_OWN_SOCKET = ("U1",)  # a socket on the board itself, which no carrier knows


class LooseError(ValueError):
    """A wire with an end that is nowhere."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire, from end to end. An end is (connector, pin)."""

    cable: str
    number: int
    ends: tuple[tuple[str, Any], tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Harness:
    """What a WireViz file says."""

    id: str
    drawn: Any  # wireviz.Harness
    wires: tuple[Wire, ...]
    mates: tuple[tuple[str, str], ...]

    def label(self, end: tuple[str, Any]) -> str:
        """The net at a connector's pin."""
        connector = self.drawn.connectors[end[0]]
        return str(connector.pinlabels[connector.pins.index(end[1])])

    def kind(self, connector: str) -> str:
        """What sort of connector it is; one of `kinds.toml`."""
        return str(self.drawn.connectors[connector].type)


def path(id_: str) -> Path:
    """The file of a harness."""
    return HARDWARE / "wiring" / f"{id_}.yml"


def read(id_: str, text: str | None = None) -> Harness:
    """A harness from its file, or from a text. Raises LooseError, and what WireViz raises."""
    drawn = wireviz.parse(text if text is not None else path(id_), return_types="harness")
    loose = [
        f"{id_}: wire {wire.via_port} of {name} has a loose end"
        for name, cable in drawn.cables.items()
        for wire in cable.connections
        if None in (wire.from_name, wire.to_name)
    ]
    if loose:
        raise LooseError("; ".join(loose) + ".")
    wires = tuple(
        Wire(name, wire.via_port, ((wire.from_name, wire.from_pin), (wire.to_name, wire.to_pin)))
        for name, cable in drawn.cables.items()
        for wire in cable.connections
    )
    mates = tuple((mate.from_name, mate.to_name) for mate in drawn.mates)
    return Harness(id_, drawn, wires, mates)


def check(made: Harness, carrier: Carrier) -> list[str]:
    """What is wrong with a harness on its carrier, a sentence each."""
    kinds = toml("wiring/kinds.toml")
    found = _twice(made) + _labels(made) + _colours(made)
    found += _mates(made, kinds["kind"]) + _swaps(made, kinds)
    found += _gauges(made, kinds) + _on_carrier(made, carrier)
    return [f"{made.id}: {each}" for each in found]


def _twice(made: Harness) -> list[str]:
    pins = Counter(end for wire in made.wires for end in wire.ends)
    wires = Counter((wire.cable, wire.number) for wire in made.wires)
    found = [f"{end[0]}.{end[1]} has {many} wires." for end, many in pins.items() if many > 1]
    found += [
        f"wire {n} of {cable} is used twice." for (cable, n), many in wires.items() if many > 1
    ]
    for name, cable in made.drawn.cables.items():
        unused = set(range(1, cable.wirecount + 1)) - {n for c, n in wires if c == name}
        found += [f"wire {n} of {name} goes nowhere." for n in sorted(unused)]
    return found


def _labels(made: Harness) -> list[str]:
    found = []
    for wire in made.wires:
        one, other = (made.label(end) for end in wire.ends)
        if one != other:
            found.append(f"wire {wire.number} of {wire.cable} joins {one} and {other}.")
        if "NC" in (one, other):
            found.append(f"wire {wire.number} of {wire.cable} ends at a pin that stays free.")
    wired = {end for wire in made.wires for end in wire.ends}
    bare = {name for pair in made.mates for name in pair} - {name for name, _ in wired}
    for name, connector in made.drawn.connectors.items():
        for pin, label in zip(connector.pins, connector.pinlabels, strict=True):
            if label != "NC" and (name, pin) not in wired and name not in bare:
                found.append(f"{name}.{pin} ({label}) is not connected.")
    return found


def _colours(made: Harness) -> list[str]:
    return [
        f"{name} has two wires of the colour {colour}."
        for name, cable in made.drawn.cables.items()
        for colour, many in Counter(cable.colors[: cable.wirecount]).items()
        if many > 1
    ]


def _mates(made: Harness, kinds: dict[str, Any]) -> list[str]:
    found = []
    partners = defaultdict(list)
    for one, other in made.mates:
        partners[one].append(other)
        partners[other].append(one)
        labels = [made.drawn.connectors[each].pinlabels for each in (one, other)]
        if labels[0] != labels[1]:
            found.append(f"{one} and {other} do not carry the same on the same pins.")
        if kinds.get(made.kind(one), {}).get("mates") != made.kind(other):
            found.append(f"{one} ({made.kind(one)}) does not go into {other} ({made.kind(other)}).")
    for name in made.drawn.connectors:
        kind = kinds.get(made.kind(name))
        if kind is None:
            found.append(f"{name} is of a kind that kinds.toml does not know: {made.kind(name)}.")
        elif "mates" in kind and len(partners[name]) != 1:
            found.append(f"{name} is plugged into {' and '.join(partners[name]) or 'nothing'}.")
        if kind is not None and "area" not in kind:
            found += [
                f"wire {wire.number} of {wire.cable} ends at {name}, which takes a plug."
                for wire in made.wires
                if name in (wire.ends[0][0], wire.ends[1][0])
            ]
    return found


def _swaps(made: Harness, kinds: dict[str, Any]) -> list[str]:
    """Connectors that look the same must be harmless when they are swapped."""
    alike = defaultdict(list)
    for name in {each for pair in made.mates for each in pair}:
        alike[made.kind(name)].append(name)
    found = []
    for kind, names in sorted(alike.items()):
        classes = {
            tuple(
                kinds["net"].get(n, {}).get("class", n) for n in made.drawn.connectors[x].pinlabels
            )
            for x in names
        }
        if len(classes) > 1:
            found.append(f"{' and '.join(sorted(names))} are all {kind}: they can be swapped.")
    return found


def _gauges(made: Harness, kinds: dict[str, Any]) -> list[str]:
    found = []
    limit = kinds["rule"]["amps_per_mm2"]
    for name, cable in made.drawn.cables.items():
        labels = {made.label(end) for wire in made.wires if wire.cable == name for end in wire.ends}
        unknown = labels - set(kinds["net"])
        found += [f"kinds.toml does not say what {net} carries." for net in sorted(unknown)]
        amps = max((kinds["net"].get(net, {}).get("amps", 0.0) for net in labels), default=0.0)
        if cable.gauge_unit != "mm²":
            found.append(f"{name} has no cross-section in mm².")
        elif float(cable.gauge) * limit < amps:
            found.append(f"{name} is too thin: {cable.gauge} mm² for {amps:g} A.")
    for wire in made.wires:
        gauge = float(made.drawn.cables[wire.cable].gauge)
        for connector, pin in wire.ends:
            least, most = kinds["kind"].get(made.kind(connector), {}).get("area", (0, 99))
            if not least <= gauge <= most:
                found.append(f"{connector}.{pin} does not take {gauge} mm² of {wire.cable}.")
    return found


def _on_carrier(made: Harness, carrier: Carrier) -> list[str]:
    """Headers of the harness are those of the carrier, pin by pin."""
    headers = {
        name: connector for name, connector in made.drawn.connectors.items() if name.startswith("J")
    }
    on_carrier = {ref: p for ref, p in carrier.parts.items() if ref.startswith("J") and p.fit}
    found = [
        f"{name} is only on one of harness and carrier."
        for name in sorted(headers.keys() ^ on_carrier.keys())
    ]
    for name in sorted(headers.keys() & on_carrier.keys()):
        connector, part = headers[name], on_carrier[name]
        pins = dict(zip(map(str, connector.pins), connector.pinlabels, strict=True))
        if pins != part.pins:
            found.append(f"{name} carries {pins} in the harness, {part.pins} on the carrier.")
        if connector.pn != part.part:
            found.append(
                f"{name} is a {connector.pn} in the harness, a {part.part} on the carrier."
            )
    return found


def parts(made: Harness) -> dict[str, tuple[str, float]]:
    """(part, quantity) of each connector and cable; each loose wire counts, in metres."""
    found = {name: (str(each.pn), 1.0) for name, each in made.drawn.connectors.items()}
    for name, cable in made.drawn.cables.items():
        times = cable.wirecount if cable.category == "bundle" else 1
        found[name] = (str(cable.pn), float(cable.length * times))
    return found


def draw(id_: str, to: Path) -> None:
    """Writes SVG, PNG and the bill of material of a harness into a folder."""
    with contextlib.redirect_stdout(io.StringIO()):
        wireviz.parse(
            path(id_), output_formats=("svg", "png", "tsv"), output_dir=to, output_name=id_
        )
