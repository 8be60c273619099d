"""The journal on a real LittleFS, on a chip that loses power at every block operation.

What runs is in `flash/`, on MicroPython: `device.py` is the chip, the device and the books.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import (
    FIRMWARE,
    Broker,
    Room,
    Shop,
    is_white,
    micropython,
    micropython_environment,
    open_room,
    room_config,
)

FLASH = Path(__file__).parent / "flash"
PLANTED = (
    "renamed before it is synced",
    "rewritten in place",
    "appended without sync",
    "on the air before it is on flash",
    "numbers that begin again",
    "let go without a receipt",
)


async def on_flash(program: str, *arguments: str) -> Any:
    """The JSON that a program of `flash/` prints."""
    process = await asyncio.create_subprocess_exec(
        micropython(),
        "-X",
        "heapsize=16M",
        str(FLASH / program),
        str(FLASH),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=micropython_environment(FIRMWARE),
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return json.loads(output)


async def test_a_power_cut_at_every_block_operation_loses_nothing() -> None:
    tried = await on_flash("power_cut.py", "none", "every")
    assert tried["failures"] == []
    assert tried["runs"] == 3 * tried["operations"]
    assert tried["operations"] > 100


async def test_power_cuts_by_chance_lose_nothing() -> None:
    tried = await on_flash("power_cut.py", "none", "chance", "0", "500")
    assert tried == {"runs": 500, "failures": []}


@pytest.mark.parametrize("bug", PLANTED)
async def test_the_power_cuts_find_a_planted_bug(bug: str) -> None:
    assert (await on_flash("power_cut.py", bug, "every"))["failures"]
    assert (await on_flash("power_cut.py", bug, "chance", "0", "100"))["failures"]


async def test_a_press_costs_few_block_writes() -> None:
    online = await on_flash("wear.py", "online", "500")
    assert online["writes"] < 4  # of a few bytes: the press, its receipt, the folder
    assert online["erases"] < 0.1
    assert online["most_operations_in_a_press"] < 10
    offline = await on_flash("wear.py", "offline", "500")
    assert offline["erases"] < 1.1
    assert offline["writes"] < 20
    assert offline["most_operations_in_a_press"] < 60  # the journal is written anew now and then


# ---- a whole room


async def unsent(room: Room) -> None:
    """A press that is on flash and that nobody receipted."""
    room.do(do="press", button="call", ms=80)
    await room.ring(is_white)


async def test_a_press_survives_kill_9(broker: Broker, shop: Shop, tmp_path: Path) -> None:
    config = room_config(broker.port)
    async with open_room(tmp_path, config) as room:
        boot = (await room.lines.until(lambda line: "ready" in line))["boot"]
        await shop.heard("info")
        await unsent(room)
        await shop.heard("event")
        room.process.kill()
        await shop.status(b"offline")
    async with open_room(tmp_path, config) as room:
        event = await shop.heard("event", lambda event: event["boot"] == boot)
        assert (event["n"], event["low"], event["age_ms"]) == (1, 1, None)
        await shop.say("receipt", {"v": 1, "boot": boot, "n": 1, "also": []})
        await unsent(room)
        event = await shop.heard("event", lambda event: event["boot"] != boot)
        assert (event["n"], event["low"]) == (1, 1)


async def test_a_restart_on_purpose_keeps_the_age_of_a_press(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    config = room_config(broker.port)
    async with open_room(tmp_path, config) as room:
        await shop.heard("info")
        await unsent(room)
        first = await shop.heard("event")
        await shop.say("command", {"v": 1, "id": "r", "verb": "restart"}, retain=False)
        assert (await shop.heard("result"))["status"] == "ok"
        assert await room.ended() == 3
    async with open_room(tmp_path, config, after="hard"):
        assert (await shop.heard("info", lambda info: info["boot"] != first["boot"]))[
            "reset"
        ] == "hard"
        again = await shop.heard("event", lambda event: event["boot"] == first["boot"])
        assert again["n"] == first["n"]
        assert 3000 <= again["age_ms"] < 20000


async def test_without_flash_the_button_works_and_says_so(
    broker: Broker, shop: Shop, tmp_path: Path
) -> None:
    config = room_config(broker.port)
    (tmp_path / "config.json.flash").mkdir()
    (tmp_path / "config.json.flash" / "outbox.log").mkdir()  # nothing can be read or written there
    async with open_room(tmp_path, config) as room:
        assert (await shop.heard("info"))["trouble"] == ["no flash"]
        await unsent(room)
        assert (await shop.heard("event"))["fault"] == "flash"
        await shop.heard("event", lambda event: event["type"] == "button")
        # Nothing that a restart would lose is given up for one.
        await shop.say("command", {"v": 1, "id": "r", "verb": "restart"}, retain=False)
        assert (await shop.heard("result"))["status"] == "error"
