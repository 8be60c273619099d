"""The plain tests of `dual`, which pytest runs on CPython, once more on MicroPython."""

import asyncio
from pathlib import Path

import pytest

from .conftest import FIRMWARE, TIMEOUT_S, micropython, micropython_environment

HERE = Path(__file__).parent
MODULES = sorted(path.stem for path in (HERE / "dual").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("module", MODULES)
async def test_on_micropython(module: str) -> None:
    process = await asyncio.create_subprocess_exec(
        micropython(),
        str(HERE / "on_micropython.py"),
        str(HERE / "dual"),
        module,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=micropython_environment(FIRMWARE),
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
