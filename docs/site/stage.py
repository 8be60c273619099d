"""Gives mkdocs one folder in which every page of the tree stands where it does in the repository.

A page may link to any other, and to files of the tree, so that links work in an editor, in a
repository's browser and on the site alike.
"""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\]\(([^)#\s]+)")
_stage = tempfile.TemporaryDirectory(prefix="overdoor-docs-")


def on_config(config: Any) -> Any:
    """Called by mkdocs before it looks for pages."""
    for path in _wanted():
        place = Path(_stage.name) / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(path)
    config.docs_dir = _stage.name
    return config


def _wanted() -> set[Path]:
    """Every page, and every file that a page links to."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    pages = [ROOT / name for name in listed.stdout.split() if not name.startswith("tests/")]
    linked = {
        (page.parent / target).resolve()
        for page in pages
        for target in _LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target
    }
    return {path for path in {*pages, *linked} if path.is_file() and path.is_relative_to(ROOT)}
