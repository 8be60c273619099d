"""A very bad day, by hand: everything that can be killed is, while people press and answer.

    make drill                                  two minutes
    make drill ARGS="--minutes 60 --rooms 10"   an hour

The real gateway, a real mosquitto, the real firmware in one process a room. The broker and the
gateway are killed (SIGKILL), the disk runs full, the radio of each room and the power of every
other one come and go. In a drill of half an hour or more, an update is rolled out meanwhile. At the
end: every press stored exactly once, every lamp as its call says, and in a long drill, nothing
grown.
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

import httpx

from tests.conftest import free_port
from tests.drill import memory, verdict
from tests.drill.shop import Broker, Disk, Gateway, Room, write_config

SETTLED_IN = 1 / 6  # of the time: memory is compared from here on
SHORTEST = 0.2  # pause between two of the same, as a share of the mean
TELL_EVERY_S = 10.0
LONG_MINUTES = 30  # from here on there is an update, and memory is judged
UPDATE_AT_MINUTE = 0.5
DEAF_S = 11.0  # a press sooner after an arrival raises nothing


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
        """Does it every so many seconds on average, until the drill is over; never if 0."""
        while seconds and not await self.is_over_in(self._pause(seconds)):
            await self.going_on.wait()
            self.done[what] = self.done.get(what, 0) + 1
            await work()

    def _pause(self, seconds: float) -> float:
        """By chance, now and then long enough for an update; no finger presses twice at once."""
        return seconds * (SHORTEST + self.random.expovariate(1 / (1 - SHORTEST)))

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
        early, wrong = await _suffer(drill, options)
        print("The faults are over; waiting until every press is stored ...", flush=True)
        wrong += await _settled(drill)
        grown = memory.grown(drill.rooms, early, await memory.look(drill.gateway, drill.rooms))
        if options.minutes >= LONG_MINUTES:
            wrong += grown
        await drill.show_every_light()
        wrong += await _settled(drill)
        wrong += await verdict.wrong_lamps(drill.gateway, drill.rooms)
        database = await drill.gateway.backup()
        await drill.gateway.end()
        if twice := verdict.opened_twice(database):
            wrong.append(f"{twice} calls were raised in a room that had one open")
        doubtful = sum(room.doubtful for room in drill.rooms)
        print(
            f"\n{drill.tell()}; {sum(verdict.stored(database).values())} presses stored, "
            f"{doubtful} were cut short by a restart."
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


async def _suffer(
    drill: Drill, options: argparse.Namespace
) -> tuple[list[memory.Memory], list[str]]:
    """The bad part. Returns what memory each room used after a sixth of it, and what went wrong."""
    span = options.minutes * 60
    began = time.monotonic()
    wrong: list[str] = []

    def left_until(moment: float) -> float:
        return max(0.0, began + moment - time.monotonic())

    async def tell() -> None:
        while not await drill.is_over_in(TELL_EVERY_S):
            await drill.going_on.wait()
            heap = max([await room.heap_used() for room in drill.rooms])
            print(f"{time.monotonic() - began:5.0f} s  {drill.tell()}, heap {heap}", flush=True)

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
            work.append((options.wifi, "Wi-Fi lost", lambda room=room: drill.lose_wifi(room)))
        work += [(options.power, "power cut", room.cut_power) for room in drill.rooms[1::2]]
        for seconds, what, job in work:
            group.create_task(drill.every(seconds, what, job))
        group.create_task(tell())
        if options.update:
            await drill.is_over_in(left_until(options.update * 60))
            if not await drill.gateway.update():
                wrong.append("the update did not reach every room")
        await drill.is_over_in(left_until(span * SETTLED_IN))
        drill.going_on.clear()
        wrong += await _settled(drill)
        early = await memory.look(drill.gateway, drill.rooms)
        print(f"{time.monotonic() - began:5.0f} s  memory is compared from here on", flush=True)
        drill.going_on.set()
        await drill.is_over_in(left_until(span))
        drill.over.set()
    return early, wrong


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
    parser.add_argument(
        "--update",
        type=float,
        metavar="MINUTE",
        help="when an update is rolled out; 0: never "
        f"({UPDATE_AT_MINUTE}, and never in less than {LONG_MINUTES} minutes)",
    )
    for name, seconds, what in (
        ("press", 2.0, "between two presses in a room"),
        ("wifi", 10.0, "between two losses of a room's Wi-Fi"),
        ("power", 120.0, "between two power cuts of every other room"),
        ("broker", 60.0, "between two deaths of the broker"),
        ("gateway", 45.0, "between two deaths of the gateway"),
        ("disk", 40.0, "between two full disks"),
    ):
        parser.add_argument(
            f"--{name}",
            type=float,
            default=seconds,
            help=f"seconds on average {what}; 0: never ({seconds})",
        )
    options = parser.parse_args()
    if options.update is None:
        options.update = UPDATE_AT_MINUTE if options.minutes >= LONG_MINUTES else 0
    return options


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(_options())) else 1)
