"""The pin map: reading `pins.toml` and holding it against what the chips can do."""

from dataclasses import dataclass
from typing import Any

from hardware.tools.files import toml

_INPUTS = ("call", "presence", "a", "b")
_WAKES = ("call",)  # one map for mains and battery, so it can always wake its chip


@dataclass(frozen=True, slots=True)
class Chip:
    """Facts of a chip, as sets of GPIO numbers."""

    gpios: frozenset[int]
    strapping: frozenset[int]
    flash: frozenset[int]
    input_only: frozenset[int]
    serial: frozenset[int]
    wake: frozenset[int]
    source: str


@dataclass(frozen=True, slots=True)
class Board:
    """A board, and what each of its pins does. `pins` and `reserved` map a role to a GPIO."""

    id: str
    name: str
    kind: str  # callpoint, battery or pager
    chip: Chip
    chip_name: str
    header: frozenset[int]
    taken: dict[int, str]
    pins: dict[str, int]
    reserved: dict[str, int]
    on_board: frozenset[str]
    source: str
    note: str
    default: bool = False
    screen: str | None = None


def boards() -> dict[str, Board]:
    """Every board of `pins.toml`, by id."""
    return parse(toml("pins.toml"))


def parse(data: dict[str, Any]) -> dict[str, Board]:
    """Boards from the content of a pin map."""
    chips = {
        name: Chip(
            source=raw["source"], **{k: frozenset(v) for k, v in raw.items() if k != "source"}
        )
        for name, raw in data["chip"].items()
    }
    return {id_: _board(id_, raw, chips[raw["chip"]]) for id_, raw in data["board"].items()}


def _board(id_: str, raw: dict[str, Any], chip: Chip) -> Board:
    return Board(
        id_,
        raw["name"],
        raw["kind"],
        chip,
        raw["chip"],
        frozenset(raw["header"]),
        {int(gpio): use for gpio, use in raw["taken"].items()},
        raw["pins"],
        raw.get("reserved", {}),
        frozenset(raw.get("on_board", ())),
        raw["source"],
        raw["note"],
        raw.get("default", False),
        raw.get("screen"),
    )


def check(board: Board) -> list[str]:
    """What is wrong with a board's pins, a sentence each."""
    found = []
    users: dict[int, str] = {}
    for role, gpio in (board.pins | board.reserved).items():
        where = f"{board.id}: {role} on GPIO{gpio}"
        if gpio in users:
            found.append(f"{where} is used twice, by {users[gpio]} too.")
        users[gpio] = role
        if gpio not in board.chip.gpios:
            found.append(f"{where} does not exist on an {board.chip_name}.")
        if gpio in board.chip.flash:
            found.append(f"{where} belongs to the flash memory.")
        if role not in board.on_board:
            found += [f"{where} {what}." for what in _ours(board, role, gpio)]
    return found


def _ours(board: Board, role: str, gpio: int) -> list[str]:
    """What forbids wiring a role to a pin. What the board's maker wired is theirs."""
    chip = board.chip
    found = []
    if gpio not in board.header:
        found.append("is not led out")
    if gpio in board.taken:
        found.append(f"is taken: {board.taken[gpio]}")
    if gpio in chip.strapping:
        found.append("is a strapping pin: a pressed button or a driver can keep it from starting")
    if gpio in chip.input_only:
        lacks = "a pull-up" if role in _INPUTS else "an output"
        found.append(f"is an input without {lacks}")
    if gpio in chip.serial:
        found.append("belongs to the prompt and to flashing")
    if role in _WAKES and gpio not in chip.wake:
        found.append("cannot end deep sleep")
    return found


def config(board: Board) -> dict[str, Any]:
    """The part of a config.json that this board wants."""
    wants: dict[str, Any] = {"pins": dict(board.pins)}
    if board.kind == "pager":
        wants |= {"kind": "pager", "screen": board.screen}
    if board.kind == "battery":
        wants |= {"power": "battery"}
    return wants
