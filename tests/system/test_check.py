"""`overdoor check` beside a gateway that runs."""

import asyncio

from tests.system.conftest import OVERDOOR, Street


async def test_a_gateway_that_runs_is_looked_at_and_keeps_its_broker(street: Street) -> None:
    gateway = await street.gateway()
    checking = await asyncio.create_subprocess_exec(
        str(OVERDOOR), "check", "-c", str(gateway.config), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await checking.communicate()
    assert checking.returncode == 0
    assert f"The gateway runs; its pages are at {gateway.url}." in said.decode()
    assert f"ok The broker at 127.0.0.1:{street.mqtt} takes the gateway." in said.decode()
    assert "overdoor_broker_losses_total 0.0" in (await gateway.http.get("/metrics")).text
    page = (await gateway.http.get("/check")).text
    assert "takes the gateway." in page
