"""The part of firmware/BOARD_TESTS.md that a maker does with a board on USB, with its limits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from overdoor.device import bundle
from overdoor.device.board import Board
from overdoor.device.problem import DeviceError
from overdoor.resources import folder

PRESSES = 5
LIMIT_S = 60

# name in the sheet, what the board calls it, the limit, its unit; more is worse unless it is heap
_FLASH = (("flash write, median", "median", 30, "ms"), ("flash write, worst", "worst", 100, "ms"))
_RING = (("ring write", "write", 5, "ms"),)
_LOOKUP = (("name lookup blocks", "took", 5000, "ms"),)
_SERVED = (
    ("start to connected", "connected", 4000, "ms"),
    ("free heap, connected", "heap_free", 60_000, "bytes"),
    ("garbage a minute, idle", "garbage_per_minute", 200_000, "bytes"),
    ("press to ring", "flash", 50, "ms"),
    ("press to publish", "publish", 100, "ms"),
    ("worst loop delay", "worst_delay", 100, "ms"),
)
_AT_LEAST = ("heap_free",)


@dataclass(frozen=True, slots=True)
class Row:
    """One result."""

    name: str
    measured: str
    limit: str
    passed: bool

    def markdown(self) -> str:
        """A row for the sheet."""
        passed = "yes" if self.passed else "**no**"
        return f"| {self.name} | {self.measured} | {self.limit} | {passed} |"


def run(board: Board, tell: Callable[[str], None], confirm: Callable[[str], bool]) -> list[Row]:
    """Tests a board, and leaves it running its firmware. Raises `DeviceError`.

    `confirm` asks the person what they saw.
    """
    facts = board.facts()
    tell(f"{facts.machine}, MicroPython {facts.version[0]}.{facts.version[1]}")
    names = board.listing("")
    if bundle.CONFIG not in names or not {bundle.MAIN, bundle.SET_ASIDE} & set(names):
        raise DeviceError("The board has no firmware yet: overdoor device flash brings it there.")
    if bundle.MAIN in names:
        board.rename(bundle.MAIN, bundle.SET_ASIDE)
    board.restart()  # nothing of the running firmware is in the way
    board.run((folder("firmware") / "boardtest.py").read_text(encoding="utf-8"))
    try:
        return _steps(board, tell, confirm)
    finally:
        board.rename(bundle.SET_ASIDE, bundle.MAIN)
        board.reset()


def _steps(board: Board, tell: Callable[[str], None], confirm: Callable[[str], bool]) -> list[Row]:
    tell("Writing to its flash ...")
    rows = _rows(_FLASH, _told(board, "flash_writes()"))
    tell("The ring lights white for three seconds ...")
    rows += _rows(_RING, _told(board, "ring()"))
    rows.append(_seen("ring", confirm("Did all of the ring light, white, and go dark again?")))
    tell("The lamp over the door lights for three seconds ...")
    _told(board, "lamp()")
    rows.append(_seen("lamp", confirm("Did the lamp light, and go dark again?")))
    tell("Looking up the broker, connecting ...")
    rows += _rows(_LOOKUP, _told(board, "name_lookup()"))
    tell(f"When it says so, press the call button, {PRESSES} times in all.")
    told = _told(
        board, f"import boardmain\nserve(boardmain.start()[0].build,{PRESSES},{LIMIT_S})", tell
    )
    return rows + _rows(_SERVED, told)


def _told(
    board: Board, source: str, tell: Callable[[str], None] | None = None
) -> dict[str, list[Any]]:
    """Everything that a step measured, by name."""
    told: dict[str, list[Any]] = {}

    def hear(said: dict[str, Any]) -> None:
        for name, value in said.items():
            told.setdefault(name, []).append(value)
        if tell is not None and "press" in said:
            tell(f"  press {said['press']}: now")

    board.watch(source, hear)
    if "fault" in told:
        raise DeviceError(
            f"The test ended: {told['fault'][0]}. `mpremote` shows what the firmware says of it."
        )
    return told


def _rows(limits: tuple[tuple[str, str, int, str], ...], told: dict[str, list[Any]]) -> list[Row]:
    rows = []
    for name, key, limit, unit in limits:
        values = told[key]
        least = key in _AT_LEAST
        worst = min(values) if least else max(values)
        passed = worst >= limit if least else worst <= limit
        said = f"{worst:g}" if isinstance(worst, float) else str(worst)
        rows.append(Row(name, f"{said} {unit}", f"{'≥' if least else '≤'} {limit} {unit}", passed))
    return rows


def _seen(name: str, yes: bool) -> Row:
    return Row(name, "seen" if yes else "not seen", "seen", yes)
