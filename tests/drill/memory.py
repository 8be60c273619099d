"""What rooms use of memory: looked at twice, each time in the same state, and compared.

The state is: connected, every press receipted and forgotten, no call, the lights dark. Rooms that
lost their power in between are told of, and not judged: a new process has nothing that grew.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from statistics import median
from typing import NamedTuple

from tests.drill.shop import Gateway, Room

HEAP_GROWTH_BYTES = 2048
RESIDENT_GROWTH_BYTES = 5_000_000
IDLE_LIMIT_S = 120.0  # until every room is connected, and its call closed
CALM_S = 40.0  # then the journal is tended, and the lights have faded
LOOKS = 7
BETWEEN_LOOKS_S = 2.0


class Memory(NamedTuple):
    """What a room uses, in bytes: of the interpreter's heap, and resident of the process."""

    heap: int
    resident: int
    restarts: int  # of its process, before this look
    resets: int  # of these, by the firmware itself


async def look(gateway: Gateway, rooms: Sequence[Room]) -> list[Memory]:
    """What each room uses once all rest: the median of several looks. Nobody may press."""
    for room in rooms:
        room.press("presence")  # somebody comes to each that waits
    await _all_idle(gateway)
    await asyncio.sleep(CALM_S)
    looks = []
    for _ in range(LOOKS):
        looks.append([(await room.heap_used(), room.resident_bytes()) for room in rooms])
        await asyncio.sleep(BETWEEN_LOOKS_S)
    return [
        Memory(
            int(median(heap for heap, _ in of)),
            int(median(resident for _, resident in of)),
            room.restarts,
            room.resets,
        )
        for room, of in zip(rooms, zip(*looks, strict=True), strict=True)
    ]


async def _all_idle(gateway: Gateway) -> None:
    with suppress(TimeoutError):  # the looks are then worse than they could be, not better
        async with asyncio.timeout(IDLE_LIMIT_S):
            while any(room["call"] or not room["online"] for room in await gateway.rooms()):
                await asyncio.sleep(1)


def grown(rooms: Sequence[Room], early: Sequence[Memory], late: Sequence[Memory]) -> list[str]:
    """Rooms that use too much more than they did, and those that started anew by themselves."""
    wrong = []
    for room, before, after in zip(rooms, early, late, strict=True):
        heap, resident = after.heap - before.heap, after.resident - before.resident
        same = before.restarts == after.restarts
        print(
            f"{room.id}: heap {before.heap} {heap:+}, process {before.resident} {resident:+} bytes"
            + ("" if same else "; restarted in between, not judged")
        )
        if same and heap > HEAP_GROWTH_BYTES:
            wrong.append(f"{room.id} uses {heap} bytes more of its heap than at first")
        if same and resident > RESIDENT_GROWTH_BYTES:
            wrong.append(f"{room.id} uses {resident} bytes more of memory than at first")
        if anew := after.resets - before.resets:
            wrong.append(f"{room.id} started anew by itself {anew} times")
    return wrong
