"""Staying connected: what a fault of the broker does, and what it does not."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from overdoor_device import link
from overdoor_device.mqtt import MqttError


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

    def __init__(self, wlan: Wlan) -> None:
        config = SimpleNamespace(host="127.0.0.1", port=1, shop="s", device="d")
        super().__init__(config, wlan, lambda: int(time.monotonic() * 1000), None, lambda _: None)
        self.tries: asyncio.Queue[None] = asyncio.Queue()

    async def _serve(self, *_: Any) -> None:
        self.tries.put_nowait(None)
        raise MqttError("a fault")


async def next_try(faulty: Faulty) -> None:
    async with asyncio.timeout(5):
        await faulty.tries.get()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every backoff is twenty seconds, but its first part is short."""
    monkeypatch.setattr(link, "backoff_ms", lambda failures, rand: 20000)
    monkeypatch.setattr(link, "_FIRST_BACKOFF_MS", 10)


@pytest.mark.usefixtures("patient")
async def test_a_press_does_not_wait_for_the_backoff() -> None:
    faulty = Faulty(Wlan())
    task = asyncio.create_task(faulty.run(None, None, None))
    await next_try(faulty)
    async with asyncio.timeout(5):
        while faulty.tries.empty():
            faulty.hurry()  # as somebody does who presses again and again
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_broker_fault_never_drops_wifi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "backoff_ms", lambda failures, rand: 1)
    wlan = Wlan()
    faulty = Faulty(wlan)
    task = asyncio.create_task(faulty.run(None, None, None))
    for _ in range(10):
        await next_try(faulty)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert wlan.disconnects == 0


async def test_the_waits_grow_with_each_failure_however_long_it_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "_STABLE_MS", 0)
    failures = []

    def backoff(count: int, rand: Any) -> int:
        failures.append(count)
        return 1

    monkeypatch.setattr(link, "backoff_ms", backoff)
    faulty = Faulty(Wlan())
    task = asyncio.create_task(faulty.run(None, None, None))
    for _ in range(4):
        await next_try(faulty)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert failures[:3] == [1, 2, 3]
