"""What a box has to keep: measured on the solids, whatever they were made from."""

import math
from itertools import combinations
from typing import Any

from build123d import Pos
from hardware.enclosure.solids import (
    Assembly,
    Placed,
    Screw,
    Solid,
    cylinder,
    data,
    nominal,
    ordered,
    screw_head,
    tube,
)


def check(made: Assembly) -> list[str]:
    """Everything that is wrong with a box, a sentence each."""
    found = _one_body(made) + _clearances(made) + _rooms(made) + _behind(made)
    for screw in made.screws:
        found += _screw(made, screw)
    return [f"{made.id}: {each}" for each in found]


def _one_body(made: Assembly) -> list[str]:
    return [
        f"{name} falls into {len(solid.solids())} pieces."
        for name, solid in made.printed().items()
        if len(solid.solids()) != 1
    ]


def _clearances(made: Assembly) -> list[str]:
    found = []
    parts = solid_parts(made)
    for one, other in combinations(parts, 2):
        if one.name == other.name:
            continue
        least = _least(one, other)
        touching = frozenset((one.name, other.name)) in made.touching
        if _boxes_gap(one.solid, other.solid) >= least:
            continue
        shared = volume(one.solid & other.solid)
        if shared > data()["limits"]["overlap"]:
            found.append(f"{one.name} and {other.name} overlap by {shared:.2f} mm³.")
        elif not touching:
            gap = one.solid.distance_to(other.solid)
            if gap < least - 1e-6:
                found.append(f"{one.name} and {other.name} are {gap:.2f} mm apart, not {least}.")
    return found


def solid_parts(made: Assembly) -> list[Placed]:
    """Printed and bought parts, without screws, inserts and what only has to stay free."""
    return [each for each in made.parts if each.kind in ("printed", "bought")]


def _rooms(made: Assembly) -> list[str]:
    """What a board wants to stay free: of everything, or, before its antenna, of metal."""
    found = []
    for room in made.parts:
        if room.kind not in ("room", "antenna"):
            continue
        for part in made.parts:
            metal = part.kind in ("bought", "fastener") and part.name != "board screw"
            if part.name == "board" or not (
                metal or (room.kind == "room" and part.kind == "printed")
            ):
                continue
            if _boxes_gap(room.solid, part.solid) > 0:
                continue
            shared = volume(room.solid & part.solid)
            if shared > data()["limits"]["overlap"]:
                what = "the antenna" if room.kind == "antenna" else "the board's parts and plugs"
                found.append(f"{part.name} takes {shared:.0f} mm³ of what {what} need free.")
    return found


def _least(one: Placed, other: Placed) -> float:
    limits = data()["limits"]
    kinds = {one.kind, other.kind}
    if kinds == {"printed"}:
        return float(limits["printed_gap"])
    return float(limits["bought_gap"] if "printed" in kinds else limits["part_gap"])


def _boxes_gap(one: Solid, other: Solid) -> float:
    """A distance that two solids have at least: that of the boxes around them."""
    a, b = one.bounding_box(), other.bounding_box()
    gaps = [
        max(a_low - b_high, b_low - a_high, 0.0)
        for a_low, a_high, b_low, b_high in zip(
            tuple(a.min), tuple(a.max), tuple(b.min), tuple(b.max), strict=True
        )
    ]
    return math.hypot(*gaps)


def volume(shape: Any) -> float:
    """Of a solid, of several, or of nothing."""
    if shape is None:
        return 0.0
    if isinstance(shape, list):
        return float(sum(each.volume for each in shape))
    return float(shape.volume)


def _behind(made: Assembly) -> list[str]:
    """Room for wires between what sits in the front and the back of the box."""
    if made.id not in data()["box"]:
        return []
    back, least = data()["printed"]["back"], data()["limits"]["behind"]
    found = []
    for each in data()["box"][made.id]["front"]:
        name = data()["part"][each["part"]]["name"]
        room = made.part(name).solid.bounding_box().min.Z - back
        if room < least:
            found.append(f"behind the {name} {room:.1f} mm are free, not {least:g}.")
    return found


def engaged(made: Assembly, screw: Screw) -> float:
    """How much of a screw's shank is in its insert or in plastic around it, in mm."""
    length = data()["screw"][screw.kind]["length"]
    x, y, seat = screw.seat
    low, high = ordered(seat, seat + screw.towards * length)
    low, high = max(low, screw.start), min(high, screw.end)
    if high <= low:
        return 0.0
    outer = screw.hole + 0.6
    around = tube(outer, screw.hole, low, high, x, y)
    held = volume(around & made.part(screw.into).solid)
    return held / (math.pi / 4 * (outer**2 - screw.hole**2))


def _screw(made: Assembly, screw: Screw) -> list[str]:
    found = []
    limits, kind = data()["limits"], data()["screw"][screw.kind]
    x, y, seat = screw.seat
    thread = nominal(screw.kind)
    least = limits["engaged_insert" if screw.insert else "engaged_plastic"]
    if thread < 3.0:
        least = limits["engaged_light"]
    held = engaged(made, screw)
    if held < least - 0.01:
        found.append(f"{screw.name} holds by {held:.1f} mm, not {least:.1f}.")
    if screw.insert:
        d = screw.hole + 2 * data()["insert"]["m3"]["wall"]
        around = tube(d, screw.hole, screw.start, screw.end, x, y)
        solid = volume(around & made.part(screw.into).solid) / volume(around)
        if solid < 0.97:
            found.append(f"{screw.name}'s insert has plastic around {solid:.0%} of it.")
    tip = seat + screw.towards * kind["length"]
    ahead = cylinder(
        min(thread, screw.hole) - 0.4, *ordered(tip, tip + screw.towards * limits["tip"]), x, y
    )
    found += [f"{screw.name}'s tip reaches {each}." for each in _meets(made, ahead)]
    head = screw_head(screw.kind, seat, screw.towards, x, y)
    under = Pos(0, 0, 0.4 * screw.towards) * head - head - cylinder(thread + 0.6, -99, 199, x, y)
    if not any(volume(under & part.solid) > 0.3 * volume(under) for part in solid_parts(made)):
        found.append(f"{screw.name}'s head sits on nothing.")
    return found + [f"{screw.name}'s head is in {each}." for each in _meets(made, head)]


def _meets(made: Assembly, solid: Solid) -> list[str]:
    least = data()["limits"]["overlap"]
    return [part.name for part in solid_parts(made) if volume(solid & part.solid) > least]
