"""The check of the firmware against MicroPython's types, which `make check` runs, can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

from .conftest import FIRMWARE

TYPINGS = Path(sys.prefix) / "typings"
MISTAKES = """
import machine
import network

machine.rest()
machine.Pin(4, machine.Pin.IN).vlaue()
network.WLAN(network.STA_IF).connect(1, 2, 3, 4)
"""


def test_calls_that_a_board_does_not_have_and_wrong_callbacks_are_found(tmp_path: Path) -> None:
    assert TYPINGS.is_dir(), "run make check once: it installs the types of MicroPython"
    shutil.copytree(FIRMWARE, tmp_path / "firmware")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "firmware" / "main.py").write_text(MISTAKES)
    wiring = tmp_path / "firmware" / "overdoor" / "main.py"
    right, wrong = "button.run(self._on_button, beat)", "button.run(self._on_message, beat)"
    lines = wiring.read_text().splitlines(keepends=True)
    (at,) = (number for number, line in enumerate(lines) if right in line)
    lines[at] = lines[at].replace(right, wrong)
    wiring.write_text("".join(lines))
    ended = subprocess.run(
        [Path(sys.executable).with_name("mypy"), "--config-file", "firmware/mypy.ini"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    found = {tuple(line.split(":")[:2]) for line in ended.stdout.splitlines() if ": error:" in line}
    wanted = {("firmware/main.py", line) for line in ("5", "6", "7")}
    wanted.add(("firmware/overdoor/main.py", str(at + 1)))
    assert found == wanted, ended.stdout + ended.stderr
