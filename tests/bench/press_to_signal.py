"""Press → signal with a durable commit, beside the bare broker's publish → receive, in one run.

    make bench                       one room, then 200 rooms
    make bench ARGS="--rooms 50"

Machines are noisy, so nothing here is a test and the figure to quote is a ratio: both sides are
measured with the same small client, on the same broker, in turns of the same run. A press is
answered only after SQLite has written it with synchronous=FULL.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conftest import tool
from tests.system.conftest import OVERDOOR, free_port, mosquitto_config, process

ROUNDS = 5
WARM_UP = 50


class Client:
    """Just enough MQTT 3.1.1 to time it: QoS 1 both ways, one write a packet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._mid = 0
        self._heard: dict[str, asyncio.Queue[bytes]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, port: int, name: str, topics: list[str]) -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = _text("MQTT") + bytes([4, 2]) + struct.pack("!H", 60) + _text(name)
        writer.write(_packet(0x10, body))
        await reader.readexactly(4)
        filters = b"".join(_text(topic) + b"\x01" for topic in topics)
        writer.write(_packet(0x82, struct.pack("!H", 1) + filters))
        client = cls(reader, writer)
        client._heard = {topic: asyncio.Queue() for topic in topics}
        return client

    def publish(self, topic: str, payload: bytes) -> None:
        self._mid = self._mid % 65535 + 1
        self._writer.write(_packet(0x32, _text(topic) + struct.pack("!H", self._mid) + payload))

    async def hear(self, topic: str, true: Callable[[bytes], bool]) -> None:
        while not true(await self._heard[topic].get()):
            pass

    def close(self) -> None:
        self._reading.cancel()
        self._writer.close()

    async def _read(self) -> None:
        while True:
            first = (await self._reader.readexactly(1))[0]
            length = shift = 0
            while True:
                byte = (await self._reader.readexactly(1))[0]
                length |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            body = await self._reader.readexactly(length)
            if first >> 4 == 3:
                end = 2 + struct.unpack_from("!H", body)[0]
                topic, at = body[2:end].decode(), end
                if first & 6:
                    self._writer.write(b"\x40\x02" + body[at : at + 2])
                    at += 2
                if topic in self._heard:
                    self._heard[topic].put_nowait(body[at:])


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def _packet(first: int, body: bytes) -> bytes:
    length, head = len(body), bytearray([first])
    while True:
        length, byte = divmod(length, 128)
        head.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


class Room:
    """A call point that follows the contract."""

    def __init__(self, client: Client, device: str) -> None:
        self._client = client
        self._base = f"overdoor/1/bench/device/{device}"
        self._boot = os.urandom(6).hex()
        self._n = 0

    @classmethod
    async def connect(cls, port: int, number: int) -> Self:
        device = f"cp-{number}"
        base = f"overdoor/1/bench/device/{device}"
        return cls(await Client.connect(port, device, [f"{base}/signal"]), device)

    async def gesture(self, gesture: str, expected: str) -> float:
        """Seconds from the publish of a gesture to the signal that answers it."""
        self._n += 1
        event = {
            "v": 1,
            "boot": self._boot,
            "n": self._n,
            "low": self._n,
            "type": "button",
            "age_ms": 0,
            "button": "call",
            "gesture": gesture,
        }
        wanted = f'"state":"{expected}"'.encode()
        began = time.perf_counter()
        self._client.publish(f"{self._base}/event", json.dumps(event).encode())
        await self._client.hear(f"{self._base}/signal", lambda payload: wanted in payload)
        return time.perf_counter() - began

    def close(self) -> None:
        self._client.close()


async def echo(client: Client) -> float:
    """Seconds from a publish to its receipt through the bare broker."""
    began = time.perf_counter()
    client.publish("echo", b"x" * 120)
    await client.hear("echo", bool)
    return time.perf_counter() - began


async def one_room(port: int, presses: int) -> None:
    room, peer = await Room.connect(port, 0), await Client.connect(port, "peer", ["echo"])
    signals: list[float] = []
    echoes: list[float] = []
    for _ in range(WARM_UP):
        await room.gesture("press", "raised")
        await room.gesture("hold", "idle")
        await echo(peer)
    for _ in range(ROUNDS):
        echoes += [await echo(peer) for _ in range(presses // ROUNDS)]
        for _ in range(presses // ROUNDS):
            signals.append(await room.gesture("press", "raised"))
            await room.gesture("hold", "idle")
    print(f"\nOne room, {len(signals)} presses in {ROUNDS} turns with the bare broker:")
    _table({"bare broker": echoes, "press -> signal": signals})
    room.close()
    peer.close()


async def many_rooms(port: int, count: int, seconds: int) -> None:
    rooms = [await Room.connect(port, number) for number in range(1, count + 1)]
    peer = await Client.connect(port, "peer", ["echo"])
    loop = asyncio.get_running_loop()
    signals: list[float] = []
    echoes: list[float] = []
    began = loop.time() + 0.5

    async def at(moment: float, what: Callable[[], Awaitable[float]], into: list[float]) -> None:
        await asyncio.sleep(max(0.0, moment - loop.time()))
        into.append(await what())

    async def shopper(room: Room, offset: float) -> None:
        for second in range(seconds):
            due = began + second + offset
            await at(due, lambda: room.gesture("press", "raised"), signals)
            await at(due + 0.5, lambda: room.gesture("hold", "idle"), [])

    async def peer_beside() -> None:
        for tick in range(seconds * 20):
            await at(began + tick / 20, lambda: echo(peer), echoes)

    await asyncio.gather(
        peer_beside(), *(shopper(room, index / count) for index, room in enumerate(rooms))
    )
    print(f"\n{count} rooms, each on its own connection, a press and a cancel a second:")
    _table({"bare broker": echoes, "press -> signal": signals})
    for room in rooms:
        room.close()
    peer.close()


def _table(rows: dict[str, list[float]]) -> None:
    print(f"  {'':18}{'median ms':>11}{'p99 ms':>11}{'n':>8}")
    figures = []
    for name, seconds in rows.items():
        median = statistics.median(seconds) * 1000
        p99 = statistics.quantiles(seconds, n=100)[98] * 1000
        figures.append((median, p99))
        print(f"  {name:18}{median:11.2f}{p99:11.2f}{len(seconds):8}")
    (bare, bare99), (ours, ours99) = figures
    print(f"  {'ratio':18}{ours / bare:11.1f}{ours99 / bare99:11.1f}")


def _fsync(folder: Path) -> None:
    times = []
    with (folder / "probe").open("wb") as file:
        for _ in range(200):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    print(f"Bare append and fsync here: median {statistics.median(times) * 1000:.2f} ms.")


def _shop(folder: Path, mqtt: int, rooms: int) -> Path:
    lines = [
        '[shop]\nid = "bench"\nname = "Bench"\n',
        f'[mqtt]\nurl = "mqtt://127.0.0.1:{mqtt}"\n',
        f'[web]\nbind = "127.0.0.1:{free_port()}"\n',
        '[[zone]]\nid = "all"\nname = "All"\n',
    ]
    lines += [
        f'[[room]]\nid = "r{number}"\nname = "Room {number}"\nzone = "all"\n'
        f'at = [{number}.0, 0.0]\ndevice = "cp-{number}"\n'
        for number in range(rooms + 1)
    ]
    path = folder / "shop.toml"
    path.write_text("\n".join(lines))
    return path


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=1000, help="of the one room (1000)")
    parser.add_argument("--rooms", type=int, default=200, help="pressed at once (200)")
    parser.add_argument("--seconds", type=int, default=10, help="of the many rooms (10)")
    given = parser.parse_args()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mqtt = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(mosquitto_config(mqtt))
        await stack.enter_async_context(
            process(tool("mosquitto"), "-c", config, stderr=asyncio.subprocess.DEVNULL)
        )
        gateway = await stack.enter_async_context(
            process(
                *(OVERDOOR, "run", "--config", _shop(folder, mqtt, given.rooms)),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        )
        assert gateway.stdout is not None
        while b"Ctrl-C" not in (line := await gateway.stdout.readline()):
            if not line:
                sys.exit("The gateway did not start.")
        _fsync(folder)
        await one_room(mqtt, given.presses)
        await many_rooms(mqtt, given.rooms, given.seconds)
        status = Path(f"/proc/{gateway.pid}/status")
        if status.exists():
            memory = next(line for line in status.read_text().splitlines() if "VmRSS" in line)
            print(f"\nThe gateway's memory at the end: {memory.split(':')[1].strip()}.")


if __name__ == "__main__":
    asyncio.run(main())
