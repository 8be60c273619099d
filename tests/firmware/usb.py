"""A board on USB: a MicroPython with a flash of its own behind a serial port that is a pty pair."""

import os
import pty
import select
import signal
import subprocess
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .conftest import FIRMWARE, micropython

_POWER_UP = Path(__file__).with_name("unix_board.py")


class UsbBoard:
    """Plugged in as long as `plugged_in` lasts; its flash outlives that."""

    def __init__(self, folder: Path, blocks: int = 256) -> None:
        self.flash = folder / "flash.bin"
        self.port = ""
        self.printed = b""  # all that came out of it
        self.received = 0  # bytes that went into it
        self.resets = 0
        self._blocks = blocks
        self._cut_after: int | None = None

    @contextmanager
    def plugged_in(self) -> Iterator[str]:
        """Powers it up; its port."""
        self._cut_after = None
        outer, inner = pty.openpty()
        tty.setraw(inner)
        self.port = os.ttyname(inner)
        gone = threading.Event()
        cable = threading.Thread(target=self._run, args=(outer, gone))
        cable.start()
        os.close(inner)
        try:
            yield self.port
        finally:
            gone.set()
            cable.join()

    def pull_after(self, size: int) -> None:
        """Pulls the cable once so many more bytes went to the board."""
        self._cut_after = self.received + size

    def press(self) -> None:
        """Presses the call button for a moment, once the board runs."""
        self.flash.with_name(self.flash.name + ".finger").touch()

    def _run(self, outer: int, gone: threading.Event) -> None:
        self.received = 0
        process, board = self._power_up()
        held = os.open(self.port, os.O_RDWR | os.O_NOCTTY)  # or the pair closes with its reader
        try:
            while not gone.is_set():
                ready, _, _ = select.select([board, outer], [], [], 0.02)
                if board in ready:
                    try:
                        said = os.read(board, 4096)
                    except OSError:  # it reset itself
                        self.resets += 1
                        self._power_down(process, board)
                        process, board = self._power_up()
                        continue
                    self.printed += said
                    os.write(outer, said)
                if outer in ready:
                    said = os.read(outer, 1024)
                    if self._cut_after is not None:
                        said = said[: self._cut_after - self.received]
                    self.received += len(said)
                    os.write(board, said)
                    if self.received == self._cut_after:
                        return
        finally:
            self._power_down(process, board)  # its power came through the cable
            os.close(held)
            os.close(outer)

    def _power_up(self) -> tuple[subprocess.Popen[bytes], int]:
        mine, its = pty.openpty()
        settings = termios.tcgetattr(its)
        settings[1] &= ~termios.OPOST
        settings[3] &= ~termios.ECHO  # Ctrl-C still interrupts, as on a board
        termios.tcsetattr(its, termios.TCSANOW, settings)
        arguments = (self.flash, self._blocks, FIRMWARE / "sim")
        process = subprocess.Popen(
            # A terminal of its own, so that Ctrl-C reaches it.
            ["setsid", "--ctty", micropython(), "-i", _POWER_UP, *map(str, arguments)],
            stdin=its,
            stdout=its,
            stderr=its,
            env={**os.environ, "MICROPYPATH": ".frozen", "TERM": "dumb"},
        )
        os.close(its)
        return process, mine

    def _power_down(self, process: subprocess.Popen[bytes], board: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()  # no group of its own yet
        process.wait()
        os.close(board)
