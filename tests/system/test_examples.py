"""The programs of docs/integrations.md, as they stand there, against a gateway that runs."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.attack.test_own_broker import OwnBroker, running
from tests.conftest import free_port
from tests.gateway.listeners import Heard, Listener, listening
from tests.system.conftest import LIMIT_S, Device, Street, process

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SECRET = "whsec_" + "QUJD" * 8
HOOK = """
[[webhook]]
id = "chat"
url = "http://127.0.0.1:{port}"
secret = "{secret}"
events = ["unreached", "lapsed", "closed"]

[policy]
give_up_s = 2
stale_press_s = 2
"""


def example(name: str, *arguments: Any, **environment: str) -> Any:
    command = (sys.executable, EXAMPLES / name, *map(str, arguments))
    return process(*command, stdout=subprocess.PIPE, env=os.environ | environment)


async def line_of(running: asyncio.subprocess.Process, *words: str) -> str:
    """The next line that has these words."""
    assert running.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        async for line in running.stdout:
            if all(word in line.decode() for word in words):
                return line.decode()
    raise AssertionError(f"it ended without {words}")


async def next_of(listener: Listener) -> Heard:
    return await asyncio.to_thread(listener.next)


async def test_headset_chat_and_signage_do_what_they_say(street: Street, tmp_path: Path) -> None:
    headsets, chat, port = Listener(), Listener(), free_port()
    gateway = await street.gateway(start=False)
    with gateway.config.open("a") as file:
        file.write(HOOK.format(port=port, secret=SECRET))
    await gateway.start()
    screen = tmp_path / "screen.html"
    with listening(headsets), listening(chat):
        async with (
            example("headset.py", f"mqtt://127.0.0.1:{street.mqtt}", "t", headsets.url) as headset,
            example("chat.py", port, chat.url, OVERDOOR_SECRET=SECRET) as receiver,
            example("signage.py", gateway.url, screen) as signage,
        ):
            await line_of(headset, "listening")
            await line_of(receiver, "listening")
            await line_of(signage, '"waiting": 0', '"free": 2')
            call = {"need": "another-size"}
            (await gateway.http.post("/api/v1/rooms/w1/call", json=call)).raise_for_status()

            assert (await next_of(headsets)).json() == {"text": "Room w1: another size"}
            await line_of(signage, '"waiting": 1', '"free": 1')
            assert "1 waiting" in screen.read_text()
            # Nobody is on duty, and after two seconds nobody ever came.
            assert (await next_of(chat)).json() == {"text": "Women 1: nobody ever came"}
            await line_of(signage, '"waiting": 0', '"free": 2')

            forged = json.dumps({"data": {"name": "x", "event_type": "lapsed"}})
            at = {"webhook-id": "1", "webhook-timestamp": "0", "webhook-signature": "v1,AAAA"}
            here = f"http://127.0.0.1:{port}"
            assert (await gateway.http.post(here, content=forged, headers=at)).status_code == 401
    assert chat.heard.empty()


async def test_the_headset_has_a_user_on_the_gateways_own_broker(tmp_path: Path) -> None:
    headsets, shop = Listener(), OwnBroker(tmp_path)
    secrets = {
        "OVERDOOR_PASSWORD": shop.command("broker", "user", "add", "headset").strip(),
        "OVERDOOR_CA": str(tmp_path / "tls" / "ca.pem"),
    }
    broker = f"mqtts://headset@127.0.0.1:{shop.port}"
    with listening(headsets):
        async with (
            running(shop),
            example("headset.py", broker, "t", headsets.url, **secrets) as headset,
            shop.client("cp-w1", shop.secret("cp-w1")) as client,
        ):
            await line_of(headset, "listening")
            await Device(client, "cp-w1").press()
            assert (await next_of(headsets)).json() == {"text": "Room w1: somebody calls"}
