"""Whether schematic, netlist and board hold what the carrier holds. It needs no KiCad."""

import math
from collections.abc import Iterable
from typing import Any

from hardware.tools.kicad import parts
from hardware.tools.kicad.sexpr import Node, named, one, text
from hardware.tools.netlist import Carrier

Ends = dict[str, set[tuple[str, str]]]  # net: (reference, number of the pin)


def wanted(made: Carrier) -> Ends:
    """The nets of a carrier, by the numbers of KiCad's pins."""
    known = parts.known()
    return {
        net: {(ref, n) for ref, pin in ends for n in known[made.parts[ref].part].numbers(pin)}
        for net, ends in made.nets().items()
    }


def netlist(content: list[Node], made: Carrier) -> list[str]:
    """What a netlist of the schematic has otherwise than the carrier, a sentence each."""
    found = []
    for component in named(one(content, "components"), "comp"):
        fields = {
            text(one(f, "name")[1]): text(f[2])
            for f in named(one(component, "fields"), "field")
            if len(f) > 2
        }
        left_out = any(text(one(p, "name")[1]) == "dnp" for p in named(component, "property"))
        ref = text(one(component, "ref")[1])
        found += _part(
            made, ref, fields.get("Part", ""), text(one(component, "footprint")[1]), not left_out
        )
    refs = {text(one(c, "ref")[1]) for c in named(one(content, "components"), "comp")}
    found += [f"{ref} is not on the schematic." for ref in made.parts if ref not in refs]
    drawn = {
        text(one(net, "name")[1]).removeprefix("/"): {
            (text(one(node, "ref")[1]), text(one(node, "pin")[1])) for node in named(net, "node")
        }
        for net in named(one(content, "nets"), "net")
    }
    return found + _nets(drawn, wanted(made), "the schematic")


def board(content: list[Node], made: Carrier) -> list[str]:
    """What a board has otherwise than the carrier, a sentence each."""
    found, refs = [], set()
    drawn: Ends = {}
    for footprint in named(content, "footprint"):
        said = properties(footprint)
        attributes = {text(each) for each in one(footprint, "attr")[1:]}
        if "board_only" in attributes:
            continue
        ref = said["Reference"]
        refs.add(ref)
        found += _part(made, ref, said.get("Part", ""), text(footprint[1]), "dnp" not in attributes)
        for pad in named(footprint, "pad"):
            for net in named(pad, "net"):
                name = text(net[2]).removeprefix("/")
                drawn.setdefault(name, set()).add((ref, text(pad[1])))
    found += [f"{ref} is not on the board." for ref in made.parts if ref not in refs]
    return found + _nets(drawn, wanted(made), "the board")


def properties(node: list[Node]) -> dict[str, str]:
    """The fields of a symbol or a footprint."""
    return {text(each[1]): text(each[2]) for each in named(node, "property")}


def _part(made: Carrier, ref: str, part: str, footprint: str, fit: bool) -> list[str]:
    if ref not in made.parts:
        return [f"{ref} is not on the carrier."]
    wants = made.parts[ref]
    found = []
    if part != wants.part:
        found.append(f"{ref} is {part or 'nothing'} and {wants.part} on the carrier.")
    elif footprint != parts.known()[part].footprint:
        found.append(f"{ref} has the footprint {footprint}.")
    if fit != wants.fit:
        found.append(
            f"{ref} is {'fitted' if fit else 'not fitted'}, otherwise than on the carrier."
        )
    return found


def _nets(drawn: Ends, wants: Ends, where: str) -> list[str]:
    drawn = {name: ends for name, ends in drawn.items() if not name.startswith("unconnected-")}
    found = [
        f"{where} has the net {name}, the carrier has not."
        for name in sorted(drawn.keys() - wants.keys())
    ]
    for name, ends in sorted(wants.items()):
        for less, what in (
            (ends - drawn.get(name, set()), "lacks"),
            (drawn.get(name, set()) - ends, "has besides"),
        ):
            if less:
                said = ", ".join(f"{ref}.{pin}" for ref, pin in sorted(less))
                found.append(f"{name} on {where} {what} {said}.")
    return found


def outline(content: list[Node], outline: dict[str, Any]) -> list[str]:
    """Where the board differs from `carrier/outline.toml`, which the boxes are modelled around."""
    edges = [
        (float(text(xy[1])), float(text(xy[2])))
        for kind in ("gr_line", "gr_arc")
        for line in named(content, kind)
        if one(line, "layer")[1] == "Edge.Cuts"
        for xy in (one(line, "start"), one(line, "end"))
    ]
    left, top = min(x for x, _ in edges), min(y for _, y in edges)
    right, bottom = max(x for x, _ in edges), max(y for _, y in edges)
    found = []
    if not _near((right - left, bottom - top), outline["board"]["size"]):
        found.append(f"The board has {right - left:g} x {bottom - top:g} mm.")
    places = {
        properties(each)["Reference"]: (at[0] - left, bottom - at[1])
        for each in named(content, "footprint")
        for at in [[float(text(n)) for n in one(each, "at")[1:3]]]
    }
    stands: list[tuple[str, Any]] = [(ref, said["pin"]) for ref, said in outline["header"].items()]
    stands.append(("U1", outline["module"]["pin"]))
    stands += [(f"MH{n}", at) for n, at in enumerate(outline["holes"]["at"], 1)]
    for ref, at in stands:
        if ref not in places or not _near(places[ref], at):
            found.append(f"{ref} stands elsewhere on the board than in the outline.")
    return found


def _near(a: Iterable[float], b: Iterable[float]) -> bool:
    return all(math.isclose(x, y, abs_tol=0.005) for x, y in zip(a, b, strict=True))
