"""A mosquitto with the files that Overdoor makes for it, and whoever has a device's password."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt

from overdoor.config import read
from overdoor.device.folder import Folder, Site
from overdoor.device.provision import Bench
from tests.conftest import free_port, tool
from tests.gateway.broker import HOST
from tests.system.conftest import process, until

PREFIX = "overdoor/1/demo"
BOOT = "0123456789ab"

SHOP = """\
[shop]
id = "demo"
name = "Demo Shop"

[mqtt]
url = "{url}"

[web]
bind = "127.0.0.1:{web}"

[home_assistant]

[[zone]]
id = "women"
name = "Women"

[[room]]
id = "w1"
name = "Women 1"
zone = "women"
device = "cp-w1"

[[room]]
id = "w2"
name = "Women 2"
zone = "women"
device = "cp-w2"
"""


def a_shop(folder: Path, url: str) -> Path:
    file = folder / "shop.toml"
    file.write_text(SHOP.format(url=url, web=free_port()))
    return file


def set_up(file: Path, *rooms: str) -> Folder:
    """Devices of these rooms, as `overdoor device add` makes them."""
    folder = Folder(file)
    folder.keep_site(Site(HOST, 1883, "shop", "geheim"))
    for room in rooms:
        Bench(read(file), file, folder).add(room, None, {"model": "esp32-devkitc"})
    return folder


class Guarded:
    """A mosquitto with exactly the files that `overdoor device add` made."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.file = a_shop(folder, f"mqtt://gateway:word@{HOST}:{self.port}")
        self.devices = set_up(self.file, "w1", "w2")
        made = self.devices.path
        settings = (made / "mosquitto.conf").read_text()
        settings = settings.replace("/etc/mosquitto/overdoor.", f"{made}/mosquitto.")
        settings = settings.replace(f"listener {self.port}", f"listener {self.port} {HOST}")
        self.config = folder / "mosquitto.conf"
        self.config.write_text(f"user root\n{settings}")
        self.process: asyncio.subprocess.Process

    def client(self, user: str, identifier: str | None = None, **more: Any) -> aiomqtt.Client:
        """Whoever has this user's password."""
        known = "word" if user == "gateway" else self.secret(user)
        return aiomqtt.Client(
            HOST, self.port, username=user, password=known, identifier=identifier, **more
        )

    def secret(self, device: str) -> str:
        return str(self.devices.config(device)["broker"]["password"])


@asynccontextmanager
async def started(shop: Guarded) -> AsyncIterator[None]:
    async with process(
        tool("mosquitto"), "-c", shop.config, stderr=asyncio.subprocess.DEVNULL
    ) as shop.process:
        await until(lambda: listens(HOST, shop.port), "the broker listens")
        yield


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[Guarded]:
    shop = Guarded(folder)
    async with started(shop):
        yield shop


class Witness:
    """The gateway's own connection: hears whatever the broker let through."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.heard: list[tuple[str, bytes]] = []
        self.ended = False

    async def listen(self) -> None:
        try:
            async for message in self.client.messages:
                self.heard.append((str(message.topic), bytes(message.payload)))  # type: ignore[arg-type]
        except aiomqtt.MqttError:
            self.ended = True

    async def hears(self, topic: str) -> None:
        async def has() -> bool:
            return any(heard == topic for heard, _ in self.heard)

        await until(has, f"{topic} is heard")

    async def after(self, mark: str) -> list[tuple[str, bytes]]:
        """What came before a mark that is sent now."""
        topic = f"{PREFIX}/gateway/{mark}"
        await self.client.publish(topic, b"", qos=1)
        await self.hears(topic)
        return [said for said in self.heard if said[0] != topic]


@asynccontextmanager
async def witness_of(shop: Guarded) -> AsyncIterator[Witness]:
    async with shop.client("gateway", "overdoor-demo-gateway") as client:
        witness = Witness(client)
        await client.subscribe(f"{PREFIX}/#", qos=1)
        await client.subscribe("homeassistant/#", qos=1)
        listening = asyncio.create_task(witness.listen())
        yield witness
        listening.cancel()


async def listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def press(n: int, **more: Any) -> bytes:
    """An event of a call point: its button was pressed."""
    said = {"v": 1, "boot": BOOT, "n": n, "low": n, "type": "button", "button": "call"}
    return json.dumps(said | {"gesture": "press", "age_ms": 0} | more).encode()


NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
