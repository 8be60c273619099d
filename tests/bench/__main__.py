"""How fast it is, beside the bare broker and beside a script of an hour, in one run.

    make bench                      one room, 200 rooms, calls a second: about three minutes
    make bench ARGS=--all           also 5,000 rooms, a million events, old ones removed

Machines are noisy, so nothing here is a test and the figure to quote is a ratio: both sides are
measured with the same small clients, on the same broker, in turns of the same run. Everything is
answered only after SQLite has written it with synchronous=FULL.
"""

import argparse
import asyncio
import itertools
import os
import random
import statistics
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from tests.bench import place
from tests.bench.aging import aging
from tests.bench.big import big
from tests.bench.client import Client
from tests.bench.firmware import budget
from tests.bench.flood import flood
from tests.bench.insight import insight
from tests.bench.rooms import Ear, Pager, Room

BLOCKS = 5
WARM_UP = 50
PER_ZONE = 4

Figures = list[float]


class Peer:
    """The bare broker: what is said to it comes back."""

    def __init__(self) -> None:
        self._ear = Ear()
        self._client: Client

    async def connect(self, port: int) -> None:
        self._client = await Client.connect(
            port, "peer", ["echo"], lambda _, payload: self._ear.hear(payload)
        )

    async def echo(self) -> float:
        """Seconds from a publish to its receipt."""
        began = time.perf_counter()
        self._client.publish("echo", b"x" * 120)
        await self._ear.has(b"x")
        return time.perf_counter() - began


async def one_room(rooms: list[Room], peer: Peer, presses: int) -> None:
    """One press at a time, in turns. Rooms take turns too: none may say 20 things a second."""
    turn = itertools.cycle(rooms)
    rows: dict[str, list[Figures]] = {"bare broker": [], "script": [], "gateway": []}
    for block in range(-1, BLOCKS):
        count = WARM_UP if block < 0 else presses // BLOCKS
        echoes = [await peer.echo() for _ in range(count)]
        script, ours = Figures(), Figures()
        for _, room in zip(range(count), turn, strict=False):
            script.append(await room.script("press", "raised"))
            await room.script("hold", "idle")
        for _, room in zip(range(count), turn, strict=False):
            ours.append(await room.ours("press", "raised"))
            await room.ours("hold", "idle")
        if block >= 0:
            for figures, blocks in zip((echoes, script, ours), rows.values(), strict=True):
                blocks.append(figures)
    print(f"\nPress -> signal, one room at a time, {presses} presses in {BLOCKS} turns:")
    _table(rows)


async def many_rooms(rooms: list[Room], peer: Peer, seconds: int) -> None:
    """Every room is pressed at some moment of each second, and cancelled half a second later."""
    result: dict[str, list[Figures]] = {"bare broker": [], "script": [], "gateway": []}
    for block in range(BLOCKS):
        sides = [("script", Room.script), ("gateway", Room.ours)]
        echoes = Figures()
        for name, side in sides if block % 2 else reversed(sides):
            figures = await _block(rooms, side, seconds, block, peer, echoes)
            result[name].append(figures)
        result["bare broker"].append(echoes)
    print(
        f"\nPress -> signal, {len(rooms)} rooms, each pressed and cancelled once a second; "
        f"{BLOCKS} blocks of {len(rooms) * seconds} presses each, in turns:"
    )
    _table(result)


async def _block(
    rooms: list[Room],
    side: Callable[[Room, str, str], Awaitable[float]],
    seconds: int,
    seed: int,
    peer: Peer,
    echoes: Figures,
) -> Figures:
    loop = asyncio.get_running_loop()
    dice = random.Random(seed)
    figures = Figures()
    began = loop.time() + 0.2

    async def at(moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - loop.time()))

    async def shopper(room: Room, moments: list[float]) -> None:
        for second, moment in enumerate(moments):
            await at(began + second + moment)
            figures.append(await side(room, "press", "raised"))
            await at(began + second + moment + 0.5)
            await side(room, "hold", "idle")

    async def beside() -> None:
        for tick in range(seconds * 10):
            await at(began + tick / 10)
            echoes.append(await peer.echo())

    await asyncio.gather(
        beside(),
        *(shopper(room, [dice.uniform(0, 0.45) for _ in range(seconds)]) for room in rooms),
    )
    return figures


async def sustained(
    rooms: list[Room], pagers: list[Pager], peers: dict[str, Process], seconds: float
) -> None:
    """Whole calls, as many as go: in each zone the next begins when the one before is over."""
    sides = {"script": Room.call_script, "gateway": Room.call_ours}
    rates: dict[str, Figures] = {name: [] for name in sides}
    lasted: dict[str, Figures] = {name: [] for name in sides}
    cpu: dict[str, Figures] = {name: [] for name in sides}
    for _ in range(3):
        for name, side in sides.items():
            before, began = place.cpu_s(peers[name]), time.perf_counter()
            calls = await _flat_out(rooms, pagers, side, seconds)
            rates[name].append(len(calls) / (time.perf_counter() - began))
            lasted[name] += calls
            cpu[name].append((place.cpu_s(peers[name]) - before) / len(calls) * 1000)
    print(
        f"\nWhole calls a second (press, acknowledge, arrival; each stored, answered and "
        f"receipted before the next),\n{len(pagers)} at a time, {len(rates['script'])} turns of "
        f"{seconds:g} s:"
    )
    print(f"  {'':14}{'calls/s':>9}{'(range)':>16}{'a call, ms':>12}{'p99':>8}{'CPU ms':>9}")
    for name in sides:
        low, middle, high = min(rates[name]), statistics.median(rates[name]), max(rates[name])
        median, p99 = _median(lasted[name]) * 1000, _p99(lasted[name]) * 1000
        print(
            f"  {name:14}{middle:9.0f}{f'({low:.0f}..{high:.0f})':>16}{median:12.1f}{p99:8.1f}"
            f"{statistics.median(cpu[name]):9.2f}"
        )
    ratios = [ours / script for ours, script in zip(*reversed(rates.values()), strict=True)]
    print(
        f"  ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f}); "
        "the goal is 4"
    )


async def _flat_out(
    rooms: list[Room],
    pagers: list[Pager],
    side: Callable[[Room, Pager], Awaitable[float]],
    seconds: float,
) -> Figures:
    end = time.perf_counter() + seconds
    figures = Figures()

    async def zone(rooms: list[Room], pager: Pager) -> None:
        while True:
            for room in rooms:
                if time.perf_counter() > end:
                    return
                figures.append(await side(room, pager))

    zones = [rooms[start : start + PER_ZONE] for start in range(0, len(rooms), PER_ZONE)]
    await asyncio.gather(*map(zone, zones, pagers))
    return figures


def _median(figures: Figures) -> float:
    return statistics.median(figures)


def _p99(figures: Figures) -> float:
    return statistics.quantiles(figures, n=100)[98]


def _pool(blocks: list[Figures]) -> Figures:
    return [figure for block in blocks for figure in block]


def _table(rows: dict[str, list[Figures]]) -> None:
    print(f"  {'':14}{'median ms':>10}{'(range)':>14}{'p99 ms':>10}{'(range)':>16}{'n':>8}")
    for name, blocks in rows.items():
        cells = [f"  {name:14}"]
        for of, width in ((_median, 14), (_p99, 16)):
            each = [of(block) * 1000 for block in blocks]
            whole = of(_pool(blocks)) * 1000
            cells.append(f"{whole:10.2f}{f'({min(each):.2f}..{max(each):.2f})':>{width}}")
        print("".join(cells) + f"{sum(map(len, blocks)):8}")
    for name in ("bare broker", "script"):
        cells = []
        for of in (_median, _p99):
            each = [
                of(ours) / of(theirs)
                for ours, theirs in zip(rows["gateway"], rows[name], strict=True)
            ]
            pooled = of(_pool(rows["gateway"])) / of(_pool(rows[name]))
            cells.append(f"{pooled:.2f} ({min(each):.2f}..{max(each):.2f})")
        print(f"  gateway / {name}: median {cells[0]}, p99 {cells[1]}")


def _fsync(folder: Path) -> None:
    times = []
    with (folder / "probe").open("wb") as file:
        for _ in range(200):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    print(
        f"Bare append and fsync here: median {_median(times) * 1000:.2f} ms, "
        f"p99 {_p99(times) * 1000:.2f} ms; load {os.getloadavg()[0]:.1f}."
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="also what takes minutes")
    parser.add_argument(
        "--only", help="one of: one, many, sustained, big, aging, insight, flood, firmware"
    )
    parser.add_argument(
        "--history", type=Path, help="of insight: made before by overdoor simulate --history"
    )
    parser.add_argument("--presses", type=int, default=1000, help="of the one room (1000)")
    parser.add_argument("--rooms", type=int, default=200, help="pressed at once (200)")
    parser.add_argument("--seconds", type=int, default=10, help="of each block (10)")
    given = parser.parse_args()

    def wanted(name: str) -> bool:
        return given.only in (None, name)

    if given.all or given.only == "big":
        with tempfile.TemporaryDirectory() as place_of_its_own:
            await big(Path(place_of_its_own), idle_s=60)
    if given.all or given.only == "aging":
        with tempfile.TemporaryDirectory() as place_of_its_own:
            await aging(Path(place_of_its_own))
    if given.all or given.only == "insight":
        with tempfile.TemporaryDirectory() as place_of_its_own:
            await insight(Path(place_of_its_own), given.history)
    if given.all or given.only == "flood":
        with tempfile.TemporaryDirectory() as place_of_its_own:
            await flood(Path(place_of_its_own))
    if given.only in ("big", "aging", "insight", "flood"):
        return
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = await stack.enter_async_context(place.broker(folder))
        if wanted("firmware"):
            await budget(folder, port)
        if given.only == "firmware":
            return
        config = place.shop(folder, port, given.rooms, per_zone=PER_ZONE)
        gateway = await stack.enter_async_context(place.gateway(config))
        script = await stack.enter_async_context(place.script(port, folder))
        _fsync(folder)
        peer = Peer()
        await peer.connect(port)
        rooms = [await Room.connect(port, number) for number in range(given.rooms)]
        pagers = [
            await Pager.connect(port, f"pg-{zone}") for zone in range(-(-given.rooms // PER_ZONE))
        ]
        if wanted("one"):
            await one_room(rooms, peer, given.presses)
        if wanted("many"):
            await many_rooms(rooms, peer, given.seconds)
        if wanted("sustained"):
            await sustained(rooms, pagers, {"script": script, "gateway": gateway}, 5)
        print(f"\nThe gateway's memory at the end: {place.memory_mb(gateway):.0f} MB.")


if __name__ == "__main__":
    asyncio.run(main())
