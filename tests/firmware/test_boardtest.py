"""`overdoor device test` on the board of the tests; limits are for real ones."""

import asyncio
from pathlib import Path

import pytest

from overdoor.device import DeviceError, boardtest, bundle
from overdoor.device.board import Board
from overdoor.device.boardtest import Row

from .conftest import Broker, room_config
from .test_flash import flashed
from .usb import UsbBoard


@pytest.fixture
def usb(tmp_path: Path) -> UsbBoard:
    return UsbBoard(tmp_path)


class Finger:
    """Presses the call button of a board when the test says so, and watches the lights."""

    def __init__(self, usb: UsbBoard) -> None:
        self.usb = usb
        self.told: list[str] = []
        self.asked: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)
        if text.endswith("now"):
            self.usb.press()

    def confirm(self, question: str) -> bool:
        self.asked.append(question)
        return "lamp" not in question


async def test_a_board_is_measured_pressed_and_left_running(
    usb: UsbBoard, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boardtest, "PRESSES", 2)
    finger = Finger(usb)

    def whole() -> list[Row]:
        with usb.plugged_in() as port:
            flashed(port, room_config(broker.port))
            with Board.open(port) as board:
                rows = boardtest.run(board, finger.tell, finger.confirm)
            with Board.open(port) as board:
                assert bundle.MAIN in board.listing("")
                assert bundle.SET_ASIDE not in board.listing("")
            return rows

    rows = {row.name: row for row in await asyncio.to_thread(whole)}
    assert rows["ring"].passed
    assert not rows["lamp"].passed  # the person said so
    assert rows["free heap, connected"].passed
    assert {"press to ring", "press to publish", "flash write, worst"} <= rows.keys()
    assert all(row.markdown().count("|") == 5 for row in rows.values())
    assert sum(text.endswith("now") for text in finger.told) == 2


def test_a_board_without_firmware_is_one_sentence(usb: UsbBoard) -> None:
    needs = "overdoor device flash brings it there"
    with (
        usb.plugged_in() as port,
        Board.open(port) as board,
        pytest.raises(DeviceError, match=needs),
    ):
        boardtest.run(board, lambda _: None, lambda _: True)


def test_limits_are_held_the_right_way_round() -> None:
    limits = (("heap", "heap_free", 60_000, "bytes"), ("ring", "flash", 50, "ms"))
    good = boardtest._rows(limits, {"heap_free": [70_000, 60_000], "flash": [1, 50]})
    bad = boardtest._rows(limits, {"heap_free": [70_000, 59_999], "flash": [51, 1]})
    assert [row.passed for row in good] == [True, True]
    assert [row.passed for row in bad] == [False, False]
    assert bad[1].markdown() == "| ring | 51 ms | ≤ 50 ms | **no** |"
