"""Staying connected: what a fault of the broker does, and what it does not."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from overdoor_device import course, link
from overdoor_device.errors import MqttError

from .conftest import TIMEOUT_S


class Wlan:
    """A radio that is connected."""

    def __init__(self) -> None:
        self.disconnects = 0

    def isconnected(self) -> bool:
        return True

    def disconnect(self) -> None:
        self.disconnects += 1


class Faulty(link.Link):
    """A link whose broker always fails."""

    def __init__(self) -> None:
        config = SimpleNamespace(host="127.0.0.1", ip=None, port=1, ca=None, shop="s", device="d")
        wifi = SimpleNamespace(up=True)
        now = lambda: int(time.monotonic() * 1000)  # noqa: E731
        super().__init__(config, None, wifi, now, None, lambda _: None)
        self.tries: asyncio.Queue[None] = asyncio.Queue()

    async def _serve(self, *_: Any) -> None:
        self.tries.put_nowait(None)
        raise MqttError("a fault")


async def next_try(faulty: Faulty) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        await faulty.tries.get()


async def test_a_press_does_not_wait_for_the_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "backoff_ms", lambda *_: 20000)
    monkeypatch.setattr(link, "_SHORTEST_REST_MS", 10)
    faulty = Faulty()
    task = asyncio.create_task(faulty.run(None, None, None, None, lambda: None))
    await next_try(faulty)
    async with asyncio.timeout(TIMEOUT_S):
        while faulty.tries.empty():
            faulty.hurry()  # as somebody does who presses again and again
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_course_starts_where_the_clock_stands() -> None:
    assert Faulty().course.down_since is not None
