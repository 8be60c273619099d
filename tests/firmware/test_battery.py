"""A battery button, one waking at a time: the real firmware against a real broker."""

from pathlib import Path
from typing import Any

import pytest

from .conftest import (
    Broker,
    Room,
    Shop,
    is_amber,
    is_blue,
    is_white,
    open_room,
    open_shop,
    room_config,
)

DAY_MS = 86_400_000


def battery_config(port: int, **changes: Any) -> dict[str, Any]:
    pins = {"call": 32, "ring": 4, "lamp": 33, "ring_power": 13}  # or its ring is dark
    return room_config(port, power="battery", pins=pins, **changes)


async def slept(room: Room) -> int:
    """For how many ms it went to sleep; the process has ended then."""
    ms: int = (await room.lines.until(lambda line: "asleep" in line))["asleep"]
    assert await room.ended() == 4
    return ms


async def test_the_wake_is_the_press_and_it_sleeps_once_it_is_stored(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    async with open_room(tmp_path, battery_config(broker.port), "press") as room:
        await room.ring(is_white)
        event = await shop.heard("event")
        assert (event["button"], event["gesture"], event["n"]) == ("call", "press", 1)
        await shop.receipt(event["boot"], 1)
        await shop.signal(1, "raised")
        await room.ring(is_amber)
        assert await slept(room) == DAY_MS
    await shop.status(b"sleeping")
    said = [m[1] for m in shop.messages.items if m[0].endswith("cp-w1/status")]
    assert said == [b"online", b"sleeping"]  # and no will


async def test_its_timer_wakes_it_to_tell_that_it_lives(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    async with open_room(tmp_path, battery_config(broker.port), "timer") as room:
        info = await shop.heard("info")
        assert info["reset"] == "deep_sleep"
        assert await slept(room) == DAY_MS
    assert not [m for m in shop.messages.items if m[0].endswith("/event")]


async def test_a_press_that_nobody_stores_degrades_and_is_told_at_the_next_waking(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    async with open_room(tmp_path, battery_config(broker.port), "press") as room:
        event = await shop.heard("event")
        await room.ring(is_blue)
        assert await slept(room) == 60_000
    await shop.status(b"sleeping")
    async with open_room(tmp_path, battery_config(broker.port), "timer") as room:
        again = await shop.heard("event")
        assert (again["boot"], again["n"], again["age_ms"]) == (event["boot"], event["n"], None)
        await shop.receipt(event["boot"], event["n"])
        assert await slept(room) == DAY_MS
    first = len(shop.messages.items)
    async with open_room(tmp_path, battery_config(broker.port), "timer") as room:
        await shop.heard("info")
        assert await slept(room) == DAY_MS
    assert not [m for m in shop.messages.items[first:] if m[0].endswith("/event")]


async def test_a_press_without_any_network_is_kept_through_the_sleep(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    config = battery_config(broker.port)
    await broker.stop()
    async with open_room(tmp_path, config, "press") as room:
        await room.ring(is_blue)
        assert await slept(room) == 60_000
    await broker.start()
    async with open_shop(broker.port) as later, open_room(tmp_path, config, "timer"):
        event = await later.heard("event")
        assert (event["button"], event["age_ms"]) == ("call", None)


async def test_a_second_press_while_awake_is_another_event(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    async with open_room(tmp_path, battery_config(broker.port), "press") as room:
        await shop.heard("event", lambda event: event["n"] == 1)
        room.do(do="press", button="call")
        event = await shop.heard("event", lambda event: event["n"] == 2)
        await shop.receipt(event["boot"], 2)
        assert await slept(room) == DAY_MS


async def test_power_alone_is_no_press(broker: Broker, shop: Shop, tmp_path: Path) -> None:
    async with open_room(tmp_path, battery_config(broker.port)) as room:
        await shop.heard("info")
        assert await slept(room) == DAY_MS
    assert not [m for m in shop.messages.items if m[0].endswith("/event")]


@pytest.mark.parametrize("word", ["mains", None])
async def test_a_wired_call_point_never_sleeps(
    broker: Broker, shop: Shop, tmp_path: Path, word: str | None
) -> None:
    config = room_config(broker.port) | ({"power": word} if word else {})
    async with open_room(tmp_path, config) as room:
        await shop.heard("info")
        room.do(do="press", button="call")
        await shop.receipt((await shop.heard("event"))["boot"], 1)
        await shop.signal(1, "raised")
        for _ in range(90):  # more than two breaths
            await room.ring(is_amber)
        assert not [line for line in room.lines.items if "asleep" in line]
