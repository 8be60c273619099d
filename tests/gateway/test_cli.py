"""The command `overdoor`: a mistake ends with status 2 and one line, never with a traceback."""

import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer

from overdoor import __version__
from overdoor.cli import app
from overdoor.store import Store
from tests.conftest import free_port

SHOP = """\
[shop]
id = "demo"
name = "Demo Shop"

[mqtt]
url = "embedded"
port = {broker}

[web]
bind = "127.0.0.1:{web}"

[data]
path = "data"

[[zone]]
id = "women"
name = "Women"

[[room]]
id = "w1"
name = "Women 1"
zone = "women"
device = "cp-w1"
"""
LIMIT_S = 60


@contextmanager
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def write_shop(folder: Path, **ports: int) -> Path:
    ports = {"web": ports.get("web") or free_port(), "broker": ports.get("broker") or free_port()}
    file = folder / "shop.toml"
    file.write_text(SHOP.format(**ports))
    return file


def overdoor(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from overdoor.cli import main; main()", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def assert_one_sentence(ended: subprocess.CompletedProcess[str], says: str) -> None:
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("command", ["run", "check", "compact", "demo"])
def test_every_command_explains_itself(command: str) -> None:
    ended = overdoor(command, "--help")
    assert ended.returncode == 0
    assert "Usage: " in ended.stdout
    assert "--help" in ended.stdout


def commands(group: Any, *before: str) -> Iterator[tuple[str, Any]]:
    """Every command there is, by all its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *before, name)
        else:
            yield " ".join(("overdoor", *before, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_it_understands(name: str) -> None:
    command = COMMANDS[name]
    found = re.search(r"Example: `(?:sudo )?([^`>]+)", command.help or "")
    assert found is not None, f"{name} teaches by no example"
    assert found[1].startswith(name)
    words = shlex.split(found[1].removeprefix(name))
    with command.make_context(name, words):
        pass  # its options are known, and their values can be used


def test_it_says_its_version() -> None:
    ended = overdoor("--version")
    assert (ended.returncode, ended.stdout) == (0, f"overdoor {__version__}\n")


def test_a_good_shop_is_called_good(tmp_path: Path) -> None:
    ended = overdoor("check", "--config", write_shop(tmp_path))
    assert ended.returncode == 0
    assert "is good: Demo Shop, 1 zones, 1 rooms, 1 devices" in ended.stdout
    assert "Calls and their events are kept for 30 days." in ended.stdout
    assert "ystery" not in ended.stdout


def test_check_says_that_there_are_mystery_calls(tmp_path: Path) -> None:
    shop = Path(write_shop(tmp_path))
    with shop.open("a") as file:
        file.write('\n[hours]\nmon = "10:00-20:00"\n\n[mystery]\nper_day = 2\n')
    ended = overdoor("check", "--config", str(shop))
    assert "Mystery calls: 2 a day, each in one of 1 rooms while it is free." in ended.stdout


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_missing_file_is_one_sentence(command: str, tmp_path: Path) -> None:
    ended = overdoor(command, "--config", tmp_path / "nowhere.toml")
    assert_one_sentence(ended, "There is no file")


def test_a_typo_is_one_sentence_with_its_line(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    file.write_text(file.read_text().replace("[[room]]", "[[romm]]"))
    assert_one_sentence(overdoor("run", "--config", file), "romm is not a key")


@pytest.mark.parametrize("words", [["rnu"], ["run", "--confg", "x"], ["demo", "--rooms", "many"]])
def test_a_usage_error_has_status_2_and_no_traceback(words: list[str]) -> None:
    ended = overdoor(*words)
    assert ended.returncode == 2
    assert words[-1] in ended.stderr or words[-2] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_busy_web_port_is_one_sentence_and_leaves_no_data(tmp_path: Path) -> None:
    with busy_port() as port:
        ended = overdoor("run", "--config", write_shop(tmp_path, web=port))
    assert_one_sentence(ended, f"The pages cannot be served on 127.0.0.1:{port}")
    assert not (tmp_path / "data").exists()


def test_a_busy_broker_port_is_one_sentence(tmp_path: Path) -> None:
    with busy_port() as port:
        ended = overdoor("run", "--config", write_shop(tmp_path, broker=port))
    assert_one_sentence(ended, f"Port {port} on 127.0.0.1 is taken")


def test_a_folder_in_use_is_one_sentence(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    store = Store(tmp_path / "data")
    try:
        ended = overdoor("run", "--config", file)
    finally:
        store.close()
    assert_one_sentence(ended, "A gateway is running on")


def garbage(file: Path) -> None:
    file.write_bytes(b"garbage" * 1000)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:4096])
    file.with_name("overdoor.db-wal").unlink(missing_ok=True)


@pytest.mark.parametrize("damage", [garbage, cut_short])
def test_a_damaged_database_is_one_sentence(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    file = write_shop(tmp_path)
    Store(tmp_path / "data").close()
    damage(tmp_path / "data" / "overdoor.db")
    assert_one_sentence(overdoor("run", "--config", file), "overdoor.db")


def test_a_gateway_says_where_it_is_and_ends_cleanly_when_asked(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    command = [sys.executable, "-c", "from overdoor.cli import main; main()", "run", "-c", file]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as gateway:
        assert gateway.stdout is not None
        said = [gateway.stdout.readline() for _ in range(6)]
        gateway.terminate()
        _, errors = gateway.communicate(timeout=LIMIT_S)
    assert said[0].startswith("Overdoor ")
    assert gateway.returncode == 0
    assert "Traceback" not in errors


def test_devices_are_listed_from_the_file_while_no_gateway_runs(tmp_path: Path) -> None:
    ended = overdoor("device", "list", "--config", write_shop(tmp_path))
    assert ended.returncode == 0
    assert "does not run" in ended.stderr
    assert [line.split() for line in ended.stdout.splitlines()[1:]] == [["cp-w1", "w1"]]


def test_something_else_on_the_gateways_port_is_one_sentence(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file = write_shop(tmp_path, web=server.server_address[1])
        ended = overdoor("device", "list", "--config", file)
        server.shutdown()
    assert_one_sentence(ended, "is not this gateway")


def test_a_rotated_card_has_another_address(tmp_path: Path) -> None:
    shop = write_shop(tmp_path)

    def cards() -> str:
        return overdoor("room", "cards", "w1", "-c", shop).stdout.split()[-1]

    before = cards()
    assert cards() == before
    assert overdoor("room", "rotate", "w1", "-c", shop).returncode == 0
    assert cards() != before
    assert_one_sentence(overdoor("room", "rotate", "nowhere", "-c", shop), "no room 'nowhere'")
