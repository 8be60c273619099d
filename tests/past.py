"""A past for a shop: days of calls that never rang, as the numbers keep them."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from overdoor.core.model import Evidence, Kind, Outcome
from overdoor.insight.cells import Cell
from overdoor.insight.days import ShopDay
from overdoor.insight.rows import CallFacts, Hold, Stint
from overdoor.insight.tally import Key, Tally
from overdoor.store import FILE
from overdoor.store.rollup import catching_up, rows_of_day, write_day
from overdoor.store.spare import transaction
from overdoor.store.store import connect

SECOND, HOUR = 1000, 3_600_000
SUNDAY = 6
HOURS = [*range(10, 20)]
BUSY = [3, 4, 6, 7, 6, 5, 6, 8, 7, 3]
NEEDS = (
    ["another-size"] * 6 + ["another-model"] * 3 + ["question"] * 2 + ["ready-to-pay", None, None]
)
PATIENCE_S = 240.0
TARGET_MS = 60_000


def calls_of(
    day: ShopDay, count: int, dice: random.Random, *, walk_s: float = 32.0, zones: str = "women men"
) -> Iterator[CallFacts]:
    """So many calls, by the time of their press."""
    presses = []
    for _ in range(count):
        hour = dice.choices(HOURS, BUSY)[0]
        presses.append(day.start + int((hour + dice.random()) * HOUR))
    for number, raised in enumerate(sorted(presses)):
        zone = dice.choice(zones.split())
        came = int(dice.lognormvariate(0, 0.6) * walk_s * SECOND)
        gave_up = int(dice.expovariate(1 / PATIENCE_S) * SECOND) + 6000
        call = {
            "room": f"{zone[0]}{number % 7}",
            "zone": zone,
            "raised_at": raised,
            "target_ms": TARGET_MS,
            "visit": f"v{number * 5 // 6}",
            "reason": dice.choice(NEEDS),
            "presses": 1 + (dice.random() < 0.08),
            "pages": 1 + (dice.random() < 0.3),
            "metres": dice.uniform(3, 34),
        }
        if gave_up < came:
            yield CallFacts(**call, closed_at=raised + gave_up, outcome=Outcome.CANCELLED)
            continue
        by = f"{zone}-{dice.randrange(3)}"
        acknowledged, arrived = raised + came // 3, raised + came
        closed = arrived + int(dice.expovariate(1 / 150) * SECOND) + 4000
        yield CallFacts(
            **call,
            kind=Kind.MYSTERY if dice.random() < 0.02 else Kind.NORMAL,
            acknowledged_at=acknowledged,
            arrived_at=arrived,
            closed_at=closed,
            outcome=Outcome.LEFT if dice.random() < 0.03 else Outcome.SERVED,
            evidence=dice.choices([*Evidence], [70, 8, 10, 12])[0],
            satisfied=dice.choice([5, 5, 4, 3]) if dice.random() < 0.1 else None,
            knew=dice.random() < 0.8 if dice.random() < 0.1 else None,
            thanked=dice.random() < 0.03,
            holds=(Hold(by, acknowledged, closed),),
        )


def cells_of(
    day: ShopDay, count: int, dice: random.Random, *, walk_s: float = 32.0, zones: str = "women men"
) -> dict[Key, Cell]:
    """The cells of a day with so many calls, with three associates in each zone."""
    stints = [
        Stint(f"{zone}-{n}", zone, day.start + 10 * HOUR, day.start + 20 * HOUR)
        for zone in zones.split()
        for n in range(3)
    ]
    tally = Tally(day, stints, day.end)
    for call in calls_of(day, count, dice, walk_s=walk_s, zones=zones):
        tally.add(call)
    return tally.cells()


def write_past(
    folder: Path,
    today: date,
    days: int,
    *,
    per_day: int = 90,
    timezone: str = "UTC",
    slower_since: int = 0,
    seed: int = 1,
) -> None:
    """Days up to yesterday, in the database of a shop that is stopped, and was started once.

    Weekends are busier, Sundays closed. In the last `slower_since` days everybody comes later.
    """
    dice = random.Random(seed)
    with closing(connect(folder / FILE)) as db:
        with transaction(db):
            for ago in range(days, 0, -1):
                day = ShopDay(today - timedelta(ago), timezone)
                if day.weekday == SUNDAY:
                    continue
                weight = (1.5 if day.weekday >= 4 else 0.9) * dice.uniform(0.8, 1.2)
                walk = 46.0 if ago <= slower_since else 32.0
                cells = cells_of(day, max(1, round(per_day * weight)), dice, walk_s=walk)
                write_day(db, day, rows_of_day(day, cells))
        for _slice in catching_up(db, ShopDay(today, timezone).start + 1):
            pass
