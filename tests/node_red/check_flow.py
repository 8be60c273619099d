"""The example flow in a real Node-RED, on a real broker, with a real gateway. `make node-red`."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.attack.test_own_broker import OwnBroker
from tests.attack.test_own_broker import running as running_shop
from tests.conftest import free_port
from tests.gateway.listeners import Listener, listening
from tests.system.conftest import Device, a_street, process

ROOT = Path(__file__).parents[2]
NODE_RED = ROOT / ".node-red" / "node_modules" / "node-red" / "red.js"
FLOW = ROOT / "docs" / "examples" / "node-red.json"
BROKER = "overdoor-broker"  # its node in the flow
LIMIT_S = 60.0

pytestmark = pytest.mark.timeout(300)


async def test_the_flow_says_each_call_once(tmp_path: Path) -> None:
    receiver = Listener()
    with listening(receiver):
        async with a_street(tmp_path) as street:
            gateway = await street.gateway()
            async with node_red(tmp_path, street.mqtt, receiver) as running:
                reading = asyncio.create_task(running.stdout.read())
                device = await street.device("cp-w1")
                await device.press()
                await says(receiver, "Room w1: somebody calls")
                call = {"need": "another-size"}
                (await gateway.http.post("/api/v1/rooms/w2/call", json=call)).raise_for_status()
                await says(receiver, "Room w2: another-size")
                reading.cancel()
    assert receiver.heard.empty()


async def test_the_flow_has_a_user_on_the_gateways_own_broker(tmp_path: Path) -> None:
    receiver, shop = Listener(), OwnBroker(tmp_path)
    password = shop.command("broker", "user", "add", "node-red").strip()
    secret = {BROKER: {"user": "node-red", "password": password}}
    folder = tmp_path / "node-red"
    folder.mkdir()
    (folder / "flows_cred.json").write_text(json.dumps(secret))
    ca = str(tmp_path / "tls" / "ca.pem")
    tls = {"id": "tls", "type": "tls-config", "ca": ca, "cert": "", "key": ""}
    with listening(receiver):
        async with (
            running_shop(shop),
            node_red(folder, shop.port, receiver, tls | {"verifyservercert": True}) as running,
            shop.client("cp-w1", shop.secret("cp-w1")) as client,
        ):
            reading = asyncio.create_task(running.stdout.read())
            await Device(client, "cp-w1").press()
            await says(receiver, "Room w1: somebody calls")
            reading.cancel()
    assert receiver.heard.empty()


async def says(receiver: Listener, text: str) -> None:
    heard = await asyncio.to_thread(receiver.heard.get, timeout=LIMIT_S)
    assert (heard.path, heard.json()) == ("/announce", {"text": text})


@asynccontextmanager
async def node_red(
    folder: Path, mqtt: int, receiver: Listener, tls: dict[str, Any] | None = None
) -> AsyncIterator[Any]:
    """One with the example flow, connected to the broker on this port. `tls`: its node for that."""
    flow = FLOW.read_text(encoding="utf-8")
    for example, here in (
        ("http://localhost:8091/announce", f"{receiver.url}/announce"),
        ('"port": "1883"', f'"port": "{mqtt}"'),
        ('"broker": "localhost"', '"broker": "127.0.0.1"'),
        ("overdoor/1/demo/", "overdoor/1/t/"),
    ):
        assert example in flow
        flow = flow.replace(example, here)
    nodes = json.loads(flow)
    if tls is not None:
        nodes.append(tls)
        broker = next(node for node in nodes if node["id"] == BROKER)
        broker |= {"usetls": True, "tls": tls["id"]}
    (folder / "flows.json").write_text(json.dumps(nodes), encoding="utf-8")
    node, settings = shutil.which("node"), folder / "settings.js"
    assert node is not None
    said = {"uiHost": "127.0.0.1", "uiPort": free_port(), "flowFile": "flows.json"}
    said["credentialSecret"] = False  # as the test writes them
    settings.write_text(f"module.exports = {json.dumps(said)};")
    async with process(
        *(node, NODE_RED, "--userDir", folder, "--settings", settings), stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            async for line in running.stdout:
                print(line.decode().rstrip())
                if b"Connected to broker" in line:
                    break
        yield running
