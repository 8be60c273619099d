"""What must hold when a drill is over."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.drill.shop import Gateway, Room

SETTLE_LIMIT_S = 120.0  # the longest pause of a resend is a minute
LOOK_S = 5.0


def light(seen: Sequence[tuple[float, int]], now: float) -> str:
    """How the lamp was in the last five seconds: dark, steady, breathing or blinking."""
    before = [level for at, level in seen if at <= now - LOOK_S]
    levels = {*before[-1:], *(level for at, level in seen if at > now - LOOK_S)}
    if levels <= {0}:
        return "dark"
    if len(levels) == 1:
        return "steady"
    return "breathing" if len(levels) > 4 else "blinking"


def wanted(room: Mapping[str, Any]) -> tuple[str, str]:
    """What a room is, and the light that says so."""
    call = room["call"]
    if call is None:
        return "idle", "dark"
    if call["unreached"]:  # the drill's staff have no page that could give a receipt
        return "raised, and nobody is reached", "blinking"
    lights = {"raised": "breathing", "acknowledged": "steady"}
    return call["state"], lights.get(call["state"], "dark")


async def wrong_lamps(gateway: Gateway, rooms: Sequence[Room]) -> list[str]:
    """Rooms whose lamp is not what their call says, with nobody pressing meanwhile."""
    before = {room["id"]: wanted(room) for room in await gateway.rooms()}
    await asyncio.sleep(LOOK_S + 1)
    now = asyncio.get_running_loop().time()
    found = {room["id"]: wanted(room) for room in await gateway.rooms()}
    wrong = []
    for room in rooms:
        is_, says = found[room.id]
        shown = light(room.lamp, now)
        if found[room.id] == before[room.id] and shown != says:
            wrong.append(f"{room.id} is {is_} and its lamp is {shown}")
    return wrong


def stored(database: Path) -> Counter[str]:
    """Presses that the log holds, by device."""
    with sqlite3.connect(database) as db:
        counts: Counter[str] = Counter()
        for device, data in db.execute("SELECT device, data FROM event WHERE fact = 'heard'"):
            heard = json.loads(data)
            if heard["type"] == "button":
                counts[device] += heard.get("said", {}).get("count", 1)
    return counts


def opened_twice(database: Path) -> int:
    """Calls that were raised while another one of their room was open."""
    with sqlite3.connect(database) as db:
        (count,) = db.execute(
            "SELECT count(*) FROM call a JOIN call b ON a.room = b.room AND a.id < b.id "
            "AND b.raised_at < coalesce(a.closed_at, 9e15) AND a.raised_at <= b.raised_at"
        ).fetchone()
    return int(count)


def miscounted(rooms: Sequence[Room], counts: Counter[str]) -> list[str]:
    """Rooms of which more presses are stored than were made, or fewer than surely were."""
    return [
        f"{room.id} was pressed {room.presses} times and {counts[room.device]} are stored"
        for room in rooms
        if not room.presses - room.doubtful <= counts[room.device] <= room.presses
    ]
