"""Solids of which the boxes are made, in millimetres, and the data they are made from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from build123d import (
    Box,
    Cone,
    Cylinder,
    Pos,
    RectangleRounded,
    Rot,
    extrude,
)
from hardware.tools.files import toml

Solid: TypeAlias = Any  # a build123d shape
Number: TypeAlias = float


@dataclass(frozen=True)
class Placed:
    """A part where it stands. `kind`: printed, bought or fastener (only drawn and measured)."""

    name: str
    solid: Solid
    kind: str
    colour: str = "grey"
    lift: float = 0.0  # how far it is moved along z in an exploded drawing
    number: str = ""  # the drawing's balloon; parts with one name share it


@dataclass(frozen=True)
class Screw:
    """A screw that holds printed parts together, along z.

    `seat`: where it sits: x, y, z under the head, or at the face of a countersunk one.
    `towards`: -1 into the box, +1 out of it. `start` to `end`: z of the insert, or of the pilot
    hole. `hole`: the diameter of that.
    """

    name: str
    kind: str
    seat: tuple[float, float, float]
    towards: int
    into: str
    hole: float
    start: float
    end: float
    insert: bool


@dataclass
class Assembly:
    """A box with everything in it."""

    id: str
    name: str
    parts: list[Placed] = field(default_factory=list)
    screws: list[Screw] = field(default_factory=list)
    touching: set[frozenset[str]] = field(default_factory=set)

    def touch(self, one: str, *others: str) -> None:
        """These parts lie against each other."""
        self.touching |= {frozenset((one, other)) for other in others}

    def printed(self) -> dict[str, Solid]:
        """What is printed, by name; several of a kind once."""
        return {each.name: each.solid for each in self.parts if each.kind == "printed"}

    def part(self, name: str) -> Placed:
        """The first part of a name. Raises KeyError."""
        for each in self.parts:
            if each.name == name:
                return each
        raise KeyError(name)


@cache
def data() -> dict[str, Any]:
    """`enclosure.toml`."""
    return toml("enclosure/enclosure.toml")


def cylinder(d: float, z0: float, z1: float, x: float = 0, y: float = 0) -> Solid:
    """A cylinder along z."""
    return Pos(x, y, (z0 + z1) / 2) * Cylinder(d / 2, z1 - z0)


def ordered(a: float, b: float) -> tuple[float, float]:
    """The smaller first."""
    return (a, b) if a < b else (b, a)


def cone(d0: float, d1: float, z0: float, z1: float, x: float = 0, y: float = 0) -> Solid:
    """A cone along z, from one diameter to the other."""
    return Pos(x, y, (z0 + z1) / 2) * Cone(d0 / 2, d1 / 2, z1 - z0)


def tube(outer: float, inner: float, z0: float, z1: float, x: float = 0, y: float = 0) -> Solid:
    """A cylinder with a bore."""
    return cylinder(outer, z0, z1, x, y) - cylinder(inner, z0 - 1, z1 + 1, x, y)


def block(w: float, h: float, z0: float, z1: float, x: float = 0, y: float = 0) -> Solid:
    """A box around x, y."""
    return Pos(x, y, (z0 + z1) / 2) * Box(w, h, z1 - z0)


def rounded(w: float, h: float, r: float, z0: float, z1: float) -> Solid:
    """A box with round corners, seen along z."""
    return extrude(Pos(0, 0, z0) * RectangleRounded(w, h, r), z1 - z0)


def drop(d: float, x: float, y0: float, y1: float, z: float) -> Solid:
    """A cylinder along y with a pointed roof, which is printed without support."""
    at = Pos(x, (y0 + y1) / 2, z)
    roof = at * Rot(0, 45, 0) * Pos(-d / 4, 0, d / 4) * Box(d / 2, y1 - y0, d / 2)
    return at * Rot(90, 0, 0) * Cylinder(d / 2, y1 - y0) + roof


def sunk(towards: int, surface: float, x: float, y: float) -> Solid:
    """What a countersunk M3 screw takes of a part: cone and hole, from a surface inwards."""
    d, hole = data()["printed"]["sink"], data()["printed"]["through"]
    deep = surface + towards * (d - hole) / 2
    ends = (hole, d) if towards < 0 else (d, hole)
    made = cone(*ends, *ordered(surface, deep), x, y)
    made += cylinder(hole, *ordered(surface, surface + towards * 15), x, y)
    return made + cylinder(d, *ordered(surface, surface - towards), x, y)


def sunk_seat(kind: str, surface: float, towards: int) -> float:
    """Where the face of a countersunk head comes to lie: a little below the surface."""
    return float(
        surface + towards * (data()["printed"]["sink"] - data()["screw"][kind]["head"][0]) / 2
    )


def screw_head(kind: str, seat: float, towards: int, x: float, y: float) -> Solid:
    """A head: above its seat, or, countersunk, with its face at the seat."""
    made = data()["screw"][kind]
    d, high = made["head"]
    if not made.get("flat"):
        return cylinder(d, *ordered(seat, seat - towards * high), x, y)
    ends = (d - 2 * high, d) if towards < 0 else (d, d - 2 * high)
    return cone(*ends, *ordered(seat, seat + towards * high), x, y)


def screw(kind: str, seat: float, towards: int, x: float, y: float) -> Solid:
    """A screw; `seat` and `towards` as in `Screw`."""
    length = data()["screw"][kind]["length"]
    shank = cylinder(nominal(kind), *ordered(seat, seat + towards * length), x, y)
    return shank + screw_head(kind, seat, towards, x, y)


def nominal(kind: str) -> float:
    """The diameter of a screw's thread."""
    return 2.0 if kind.startswith("m2") else 3.0


def body(shapes: Iterable[list[float]]) -> Solid:
    """A bought part from its list: [d, z0, z1] or [w, h, z0, z1], and x, y behind that."""
    made: Solid = None
    for shape in shapes:
        each = cylinder(*shape) if len(shape) in (3, 5) else block(*shape)
        made = each if made is None else made + each
    return made
