"""The table of faults in the README is that of the firmware."""

import re

from overdoor_device.fault import FAULTS

from .conftest import FIRMWARE


def test_the_readme_tells_every_fault_as_the_ring_does() -> None:
    text = (FIRMWARE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d) \| (\d) \| (.+) \|$", text, re.MULTILINE)
    told = {name: ((int(long), int(short)), words) for name, long, short, words in rows}
    assert told == FAULTS


def test_the_readme_tells_every_module() -> None:
    text = (FIRMWARE / "README.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    told = {
        name.rpartition("/")[2] for cell in table for name in re.findall(r"`([\w/.]+\.py)`", cell)
    }
    there = {module.name for module in (FIRMWARE / "overdoor").glob("*.py")} - {"__init__.py"}
    assert told == there
