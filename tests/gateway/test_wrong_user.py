"""Commands that the wrong user runs: one sentence says whose the shop is."""

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest

from overdoor.store import Store

from .test_cli import LIMIT_S, assert_one_sentence, write_shop

# What root may read although its rights say otherwise is not for root either.
AS_ANYBODY = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    if os.geteuid() == 0
    else []
)


def overdoor(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from overdoor.cli import main; main()", *map(str, words)]
    return subprocess.run(
        [*AS_ANYBODY, *command], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The file of a shop whose data somebody else owns."""
    file = write_shop(tmp_path)
    Store(tmp_path / "data").close()
    (tmp_path / "data").chmod(0)
    return file


def test_check_says_it_and_looks_at_all_the_rest(shop: Path) -> None:
    ended = overdoor("check", "-c", shop)
    assert ended.returncode == 1, ended.stderr
    assert "overdoor.db is not for this user to read. Run this as" in ended.stdout
    assert f"sudo -u {getpass.getuser()} overdoor check" in ended.stdout
    assert "Every room has a device." in ended.stdout


def test_doctor_packs_nothing_whose_secrets_it_could_not_strike_out(shop: Path) -> None:
    target = shop.parent / "trouble.zip"
    assert_one_sentence(overdoor("doctor", target, "-c", shop), "data is not for this user")
    assert not target.exists()


def test_run_says_it(shop: Path) -> None:
    said = "cannot be written: Permission denied. Give it to the user that runs the gateway"
    assert_one_sentence(overdoor("run", "-c", shop), said)


def test_a_file_that_cannot_be_read_is_one_sentence(shop: Path) -> None:
    shop.chmod(0)
    said = (
        f"is not for this user to read. Run it as the user of the shop: sudo -u {getpass.getuser()}"
    )
    assert_one_sentence(overdoor("run", "-c", shop), said)
