"""One room end to end: the real firmware, the real interpreter, a real broker."""

import json
import time
from pathlib import Path
from typing import Any

import iotcore
import pytest

from tests.conftest import free_port

from .conftest import (
    DEVICE,
    PREFIX,
    Broker,
    Room,
    Shop,
    is_amber,
    is_blue,
    is_dark,
    is_green,
    is_white,
    listening,
    open_room,
    open_shop,
    room_config,
)


async def pressed(shop: Shop, n: int = 1, **fields: Any) -> dict[str, Any]:
    """The next event with this number, as it is first heard."""
    event: dict[str, Any] = await shop.heard("event", lambda event: event["n"] == n)
    for key, value in fields.items():
        assert event[key] == value, event
    return event


async def report(shop: Shop, id_: str) -> Any:
    await shop.say("command", {"v": 1, "id": id_, "verb": "report", "args": {}}, retain=False)
    result = await shop.heard("result", lambda result: result["id"] == id_)
    return result["data"]


# ---- connecting


async def test_says_what_it_is(broker: Broker, room: Room) -> None:
    async with open_shop(broker.port) as late:
        topic, _, retained = await late.messages.until(lambda m: m[1] == b"online")
        assert (topic, retained) == (DEVICE + "status", True)
        info = await late.heard("info")
    assert info["heap_free"] > 0
    assert info["uptime_s"] >= 0
    assert info["micropython"].count(".") == 2
    assert {
        key: info[key] for key in ("v", "kind", "model", "boot", "reset", "rssi", "outbox")
    } == {
        "v": 1,
        "kind": "callpoint",
        "model": "sim",
        "boot": room.boot,
        "reset": "power_on",
        "rssi": -55,
        "outbox": 0,
    }
    assert sorted(info["caps"]) == ["call", "lamp", "presence", "ring"]


async def test_the_will_says_offline_when_it_is_killed(shop: Shop, room: Room) -> None:
    room.process.kill()
    await shop.status(b"offline")


async def test_boot_is_new_at_each_start(broker: Broker, shop: Shop, tmp_path: Path) -> None:
    boots = set()
    for _ in range(2):
        async with open_room(tmp_path, room_config(broker.port)) as room:
            boots.add((await shop.heard("info"))["boot"])
            room.close_stdin()
            assert await room.ended() == 0
    assert len(boots) == 2
    assert all(len(boot) == 12 and int(boot, 16) >= 0 for boot in boots)


# ---- presses


async def test_a_press_flashes_and_is_published(shop: Shop, room: Room) -> None:
    before = time.monotonic()
    room.do(do="press", button="call", ms=80)
    lights = await room.ring(is_white)
    assert len(lights["ring"]) == 12
    assert lights["lamp"] == 0
    event = await shop.heard("event")
    assert 0 <= event.pop("age_ms") <= 1000 * (time.monotonic() - before)
    assert event == {
        "v": 1,
        "boot": room.boot,
        "n": 1,
        "low": 1,
        "type": "button",
        "button": "call",
        "gesture": "press",
    }


async def test_presses_ordered_at_once_are_made_one_after_the_other(shop: Shop, room: Room) -> None:
    room.write('{"do":"press","button":"call"}\n' * 2)
    await pressed(shop, n=1)
    await pressed(shop, n=2)


async def test_an_event_is_not_retained(broker: Broker, shop: Shop, room: Room) -> None:
    room.do(do="press", button="call")
    await pressed(shop)
    async with open_shop(broker.port) as late:
        await late.heard("info")
        await report(late, "done")
        assert not [m for m in late.messages.items if m[0] == DEVICE + "event" and m[2]]


async def test_a_tap_of_10_ms_is_caught(shop: Shop, room: Room) -> None:
    room.do(do="press", button="call", ms=10)
    await pressed(shop, gesture="press")


async def test_a_bouncing_contact_is_one_press(shop: Shop, room: Room) -> None:
    room.do(do="press", button="call", ms=100, bounce=[1, 2, 4, 6])
    await pressed(shop)
    await room.ring(is_dark)  # the flash has ended
    assert (await report(shop, "r"))["outbox"] == 1


async def test_a_glitch_is_no_press(shop: Shop, room: Room) -> None:
    room.do(do="press", button="call", ms=0)
    room.do(do="press", button="presence", ms=50)
    await pressed(shop, button="presence")


async def test_resent_with_a_growing_age_until_receipted(shop: Shop, room: Room) -> None:
    room.do(do="press", button="call")
    first = await pressed(shop)
    second = await pressed(shop)
    assert second["age_ms"] > first["age_ms"] + 900
    await shop.receipt(room.boot, 1)
    await shop.signal(1, "raised")
    await shop.heard("shown")
    assert (await report(shop, "r"))["outbox"] == 0
    room.do(do="press", button="call")
    assert (await pressed(shop, n=2))["low"] == 2


async def test_a_press_does_not_wait_for_an_earlier_one(shop: Shop, room: Room) -> None:
    room.do(do="press", button="call", ms=20)
    room.do(do="press", button="presence", ms=20)
    await pressed(shop, n=1)
    await pressed(shop, n=2)


async def test_a_hold_while_raised(shop: Shop, room: Room) -> None:
    await shop.signal(1, "raised")
    await shop.heard("shown")
    room.do(do="down", button="call")
    event = await pressed(shop, gesture="hold")
    assert event["age_ms"] >= 800
    room.do(do="up", button="call")
    room.do(do="press", button="presence", ms=50)
    await pressed(shop, n=2, button="presence", gesture="press")


async def test_a_room_without_a_presence_button(broker: Broker, shop: Shop, tmp_path: Path) -> None:
    config = room_config(broker.port, pins={"call": 32}, ring_leds=5)
    async with open_room(tmp_path, config) as room:
        assert sorted((await shop.heard("info"))["caps"]) == ["call", "lamp", "ring"]
        room.do(do="press", button="presence")
        assert await room.lines.until(lambda line: "error" in line) == {"error": "no such button"}
        room.do(do="press", button="call")
        assert len((await room.ring(is_white))["ring"]) == 5


async def test_a_room_with_a_need_button(broker: Broker, shop: Shop, tmp_path: Path) -> None:
    pins = {"call": 32, "need": 27, "ring": 4}
    config = room_config(broker.port, pins=pins, needs=["question", "other"], ring_leds=3)
    async with open_room(tmp_path, config) as room:
        assert "need" in (await shop.heard("info"))["caps"]
        room.do(do="press", button="need", ms=50)
        assert (await shop.heard("event"))["need"] == "question"
        await room.lines.until(
            lambda line: line.get("lights", {}).get("ring") == ["ffffff", "000000", "000000"]
        )


# ---- lights


async def test_each_signal_has_its_light(shop: Shop, room: Room) -> None:
    wanted = (("raised", is_amber), ("acknowledged", is_green), ("offline", is_blue))
    for rev, (state, colour) in enumerate(wanted):
        await shop.signal(rev, state)
        assert await shop.heard("shown") == {"v": 1, "rev": rev, "state": state}
        assert (await room.ring(colour))["lamp"] > 0
    await shop.signal(7, "arrived")
    assert (await shop.heard("shown"))["state"] == "arrived"
    assert (await room.ring(is_green))["lamp"] == 0
    await room.ring(is_dark)
    await shop.signal(8, "idle")
    assert (await shop.heard("shown"))["state"] == "idle"


async def test_raised_breathes(shop: Shop, room: Room) -> None:
    await shop.signal(1, "raised")
    for low, high in ((1, 80), (80, 180), (180, 256), (80, 180), (1, 80)):  # it swells and fades

        def in_band(line: dict[str, Any], low: int = low, high: int = high) -> bool:
            return low <= line.get("lights", {}).get("lamp", 0) < high

        await room.lines.until(in_band)


async def test_a_lower_rev_is_ignored(shop: Shop, room: Room) -> None:
    for rev, state in ((5, "raised"), (4, "idle"), (6, "acknowledged")):
        await shop.signal(rev, state)
    echoes = [(await shop.heard("shown"))["rev"] for _ in range(2)]
    assert echoes == [5, 6]


async def test_a_gateway_that_turns_online_may_begin_with_a_lower_rev(
    shop: Shop, room: Room
) -> None:
    await shop.gateway(b"online")
    await shop.signal(5, "raised")
    await shop.gateway(b"offline")
    await shop.gateway(b"online")
    await shop.signal(2, "idle")
    assert [(await shop.heard("shown"))["rev"] for _ in range(2)] == [5, 2]


async def test_the_retained_signal_is_shown_after_a_start(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    await shop.signal(5, "acknowledged")
    async with open_room(tmp_path, room_config(broker.port)) as room:
        await room.ring(is_green)
        await shop.say("signal", b"")
        await room.ring(is_dark)


async def test_without_a_receipt_the_lights_say_so_and_a_signal_ends_it(
    shop: Shop, room: Room
) -> None:
    room.do(do="press", button="call")
    await room.ring(is_white)
    felt = room.lines.items[-1]["t"]
    assert (await room.ring(is_blue))["lamp"] == 255
    assert room.lines.items[-1]["t"] - felt >= 1900
    await shop.signal(1, "raised")
    await room.ring(is_amber)


# ---- faults


GARBAGE = (
    b"\xff\xfe\x00",
    b"nonsense",
    b"[" * 3500,
    b'{"rev": 1e999, "state": "raised"}',
    b'{"rev": "7", "state": ["raised"]}',
    b'{"boot": {}, "n": [], "also": [[[]]]}',
    b"5",
    b"{",
    b"x" * 1_000_000,
)


@pytest.mark.parametrize("leaf", ["signal", "receipt", "command"])
async def test_garbage_changes_nothing(shop: Shop, room: Room, leaf: str) -> None:
    for payload in GARBAGE:
        await shop.say(leaf, payload, retain=False)
    await shop.signal(1, "acknowledged")
    await shop.heard("shown")
    await room.ring(is_green)
    assert (await report(shop, "r"))["sessions"] == 1


async def test_a_retained_megabyte_does_not_lock_it_out(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    await shop.say("signal", b"x" * 1_000_000)
    async with open_room(tmp_path, room_config(broker.port)) as room:
        await shop.heard("info")
        room.do(do="press", button="call")
        await pressed(shop)
        assert (await report(shop, "r"))["sessions"] == 1


async def test_gateway_status_garbage(shop: Shop, room: Room) -> None:
    for payload in GARBAGE[:4]:
        await shop.client.publish(PREFIX + "gateway/status", payload, qos=1)
    await shop.signal(1, "idle")
    await shop.heard("shown")


async def test_a_broker_that_comes_back_gets_every_press(
    broker: Broker, shop: Shop, room: Room
) -> None:
    room.do(do="press", button="call")
    await pressed(shop)
    await room.ring(is_white)
    await room.ring(is_dark)  # the contact is open again
    await broker.stop()
    await room.lines.until(lambda line: line.get("log", "").startswith("link:"))
    room.do(do="press", button="call", ms=60)
    await room.ring(is_blue)  # unconfirmed: the shopper is not left in the dark
    room.do(do="press", button="presence", ms=30)
    await broker.start()
    async with open_shop(broker.port) as later:
        room.do(do="press", button="call", ms=60)  # does not wait for the backoff
        await later.status(b"online")
        for n, button in ((1, "call"), (2, "call"), (3, "presence"), (4, "call")):
            event = await pressed(later, n=n, button=button)
            assert (event["boot"], event["low"]) == (room.boot, 1)
        await later.receipt(room.boot, 4)
        await later.signal(1, "raised")
        await room.ring(is_amber)


async def test_wifi_that_falls_away_and_comes_back(shop: Shop, room: Room) -> None:
    room.do(do="wifi", up=False)
    await shop.status(b"offline")
    room.do(do="press", button="call")
    await room.ring(is_white)
    room.do(do="wifi", up=True)
    await shop.status(b"online")
    await pressed(shop)


async def test_on_the_embedded_broker(tmp_path: Path) -> None:
    with iotcore.Broker(port=free_port()) as broker:
        await listening(broker.port)
        async with (
            open_shop(broker.port) as shop,
            open_room(tmp_path, room_config(broker.port)) as room,
        ):
            await shop.status(b"online")
            boot = (await shop.heard("info"))["boot"]
            room.do(do="press", button="call")
            await pressed(shop)
            await shop.receipt(boot, 1)
            await shop.signal(1, "raised")
            assert (await shop.heard("shown"))["state"] == "raised"
            await room.ring(is_amber)
            assert (await report(shop, "r"))["outbox"] == 0
            room.process.kill()
            await shop.status(b"offline")


# ---- commands


async def test_identify_blinks_both_lights(shop: Shop, room: Room) -> None:
    await shop.say("command", {"v": 1, "id": "i", "verb": "identify", "args": {}}, retain=False)
    assert await shop.heard("result") == {"v": 1, "id": "i", "status": "ok", "data": {}}
    assert (await room.ring(is_white))["lamp"] == 255


async def test_an_unknown_verb_is_an_error(shop: Shop, room: Room) -> None:
    await shop.say("command", {"v": 1, "id": 7, "verb": "dance"}, retain=False)
    result = await shop.heard("result")
    assert (result["id"], result["status"]) == (7, "error")


async def test_restart_ends_the_process_with_status_3(shop: Shop, room: Room) -> None:
    await shop.say("command", {"v": 1, "id": "r", "verb": "restart"}, retain=False)
    assert (await shop.heard("result"))["status"] == "ok"
    assert await room.ended() == 3


async def test_a_retained_command_is_not_obeyed(broker: Broker, shop: Shop, tmp_path: Path) -> None:
    await shop.say("command", {"v": 1, "id": "old", "verb": "restart"})
    async with open_room(tmp_path, room_config(broker.port)):
        await shop.heard("info")
        await report(shop, "new")
        assert not [m for m in shop.messages.items if m[0] == DEVICE + "result" and b"old" in m[1]]


# ---- the control channel


async def test_reset_has_status_3(room: Room) -> None:
    room.do(do="reset")
    assert await room.ended() == 3


async def test_end_of_stdin_ends_the_room(room: Room) -> None:
    room.close_stdin()
    assert await room.ended() == 0


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "{}",
        "",
        '{"do":"dance"}',
        '{"do":"press"}',
        '{"do":"press","button":"bell"}',
        '{"do":"press","button":"call","ms":"80"}',
        '{"do":"press","button":"call","ms":-1}',
        '{"do":"press","button":"call","bounce":5}',
        '{"do":"press","button":"call","bounce":["x"]}',
        '{"do":"wifi","up":1}',
        "x" * 100_000,
        "[" * 3000,
    ],
    ids=lambda line: line[:45],
)
async def test_orders_without_sense_are_answered(room: Room, line: str) -> None:
    room.write(line)
    room.do(do="lights")
    error = await room.lines.until(lambda line: "error" in line)
    assert isinstance(error["error"], str)
    lights = await room.lines.until(lambda line: "lights" in line)
    assert set(lights["lights"]["ring"]) == {"000000"}


async def test_a_mistake_in_the_configuration_is_one_sentence(tmp_path: Path) -> None:
    config = room_config(1883, device="CP 1")
    async with open_room(tmp_path, config) as room:
        line = await room.lines.until(lambda line: "error" in line)
        assert json.dumps(line).count("\\n") == 0
        assert line["error"].startswith('"device" must be')
        assert await room.ended() == 2
