"""A history of years, made up from known parameters, as it lies on a shop's disk.

The last days, as many as a shop keeps, are real facts: the core decides on what made-up people do,
and the log, the tables and the roll-ups come of that. Of the days before, a shop has nothing but
roll-ups; so their rows go through the same `cells_of_day` into the same tables, without facts.
"""

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from sqlite3 import Connection
from typing import TypeAlias

from overdoor.core.hours import Day
from overdoor.core.model import Plan
from overdoor.insight.days import ShopDay, between
from overdoor.insight.tally import cells_of_day
from overdoor.simulate.history_day import MadeUpDay
from overdoor.simulate.history_replay import Replay
from overdoor.simulate.history_truth import OPENS, Truth
from overdoor.store import FILE, Store, StoreError, annotations
from overdoor.store.rollup import Rows, catching_up, rows_of_day, write_day
from overdoor.store.store import connect

KEEP_DAYS = 30
FEWEST_DAYS = 7
CHUNK = 4  # days that one process makes at a time
MONTH = 32  # days of one transaction

Rooms: TypeAlias = dict[str, tuple[str, ...]]  # zone → its rooms
Say: TypeAlias = Callable[[str], object]


class HistoryError(Exception):
    """What was asked for cannot be made. The message says why."""


def length(text: str) -> timedelta:
    """`5y`, `18m`, `90d`. Raises `HistoryError`."""
    found = re.fullmatch(r"([1-9]\d{0,4})([ymd])", text)
    if found is None:
        raise HistoryError(f"{text!r} is no length of time. Say 5y, 18m or 90d.")
    return timedelta(round(int(found[1]) * {"y": 365.25, "m": 30.44, "d": 1}[found[2]]))


def a_truth(seed: int, lasts: timedelta, last: date, calls_per_day: float) -> Truth:
    """The parameters of a history that ends with the day `last`; something changes in it.

    Raises `HistoryError`.
    """
    if lasts.days < FEWEST_DAYS:
        raise HistoryError(f"A history has {FEWEST_DAYS} days or more.")
    first = last - lasts + timedelta(1)
    return Truth(seed, first, last, calls_per_day, shift_on=first + lasts * 2 // 3)


def rooms_of(plan: Plan) -> Rooms:
    """The rooms of each zone that has any."""
    rooms: Rooms = {}
    for room in plan.rooms.values():
        if not room.training:
            rooms[room.zone] = (*rooms.get(room.zone, ()), room.id)
    return rooms


def write(
    folder: Path,
    truth: Truth,
    plan: Plan,
    *,
    keep_days: int = KEEP_DAYS,
    processes: int | None = None,
    say: Say = lambda _: None,
) -> int:
    """Writes the history into a data folder without a database; how many calls are in it.

    Raises `StoreError`.
    """
    if (folder / FILE).exists():
        raise StoreError(f"{folder / FILE} is there already; a history never overwrites.")
    days = [ShopDay(day, plan.timezone) for day in between(truth.first, truth.last)]
    real = max(0, len(days) - keep_days)
    rooms = rooms_of(plan)
    with closing(Store(folder)) as store, closing(connect(store.path)) as db:
        db.execute("PRAGMA synchronous = OFF")  # nothing is lost that could not be made again
        _without_facts(db, truth, rooms, days[:real], processes)
        say(f"{real} days are rolled up.")
        replay = Replay(db, plan, days[real].start)
        for day in days[real:]:
            replay.live(_play(truth, rooms, day).deeds, day.end)
        say(f"{len(days) - real} days are real facts.")
        db.execute("INSERT INTO meta VALUES ('frozen_before', ?)", (str(days[real]),))
        _note_the_shift(db, truth)
        for _ in catching_up(db, days[-1].end):
            pass
        sql = "SELECT calls FROM rollup WHERE level = 'ever' AND zone = ''"
        (calls,) = db.execute(sql).fetchone() or (0,)
    known = truth.to_json() | {"calls": calls}
    (folder / "truth.json").write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return int(calls)


def _without_facts(
    db: Connection, truth: Truth, rooms: Rooms, days: Sequence[ShopDay], processes: int | None
) -> None:
    """The days of which a shop has only roll-ups."""
    make = partial(rolled_up, truth, rooms)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for first in range(0, len(days), MONTH):
            some = days[first : first + MONTH]
            db.execute("BEGIN")
            for day, rows in zip(some, pool.map(make, some, chunksize=CHUNK), strict=True):
                write_day(db, day, rows)
            db.execute("COMMIT")


def rolled_up(truth: Truth, rooms: Rooms, day: ShopDay) -> Rows:
    """The cells of a day, as they are stored."""
    played = _play(truth, rooms, day)
    calls = sorted(played.rows, key=lambda row: row.raised_at)
    return rows_of_day(day, cells_of_day(day, calls, played.stints, day.end))


def _play(truth: Truth, rooms: Rooms, day: ShopDay) -> MadeUpDay:
    opens = Day(day.date, day.timezone).at(OPENS * 60)
    played = MadeUpDay(truth, rooms, day.date, opens)
    played.play()
    return played


def _note_the_shift(db: Connection, truth: Truth) -> None:
    for sql, values in annotations.adding(
        annotations.new(truth.shift_on, truth.shift_text, zone=None)
    ):
        db.execute(sql, values)
