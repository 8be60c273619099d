"""Whole devices in virtual time, on MicroPython: `virtual` stands in for clock, sockets and TLS."""

import asyncio
from pathlib import Path

import pytest

from .conftest import FIRMWARE, micropython, micropython_environment

HERE = Path(__file__).parent
STORIES = ("faults", "supervision", "power_up")
LIMIT_S = 200


@pytest.mark.parametrize("stories", STORIES)
async def test_in_virtual_time(stories: str, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        micropython(),
        str(HERE / "on_micropython.py"),
        str(HERE / "virtual"),
        stories,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
        env=micropython_environment(HERE / "virtual", FIRMWARE / "sim", FIRMWARE),
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
