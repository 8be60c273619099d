"""A webhook, its receiver away, and the power cut."""

import asyncio
from pathlib import Path

from standardwebhooks import Webhook

from tests.gateway.listeners import Listener, listening
from tests.system.conftest import Street

SECRET = "whsec_" + "QUJD" * 8
HOOK = """
[[webhook]]
id = "chat"
url = "{url}"
secret = "{secret}"
events = ["raised", "arrived"]
"""


async def test_kill_9_loses_no_event_and_changes_no_order(street: Street, tmp_path: Path) -> None:
    receiver = Listener()
    receiver.status = 503
    with listening(receiver):
        gateway = await street.gateway(start=False)
        with gateway.config.open("a") as file:
            file.write(HOOK.format(url=receiver.url, secret=SECRET))
        await gateway.start()
        device = await street.device("cp-w1")
        await device.press()
        await device.press("presence")
        await device.hears("receipt", lambda said: said["n"] == 2)
        refused = await asyncio.to_thread(receiver.next)
        await gateway.kill()
        while not receiver.heard.empty():
            receiver.next()
        receiver.status = 200
        await gateway.start()
        heard = [await asyncio.to_thread(receiver.next) for _ in range(2)]
    assert [one.json()["type"] for one in heard] == ["raised", "arrived"]
    assert heard[0].headers["webhook-id"] == refused.headers["webhook-id"]
    for one in heard:
        Webhook(SECRET).verify(one.body, one.headers)
