"""What a press waits for while old facts are removed, beside what it waits for otherwise."""

import asyncio
import gc
import statistics
import time
from pathlib import Path
from sqlite3 import Connection

from overdoor.config import read
from overdoor.core.inputs import DeviceEvent
from overdoor.engine import Engine
from overdoor.store import Store
from overdoor.store.retention import Retention
from tests.bench import place
from tests.bench.big import history

ROOMS = 200
OLD = 50_000
KEEP_DAYS = 30
EVERY_S = 0.05
QUIET_S = 20


class Presses:
    """Presses and cancels in turns, room after room, twenty a second."""

    def __init__(self, engine: Engine, devices: list[str]) -> None:
        self._engine = engine
        self._devices = devices
        self._count = 0

    async def until(self, end: asyncio.Event) -> list[float]:
        """Milliseconds from each press to its commit."""
        waits: list[float] = []
        loop = asyncio.get_running_loop()
        moment = loop.time()
        while not end.is_set():
            self._press(waits)
            moment = max(moment + EVERY_S, loop.time() - 1)
            await asyncio.sleep(moment - loop.time())
        return waits

    def _press(self, waits: list[float]) -> None:
        turn, room = divmod(self._count, len(self._devices))
        self._count += 1
        gesture = "hold" if turn % 2 else "press"
        said = {"type": "button", "button": "call", "gesture": gesture, "age_ms": 0}
        numbered = (self._devices[room], "aaaaaaaaaaaa", turn + 1, turn + 1)
        event = DeviceEvent(*numbered, "button", 0, "call", gesture, body=said)
        began = time.perf_counter()
        self._engine.submit(event, lambda _: waits.append((time.perf_counter() - began) * 1000))


class Slices:
    """How long each slice of the removal held the writer, and how much of it it computed: in ms."""

    def __init__(self, retention: Retention) -> None:
        self.held: list[tuple[float, float]] = []
        self._work = retention._slice
        retention._slice = self._timed  # type: ignore[method-assign]

    def _timed(self, db: Connection) -> int | None:
        began, computed = time.perf_counter(), time.thread_time()
        try:
            return self._work(db)
        finally:
            wall, mine = time.perf_counter() - began, time.thread_time() - computed
            self.held.append((wall * 1000, mine * 1000))


async def aging(folder: Path) -> None:
    """Presses without and with the removal of old facts beside them."""
    config = place.shop(folder, 1883, ROOMS, pagers=False)
    count = await asyncio.to_thread(history, config, OLD, ended_days_ago=KEEP_DAYS + 1)
    store = Store(read(config).data.path)
    engine = Engine(store)
    engine.start(read(config).plan(), keep_ms=KEEP_DAYS * 86_400_000)
    retention = engine.retention
    assert retention is not None
    slices = Slices(retention)
    gc.collect()
    gc.freeze()
    presses, end = Presses(engine, [f"cp-{room}" for room in range(ROOMS)]), asyncio.Event()
    try:
        asyncio.get_running_loop().call_later(QUIET_S, end.set)
        quiet = await presses.until(end)
        full, began = store.path.stat().st_size, time.perf_counter()
        end.clear()
        retention.begin()

        async def removed() -> None:
            while retention.ran_at is None and retention.trouble is None:
                await asyncio.sleep(0.1)
            end.set()

        watching = asyncio.create_task(removed())
        beside = await presses.until(end)
        await watching
        took = time.perf_counter() - began
    finally:
        engine.stop()
    print(
        f"\nPress -> commit in the gateway's engine, {ROOMS} rooms, {1 / EVERY_S:.0f} a second; "
        f"{retention.removed} of {count} old facts removed\n  in {took:.0f} s, the file from "
        f"{full / 1e6:.0f} to {store.path.stat().st_size / 1e6:.0f} MB"
        f"{'' if retention.trouble is None else ', ' + retention.trouble}:"
    )
    print(f"  {'':26}{'median ms':>10}{'p99 ms':>10}{'longest ms':>12}{'n':>8}")
    for name, waits in (("without", quiet), ("while they are removed", beside)):
        p99 = statistics.quantiles(waits, n=100)[98]
        print(
            f"  {name:26}{statistics.median(waits):10.2f}{p99:10.2f}{max(waits):12.2f}"
            f"{len(waits):8}"
        )
    wall, computed = max(slices.held)
    print(
        f"  The longest of {len(slices.held)} slices held the writer for {wall:.0f} ms, of which "
        f"it computed for {computed:.0f}; the one that computed longest, "
        f"{max(mine for _, mine in slices.held):.0f} ms."
    )
    print("  The goal is that no press waits more than 50 ms for it.")
