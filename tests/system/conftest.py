"""A shop as an outsider meets it: processes, a broker, a browser. Nothing of it is imported."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import pytest

from tests.conftest import free_port, tool

OVERDOOR = Path(sys.executable).with_name("overdoor")
LIMIT_S = 60.0  # on a machine that is busy with something else too

SHOP = """\
[shop]
id = "t"
name = "Test Shop"

[mqtt]
url = "mqtt://127.0.0.1:{mqtt}"

[web]
bind = "127.0.0.1:{web}"

[[zone]]
id = "women"
name = "Women"

[[room]]
id = "w1"
name = "Women 1"
zone = "women"
at = [4.0, 2.5]
device = "cp-w1"

[[room]]
id = "w2"
name = "Women 2"
zone = "women"
at = [6.0, 2.5]
device = "cp-w2"
"""


def mosquitto_config(port: int) -> str:
    return f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"


async def until(true: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
    """Waits for something that can only be asked for, and fails with what was waited for."""
    try:
        async with asyncio.timeout(limit_s):
            while not (value := await true()):
                await asyncio.sleep(0.01)
            return value
    except TimeoutError:
        pytest.fail(f"not within {limit_s} s: {what}")


@asynccontextmanager
async def process(
    *command: str | Path, **options: Any
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is gone when this ends."""
    started = await asyncio.create_subprocess_exec(*map(str, command), **options)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


class Gateway:
    """`overdoor run` on a shop of its own."""

    def __init__(self, folder: Path, mqtt: int) -> None:
        self.web = free_port()
        self.folder = folder
        self.config = folder / "shop.toml"
        self.config.write_text(SHOP.format(mqtt=mqtt, web=self.web))
        self.process: asyncio.subprocess.Process | None = None
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.web}", timeout=LIMIT_S)

    async def start(self, **options: Any) -> None:
        await self.launch(**options)
        await until(self.ready, "the gateway is ready")

    async def launch(self, **options: Any) -> None:
        """Starts it, and waits for nothing."""
        self.process = await asyncio.create_subprocess_exec(
            str(OVERDOOR),
            "run",
            "--config",
            str(self.config),
            stdin=asyncio.subprocess.DEVNULL,  # no terminal that may hang up
            stdout=asyncio.subprocess.DEVNULL,
            **options,
        )

    async def ready(self) -> bool:
        try:
            return (await self.http.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def kill(self) -> None:
        """As the power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")

    async def get(self, path: str) -> Any:
        response = await self.http.get(f"/api/v1{path}")
        response.raise_for_status()
        return response.json()

    async def call_of(self, room: str) -> dict[str, Any] | None:
        rooms = (await self.get("/rooms"))["rooms"]
        call: dict[str, Any] | None = next(one for one in rooms if one["id"] == room)["call"]
        return call


class Device:
    """A device that follows the contract and knows nothing else: a bare MQTT client."""

    def __init__(self, client: aiomqtt.Client, name: str, boot: str = "0123456789ab") -> None:
        self.client = client
        self.name = name
        self.boot = boot
        self.n = 0
        self.said: list[tuple[str, Any]] = []
        self._grown = asyncio.Event()

    def topic(self, leaf: str) -> str:
        return f"overdoor/1/t/device/{self.name}/{leaf}"

    async def listen(self) -> None:
        async for message in self.client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            self.said.append((str(message.topic), json.loads(payload) if payload else None))
            self._grown.set()

    async def press(self, button: str = "call", gesture: str = "press", **other: Any) -> int:
        self.n += 1
        await self.send(n=self.n, button=button, gesture=gesture, **other)
        return self.n

    async def need(self, need: str) -> None:
        self.n += 1
        await self.send(n=self.n, type="need", need=need)

    async def describe(self, **info: Any) -> None:
        body = {"v": 1, "kind": "callpoint", "boot": self.boot, "caps": ["call"], "trouble": []}
        body |= info
        await self.client.publish(self.topic("info"), json.dumps(body), qos=1, retain=True)

    async def send(self, **event: Any) -> None:
        body = {
            "v": 1,
            "boot": self.boot,
            "low": event["n"],
            "type": "button",
            "age_ms": 0,
            **event,
        }
        await self.client.publish(self.topic("event"), json.dumps(body), qos=1)

    async def hears(self, leaf: str, true: Callable[[Any], bool] = bool) -> Any:
        """The first thing said in a topic of this device that is as wanted."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    for topic, payload in self.said:
                        if topic == self.topic(leaf) and payload and true(payload):
                            return payload
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            pytest.fail(f"{self.name} heard no such {leaf}; it heard {self.said[-8:]}")

    def forget(self) -> None:
        self.said.clear()


class Street:
    """Brings up what a test asks for, and takes it down again."""

    def __init__(
        self, folder: Path, mqtt: int, broker: asyncio.subprocess.Process, stack: AsyncExitStack
    ) -> None:
        self.mqtt = mqtt
        self._broker = broker
        self._folder = folder
        self._stack = stack

    async def broker_dies(self) -> None:
        """The broker is gone, with all that it retained."""
        self._broker.kill()
        await self._broker.wait()

    async def broker_returns(self) -> None:
        """A new one, at the same place."""
        config = self._folder / "mosquitto.conf"
        self._broker = await self._stack.enter_async_context(
            process(tool("mosquitto"), "-c", config, stderr=asyncio.subprocess.DEVNULL)
        )
        await until(lambda: _answers(self.mqtt), "the broker listens")

    async def gateway(self, *, start: bool = True) -> Gateway:
        gateway = Gateway(self._folder, self.mqtt)
        if start:
            await gateway.start()

        async def end() -> None:
            if gateway.process is not None and gateway.process.returncode is None:
                await gateway.kill()
            await gateway.http.aclose()

        self._stack.push_async_callback(end)
        return gateway

    async def device(self, name: str) -> Device:
        client = await self._stack.enter_async_context(
            aiomqtt.Client(
                "127.0.0.1",
                self.mqtt,
                identifier=f"overdoor-t-{name}",
                socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
                will=aiomqtt.Will(
                    f"overdoor/1/t/device/{name}/status", "offline", qos=1, retain=True
                ),
            )
        )
        device = Device(client, name)
        listening = asyncio.create_task(device.listen())

        async def end() -> None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

        self._stack.push_async_callback(end)
        for leaf in ("signal", "receipt", "command"):
            await client.subscribe(device.topic(leaf), qos=1)
        await client.publish(device.topic("status"), "online", qos=1, retain=True)
        return device

    async def retained(self) -> dict[str, Any]:
        """Every retained message of the shop. `rev` is left out: it is new at each start."""
        found: dict[str, Any] = {}
        async with aiomqtt.Client("127.0.0.1", self.mqtt) as client:
            await client.subscribe("overdoor/1/t/#", qos=1)
            await client.subscribe("mark", qos=1)
            await client.publish("mark", b"", qos=1)  # comes after everything retained
            async for message in client.messages:
                if str(message.topic) == "mark":
                    break
                text = bytes(message.payload).decode()  # type: ignore[arg-type]
                try:
                    value = json.loads(text)
                except ValueError:
                    value = text
                if isinstance(value, dict):
                    value.pop("rev", None)
                found[str(message.topic)] = value
        return found


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """A place with an external mosquitto."""
    async with a_street(tmp_path) as place:
        yield place


@asynccontextmanager
async def a_street(folder: Path) -> AsyncIterator[Street]:
    """A place with an external mosquitto, in an empty folder."""
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(mosquitto_config(port))
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(
            process(tool("mosquitto"), "-c", config, stderr=asyncio.subprocess.DEVNULL)
        )
        await until(lambda: _answers(port), "the broker listens")
        yield Street(folder, port, broker, stack)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def environment(**more: str) -> dict[str, str]:
    return os.environ | more
