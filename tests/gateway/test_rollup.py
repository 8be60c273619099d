"""Numbers outlive the facts they were made of, and are right whenever these come."""

import sqlite3
from collections.abc import Iterator
from math import ceil
from typing import Any

import pytest
from hypothesis import given, settings
from sqlite_utils import Database

from overdoor.core.inputs import DutyEnded, DutyStarted, ShopperRates, Void
from overdoor.core.model import Shop
from overdoor.engine import Engine
from overdoor.insight.cells import Cell
from overdoor.insight.days import ShopDay, day_of
from overdoor.insight.histogram import ERROR
from overdoor.insight.summary import CallRow, summarise
from overdoor.store import retention
from overdoor.store.projections import append, project, rebuild
from overdoor.store.rollup import catching_up, stale_before
from overdoor.store.schema import migrations

from .house import House, settled
from .shop import MINUTE, NOW, SECOND, Floor, Verb, an_event
from .test_retention import DAY, a_month, let_go, visit, without_rest
from .test_store import HISTORY, live

__all__ = ["a_month", "without_rest"]  # fixtures

TODAY = day_of(NOW, "UTC")
Rows = list[tuple[Any, ...]]


def rollups(db: sqlite3.Connection) -> dict[str, Rows]:
    tables = ("rollup", "rollup_hour")
    return {name: sorted(db.execute(f"SELECT * FROM {name}")) for name in tables}


def whole(db: sqlite3.Connection, level: str = "day", start: str = TODAY) -> Cell:
    """The whole shop in a span of time, as it is stored."""
    sql = "SELECT body FROM rollup WHERE level = ? AND start = ? AND zone = ''"
    row = db.execute(sql, (level, start)).fetchone()
    return Cell.from_json(row[0]) if row else Cell()


def catch_up(db: sqlite3.Connection, now: int) -> None:
    for _ in catching_up(db, now):
        pass


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with a_database() as db:
        yield db


class a_database:  # noqa: N801 - reads as a phrase
    """An empty one, in memory."""

    def __enter__(self) -> sqlite3.Connection:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        migrations.apply(Database(self._db))
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.close()


class Written:
    """Writes down what a floor has logged since the last time."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db, self._shop, self._count = db, Shop(), 0

    def up_to(self, floor: Floor) -> None:
        for event in floor.log[self._count :]:
            append(self._db, [event])
            self._shop = project(self._db, self._shop, event)
        self._count = len(floor.log)


# -- the same as counting by hand ------------------------------------------------------------------


@settings(max_examples=60)
@given(HISTORY)
def test_a_day_that_was_rolled_up_says_what_its_calls_say(history: list[tuple[str, int]]) -> None:
    floor = Floor()
    for happening, pick in history:
        live(floor, happening, pick)
    with a_database() as db:
        Written(db).up_to(floor)
        catch_up(db, NOW + DAY)
        rows = db.execute(
            "SELECT raised_at, arrived_at, closed_at, outcome FROM call "
            "WHERE kind = 'normal' AND voided IS NULL"
        )
        by_hand = summarise([CallRow(*row) for row in rows])
        cell = whole(db)
        assert (cell.calls, cell.arrived, cell.abandoned, cell.waiting) == (
            by_hand.calls,
            by_hand.arrived,
            by_hand.abandoned,
            by_hand.waiting,
        )
        waits = sorted(
            arrived_at - raised_at
            for raised_at, arrived_at in db.execute(
                "SELECT raised_at, arrived_at FROM call WHERE arrived_at IS NOT NULL "
                "AND kind = 'normal' AND voided IS NULL AND outcome IS NOT 'left'"
            )
        )
        for q in (0.1, 0.5, 0.9):
            exact = waits[ceil(q * len(waits)) - 1] if waits else None
            assert cell.arrival.quantile(q) == (
                exact if exact is None else pytest.approx(exact, rel=ERROR * 1.001)
            )
        for level, start in (("month", TODAY[:7]), ("year", TODAY[:4]), ("ever", "")):
            assert whole(db, level, start) == cell


@settings(max_examples=40)
@given(HISTORY)
def test_however_often_and_late_it_is_done_it_comes_out_the_same(
    history: list[tuple[str, int]],
) -> None:
    floor = Floor()
    with a_database() as often, a_database() as once:
        written = Written(often)
        for happening, pick in history:
            live(floor, happening, pick)
            written.up_to(floor)
            catch_up(often, NOW + DAY)  # as if each came after the end of the day
        Written(once).up_to(floor)
        catch_up(once, NOW + DAY)
        assert rollups(often) == rollups(once)
        assert stale_before(once, "9999") is None
        rebuild(once)
        catch_up(once, NOW + DAY)
        assert rollups(often) == rollups(once), "and again after a rebuild"


def test_the_day_that_runs_is_not_stored(db: sqlite3.Connection) -> None:
    floor = Floor()
    floor.press()
    Written(db).up_to(floor)
    catch_up(db, NOW + SECOND)
    assert rollups(db) == {"rollup": [], "rollup_hour": []}
    assert stale_before(db, "9999") == TODAY


def test_a_fact_that_comes_while_a_day_is_made_leaves_it_to_be_made_again(
    db: sqlite3.Connection,
) -> None:
    floor = Floor()
    floor.press()
    written = Written(db)
    written.up_to(floor)
    interrupted = False

    def stopwatch() -> float:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            return 0.0
        return 10.0**9  # every step is a slice of its own

    steps = catching_up(db, NOW + DAY, stopwatch)
    next(steps)
    floor.say(Verb.CANCEL, None)
    written.up_to(floor)
    for _ in steps:
        pass
    assert stale_before(db, "9999") == TODAY
    catch_up(db, NOW + DAY)
    assert stale_before(db, "9999") is None
    assert whole(db).quick_cancel == 1


def test_months_years_and_all_time_are_the_sum_of_their_days(db: sqlite3.Connection) -> None:
    floor = Floor()
    written = Written(db)
    days = [floor.now]
    for _ in range(40):
        floor.press()
        floor.presence()
        floor.wait(10 * MINUTE)
        floor.wait(5 * DAY - 10 * MINUTE)
        days.append(floor.now)
    written.up_to(floor)
    catch_up(db, floor.now + DAY)
    for level, length in (("month", 7), ("year", 4), ("ever", 0)):
        for start in {str(day_of(day, "UTC"))[:length] for day in days}:
            sql = "SELECT body FROM {} WHERE level = 'day' AND start LIKE ? AND zone = ''"
            bodies = db.execute(sql.format("rollup"), (f"{start}%",))
            merged = Cell.merged(Cell.from_json(body) for (body,) in bodies)
            assert whole(db, level, start) == merged
            hours = db.execute(
                "SELECT body FROM rollup_hour WHERE level = ? AND start = ? AND zone = ''",
                (level, start),
            )
            assert Cell.merged(Cell.from_json(body) for (body,) in hours).calls == merged.calls
    assert whole(db, "ever", "").calls == 40


# -- in a running gateway ------------------------------------------------------------------------


def stored(engine: Engine, day: str = TODAY) -> Cell:
    return whole(engine.store.reader(), "day", day)


async def test_a_day_is_rolled_up_when_it_is_over(a_month: House) -> None:
    async with a_month.open() as engine:
        await visit(engine, 1)
        await let_go(engine)
        assert stored(engine) == Cell()
        a_month.clock.now += DAY
        await let_go(engine)
        assert stored(engine).quick_cancel == 1


async def test_days_that_ended_while_the_gateway_was_off_are_caught_up_with(
    a_month: House,
) -> None:
    async with a_month.open() as engine:
        await visit(engine, 1)
    a_month.clock.now += 3 * DAY
    async with a_month.open() as engine:
        await let_go(engine)
        assert stored(engine).quick_cancel == 1


async def test_a_void_of_yesterday_takes_the_call_out_of_its_numbers(a_month: House) -> None:
    async with a_month.open() as engine:
        call = await visit(engine, 1)
        a_month.clock.now += DAY
        await let_go(engine)
        await engine.do(Void(call, "w1", "fire drill"))
        await let_go(engine)
        assert (stored(engine).quick_cancel, stored(engine).voided) == (0, 1)


async def test_a_call_that_ends_after_midnight_ends_in_the_numbers_of_its_day(
    a_month: House,
) -> None:
    day = ShopDay.parse(TODAY, "UTC")
    a_month.clock.now = day.end - 10 * SECOND
    async with a_month.open() as engine:
        await engine.do(an_event(n=1))
        a_month.clock.now = day.end + SECOND
        await let_go(engine)
        assert stored(engine).waiting == 1
        await engine.do(an_event(n=2, button="presence"))
        a_month.clock.now += 2 * MINUTE
        await engine.do(an_event(n=3, button="presence"))
        await engine.do(ShopperRates("w1", engine.committed.room("w1").last.id, 1))  # type: ignore[union-attr]
        await let_go(engine)
        cell = stored(engine)
        assert (cell.waiting, cell.arrived_a, cell.low_ratings) == (0, 1, 1)
        a_month.clock.now += DAY
        await let_go(engine)
        assert stored(engine, str(day.plus(1))).closed == 1


async def test_numbers_stay_when_the_facts_go_and_nothing_changes_them_any_more(
    a_month: House,
) -> None:
    async with a_month.open() as engine:
        await engine.do(DutyStarted("ana", "women"))
        await visit(engine, 1)
        a_month.clock.now += 3 * SECOND
        await engine.do(DutyEnded("ana"))
        a_month.clock.now += 40 * DAY
        late = await visit(engine, 3)
        a_month.clock.now += DAY
        of = await let_go(engine)
        assert of.removed
        assert [call.id for call in engine.store.calls()] == [late]
        kept = rollups(engine.store.reader())
        assert stored(engine).quick_cancel == 1
        assert stored(engine).on_duty_ms == 3 * SECOND
        rebuild(engine.store._db)
        await let_go(engine)
        assert rollups(engine.store.reader()) == kept


async def test_what_is_not_rolled_up_does_not_go(
    a_month: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_month.open() as engine:
        old = await visit(engine, 1)
        a_month.clock.now += 41 * DAY
        await visit(engine, 3)
        with monkeypatch.context() as patch:
            patch.setattr(retention, "catching_up", lambda *_: iter(()))
            await let_go(engine)
        assert engine.store.call(old) is not None
        await let_go(engine)
        assert engine.store.call(old) is None
        assert stored(engine).quick_cancel == 1


def test_a_database_of_an_older_version_is_rolled_up_before_anything_goes() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    floor.send(gesture="hold")
    floor.sign_on("bo")  # the last fact of all stays
    with a_database() as db:
        Written(db).up_to(floor)
        made_before = ("rollup", "rollup_hour", "stale")
        for table in made_before:
            db.execute(f"DROP TABLE {table}")
        db.execute("DROP INDEX event_of_duty")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm_rollups'")
        migrations.apply(Database(db))
        assert stale_before(db, "9999") == TODAY
        for _ in retention.upkeep(db, 30 * DAY, floor.now + 50 * DAY):
            pass
        assert db.execute("SELECT count(*) FROM call").fetchone() == (0,)
        assert whole(db).quick_cancel == 1


async def test_presses_are_answered_while_days_are_rolled_up(a_month: House) -> None:
    async with a_month.open() as engine:
        for n in range(1, 200, 2):
            await visit(engine, n)
        a_month.clock.now += DAY
        assert engine.retention is not None
        engine.retention.begin()
        await visit(engine, 201)
        await let_go(engine)
        await settled(engine)
        assert stored(engine).quick_cancel == 100
