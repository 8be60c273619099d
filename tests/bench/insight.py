"""How fast the numbers of ten years are: questions, a day's roll-up, a press beside a report."""

import asyncio
import gc
import os
import random
import resource
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from overdoor.core.inputs import Configured
from overdoor.engine import Clock, Engine
from overdoor.insight.days import ShopDay
from overdoor.insight.privacy import AGREED
from overdoor.simulate import made_up
from overdoor.simulate.history_shop import TIMEZONE
from overdoor.store import Store
from overdoor.store.numbers import Numbers, Point
from overdoor.store.rollup import catching_up
from overdoor.store.stale import MARK, marking
from tests.bench.aging import EVERY_S, Presses
from tests.bench.pages import pages, told

LASTS, CALLS_PER_DAY = "10y", 1450  # five million calls and some
ROUNDS = 40
BESIDE_S = 20

Asked = Callable[[Numbers, date], object]
QUESTIONS: dict[str, Asked] = {
    "a day": lambda numbers, day: numbers.period("day", day),
    "a week": lambda numbers, day: numbers.period("week", day),
    "a month": lambda numbers, day: numbers.period("month", day),
    "a year": lambda numbers, day: numbers.period("year", day),
    "all time": lambda numbers, day: numbers.period("ever", day),
    "the zones of a year": lambda numbers, day: numbers.zones(*numbers.bounds("year", day)),
    "the zones of all time": lambda numbers, day: numbers.zones(*numbers.bounds("ever", day)),
    "hours x weekdays of a month": lambda numbers, day: numbers.hours_of_week(
        *numbers.bounds("month", day)
    ),
    "hours x weekdays of a year": lambda numbers, day: numbers.hours_of_week(
        *numbers.bounds("year", day)
    ),
    "hours x weekdays of all time": lambda numbers, day: numbers.hours_of_week(
        *numbers.bounds("ever", day)
    ),
    "90 days one by one": lambda numbers, day: numbers.days(day - timedelta(89), day),
    "the days of a year": lambda numbers, day: numbers.days(*numbers.bounds("year", day)),
    "the months of all time": lambda numbers, day: numbers.months(*numbers.bounds("ever", day)),
    "any 1,000 days": lambda numbers, day: numbers.between(day - timedelta(999), day),
}


@dataclass(frozen=True)
class Asking:
    """Milliseconds of each question, how many of them it computed, and the process's memory."""

    took: dict[str, list[float]]
    computed: dict[str, list[float]]
    memory_mb: float
    calls: int


def open_numbers(folder: Path) -> tuple[Store, Numbers]:
    """The numbers of a history, on the evening of its last day."""
    store = Store(folder)
    now = store.last_noted_at()
    return store, Numbers(store, lambda: now, lambda: TIMEZONE, AGREED)


def ask(folder: Path) -> Asking:
    """Every question about some days, in a process of its own."""
    took: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    computed: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    store, numbers = open_numbers(folder)
    with closing(store):
        dice = random.Random(1)
        first, today = numbers.first_day(), numbers.today()
        assert first is not None
        for number in range(ROUNDS):
            day = first + timedelta(dice.randrange((today - first).days + 1))
            for name, question in QUESTIONS.items():
                began, busy = time.perf_counter(), time.thread_time()
                _look(question(numbers, today if number % 4 == 0 else day))
                took[name].append((time.perf_counter() - began) * 1000)
                computed[name].append((time.thread_time() - busy) * 1000)
        calls = numbers.period("ever", today).calls
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if _MAC else 1e3)
    return Asking(took, computed, rss, calls)


def _look(answer: Any) -> None:
    """Works out the median arrival of each group, as a page would."""
    groups = answer.values() if isinstance(answer, dict) else answer
    for group in groups if isinstance(groups, Iterable) else [groups]:
        cell = group.group.cell if isinstance(group, Point) else group.cell
        cell.arrival_ab.quantile(0.5)


_MAC = sys.platform == "darwin"


def roll_up(folder: Path) -> tuple[int, float, float, float]:
    """Makes the last whole day anew.

    Its calls, seconds of work, seconds of it that it computed, and the longest slice in ms.
    """
    with closing(Store(folder)) as store:
        db = store._db
        (day,) = db.execute("SELECT max(start) FROM rollup WHERE level = 'day'").fetchone()
        (calls,) = db.execute(
            "SELECT calls FROM rollup WHERE level = 'day' AND start = ? AND zone = ''", (day,)
        ).fetchone()
        db.executemany(MARK, marking([day]))
        slices: list[float] = []
        busy = time.thread_time()
        steps: Iterator[int] = catching_up(db, ShopDay.parse(day, TIMEZONE).end)
        while True:
            began = time.perf_counter()
            going_on = next(steps, None)
            slices.append(time.perf_counter() - began)
            if going_on is None:
                return calls, sum(slices), time.thread_time() - busy, max(slices) * 1000


async def beside(folder: Path) -> dict[str, list[float]]:
    """Milliseconds from press to commit, without and with reports one after the other."""
    store = Store(folder)
    engine = Engine(store, Clock(store.last_noted_at()))
    engine.start(store.load().plan)
    await engine.do(Configured(engine.committed.plan))
    numbers = Numbers(store, engine.clock, lambda: TIMEZONE, AGREED)
    ending = threading.Event()

    def reports() -> int:
        count, today = 0, numbers.today()
        while not ending.is_set():
            for question in QUESTIONS.values():
                question(numbers, today - timedelta(1))
            count += 1
        return count

    gc.collect()
    gc.freeze()
    presses = Presses(engine, [*engine.committed.plan.room_of])
    waits: dict[str, list[float]] = {}
    try:
        for name in ("at first", "without", "beside a report"):
            end = asyncio.Event()
            asyncio.get_running_loop().call_later(BESIDE_S, end.set)
            reporting = None
            if name == "beside a report":
                reporting = asyncio.create_task(asyncio.to_thread(reports))
            waits[name] = await presses.until(end)
            ending.set()
            if reporting is not None:
                print(f"  ({await reporting} reports of {len(QUESTIONS)} questions)")
            ending.clear()
        del waits["at first"]  # while the disk still writes the copy of the history
    finally:
        engine.stop()
    return waits


def _p95(figures: list[float]) -> float:
    return statistics.quantiles(figures, n=20)[18]


async def insight(folder: Path, history: Path | None) -> None:
    """All of it, on a history that is made now, or was."""
    if history is None:
        history = folder / "history"
        last = datetime.now(UTC).date() - timedelta(1)
        await asyncio.to_thread(made_up, LASTS, CALLS_PER_DAY, 7, history, last, print)
    data = folder / "data"
    shutil.copytree(history / "data", data)
    os.sync()  # else the presses wait for the copy
    size = (data / "overdoor.db").stat().st_size / 1e6
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        asked = alone.submit(ask, data).result()
    print(f"\nQuestions about {asked.calls:,} calls, {size:.0f} MB, each {ROUNDS} times:")
    print(
        f"  {'':30}{'median ms':>10}{'p95 ms':>9}{'longest':>9}{'computed: median':>18}{'p95':>7}"
    )
    for name, took in asked.took.items():
        mine = asked.computed[name]
        print(
            f"  {name:30}{statistics.median(took):10.1f}{_p95(took):9.1f}{max(took):9.1f}"
            f"{statistics.median(mine):18.1f}{_p95(mine):7.1f}"
        )
    print(f"  The goal is 100 ms at p95. The process that asked took {asked.memory_mb:.0f} MB.")
    calls, seconds, busy, longest = await asyncio.to_thread(roll_up, data)
    print(
        f"\nA day of {calls} calls, and all that is merged from it, rolled up in {seconds:.2f} s "
        f"of work, {busy:.2f} s of it computing;\n  the longest slice held the writer for "
        f"{longest:.0f} ms. The goal is 1 s."
    )
    with closing(Store(data)) as store:
        last = datetime.fromtimestamp(store.last_noted_at() / 1000, UTC).date()
    print(told(*await pages(history / "shop.toml", data, last)))
    print(f"\nPress -> commit in the engine, {1 / EVERY_S:.0f} a second:")
    waits = await beside(data)
    medians = {name: statistics.median(figures) for name, figures in waits.items()}
    print(f"  {'':26}{'median ms':>10}{'p99 ms':>10}{'longest ms':>12}{'n':>8}")
    for name, figures in waits.items():
        p99 = statistics.quantiles(figures, n=100)[98]
        print(f"  {name:26}{medians[name]:10.2f}{p99:10.2f}{max(figures):12.2f}{len(figures):8}")
    print(f"  ratio of the medians {medians['beside a report'] / medians['without']:.2f}")
