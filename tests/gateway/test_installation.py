"""An installation with a file that is broken: the gateway says which, and does not start."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from overdoor import config, serve
from overdoor.resources import BrokenInstall, folder

from .test_cli import LIMIT_S, assert_one_sentence, write_shop

catalogue = sys.modules["overdoor.languages.catalogue"]  # the package has a function of this name


def mistaken(dashboard: Path) -> Path:
    file = dashboard / "templates" / "rooms.html"
    file.write_text("{% if %}")
    return file


def garbled(dashboard: Path) -> Path:
    file = dashboard / "templates" / "rooms.html"
    file.write_bytes(b"\xff\xfe")
    return file


def gone(dashboard: Path) -> Path:
    file = dashboard / "static" / "manifest.json"
    file.unlink()
    return file


def garbled_language(dashboard: Path) -> Path:
    file = dashboard / "locales" / "el" / "LC_MESSAGES" / "overdoor.po"
    file.write_bytes(b'msgid "\xff"\nmsgstr "\xff"\n')
    return file


def without_templates(dashboard: Path) -> Path:
    shutil.rmtree(dashboard / "templates")
    return dashboard / "templates"


@pytest.fixture(autouse=True)
def _catalogues() -> Iterator[None]:
    """Those of the broken installation are forgotten again."""
    yield
    catalogue.catalogue.cache_clear()
    catalogue.offered.cache_clear()


@pytest.mark.parametrize("breaks", [mistaken, garbled, gone, garbled_language, without_templates])
async def test_a_broken_file_is_named_at_the_start(
    breaks: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = tmp_path / "dashboard"
    shutil.copytree(folder("dashboard"), dashboard)
    file = breaks(dashboard)
    for module in (serve, catalogue):
        monkeypatch.setattr(module, "folder", lambda _: dashboard)
    catalogue.catalogue.cache_clear()
    catalogue.offered.cache_clear()
    with pytest.raises(BrokenInstall, match="Install Overdoor again") as said:
        await serve.serve(config.read(write_shop(tmp_path)), lambda _: None)
    assert str(file) in str(said.value)


def test_the_gateway_then_ends_with_one_sentence(tmp_path: Path) -> None:
    lines = (
        "from pathlib import Path",
        "from overdoor import cli, serve",
        "serve.folder = lambda _: Path('nowhere')",
        "cli.main()",
    )
    command = [sys.executable, "-c", "\n".join(lines), "run", "-c", str(write_shop(tmp_path))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert_one_sentence(ended, "nowhere/static/manifest.json cannot be used: No such file")
