"""Faults planted in the committed schematic and board. Most need KiCad to be seen."""

import copy
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardware.tools import netlist
from hardware.tools.files import toml
from hardware.tools.kicad import build, compare, schematic
from hardware.tools.kicad.sexpr import Node, Word, form, named, one, parse, text, write
from PIL import Image

Content = list[Node]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, planted in a copy of the files, and the beginning of what has to be said."""

    name: str
    plant: Callable[[Path], list[str]]
    caught: str


def project(place: Path) -> Path:
    """A copy of KiCad's project."""
    folder = place / "board"
    shutil.copytree(build.FOLDER, folder)
    return folder


def drawn(old: str, new: str) -> Callable[[Path], list[str]]:
    """The schematic with another wire, judged by KiCad's rules and as a netlist."""

    def plant(place: Path) -> list[str]:
        folder = project(place)
        layout = copy.deepcopy(toml("board/schematic.toml"))
        for wires in layout["wires"].values():
            wires[:] = filter(None, (new if wire == old else wire for wire in wires))
        own = parse((folder / "overdoor.kicad_sym").read_text(encoding="utf-8"))
        made = netlist.carrier("callpoint")
        sheet = folder / "callpoint.kicad_sch"
        sheet.write_text(write(schematic.draw(made, layout, own)), encoding="utf-8")
        nets = parse(build.netlist_of(sheet).read_text(encoding="utf-8"))
        return build.erc(sheet) + compare.netlist(nets, made)

    return plant


def laid(change: Callable[[Content], None]) -> Callable[[Path], list[str]]:
    """The board after a change, judged by KiCad's rules and held against the carrier."""

    def plant(place: Path) -> list[str]:
        path = project(place) / "callpoint.kicad_pcb"
        content = parse(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(write(content), encoding="utf-8")
        return build.drc(path) + compare.board(content, netlist.carrier("callpoint"))

    return plant


def footprint(content: Content, ref: str) -> Content:
    """A part on the board."""
    return next(f for f in named(content, "footprint") if compare.properties(f)["Reference"] == ref)


def net(content: Content, name: str) -> Node:
    """The number of a net."""
    return next(each[1] for each in named(content, "net") if each[2] == name)


def track(
    net_name: str, start: tuple[float, float], end: tuple[float, float]
) -> Callable[..., None]:
    """Adds a track on the front; places as in the outline."""

    def change(content: Content) -> None:
        height = toml("carrier/outline.toml")["board"]["size"][1]
        points = [
            form(k, 50 + x, 50 + height - y) for k, (x, y) in (("start", start), ("end", end))
        ]
        content.append(
            form(
                "segment",
                *points,
                form("width", 0.4),
                form("layer", "F.Cu"),
                form("net", net(content, net_name)),
            )
        )

    return change


def without_tracks(content: Content) -> None:
    """No copper for the gate of the lamp's FET."""
    gone = net(content, "/LAMP_GATE")
    content[:] = [e for e in content if not (_is(e, "segment", "via") and one(e, "net")[1] == gone)]


def without_part(content: Content) -> None:
    """No fuse."""
    content.remove(footprint(content, "F1"))


def without_pour(content: Content) -> None:
    """The ground is not poured."""
    for zone in named(content, "zone"):
        zone[:] = [e for e in zone if not _is(e, "filled_polygon")]


def pads_swapped(content: Content) -> None:
    """Gate and drain of the lamp's FET."""
    gate, drain = (
        next(p for p in named(footprint(content, "Q1"), "pad") if p[1] == n) for n in "13"
    )
    a, b = one(gate, "net"), one(drain, "net")
    a[1:], b[1:] = b[1:], a[1:]


def onto_its_neighbour(content: Content) -> None:
    """The lamp's diode moves up by three millimetres, onto its FET."""
    at = one(footprint(content, "D3"), "at")
    at[2] = Word(f"{float(text(at[2])) - 3:g}")


def fitted(content: Content) -> None:
    """The sounder's FET."""
    one(footprint(content, "Q2"), "attr").remove(Word("dnp"))


def header_moved(_: Path) -> list[str]:
    """A header elsewhere in the file that the boxes are modelled around."""
    outline = copy.deepcopy(toml("carrier/outline.toml"))
    outline["header"]["J1"]["pin"][0] += 0.1
    content = parse((build.FOLDER / "callpoint.kicad_pcb").read_text(encoding="utf-8"))
    return compare.outline(content, outline)


def gerber_touched(place: Path) -> list[str]:
    """A committed Gerber file in which an aperture has another size."""
    folder = project(place)
    path = folder / "fab" / "callpoint-F_Cu.gtl"
    path.write_text(
        path.read_text(encoding="utf-8").replace("C,0.400000", "C,0.300000"), encoding="utf-8"
    )
    return build.stale(folder)


def text_painted_over(place: Path) -> list[str]:
    """A committed picture in which a word is missing."""
    folder = project(place)
    path = folder / "callpoint-top.png"
    with Image.open(path) as picture:
        made = picture.convert("RGB")
    made.paste(made.getpixel((700, 400)), (1020, 310, 1160, 335))
    made.save(path)
    return build.stale(folder)


def _is(node: Node, *names: str) -> bool:
    return isinstance(node, list) and bool(node) and node[0] in names


FAULTS = [
    Fault(
        "two nets swapped at the ESP32 board",
        drawn("U1.GPIO32 -- 244,52 >CALL_IO", "U1.GPIO32 -- 244,52 >RING_IO"),
        "CALL_IO on the schematic lacks U1.7.",
    ),
    Fault(
        "a wire left out of the schematic",
        drawn("R2.1 -- 42,92", ""),
        "pin_not_connected: Symbol R2 Pin 1",
    ),
    Fault(
        "a crossing track",
        laid(track("/SUPPLY+", (66.2, 17.2), (64, 24.3))),
        "tracks_crossing: ",
    ),
    Fault("a track taken away", laid(without_tracks), "unconnected_items: "),
    Fault("ground that is not poured", laid(without_pour), "unconnected_items: "),
    Fault("gate and drain of a FET swapped on the board", laid(pads_swapped), "net_conflict: "),
    Fault("the same, without KiCad", laid(pads_swapped), "LAMP- on the board lacks Q1.3."),
    Fault("a part missing on the board", laid(without_part), "missing_footprint: "),
    Fault("a part moved onto its neighbour", laid(onto_its_neighbour), "courtyards_overlap: "),
    Fault(
        "a track 0.2 mm from the edge",
        laid(track("GND", (30, 0.4), (40, 0.4))),
        "copper_edge_clearance: ",
    ),
    Fault(
        "a part fitted that is not to be",
        laid(fitted),
        "Q2 is fitted, otherwise than on the carrier.",
    ),
    Fault(
        "a header moved by 0.1 mm in the outline",
        header_moved,
        "J1 stands elsewhere on the board than in the outline.",
    ),
    Fault("a Gerber file that was touched", gerber_touched, "fab/callpoint-F_Cu.gtl"),
    Fault("a picture without one of its words", text_painted_over, "callpoint-top.png"),
]


def table() -> str:
    """The table of CHECKS.md."""
    rows = "".join(f"| {f.name} | {f.caught.strip().rstrip('.:')} |\n" for f in FAULTS)
    return f"| planted in schematic or board | what is said |\n| --- | --- |\n{rows}"
