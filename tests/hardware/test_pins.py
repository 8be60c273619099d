"""The pin map is what the firmware does, and what the chips can do."""

import json
import re
from typing import Any

import pytest
from hardware.tools import pins
from hardware.tools.files import HARDWARE

from overdoor import firmware
from overdoor.device import chips

BOARDS = pins.boards()


def config(**changes: Any) -> dict[str, Any]:
    plain = {
        "shop": "demo",
        "device": "cp-w1",
        "model": "a board",
        "broker": {"host": "b"},
        "wifi": {"ssid": "s", "password": ""},
    }
    return plain | changes


def parsed(**changes: Any) -> Any:
    return firmware.module("config").parse(json.dumps(config(**changes)))


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_board_keeps_every_rule_of_its_chip(board: pins.Board) -> None:
    assert pins.check(board) == []


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_firmware_and_set_up_take_a_boards_pins(board: pins.Board) -> None:
    wants = pins.config(board)
    assert parsed(**wants).pins == board.pins
    chips.check_pins(config(**wants), board.chip_name)


def test_the_firmwares_defaults_are_those_of_the_map() -> None:
    defaults = [board for board in BOARDS.values() if board.default]
    assert {board.kind for board in defaults} == {"callpoint", "pager"}
    for board in defaults:
        wants = pins.config(board)
        del wants["pins"]
        without = {role: gpio for role, gpio in board.pins.items() if role != "presence"}
        assert parsed(**wants).pins == without


def test_set_up_and_the_map_know_the_same_chips() -> None:
    for board in BOARDS.values():
        usable, chip = chips._USABLE[board.chip_name], board.chip
        assert usable == chip.gpios - chip.flash - chip.input_only


@pytest.mark.parametrize(
    ("command", "board", "more"),
    [
        ("add w1 --battery", "firebeetle-2-button", {"power": "battery"}),
        ("add --kind pager", "firebeetle-2-pager", {"kind": "pager"}),
    ],
)
def test_the_commands_of_the_readme_give_a_board_its_pins(
    command: str, board: str, more: dict[str, str]
) -> None:
    text = (HARDWARE / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^overdoor device {command}.*$", text, re.MULTILINE)
    named = {role: int(gpio) for role, gpio in re.findall(r"--pin (\w+)=(\d+)", line)}
    assert parsed(pins=named, **more).pins == BOARDS[board].pins
