"""The docs as a site: every page is there, and no link leads nowhere."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    mkdocs = Path(sys.executable).with_name("mkdocs")
    run = subprocess.run(
        [mkdocs, "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    page = (tmp_path / "docs" / "for" / "associate.html").read_text(encoding="utf-8")
    assert "For associates" in page
    for loads in ('src="http', 'rel="stylesheet" href="http', 'rel="preconnect"'):
        assert loads not in page
