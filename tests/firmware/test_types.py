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


def test_calls_that_a_board_does_not_have_are_found(tmp_path: Path) -> None:
    assert TYPINGS.is_dir(), "run make check once: it installs the types of MicroPython"
    shutil.copytree(FIRMWARE, tmp_path / "firmware")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "firmware" / "main.py").write_text(MISTAKES)
    ended = subprocess.run(
        [Path(sys.executable).with_name("mypy"), "--config-file", "firmware/mypy.ini"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    found = {line.split(":")[1] for line in ended.stdout.splitlines() if ": error:" in line}
    assert found == {"5", "6", "7"}, ended.stdout + ended.stderr
