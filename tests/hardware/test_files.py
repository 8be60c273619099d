"""What is committed is what the data makes."""

import re
from pathlib import Path

import pytest
from hardware.tools import make
from hardware.tools.__main__ import problems
from hardware.tools.files import HARDWARE

from tests.conftest import tool

PAGES = sorted(HARDWARE.rglob("*.md"))


def test_every_generated_file_is_up_to_date() -> None:
    tool("dot")
    assert make.stale() == [], "run make hardware-files, look at what it made, and commit it"


def test_a_drawing_is_told_from_another_by_what_it_says() -> None:
    drawing = (HARDWARE / "wiring" / "callpoint.svg").read_text(encoding="utf-8")
    assert make.said(drawing) != make.said(drawing.replace("LAMP+", "LAMP-", 1))
    assert make.said(drawing) == make.said(drawing.replace('x="', 'x="1'))


def test_the_command_finds_nothing_wrong() -> None:
    assert problems() == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(HARDWARE)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_item_has_a_status_that_is_true() -> None:
    text = (HARDWARE / "README.md").read_text(encoding="utf-8")
    statuses = re.findall(r"^\| \[.+\| \*(.+?)\* \|$", text, re.MULTILINE)
    assert len(statuses) >= 8
    assert set(statuses) <= {"designed", "designed, checked by CI"}  # nothing was built


def test_the_licence_is_the_whole_one() -> None:
    text = (HARDWARE / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("CERN Open Hardware Licence Version 2 - Permissive")
    assert text.rstrip().endswith("specifically excluded.")
