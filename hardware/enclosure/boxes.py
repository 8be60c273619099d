"""The boxes on walls: a base with bosses and posts, a lid with button or lamp and round light."""

from typing import Any

from build123d import Axis, chamfer
from hardware.enclosure import boards
from hardware.enclosure.solids import (
    Assembly,
    Placed,
    Screw,
    Solid,
    block,
    body,
    cone,
    cylinder,
    data,
    drop,
    ordered,
    rounded,
    screw,
    sunk,
    sunk_seat,
    tube,
)


def assembly(id_: str) -> Assembly:
    """A box of `enclosure.toml`, complete."""
    box = data()["box"][id_]
    made = Assembly(id_, box["name"])
    made.parts = [
        Placed("base", base(box), "printed", "shell"),
        Placed("lid", lid(box), "printed", "lid", 70),
    ]
    made.touch("base", "lid", "wall screw")
    _close(made, box)
    _hang(made, box)
    if "board" in box:
        _fit_board(made, box)
    if "cell" in box:
        _fit_cell(made, box)
    for each in box["front"]:
        _fit_front(made, box, each["part"], *each["at"])
    if "light" in box:
        _fit_light(made, box, *box["light"])
    return made


def bosses(box: dict[str, Any]) -> list[tuple[float, float]]:
    """Where the lid's screws are."""
    printed = data()["printed"]
    inset = printed["corner"] - printed["wall"]
    x, y = box["inner"][0] / 2 - inset, box["inner"][1] / 2 - inset
    if box["screws"] == "ends":
        return [(0, -y), (0, y)]
    return [(-x, -y), (x, -y), (-x, y), (x, y)]


def base(box: dict[str, Any]) -> Solid:
    """What hangs on the wall."""
    printed, insert = data()["printed"], data()["insert"]["m3"]
    (w, h), wall, back = box["inner"], printed["wall"], printed["back"]
    top = box["depth"] - printed["front"]
    made = rounded(w + 2 * wall, h + 2 * wall, printed["corner"], 0, top)
    made -= rounded(w, h, printed["corner"] - wall, back, top + 1)
    for x, y in bosses(box):
        made += cylinder(printed["boss"], 0, top, x, y)
    for x, y in bosses(box):
        made -= cylinder(insert["hole"], top - printed["pocket"], top + 1, x, y)
    if "board" in box:
        board = boards.board(box["board"])
        for x, y in boards.holes(board, box["board_at"]):
            made += cylinder(printed["post"], 0, back + printed["standoff"], x, y)
            made -= cylinder(printed["pilot"], _pilot_floor(), back + printed["standoff"] + 1, x, y)
    for cable in box["cables"]:
        side = 1 if cable["side"] == "top" else -1
        made += _tie(cable["x"], side * (h / 2 - 9))
        z = back + printed["tie"][2] + cable["d"] / 2
        ends = ordered(side * (h / 2 - 1), side * (h / 2 + wall + 1))
        made -= drop(cable["d"], cable["x"], *ends, z)
    for x, y in box["wall_holes"]:
        made -= cylinder(data()["wall_screw"]["hole"], -1, back + 1, x, y)
    return made


def _pilot_floor() -> float:
    return float(data()["limits"]["wall"]) + 0.2


def _tie(x: float, y: float) -> Solid:
    """A bridge for a cable tie."""
    printed = data()["printed"]
    (w, h, high), back = printed["tie"], printed["back"]
    return block(w, h, back - 1, back + high, x, y) - block(w + 2, h / 2, back, back + 2, x, y)


def lid(box: dict[str, Any]) -> Solid:
    """The front, with its lip, its openings, and what holds the light."""
    printed = data()["printed"]
    (w, h), wall, depth = box["inner"], printed["wall"], box["depth"]
    under = depth - printed["front"]
    made = rounded(w + 2 * wall, h + 2 * wall, printed["corner"], under, depth)
    made = chamfer(made.edges().group_by(Axis.Z)[-1], 1.0)
    thick, deep, gap = printed["lip"]
    inner = printed["corner"] - wall
    lip = rounded(w - 2 * gap, h - 2 * gap, inner - gap, under - deep, under)
    lip -= rounded(
        w - 2 * gap - 2 * thick, h - 2 * gap - 2 * thick, inner - gap - thick, 0, under + 1
    )
    room = printed["boss"] + 2 * data()["limits"]["printed_gap"] + 0.5
    for x, y in bosses(box):
        lip -= block(2 * room, 2 * room, 0, depth, x, y)
    made += lip
    for x, y in bosses(box):
        made -= sunk(-1, depth, x, y)
    for each in box["front"]:
        hole = 2 * max(s[0] / 2 for s in data()["part"][each["part"]]["body"] if s[1] < 0)
        made -= cylinder(hole + 0.6, under - 1, depth + 1, *each["at"])
    if "light" in box:
        light, (x, y) = printed["light"], box["light"]
        for side in (-1, 1):
            at = (x + side * light["ears"], y)
            made += cylinder(light["ear"][0], under - light["boss"], under + 1, *at)
            made -= cylinder(printed["pilot"], under - 10, depth - data()["limits"]["wall"], *at)
        made -= _window(depth, x, y, 0)
    return made


def _window(depth: float, x: float, y: float, less: float) -> Solid:
    """The round opening: a cone behind an edge, so that the diffuser is printed without support."""
    light, under = data()["printed"]["light"], depth - data()["printed"]["front"]
    d, middle = light["window"] - less, depth - light["edge"]
    return cylinder(d, middle, depth + light["proud"], x, y) + cone(
        d + 2 * (middle - under), d, under, middle, x, y
    )


def _flange() -> float:
    """Diameter of diffuser and holder."""
    printed, gap = data()["printed"], data()["limits"]["printed_gap"]
    light = printed["light"]
    return float(light["window"] + 2 * (printed["front"] - light["edge"] - gap))


def diffuser(depth: float, x: float, y: float) -> Solid:
    """The round light's cover: a cup whose floor is in front, with a flange behind the lid."""
    light, gap = data()["printed"]["light"], data()["limits"]["printed_gap"]
    under, front = depth - data()["printed"]["front"], depth + light["proud"]
    cup = _window(depth, x, y, 2 * gap)
    cup = chamfer(cup.edges().group_by(Axis.Z)[-1], 1.0)
    cup += cylinder(_flange(), under - light["flange"], under, x, y)
    return cup - cylinder(light["pocket"], 0, front - light["skin"], x, y)


def holder(depth: float, x: float, y: float) -> Solid:
    """Presses ring and diffuser against the lid."""
    printed, ring = data()["printed"], data()["part"]["ring-12"]
    light, gap = printed["light"], data()["limits"]["bought_gap"]
    face = depth - printed["front"] - light["flange"]
    ledge = face - ring["board"]
    low = ledge - light["room"] - light["floor"]
    made = cylinder(_flange(), low, face, x, y)
    for side in (-1, 1):
        made += block(light["ears"], light["ear"][0], low, low + light["ear"][1],
                      x + side * light["ears"] / 2, y)  # fmt: skip
        made += cylinder(light["ear"][0], low, low + light["ear"][1], x + side * light["ears"], y)
        made -= cylinder(printed["through"], low - 1, face, x + side * light["ears"], y)
    made -= cylinder(ring["outer"] + 2 * gap, ledge, face + 1, x, y)
    made -= cylinder(light["ledge"], low + light["floor"], face, x, y)
    return made - cylinder(10, low - 1, face, x, y)


def _close(made: Assembly, box: dict[str, Any]) -> None:
    """Inserts into the base, screws into them."""
    printed, insert = data()["printed"], data()["insert"]["m3"]
    top = box["depth"] - printed["front"]
    seat = sunk_seat("m3x10-flat", box["depth"], -1)
    for n, (x, y) in enumerate(bosses(box)):
        made.parts += [
            Placed("insert", tube(insert["hole"], 2.9, top - insert["length"], top, x, y),
                   "fastener", "brass", 20),
            Placed("lid screw", screw("m3x10-flat", seat, -1, x, y), "fastener", "steel", 95),
        ]  # fmt: skip
        made.screws.append(
            Screw(f"lid screw {n + 1}", "m3x10-flat", (x, y, seat), -1, "base", insert["hole"],
                  top - insert["length"], top, True)
        )  # fmt: skip


def _hang(made: Assembly, box: dict[str, Any]) -> None:
    head, high = data()["wall_screw"]["head"]
    back = data()["printed"]["back"]
    for x, y in box["wall_holes"]:
        made.parts.append(
            Placed("wall screw", cylinder(head, back, back + high, x, y), "bought", "steel", 22)
        )


def _fit_board(made: Assembly, box: dict[str, Any]) -> None:
    printed = data()["printed"]
    board = boards.board(box["board"])
    z = printed["back"] + printed["standoff"]
    made.parts += boards.parts(board, box["board_at"], z, 35)
    made.touch("base", "board")
    for n, (x, y) in enumerate(boards.holes(board, box["board_at"])):
        seat = z + board["thick"]
        made.parts.append(
            Placed("board screw", screw("m3x8", seat, -1, x, y), "fastener", "steel", 45)
        )
        made.screws.append(
            Screw(f"board screw {n + 1}", "m3x8", (x, y, seat), -1, "base", printed["pilot"],
                  _pilot_floor(), z, False)
        )  # fmt: skip


def _fit_cell(made: Assembly, box: dict[str, Any]) -> None:
    cell = data()["part"]["cell-18650"]
    (w, h, z0, z1), (x, y), back = cell["body"][0], box["cell"], data()["printed"]["back"]
    made.parts.append(
        Placed(cell["name"], block(w, h, back + z0, back + z1, x, y), "bought", "black", 35)
    )
    made.touch("base", cell["name"])


def _fit_front(made: Assembly, box: dict[str, Any], id_: str, x: float, y: float) -> None:
    part, front = data()["part"][id_], data()["printed"]["front"]
    depth = box["depth"]
    shapes = [[*s[:-2], s[-2] + depth, s[-1] + depth, x, y] for s in part["body"]]
    nut, high = part["nut"]
    d = max(s[0] for s in part["body"] if s[1] < 0)
    made.parts += [
        Placed(part["name"], body(shapes), "bought", "metal" if "button" in id_ else "lamp", 110),
        Placed("nut", tube(nut, d, depth - front - high, depth - front, x, y), "bought", "steel",
               45),
    ]  # fmt: skip
    made.touch("lid", part["name"], "nut")
    made.touch("nut", part["name"])


def _fit_light(made: Assembly, box: dict[str, Any], x: float, y: float) -> None:
    printed, ring = data()["printed"], data()["part"]["ring-12"]
    light, depth = printed["light"], box["depth"]
    face = depth - printed["front"] - light["flange"]
    middle = (ring["outer"] + ring["inner"]) / 2
    made.parts += [
        Placed("diffuser", diffuser(depth, x, y), "printed", "light", 58),
        Placed(ring["name"], tube(ring["outer"], ring["inner"], face - ring["board"], face, x, y)
               + tube(middle + ring["led_width"], middle - ring["led_width"], face,
                      face + ring["led"], x, y), "bought", "board", 50),
        Placed("ring holder", holder(depth, x, y), "printed", "shell", 42),
    ]  # fmt: skip
    made.touch("lid", "diffuser")
    made.touch("diffuser", "ring holder", ring["name"])
    made.touch("ring holder", ring["name"])
    under = depth - printed["front"]
    seat = face - ring["board"] - light["room"] - light["floor"]
    for n, side in enumerate((-1, 1)):
        at = (x + side * light["ears"], y)
        made.parts.append(
            Placed("holder screw", screw("m3x10", seat, 1, *at), "fastener", "steel", 28)
        )
        made.screws.append(
            Screw(f"holder screw {n + 1}", "m3x10", (*at, seat), 1, "lid", printed["pilot"],
                  under - light["boss"], depth - data()["limits"]["wall"], False)
        )  # fmt: skip
