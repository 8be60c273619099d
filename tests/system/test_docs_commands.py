"""What the docs tell people to type is typed here, each page in a folder of its own.

A block marked `sh` is run line by line as it stands. What cannot be run here is named below, with
the reason; what runs until Ctrl-C is started, waited for and stopped. Of every command, in blocks
and in the text, it is checked that it and its options exist.
"""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from overdoor.cli import app
from tests.conftest import free_port
from tests.system.conftest import environment

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LIMIT_S = 180.0
STARTED = "Ctrl-C"  # what both of these say once they run
UNTIL_STOPPED = ("make run", "overdoor run")
NOT_HERE = {
    r"make test\b": "it runs this",
    r"pip install ": "the tests have it installed",
    r"esptool ": "wants a board on USB",
    r"mpremote ": "wants a board on USB; tests/firmware does the same on a simulated one",
    r"overdoor device (flash|test)\b": "wants a board on USB; tests/gateway has a simulated one",
    r"overdoor device (add|list)\b": "asks on a terminal; tests/gateway/test_device_setup.py",
    r"overdoor broker user ": "wants a broker with passwords; tests/gateway/test_broker_users.py",
    r"sudo |cd /": "changes the machine on which it is typed; make box has one of its own",
    r"podman ": "wants a container runtime, and minutes; tried by hand, as the page says",
    r"certbot ": "wants a domain, and root",
    r"MICROPYPATH=": "tests/system/test_firmware_and_gateway.py starts rooms this way",
    r"(OVERDOOR_\w+=\S+ )?python docs/examples/": "tests/system/test_examples.py starts them",
    r"overdoor simulate --seeds 1000": "takes an hour; tests/simulation runs fewer",
    r"overdoor simulate --(seed 7|rough)": "takes half a minute; tests/simulation runs the like",
    r"overdoor simulate --history": "takes minutes; tests/simulation/test_history.py has less",
    r"overdoor run --config DIR": "looks at what the one above made",
    r"make (soak|model|messages|run ARGS)": "takes minutes, or changes the tree",
    r"\.venv/bin/python -m (tests\.messages|hardware\.tools)": "other tests call what it calls",
}
_BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = [ROOT / name for name in listed.split() if not name.startswith("tests/")]
    return [page for page in found if page.exists()]


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """`(language, text)` of each fenced block."""
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield match[1], match[2]


def commands(page: Path) -> list[str]:
    """What a page says to type, line by line, without comments."""
    shell = "".join(text for language, text in blocks(page) if language == "sh")
    shell = re.sub(r"\\\n\s*", "", shell)
    shell = re.sub(r"'[^'\n]*\n[^']*'", "'...'", shell)  # quoted over several lines
    typed = (re.sub(r"(^|\s+)#.*", "", line).strip() for line in shell.splitlines())
    return [line for line in typed if line]


def reason(command: str) -> str | None:
    """Why it is not run here."""
    return next((why for start, why in NOT_HERE.items() if re.match(start, command)), None)


PAGES = {str(page.relative_to(ROOT)): page for page in pages() if commands(page)}
TYPED = [name for name, page in PAGES.items() if not all(map(reason, commands(page)))]


class Sandbox:
    """A folder, a shell, and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = environment(
            PATH=f"{BIN}:{os.environ['PATH']}:/usr/sbin",
            TMPDIR=str(folder),
            OVERDOOR_WEB__BIND=f"127.0.0.1:{free_port()}",
            OVERDOOR_MQTT__PORT=str(free_port()),
            MAKEFLAGS="",  # what make test was told is not meant for what it runs
            ARGS="",
        )

    async def run(self, command: str) -> None:
        """Types a command and takes every default that it asks for. It must end well."""
        running = await self._start(command)
        try:
            async with asyncio.timeout(LIMIT_S):
                said, _ = await running.communicate(b"\n" * 20)
        finally:
            self._kill(running)
        assert running.returncode == 0, f"{command}\n{said.decode()}"

    async def run_until_stopped(self, command: str) -> None:
        """Starts it, waits until it is up, presses Ctrl-C."""
        running = await self._start(command)
        assert running.stdout is not None
        said = ""
        try:
            async with asyncio.timeout(LIMIT_S):
                while STARTED not in said:
                    line = await running.stdout.readline()
                    assert line, f"{command} ended\n{said}"
                    said += line.decode()
                os.killpg(running.pid, signal.SIGINT)
                await running.communicate()
        finally:
            self._kill(running)

    async def _start(self, command: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_shell(
            f"exec {command}",
            cwd=ROOT if command.startswith("make ") else self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )

    @staticmethod
    def _kill(running: asyncio.subprocess.Process) -> None:
        if running.returncode is None:
            os.killpg(running.pid, signal.SIGKILL)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", TYPED)
async def test_what_a_page_says_to_type_works(name: str, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    for command in commands(PAGES[name]):
        if command in UNTIL_STOPPED:
            await sandbox.run_until_stopped(command)
        elif reason(command) is None:
            await sandbox.run(command)


def test_no_reason_is_left_over() -> None:
    typed = [command for page in PAGES.values() for command in commands(page)]
    unused = [start for start in NOT_HERE if not any(re.match(start, one) for one in typed)]
    assert not unused


def test_no_command_hides_in_a_block_that_is_not_run() -> None:
    hidden = [
        f"{page.relative_to(ROOT)}: {line}"
        for page in pages()
        for language, text in blocks(page)
        if language != "sh"
        for line in text.splitlines()
        if re.match(r"\s*(\$ |sudo |overdoor |make \w|pip |apt-get |systemctl )", line)
    ]
    assert not hidden, "mark the block sh"


def told() -> list[tuple[str, str]]:
    """All commands of ours, in blocks and in the text, each with its page."""
    found = []
    for page in pages():
        text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
        typed = [re.sub(r"^sudo (-u \w+ )?", "", command) for command in commands(page)]
        here = [*re.findall(r"`(overdoor [^`]+)`", text), *typed]
        found += [(str(page.relative_to(ROOT)), " ".join(one.split())) for one in here]
    return [(page, command) for page, command in found if command.startswith("overdoor ")]


def unknown(command: str) -> str | None:
    """What of a command does not exist. A|B stands for both, capitals for what is filled in."""
    here: Any = typer.main.get_command(app)
    for word in shlex.split(command)[1:]:
        if hasattr(here, "commands") and not word.startswith("-"):
            if word.isupper():
                return None
            names = word.split("|")
            missing = [name for name in names if name not in here.commands]
            if missing:
                return missing[0]
            here = here.commands[names[0]]
        elif word.startswith("-"):
            options = {name for one in here.params for name in (*one.opts, *one.secondary_opts)}
            if word.partition("=")[0] not in options | {"--help", "--version"}:
                return word
    return None


def test_every_command_of_ours_exists() -> None:
    assert len(told()) > 50
    wrong = [f"{page}: {command}: {it}" for page, command in told() if (it := unknown(command))]
    assert not wrong, "\n".join(wrong)


def test_a_command_that_is_not_there_is_noticed() -> None:
    assert unknown("overdoor device list") is None
    assert unknown("overdoor device polish w1") == "polish"
    assert unknown("overdoor run --backwards") == "--backwards"
    assert unknown("overdoor associate add|remove NAME") is None
