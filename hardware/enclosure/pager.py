"""The pager's case: cell, board above it, screen and motor in the lid, screws from behind."""

from build123d import Axis, Pos, chamfer
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
    rounded,
    screw,
    sunk,
    sunk_seat,
    tube,
)


def assembly() -> Assembly:
    """The pager, complete."""
    case, board = data()["pager"], boards.board("pager")
    made = Assembly("pager", case["name"])
    made.parts = [
        Placed("base", base(), "printed", "shell"),
        Placed("lid", lid(), "printed", "lid", 45),
    ]
    made.touch("base", "lid")
    z = _board_z()
    made.parts += boards.parts(board, [0.0, 0.0], z, 22)
    made.touch("base", "board")
    _cell(made)
    _keys(made, z + board["thick"])
    _screen(made)
    _motor(made)
    _screws(made)
    return made


def _board_z() -> float:
    return float(data()["pager"]["floor"] + data()["pager"]["standoff"])


def _shell(z0: float, z1: float, less: float = 0) -> Solid:
    case = data()["pager"]
    (w, h), wall = case["inner"], case["wall"] - less
    return rounded(w + 2 * wall, h + 2 * wall, case["corner"] - less, z0, z1)


def base() -> Solid:
    """The back, with posts for the board and a frame for the cell."""
    case, board = data()["pager"], boards.board("pager")
    top, (_, h) = case["depth"] - case["front"], case["inner"]
    made = _shell(0, top)
    made = chamfer(made.edges().group_by(Axis.Z)[0], 1.0)
    made -= _shell(case["floor"], top + 1, case["wall"])
    for x, y in board["holes"]:
        made += cylinder(case["post"], 0, _board_z(), x, y)
    loop_w, loop_h, loop_t, loop_d = case["loop"]
    made += block(loop_w, loop_h + 2, 0, loop_t, 0, h / 2 + case["wall"] + loop_h / 2 - 1)
    made -= cylinder(loop_d, 0, 20, 0, h / 2 + case["wall"] + loop_h / 2 + 0.5)
    for x, y in board["holes"]:
        made -= sunk(1, 0, x, y)
    made += _frame()
    x, low, _ = _usb()
    return made - block(case["usb"][0], 12, low, top + 1, x, -h / 2)


def _usb() -> tuple[float, float, float]:
    """X of the USB socket, z of its opening: a slot, closed above by a tongue of the lid."""
    board, (_, high) = boards.board("pager"), data()["pager"]["usb"]
    z = _board_z() + board["thick"] + data()["pager"]["usb_middle"]
    return board["on"][0]["at"][0], z - high / 2, z + high / 2


def _frame() -> Solid:
    """Ribs around the cell, open at its corners."""
    case = data()["pager"]
    thick, high, gap = case["cell_rib"]
    w, h = data()["part"]["cell-lipo"]["body"][0][:2]
    w, h = w + 2 * gap, h + 2 * gap
    z0, z1 = case["floor"] - 1, case["floor"] + high
    made: Solid = None
    for side in (-1, 1):
        for each in (
            block(thick, h - 16, z0, z1, side * (w + thick) / 2, 0),
            block(w - 16, thick, z0, z1, 0, side * (h + thick) / 2),
        ):
            made = each if made is None else made + each
    return made


def lid() -> Solid:
    """The front: screen, keys, and posts that take the screws from behind."""
    case, board = data()["pager"], boards.board("pager")
    depth, (w, h) = case["depth"], case["inner"]
    under = depth - case["front"]
    made = chamfer(_shell(under, depth).edges().group_by(Axis.Z)[-1], 0.8)
    thick, deep, gap = case["lip"]
    inner = case["corner"] - case["wall"]
    lip = rounded(w - 2 * gap, h - 2 * gap, inner - gap, under - deep, under)
    lip -= rounded(w - 2 * gap - 2 * thick, h - 2 * gap - 2 * thick, inner - gap - thick, 0, depth)
    made += lip
    for x, y in board["holes"]:
        made += cylinder(case["lid_post"], _insert()[0], under + 1, x, y)
        made -= cylinder(
            data()["insert"]["m3"]["hole"], 0, _insert()[0] + case["insert_pocket"], x, y
        )
    x, _, high = _usb()
    wide, wall = case["usb"][0] - 2 * case["key_gap"], case["wall"]
    made += block(wide, wall, high, under + 1, x, -(h + wall) / 2)
    for x, y in case["key_at"]:
        made -= cylinder(case["key"][0] + 2 * case["key_gap"], 0, depth + 1, x, y)
    for x, y in _sound():
        made -= cylinder(1.6, under - 1, depth + 1, x, y)
    return _with_screen(made)


def _insert() -> tuple[float, float]:
    """Z of the inserts in the lid's posts."""
    low = _board_z() + boards.board("pager")["thick"] + data()["pager"]["post_gap"]
    return low, low + data()["insert"]["m3"]["length"]


def _sound() -> list[tuple[float, float]]:
    x, y = data()["pager"]["sound"]
    return [(x, y), (x - 3.5, y), (x + 3.5, y), (x, y - 3.5), (x, y + 3.5)]


def _with_screen(made: Solid) -> Solid:
    case, oled = data()["pager"], data()["part"]["oled"]
    (x, y), under = case["screen_at"], case["depth"] - case["front"]
    lit_w, lit_h = oled["lit"]
    made -= block(lit_w + 1.6, lit_h + 1.6, under - 1, case["depth"] + 1, x, y)
    glass = oled["body"][1][3] - oled["body"][1][2]
    for at in _screen_holes():
        made += cylinder(case["screen_post"], under - glass - case["screen_gap"], under + 1, *at)
        made -= cylinder(case["screen_pilot"], 0, case["depth"] - data()["limits"]["wall"], *at)
    return made


def _screen_holes() -> list[tuple[float, float]]:
    (x, y), half = data()["pager"]["screen_at"], data()["part"]["oled"]["holes"] / 2
    return [(x + i * half, y + j * half) for i in (-1, 1) for j in (-1, 1)]


def key() -> Solid:
    """A key: cap, flange under the lid, stem on the switch."""
    case = data()["pager"]
    cap, flange, thick, out = case["key"]
    under = case["depth"] - case["front"]
    plunger = _board_z() + boards.board("pager")["thick"] + data()["part"]["tact"]["body"][1][2]
    made = cylinder(cap, under - case["key_gap"] - 1, case["depth"] + out)
    made = chamfer(made.edges().group_by(Axis.Z)[-1], 0.6)
    made += cylinder(flange, under - case["key_gap"] - thick, under - case["key_gap"])
    made += cylinder(case["stem"], plunger, under - case["key_gap"])
    low = under - case["key_gap"] - thick
    return made + cone(case["stem"], flange, low - (flange - case["stem"]) / 2, low)


def _cell(made: Assembly) -> None:
    part, floor = data()["part"]["cell-lipo"], data()["pager"]["floor"]
    w, h, z0, z1 = part["body"][0]
    made.parts.append(
        Placed(part["name"], block(w, h, floor + z0, floor + z1), "bought", "cell", 10)
    )
    made.touch("base", part["name"])


def _keys(made: Assembly, z: float) -> None:
    case, tact = data()["pager"], data()["part"]["tact"]
    for n, (x, y) in enumerate(case["key_at"]):
        shapes = [[*s[:-2], s[-2] + z, s[-1] + z, x, y] for s in tact["body"]]
        made.parts += [
            Placed("switch", body(shapes), "bought", "black", 22),
            Placed(f"key {'AB'[n]}", Pos(x, y, 0) * key(), "printed", "light", 34),
        ]
        made.touch("board", "switch")
        made.touch("switch", f"key {'AB'[n]}")


def _screen(made: Assembly) -> None:
    case, oled = data()["pager"], data()["part"]["oled"]
    (x, y), under = case["screen_at"], case["depth"] - case["front"]
    seat = under - oled["body"][1][3] - case["screen_gap"]
    solid, glass = (block(w, h, seat + z0, seat + z1, x, y) for w, h, z0, z1 in oled["body"])
    for at in _screen_holes():
        solid -= cylinder(2.2, 0, 50, *at)
        made.parts.append(
            Placed("screen screw", screw("m2x5", seat, 1, *at), "fastener", "steel", 18)
        )
    made.parts += [
        Placed(oled["name"], solid, "bought", "board", 30),
        Placed(oled["name"], glass, "bought", "black", 30),
    ]
    made.touch("lid", oled["name"])
    for n, at in enumerate(_screen_holes()):
        made.screws.append(
            Screw(f"screen screw {n + 1}", "m2x5", (*at, seat), 1, "lid", case["screen_pilot"],
                  seat + oled["body"][0][3], case["depth"] - data()["limits"]["wall"], False)
        )  # fmt: skip


def _motor(made: Assembly) -> None:
    case, part = data()["pager"], data()["part"]["motor"]
    under = case["depth"] - case["front"]
    d, z0, z1 = part["body"][0]
    made.parts.append(
        Placed(part["name"], cylinder(d, under - z1, under - z0, *case["motor_at"]), "bought",
               "metal", 30)
    )  # fmt: skip
    made.touch("lid", part["name"])


def _screws(made: Assembly) -> None:
    board, insert = boards.board("pager"), data()["insert"]["m3"]
    low, high = _insert()
    seat = sunk_seat("m3x20-flat", 0, 1)
    for n, (x, y) in enumerate(board["holes"]):
        made.parts += [
            Placed("insert", tube(insert["hole"], 2.9, low, high, x, y), "fastener", "brass", 32),
            Placed("case screw", screw("m3x20-flat", seat, 1, x, y), "fastener", "steel",
                   -22),
        ]  # fmt: skip
        made.screws.append(
            Screw(f"case screw {n + 1}", "m3x20-flat", (x, y, seat), 1, "lid",
                  insert["hole"], low, high, True)
        )  # fmt: skip
