"""Real brokers on loopback, a gateway on one of them, and a bare client that plays a device."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt

from overdoor.bus import Address, Bus, Discovery
from overdoor.core.model import Plan
from overdoor.engine import Engine
from overdoor.orders import Orders
from overdoor.store import Store
from tests.conftest import free_port

from .house import TIMEOUT_S
from .shop import BOOT, a_plan

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
HOST = "127.0.0.1"


class Broker:
    """A broker that forgets everything when it is restarted."""

    def __init__(self, kind: str, folder: Path, settings: str = "") -> None:
        self.kind = kind
        self.port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} {HOST}\nallow_anonymous true\n{settings}")
        iotcore = [sys.executable, "-m", "iotcore", "--listen", HOST, "--log-level", "CRITICAL"]
        mosquitto = [MOSQUITTO, "-c", str(config)]
        self._command = mosquitto if kind == "mosquitto" else [*iotcore, "--port", str(self.port)]
        self.start()

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=quiet, stderr=quiet)
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((HOST, self.port), 0.2):
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.kind} did not start")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@asynccontextmanager
async def gateway(
    folder: Path,
    port: int,
    shop: str = "test",
    plan: Plan | None = None,
    orders: Orders | None = None,
    discovery: Callable[[Engine], Discovery] | None = None,
) -> AsyncIterator[tuple[Engine, "asyncio.Task[None]"]]:
    """An engine with its bus, connected."""
    engine = Engine(Store(folder))
    engine.start(plan or a_plan())
    found = discovery(engine) if discovery else None
    bus = Bus(engine, shop, Address(HOST, port), orders, discovery=found)
    running = asyncio.create_task(bus.run())
    connected = asyncio.create_task(bus.connected.wait())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.wait({running, connected}, return_when=asyncio.FIRST_COMPLETED)
        yield engine, running
    finally:
        running.cancel()
        connected.cancel()
        await asyncio.gather(running, connected, return_exceptions=True)
        engine.stop()


class Device:
    """A bare MQTT client that follows the contract, and keeps what it hears."""

    def __init__(self, client: aiomqtt.Client, prefix: str, device: str) -> None:
        self._client = client
        self._prefix = prefix
        self._own = f"{prefix}device/{device}/"
        self.heard: list[tuple[str, bytes, bool]] = []  # topic without prefix, payload, retained
        self._more = asyncio.Event()

    async def listen(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            topic = str(message.topic).removeprefix(self._prefix)
            self.heard.append((topic, message.payload, message.retain))
            self._more.set()

    async def until(self, wanted: Callable[[str, bytes], bool], start: int = 0) -> bytes:
        """The first message from `start` on that is wanted."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while True:
                    for topic, payload, _ in self.heard[start:]:
                        if wanted(topic, payload):
                            return payload
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"came instead: {self.heard[start:][-6:]}") from None

    async def publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        await self._client.publish(self._own + leaf, payload, qos=1, retain=retain)

    async def shout(self, topic: str, payload: bytes) -> None:
        """Publishes outside its own branch, retained, as a broken or evil device could."""
        await self._client.publish(self._prefix + topic, payload, qos=1, retain=True)

    async def say(self, leaf: str, payload: bytes) -> int:
        """Publishes; returns where in `heard` the answers begin."""
        start = len(self.heard)
        await self.publish(leaf, payload)
        return start

    async def button(self, n: int, button: str = "call", **more: Any) -> int:
        """A press, as a device sends it."""
        said = {"v": 1, "boot": BOOT, "n": n, "low": n, "type": "button", "button": button}
        return await self.say(
            "event", json.dumps(said | {"gesture": "press", "age_ms": 0} | more).encode()
        )

    async def button_until_receipted(self, n: int) -> None:
        """Sends a press again and again, as the contract wants, until a receipt covers it."""
        receipt = asyncio.create_task(self.receipt(n))
        while not receipt.done():
            await self.button(n)
            await asyncio.wait({receipt}, timeout=0.5)
        await receipt

    async def signal(self, state: str, start: int = 0) -> dict[str, Any]:
        leaf = self._own.removeprefix(self._prefix) + "signal"
        payload = await self.until(
            lambda t, p: t == leaf and bool(p) and json.loads(p)["state"] == state, start
        )
        signal: dict[str, Any] = json.loads(payload)
        return signal

    async def receipt(self, n: int, start: int = 0) -> dict[str, Any]:
        """A receipt that covers event `n` of this boot."""
        leaf = self._own.removeprefix(self._prefix) + "receipt"

        def covers(topic: str, payload: bytes) -> bool:
            if topic != leaf or not payload:
                return False
            said = json.loads(payload)
            return dict([(said["boot"], said["n"]), *said["also"]]).get(BOOT, 0) >= n

        receipt: dict[str, Any] = json.loads(await self.until(covers, start))
        return receipt


@asynccontextmanager
async def device(port: int, device: str = "cp-w1", shop: str = "test") -> AsyncIterator[Device]:
    """A device on the broker; it also listens to its rooms and to the gateway's status."""
    prefix = f"overdoor/1/{shop}/"
    async with aiomqtt.Client(
        HOST,
        port,
        identifier=f"overdoor-{shop}-{device}",
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    ) as client:
        bare = Device(client, prefix, device)
        own = (f"device/{device}/signal", f"device/{device}/receipt")
        for leaf in (*own, "gateway/status", "gateway/instance"):
            await client.subscribe(prefix + leaf, qos=1)
        for room in ("w1", "w2"):
            await client.subscribe(f"{prefix}room/{room}/call", qos=1)
        listening = asyncio.create_task(bare.listen())
        try:
            yield bare
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
