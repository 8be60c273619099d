"""What goes onto a board, compiled and by `mip`."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from overdoor.device import bundle

from .conftest import FIRMWARE
from .usb import UsbBoard

CHIPS = {"ESP32 and ESP32-S3": "xtensawin", "ESP32-C3": "rv32imc"}
MODULES = sorted(path.stem for path in (FIRMWARE / "overdoor").glob("*.py"))


@pytest.mark.parametrize("march", CHIPS.values())
def test_every_module_compiles_for_every_chip(march: str) -> None:
    made = bundle.make(march)
    assert sorted(made) == sorted([f"overdoor/{name}.mpy" for name in MODULES] + ["main.py"])
    for path, content in made.items():
        if path.endswith(".mpy"):
            assert (content[0], content[1]) == (ord("M"), bundle.BYTECODE), path


def test_a_board_that_reads_no_bytecode_gets_the_source() -> None:
    made = bundle.make(None)
    assert sorted(made) == sorted([f"overdoor/{name}.py" for name in MODULES] + ["main.py"])


@pytest.mark.parametrize(
    ("mpy", "march"),
    [
        (0x2806, "xtensawin"),  # 10 << 10
        (0x2F06, "rv32imc"),  # 11 << 10, and the revision of native code
        (0x2805, None),  # an older bytecode
        (0x7C06, None),  # a processor that came later
        (0, None),
    ],
)
def test_what_a_board_reads_is_told_from_its_own_word(mpy: int, march: str | None) -> None:
    assert bundle.architecture(mpy) == march


def test_the_package_for_mip_lists_exactly_the_files() -> None:
    package = json.loads((FIRMWARE / "package.json").read_text())
    files = [f"overdoor/{name}.py" for name in MODULES] + ["main.py"]
    assert package["urls"] == [[file, file] for file in files]
    project = tomllib.loads((FIRMWARE.parent / "pyproject.toml").read_text())
    assert package["version"] == project["project"]["version"]


def test_mip_installs_the_firmware_where_the_board_runs_it(tmp_path: Path) -> None:
    usb = UsbBoard(tmp_path)
    mpremote = Path(sys.executable).with_name("mpremote")
    with usb.plugged_in() as port:
        words = ["resume", "mip", "install", "--target", ".", str(FIRMWARE / "package.json")]
        ended = subprocess.run(
            [mpremote, "connect", port, *words],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        listed = subprocess.run(
            [mpremote, "connect", port, "resume", "tree"],
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        ).stdout
    for name in MODULES:
        assert f"{name}.py" in listed
    assert "main.py" in listed


def test_what_runs_here_is_what_goes_onto_every_chip() -> None:
    """No module holds native code, so the bytecode is the same whoever reads it.

    The board of the tests runs it compiled for x64.
    """
    assert bundle.make("x64") == bundle.make("xtensawin") == bundle.make("rv32imc")
