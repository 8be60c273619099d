"""`overdoor check` beside a gateway that runs."""

import asyncio
import os
import signal
from pathlib import Path

from tests.system.conftest import OVERDOOR, Street


async def checked(config: Path) -> tuple[int | None, str]:
    """Exit status of `overdoor check`, and what it says."""
    checking = await asyncio.create_subprocess_exec(
        str(OVERDOOR), "check", "-c", str(config), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await checking.communicate()
    return checking.returncode, said.decode()


async def test_a_gateway_that_runs_is_looked_at_and_keeps_its_broker(street: Street) -> None:
    gateway = await street.gateway()
    status, said = await checked(gateway.config)
    assert status == 0
    assert f"The gateway runs; its pages are at {gateway.url}." in said
    assert f"ok The broker at 127.0.0.1:{street.mqtt} takes the gateway." in said
    assert "overdoor_broker_losses_total 0.0" in (await gateway.http.get("/metrics")).text
    page = (await gateway.http.get("/check")).text
    assert "takes the gateway." in page


async def test_a_gateway_that_hangs_is_said_to_hang_and_nothing_is_blamed_for_it(
    street: Street,
) -> None:
    gateway = await street.gateway()
    assert gateway.process is not None
    os.kill(gateway.process.pid, signal.SIGSTOP)
    try:
        status, said = await checked(gateway.config)
    finally:
        os.kill(gateway.process.pid, signal.SIGCONT)
    assert status == 1
    assert "✗  The gateway runs, but answers nothing: it hangs." in said
    assert "overdoor doctor" in said
    assert "Address already in use" not in said
    assert "takes the gateway" not in said
