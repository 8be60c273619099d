"""Rooms that are pressed, and staff that answer: of the gateway, and of the script beside it.

Each room is one connection, which both sides of a comparison share, so that the clients cost the
same whoever answers. A step is timed from its publish to the signal that shows it.
"""

import asyncio
import json
import os
import time
from typing import Self

from tests.bench.client import Client

DEVICE = "overdoor/1/bench/device"
LIMIT_S = 20.0


class Ear:
    """Remembers the last word of a topic, and wakes who waits for another."""

    def __init__(self) -> None:
        self._last = b""
        self._wanted = b""
        self._found: asyncio.Future[None] | None = None

    def hear(self, payload: bytes) -> None:
        self._last = payload
        if self._found is not None and self._wanted in payload and not self._found.done():
            self._found.set_result(None)

    async def has(self, wanted: bytes, *, news: bool = True) -> bytes:
        """The first word that has `wanted` in it: from now on, or the last one will do."""
        if news or wanted not in self._last:
            self._wanted = wanted
            self._found = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(LIMIT_S):
                await self._found
            self._found = None
        return self._last


class Pager:
    """A pager of the gateway that follows the contract: it answers what its list shows."""

    def __init__(self, device: str) -> None:
        self.device = device
        self._list = Ear()
        self._boot = os.urandom(6).hex()
        self._n = 0
        self._client: Client

    @classmethod
    async def connect(cls, port: int, device: str) -> Self:
        pager = cls(device)
        pager._client = await Client.connect(
            port, device, [f"{DEVICE}/{device}/page"], lambda _, payload: pager._list.hear(payload)
        )
        return pager

    async def acknowledge(self, call: str) -> None:
        shown = json.loads(await self._list.has(call.encode(), news=False))
        self._n += 1
        event = {"type": "answer", "answer": "acknowledge", "call": call, "rev": shown["rev"]}
        self._client.publish(f"{DEVICE}/{self.device}/event", _event(self._boot, self._n, event))

    def close(self) -> None:
        self._client.close()


class Room:
    """A call point of the gateway, and a button of the script."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._device = f"cp-{number}"
        self._ears = {
            f"{DEVICE}/{self._device}/signal": Ear(),
            f"{DEVICE}/{self._device}/receipt": Ear(),
            f"script/room/{number}/signal": Ear(),
        }
        self._signal, self._receipt, self._lamp = self._ears.values()
        self._boot = os.urandom(6).hex()
        self._n = 0
        self._client: Client

    @classmethod
    async def connect(cls, port: int, number: int) -> Self:
        room = cls(number)
        room._client = await Client.connect(
            port,
            room._device,
            list(room._ears),
            lambda topic, payload: room._ears[topic].hear(payload),
        )
        return room

    async def ours(self, gesture: str, expected: str, button: str = "call") -> float:
        """Seconds from a gesture to the signal that answers it, of the gateway."""
        self._n += 1
        event = {"type": "button", "button": button, "gesture": gesture}
        payload = _event(self._boot, self._n, event)
        began = time.perf_counter()
        self._client.publish(f"{DEVICE}/{self._device}/event", payload)
        await self._signal.has(b'"state":"%b"' % expected.encode())
        return time.perf_counter() - began

    async def script(self, gesture: str, expected: str) -> float:
        """The same of the script."""
        payload = json.dumps({"gesture": gesture}).encode()
        began = time.perf_counter()
        self._client.publish(f"script/room/{self._number}/event", payload)
        await self._lamp.has(b'"state": "%b"' % expected.encode())
        return time.perf_counter() - began

    async def call_ours(self, pager: Pager) -> float:
        """Seconds of a whole call: pressed, acknowledged, arrived at, receipted and over."""
        began = time.perf_counter()
        await self.ours("press", "raised")
        call = json.loads(self._signal._last)["call"]
        taken = asyncio.ensure_future(self._signal.has(b'"state":"acknowledged"'))
        await pager.acknowledge(call)
        await taken
        over = self.ours("press", "idle", "presence")
        await over
        await self._receipt.has(b'"n":%d,' % self._n, news=False)
        return time.perf_counter() - began

    async def call_script(self, _: Pager) -> float:
        """The same of the script, which has no receipts."""
        began = time.perf_counter()
        await self.script("press", "raised")
        await self.script("acknowledge", "acknowledged")
        await self.script("arrive", "idle")
        return time.perf_counter() - began

    def close(self) -> None:
        self._client.close()


def _event(boot: str, n: int, event: dict[str, object]) -> bytes:
    return json.dumps({"v": 1, "boot": boot, "n": n, "low": n, "age_ms": 0} | event).encode()
