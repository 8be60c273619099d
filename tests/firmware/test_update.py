"""Updates on a real LittleFS, on a chip that loses power at every block operation.

What runs is in `flash/`, on MicroPython: `chip.py` is the chip, `updating.py` the board that lives
on it and the gateway, `update_bugs.py` ways to get it wrong.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from .conftest import FIRMWARE, micropython, micropython_environment

HERE = Path(__file__).parent
FLASH = HERE / "flash"
LIMIT_S = 200
STORIES = ("fine", "no import", "no link")
PLANTED = (
    ("the pointer is removed before there is another", "fine"),
    ("the old version is removed before the new one is confirmed", "fine"),
    ("armed before it is whole", "fine"),
    ("what is there is trusted", "fine"),
    ("a try is never judged", "no link"),
)


async def on_micropython(*words: str | Path) -> str:
    process = await asyncio.create_subprocess_exec(
        micropython(),
        "-X",
        "heapsize=16M",
        *map(str, words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=micropython_environment(FIRMWARE / "sim", FIRMWARE, FLASH),
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()[-3000:]
    return output.decode()


async def cut(*words: str) -> Any:
    """The JSON that the last line of `update_cut.py` is."""
    output = await on_micropython(FLASH / "update_cut.py", FLASH, *words)
    return json.loads(output.splitlines()[-1])


async def test_an_update_step_by_step() -> None:
    await on_micropython(HERE / "on_micropython.py", FLASH, "update_on_flash")


@pytest.mark.parametrize("story", STORIES)
async def test_a_power_cut_at_every_block_operation_leaves_a_whole_version(story: str) -> None:
    tried = await cut("none", story)
    assert tried["failures"] == []
    assert tried["runs"] == 3 * tried["operations"]
    assert tried["operations"] > 70


@pytest.mark.parametrize("story", STORIES)
async def test_several_power_cuts_by_chance_leave_a_whole_version(story: str) -> None:
    assert await cut("none", story, "0", "150") == {"runs": 150, "failures": []}


@pytest.mark.parametrize(("bug", "story"), PLANTED)
async def test_the_power_cuts_find_a_planted_bug(bug: str, story: str) -> None:
    assert (await cut(bug, story))["failures"]


@pytest.mark.parametrize("hang", ["while True:\n    pass\n", "import time\ntime.sleep(1000)\n"])
async def test_a_version_that_hangs_while_it_is_imported_is_not_started_again(
    hang: str, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    wifi = {"ssid": "simulated", "password": "simulated"}
    broker = {"host": "127.0.0.1", "port": 1}
    said = {"shop": "t", "device": "cp-w1", "model": "m", "broker": broker, "wifi": wifi}
    config.write_text(json.dumps(said))
    flash = tmp_path / "config.json.flash"
    package = flash / "fw" / "0.9.0" / "overdoor"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "start.py").write_text(hang)
    pointer = flash / "firmware.json"
    pointer.write_text(json.dumps({"run": "", "new": "0.9.0", "armed": True, "tries": 2}))

    async with room_process(FLASH / "impatient_room.py", config) as hanging:
        async with asyncio.timeout(LIMIT_S):
            assert await hanging.wait() == -signal.SIGALRM
    assert json.loads(pointer.read_text())["armed"] is False
    async with room_process(FIRMWARE / "sim" / "room.py", config) as again:
        assert again.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            while "ready" not in json.loads(await again.stdout.readline()):
                pass


@asynccontextmanager
async def room_process(program: Path, config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A room, until its end or ours."""
    process = await asyncio.create_subprocess_exec(
        micropython(),
        str(program),
        str(config),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=micropython_environment(FIRMWARE / "sim", FIRMWARE),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
