"""The API, attacked by its own document: schemathesis makes up what the document allows, and not.

It talks to a real `overdoor run`. A short while here; `make attack` gives it minutes.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.system.conftest import Street, a_street

SECONDS = int(os.environ.get("OVERDOOR_ATTACK_SECONDS", "12"))


@pytest.mark.timeout(10 * SECONDS + 120)
async def test_nothing_that_the_document_allows_is_a_fault_of_ours(tmp_path: Path) -> None:
    async with a_street(tmp_path) as street:
        await attack(street, tmp_path)


async def attack(street: Street, folder: Path) -> None:
    gateway = await street.gateway()
    attacking = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("st")),
        "run",
        f"{gateway.url}/api/v1/openapi.json",
        *("--exclude-path", "/api/v1/stream"),  # it does not end
        *("--checks", "not_a_server_error,unsupported_method"),
        *("--max-time", str(SECONDS), "--request-timeout", "10", "--seed", "1"),
        *("--generation-database", "none", "--no-color", "--warnings", "off"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(10 * SECONDS + 60):
            said, _ = await attacking.communicate()
    finally:
        if attacking.returncode is None:
            attacking.kill()
            await attacking.wait()
    report = said.decode(errors="replace")
    assert attacking.returncode == 0, report[-6000:]
    assert "No issues found" in report, report[-3000:]
    assert await gateway.ready()
