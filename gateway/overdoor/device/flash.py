"""Bringing firmware and config onto a board, so that it may be interrupted at any moment.

`main.py` goes first and comes last: a board with half the files does nothing at power-up, instead
of running old and new ones together, and the next attempt finds it at its prompt, without the
watchdog of a running firmware. What is there already is not sent again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from overdoor.device import bundle
from overdoor.device.board import Board, Facts, no_space
from overdoor.device.bundle import Bundle, digest
from overdoor.device.chips import check_pins
from overdoor.device.problem import DeviceError

_EVENTS = ("outbox.log", "outbox.bad")  # what main.py's set-up erases too

Tell = Callable[[str], None]
Progress = Callable[[int, int], None]  # bytes since the last time, bytes in all


@dataclass(frozen=True, slots=True)
class Flashed:
    """What came of it."""

    sent: int  # files
    kept: int
    size: int  # bytes of all
    compiled_for: str | None


def device_on(board: Board) -> str | None:
    """Which device a board was made to be; None for a new one."""
    try:
        device = json.loads(board.read(bundle.CONFIG) or b"").get("device")
    except (ValueError, AttributeError):
        return None
    return device if isinstance(device, str) else None


def flash(
    board: Board, config: dict[str, Any], more: Bundle, tell: Tell, progress: Progress
) -> Flashed:
    """Makes a board the device of this config. Raises `DeviceError`; run it again then.

    `more` are files beside the firmware's own, such as a certificate.
    """
    facts = board.facts()
    march = bundle.architecture(facts.mpy)
    tell(
        f"{facts.machine}, MicroPython {facts.version[0]}.{facts.version[1]}: "
        + (f"compiled for {march}." if march else "it reads no compiled modules, so source.")
    )
    check_pins(config, facts.chip)
    files = bundle.make(march) | more
    files[bundle.CONFIG] = json.dumps(config).encode()
    order = [path for path in files if path != bundle.MAIN] + [bundle.MAIN]
    wanted = {path: digest(files[path]) for path in order}
    there = {path: stored.digest for path, stored in board.stored(order).items()}
    stale = _stale(board, files)
    missing = [path for path in order if there.get(path) != wanted[path]]
    if missing or stale:
        _check_space(board, facts, files, missing, stale)
        _stop_for_good(board, tell)
        for path in stale:
            board.remove(path)
        missing = [path for path in missing if path != bundle.MAIN] + [bundle.MAIN]
        _send(board, files, missing, progress)
        _verify(board, wanted)
    board.reset()
    size = sum(map(len, files.values()))
    return Flashed(len(missing), len(files) - len(missing), size, march)


def _stale(board: Board, files: Bundle) -> list[str]:
    """What was left behind: an old `x.py` would come before `x.mpy`, and an update before both;
    another device's events would be sent as this one's; a cut test leaves a `main.py` aside.
    """
    names = [f"{bundle.PACKAGE}/{name}" for name in board.listing(bundle.PACKAGE)]
    stale = [path for path in names if path not in files]
    unwanted = [bundle.SET_ASIDE, *bundle.ON_AIR]
    if device_on(board) != json.loads(files[bundle.CONFIG])["device"]:
        unwanted += _EVENTS
    return stale + [path for path in board.listing("") if path in unwanted]


def _stop_for_good(board: Board, tell: Tell) -> None:
    if bundle.MAIN in board.listing(""):
        tell("Stopping what runs on it ...")
        board.remove(bundle.MAIN)
        board.restart()


def _check_space(
    board: Board, facts: Facts, files: Bundle, missing: list[str], stale: list[str]
) -> None:
    """Before anything is changed: a full board goes on as it was."""

    def taken(size: int) -> int:
        return -(-size // facts.block) * facts.block

    freed = sum(taken(stored.size) for stored in board.stored([*missing, *stale]).values())
    needed = sum(taken(len(files[path])) for path in missing)
    if needed > facts.free + freed:
        raise no_space(board.port)


def _send(board: Board, files: Bundle, missing: list[str], progress: Progress) -> None:
    total = sum(len(files[path]) for path in missing)
    board.make_folder(bundle.PACKAGE)
    for path in missing:
        board.write(path, files[path], lambda size: progress(size, total))


def _verify(board: Board, wanted: dict[str, str]) -> None:
    there = {path: stored.digest for path, stored in board.stored(wanted).items()}
    wrong = [path for path, hash_ in wanted.items() if there.get(path) != hash_]
    if wrong:
        if bundle.MAIN in there:
            board.remove(bundle.MAIN)  # it must not run like this
        raise DeviceError(
            f"What the board stored is not what was sent: {', '.join(wrong)}. Run this again; if "
            "it happens twice, the board's flash memory is worn: overdoor device replace."
        )
