"""Faults that somebody could make with a box, each planted in the real models."""

import copy
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from build123d import Pos, Rot, export_stl
from hardware.enclosure import boxes, pager, prints, rules, slicer
from hardware.enclosure.solids import Solid, block, data
from hardware.tools.files import HARDWARE


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and what has to be told of it: a part of a sentence."""

    name: str
    plant: Callable[[], list[str]]
    caught: str


@contextmanager
def changed(path: str, value: Any) -> Iterator[None]:
    """Another number in `enclosure.toml`, for a while."""
    *way, last = path.split("/")
    table: Any = data()
    for step in way:
        table = table[int(step) if step.isdigit() else step]
    key: Any = int(last) if last.isdigit() else last
    before = copy.deepcopy(table[key])
    table[key] = value
    try:
        yield
    finally:
        table[key] = before


def sized(box: str, path: str, value: Any) -> Callable[[], list[str]]:
    """A box with another number."""

    def plant() -> list[str]:
        with changed(path, value):
            return rules.check(pager.assembly() if box == "pager" else boxes.assembly(box))

    return plant


def moved(box: str, part: str, *by: float) -> Callable[[], list[str]]:
    """A box with a part in another place."""

    def plant() -> list[str]:
        made = boxes.assembly(box)
        made.parts = [
            replace(each, solid=Pos(*by) * each.solid) if each.name == part else each
            for each in made.parts
        ]
        return rules.check(made)

    return plant


def meshed(change: Callable[[Any], Any]) -> Callable[[], list[str]]:
    """The wall box's lid with another mesh."""

    def plant() -> list[str]:
        solid = _lid()
        mesh = prints.meshed(solid)
        change(mesh)
        return prints.check("wall-lid", mesh, solid)

    return plant


def cut(change: Callable[[Solid], Solid]) -> Callable[[], list[str]]:
    """The wall box's lid with plastic taken away."""

    def plant() -> list[str]:
        solid = change(_lid())
        return prints.check("wall-lid", prints.meshed(solid), solid)

    return plant


def _lid() -> Solid:
    return prints.lay("lid", boxes.lid(data()["box"]["wall"]))


def _drilled_elsewhere() -> list[str]:
    made = boxes.assembly("wall")
    made.screws = [
        replace(s, seat=(s.seat[0] + 1.0, *s.seat[1:])) if s.name.startswith("board") else s
        for s in made.screws
    ]
    return rules.check(made)


def _wrong_lid() -> list[str]:
    with changed("box/wall-battery/front/0/at", [0.0, -48.0]):
        made = {id_: boxes.assembly(id_) for id_ in ("wall", "wall-battery")}
    try:
        prints.files(made)
    except ValueError as error:
        return [str(error)]
    return []


def _face_up() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lid.stl"
        export_stl(Rot(180, 0, 0) * _lid(), path)
        return ["needs support"] if slicer.sliced(path).support else []


def _without_a_facet(mesh: Any) -> None:
    keep = [n != 100 for n in range(len(mesh.faces))]
    mesh.update_faces(keep)


def _turned_facet(mesh: Any) -> None:
    faces = mesh.faces.copy()
    faces[100] = faces[100][::-1]
    mesh.faces = faces


FAULTS = [
    Fault(
        "the LED ring 0.1 mm too far forward",
        moved("wall", "LED ring", 0, 0, 0.1),
        "diffuser and LED ring overlap by",
    ),
    Fault(
        "a board 0.1 mm into its posts",
        moved("wall", "board", 0, 0, -0.1),
        "base and board overlap by",
    ),
    Fault(
        "0.1 mm between cell and board of the battery button",
        sized("wall-battery", "box/wall-battery/cell", [0.0, 46.6]),
        "board and cell holder are 0.10 mm apart, not 0.3.",
    ),
    Fault(
        "a key that sits tight in its hole",
        sized("pager", "pager/key_gap", 0.05),
        "lid and key A are 0.05 mm apart, not 0.15.",
    ),
    Fault(
        "a button where the plugs' wires are",
        sized("wall", "box/wall/front/0/at", [0.0, -44.0]),
        "mm³ of what the board's parts and plugs need free.",
    ),
    Fault(
        "a box too flat for its lamp",
        sized("door-lamp", "box/door-lamp/depth", 48.0),
        "behind the lamp 2.0 mm are free, not 3.",
    ),
    Fault(
        "a screw in the wall before the antenna",
        sized("wall", "box/wall/wall_holes/0", [-38.0, 36.0]),
        "wall screw takes",
    ),
    Fault(
        "a board screw too short",
        sized("wall", "screw/m3x8/length", 6.0),
        "board screw 1 holds by 4.4 mm, not 6.0.",
    ),
    Fault(
        "a lid screw too long",
        sized("wall", "screw/m3x10-flat/length", 12.0),
        "lid screw 1's tip reaches base.",
    ),
    Fault(
        "a lid screw that ends before its insert is held",
        sized("wall", "screw/m3x10-flat/length", 5.0),
        "lid screw 1 holds by",
    ),
    Fault(
        "a boss too thin for an insert",
        sized("presence", "printed/boss", 5.0),
        "lid screw 1's insert has plastic around",
    ),
    Fault(
        "holes of the board 1 mm beside the posts",
        _drilled_elsewhere,
        "board screw 1 holds by",
    ),
    Fault("a hole in the mesh", meshed(_without_a_facet), "wall-lid: the mesh has a hole."),
    Fault(
        "a facet turned over",
        meshed(_turned_facet),
        "wall-lid: the mesh has facets that look the wrong way.",
    ),
    Fault(
        "a wall too thin",
        cut(lambda lid: lid - block(20, 12, 0.9, 9, 0, 15)),
        "wall-lid: a wall is 0.90 mm thin",
    ),
    Fault(
        "a part in two pieces",
        cut(lambda lid: lid - block(200, 1, -1, 99, 0, 15)),
        "wall-lid: the mesh has 2 bodies.",
    ),
    Fault(
        "a lid that fits only one of its two boxes",
        _wrong_lid,
        "wall-lid is not what wall-battery needs as its lid.",
    ),
    Fault("a lid printed with its face up", _face_up, "needs support"),
]


def missed() -> list[str]:
    """Faults that nothing caught, and a table in CHECKS.md that is another, a sentence each."""
    found = []
    for fault in FAULTS:
        told = fault.plant()
        if not any(fault.caught in each for each in told):
            found.append(f"Planted and not caught: {fault.name}. Told was: {told}")
    if table() not in (HARDWARE / "CHECKS.md").read_text(encoding="utf-8"):
        found.append("CHECKS.md has another table of planted faults of the boxes.")
    return found


def table() -> str:
    """The table of CHECKS.md."""
    rows = "".join(f"| {fault.name} | {fault.caught.rstrip('.')} |\n" for fault in FAULTS)
    return f"| planted in a box | what the check says |\n| --- | --- |\n{rows}"
