"""A very bad day, by hand: everything that can be killed is, while people press and answer.

    make drill                                  two minutes
    make drill ARGS="--minutes 60 --rooms 10"   an hour

The real gateway, a real mosquitto, the real firmware in one process a room. The broker and the
gateway are killed (SIGKILL), the disk runs full, the radio and the power of each room come and go.
At the end: every press stored exactly once, every lamp as its call says, and in a drill of half an
hour or more, nothing grown.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.drill import verdict
from tests.drill.shop import Broker, Disk, Gateway, Room, write_config
from tests.system.conftest import free_port

HEAP_GROWTH_BYTES = 2048
RESIDENT_GROWTH_BYTES = 5_000_000
SETTLED_IN = 1 / 6  # of the time: memory is compared from here on
TELL_EVERY_S = 10.0
LEAK_MINUTES = 30  # in less, buffers and logs still fill up
CALM_S = 15.0  # until every room has found its way back
DEAF_S = 11.0  # a press sooner after an arrival raises nothing
LOOKS = 4  # at the memory of a room


class Memory(NamedTuple):
    """What a room uses, in bytes: of the interpreter's heap, and resident of the process."""

    heap: int
    resident: int


@dataclass
class Drill:
    """The shop, and what was done to it."""

    broker: Broker
    gateway: Gateway
    rooms: list[Room]
    disk: Disk | None
    random: random.Random
    staff: list[dict[str, str]]  # what each associate's requests carry
    done: dict[str, int] = field(default_factory=dict)
    going_on: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def every(self, seconds: float, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Does it about every so many seconds, until the drill is over; never if 0."""
        while seconds and not await self.is_over_in(seconds * self.random.uniform(0.7, 1.3)):
            await self.going_on.wait()
            self.done[what] = self.done.get(what, 0) + 1
            await work()

    async def is_over_in(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
        return self.over.is_set()

    def tell(self) -> str:
        restarts = sum(room.restarts for room in self.rooms)
        done = self.done | {"restarted": restarts}
        return ", ".join(f"{what} {count} x" for what, count in sorted(done.items()))

    # what happens to the shop

    async def kill_broker(self) -> None:
        await self.broker.kill()
        await asyncio.sleep(self.random.uniform(0.2, 4))
        await self.broker.start()

    async def kill_gateway(self) -> None:
        await self.gateway.kill()
        await asyncio.sleep(self.random.uniform(0.2, 4))
        await self.gateway.start()

    async def fill_disk(self) -> None:
        if self.disk is not None:
            await self.disk.fill()
            await asyncio.sleep(self.random.uniform(3, 8))
            await self.disk.free()

    async def lose_wifi(self, room: Room) -> None:
        room.wifi(up=False)
        await asyncio.sleep(self.random.uniform(0.5, 5))
        room.wifi(up=True)

    # what people do

    async def press(self, room: Room) -> None:
        button = "call" if self.random.random() < 0.7 else "presence"
        room.press(button)

    async def answer(self, headers: dict[str, str]) -> None:
        """Takes the oldest call that nobody has. What fails is tried again with the next one."""
        with suppress(httpx.HTTPError, KeyError, IndexError):
            calls = await self.gateway.http.get("/api/v1/calls", params={"state": "raised"})
            call = calls.json()["calls"][-1]["id"]
            await self.gateway.http.post(f"/api/v1/calls/{call}/acknowledge", headers=headers)

    async def show_every_light(self) -> None:
        """Leaves a third of the rooms idle, one raised, and one acknowledged."""
        for room in self.rooms:
            room.press("presence")
        await asyncio.sleep(DEAF_S)
        for room in self.rooms[::3]:
            room.press("call")
        await asyncio.sleep(1)
        for _ in self.rooms[::3]:
            await self.answer(self.staff[0])
        for room in self.rooms[1::3]:
            room.press("call")


async def main(options: argparse.Namespace) -> bool:
    """Runs the drill and says how it went."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
        drill = await _open(options, folder, stack)
        early = await _suffer(drill, options)
        print("The faults are over; waiting until every press is stored ...", flush=True)
        wrong = await _settled(drill)
        await drill.show_every_light()
        wrong += await _settled(drill)
        wrong += await verdict.wrong_lamps(drill.gateway, drill.rooms)
        grown = _grown(drill, early, await _memory(drill))
        if options.minutes >= LEAK_MINUTES:
            wrong += grown
        database = await drill.gateway.backup()
        await drill.gateway.end()
        if twice := verdict.opened_twice(database):
            wrong.append(f"{twice} calls were raised in a room that had one open")
        doubtful = sum(room.doubtful for room in drill.rooms)
        print(
            f"\n{drill.tell()}; {sum(verdict.stored(database).values())} presses stored, "
            f"{doubtful} were made within a second before a restart."
        )
        for line in wrong:
            print(f"WRONG: {line}")
        if not wrong:
            print("No press was lost or counted twice, and every lamp is right.")
        return not wrong


async def _open(options: argparse.Namespace, folder: Path, stack: AsyncExitStack) -> Drill:
    broker, web, disk = Broker(folder), free_port(), None
    if options.disk:
        disk = Disk(folder, size_mb=64 + int(2 * options.minutes))
        await disk.start()
        stack.push_async_callback(disk.end)
    await broker.start()
    stack.push_async_callback(broker.kill)
    data = disk.folder if disk is not None else folder / "data"
    config = write_config(folder, options.rooms, broker.port, web, data)
    gateway = Gateway(folder, config, web, disk)
    await gateway.start()
    stack.push_async_callback(gateway.kill)
    await gateway.ready()
    rooms = [Room(number, folder, broker.port) for number in range(options.rooms)]
    for room in rooms:
        running = asyncio.create_task(room.run())
        stack.push_async_callback(asyncio.gather, running, return_exceptions=True)
        stack.callback(running.cancel)
    print(f"The shop's file is {config}, for whoever wants to do more to it.", flush=True)
    staff = []
    for zone in ("z0", "z1"):
        shift = {"name": f"Drill {zone}", "zone": zone}
        signed = await gateway.http.post("/api/v1/duty", json=shift)
        staff.append({"Authorization": f"Bearer {signed.json()['token']}"})
    return Drill(broker, gateway, rooms, disk, random.Random(options.seed), staff)


async def _suffer(drill: Drill, options: argparse.Namespace) -> list[Memory]:
    """The bad part. Returns what memory each room used in its first sixth."""
    span = options.minutes * 60
    began = time.monotonic()
    drill.going_on.set()
    async with asyncio.TaskGroup() as group:
        work: list[tuple[float, str, Callable[[], Awaitable[None]]]] = [
            (options.broker, "broker killed", drill.kill_broker),
            (options.gateway, "gateway killed", drill.kill_gateway),
            (options.disk, "disk full", drill.fill_disk),
            *((2.0, "answered", lambda of=of: drill.answer(of)) for of in drill.staff),
        ]
        for room in drill.rooms:
            work.append((options.press, "pressed", lambda room=room: drill.press(room)))
            work.append((options.power, "power cut", room.cut_power))
            work.append((options.wifi, "Wi-Fi lost", lambda room=room: drill.lose_wifi(room)))
        for seconds, what, job in work:
            group.create_task(drill.every(seconds, what, job))
        await drill.is_over_in(span * SETTLED_IN)
        drill.going_on.clear()
        early = await _memory(drill)
        drill.going_on.set()
        while (left := span - (time.monotonic() - began)) > 0:
            await drill.is_over_in(min(left, TELL_EVERY_S))
            heap = max([await room.heap_used() for room in drill.rooms])
            print(f"{time.monotonic() - began:5.0f} s  {drill.tell()}, heap {heap}", flush=True)
        drill.over.set()
    return early


async def _memory(drill: Drill) -> list[Memory]:
    """What each room uses once all are connected: the least of a few looks."""
    await asyncio.sleep(CALM_S)
    looks = []
    for _ in range(LOOKS):
        looks.append([(await room.heap_used(), room.resident_bytes()) for room in drill.rooms])
        await asyncio.sleep(1)
    return [
        Memory(min(heap for heap, _ in of), min(whole for _, whole in of))
        for of in zip(*looks, strict=True)
    ]


def _grown(drill: Drill, early: list[Memory], late: list[Memory]) -> list[str]:
    """Rooms that use more than they did."""
    wrong = []
    worst = Memory(0, 0)
    for room, before, after in zip(drill.rooms, early, late, strict=True):
        grown = Memory(after.heap - before.heap, after.resident - before.resident)
        worst = Memory(max(worst.heap, grown.heap), max(worst.resident, grown.resident))
        if grown.heap > HEAP_GROWTH_BYTES:
            wrong.append(f"{room.id} uses {grown.heap} bytes more of its heap than at first")
        if grown.resident > RESIDENT_GROWTH_BYTES:
            wrong.append(f"{room.id} uses {grown.resident} bytes more of memory than at first")
    print(f"Grown at most: heap {worst.heap} bytes, process {worst.resident} bytes.")
    return wrong


async def _settled(drill: Drill) -> list[str]:
    """Waits until every press is stored; what is still wrong at the end of patience."""
    await drill.gateway.ready()
    wrong: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(verdict.SETTLE_LIMIT_S):
            while True:
                counts = verdict.stored(await drill.gateway.backup())
                wrong = verdict.miscounted(drill.rooms, counts)
                if not wrong:
                    break
                await asyncio.sleep(1)
    return wrong


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make drill ARGS=", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=2, help="how long (2)")
    parser.add_argument("--rooms", type=int, default=10, help="how many (10)")
    parser.add_argument("--seed", type=int, default=0, help="of what happens when (0)")
    for name, seconds, what in (
        ("press", 2.0, "between two presses in a room"),
        ("wifi", 10.0, "between two losses of a room's Wi-Fi"),
        ("power", 120.0, "between two power cuts of a room"),
        ("broker", 60.0, "between two deaths of the broker"),
        ("gateway", 45.0, "between two deaths of the gateway"),
        ("disk", 40.0, "between two full disks"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=seconds, help=f"seconds {what}; 0: never ({seconds})"
        )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(_options())) else 1)
