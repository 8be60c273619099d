"""The example flow in a real Node-RED, on a real broker, with a real gateway. `make node-red`."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.gateway.listeners import Listener, listening
from tests.system.conftest import Street, a_street, free_port, process

ROOT = Path(__file__).parents[2]
NODE_RED = ROOT / ".node-red" / "node_modules" / "node-red" / "red.js"
FLOW = ROOT / "docs" / "examples" / "node-red.json"
LIMIT_S = 60.0

pytestmark = pytest.mark.timeout(300)


async def test_the_flow_says_each_call_once(tmp_path: Path) -> None:
    receiver = Listener()
    with listening(receiver):
        async with a_street(tmp_path) as street:
            await _try(street, tmp_path, receiver)


async def _try(street: Street, folder: Path, receiver: Listener) -> None:
    flow = FLOW.read_text(encoding="utf-8")
    for example, here in (
        ("http://localhost:8091/announce", f"{receiver.url}/announce"),
        ('"port": "1883"', f'"port": "{street.mqtt}"'),
        ('"broker": "localhost"', '"broker": "127.0.0.1"'),
        ("overdoor/1/demo/", "overdoor/1/t/"),
    ):
        assert example in flow
        flow = flow.replace(example, here)
    (folder / "flows.json").write_text(flow, encoding="utf-8")
    node, settings = shutil.which("node"), folder / "settings.js"
    assert node is not None
    settings.write_text(
        f"module.exports = {{uiHost: '127.0.0.1', uiPort: {free_port()}, flowFile: 'flows.json'}};"
    )
    gateway = await street.gateway()
    async with process(
        *(node, NODE_RED, "--userDir", folder, "--settings", settings), stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            async for line in running.stdout:
                print(line.decode().rstrip())
                if b"Connected to broker" in line:
                    break
        reading = asyncio.create_task(running.stdout.read())
        device = await street.device("cp-w1")
        await device.press()
        heard = await asyncio.to_thread(receiver.heard.get, timeout=LIMIT_S)
        assert (heard.path, heard.json()) == ("/announce", {"text": "Room w1: somebody calls"})
        call = {"need": "another-size"}
        (await gateway.http.post("/api/v1/rooms/w2/call", json=call)).raise_for_status()
        heard = await asyncio.to_thread(receiver.heard.get, timeout=LIMIT_S)
        assert heard.json() == {"text": "Room w2: another-size"}
        reading.cancel()
    assert receiver.heard.empty()
