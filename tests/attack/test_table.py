"""docs/security.md: every threat has a test that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?!threat|---)(.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def test_every_defence_in_the_table_is_shown_by_a_test_that_is_there() -> None:
    rows = ROW.findall((ROOT / "docs" / "security.md").read_text())
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text(), re.MULTILINE)
    }
    assert len(rows) > 25
    for threat, _, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, f"no test shows: {threat}"
        assert not set(named) - there, f"not there: {set(named) - there}"
