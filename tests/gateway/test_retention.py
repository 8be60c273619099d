"""Old facts go, and what they led to stays."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from overdoor.core.effects import Receipt
from overdoor.core.events import Event
from overdoor.core.inputs import Answer, Verb
from overdoor.core.ledger import BOOTS_REMEMBERED
from overdoor.core.model import Shop
from overdoor.engine import Engine
from overdoor.store import FILE, Retention, Store, base, copy_database, retention
from overdoor.store.projections import append, load, project, rebuild
from overdoor.store.schema import INCREMENTAL, migrations

from .house import House, settled
from .shop import BOOT, NOW, SECOND, Floor, an_event, only, without_revs
from .test_store import HISTORY, live, tables

DAY = 86_400 * SECOND


@pytest.fixture(autouse=True)
def without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices follow one another at once."""
    monkeypatch.setattr(retention, "PAUSE_S", 0)
    monkeypatch.setattr(retention, "REST", 0)


@pytest.fixture
def a_month(house: House) -> House:
    """A house that keeps 30 days."""
    house.keep_ms = 30 * DAY
    return house


async def let_go(engine: Engine) -> Retention:
    """Removes what is too old by now."""
    of = engine.retention
    assert of is not None
    of.ran_at = of.trouble = None
    of.begin()
    while of.ran_at is None and of.trouble is None:
        await settled(engine)
    return of


async def visit(engine: Engine, n: int) -> str:
    """A call in w1 that is raised and cancelled by the events `n` and `n + 1`; its id."""
    await engine.do(an_event(n=n))
    call = engine.committed.calls["w1"].id
    await engine.do(an_event(n=n + 1, gesture="hold"))
    assert "w1" not in engine.committed.calls
    return call


def facts(engine: Engine) -> int:
    """How many facts are in the log."""
    (count,) = engine.store.reader().execute("SELECT count(*) FROM event").fetchone()
    return int(count)


# -- the tables are what the base and the log make of them ---------------------------------------


def a_database(log: list[Event]) -> sqlite3.Connection:
    """The log of a floor, written down in memory with its tables."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrations.apply(Database(db))
    shop = Shop()
    append(db, log)
    for event in log:
        shop = project(db, shop, event)
    return db


def boots(log: list[Event]) -> set[tuple[str, str]]:
    """The boots of devices that the log has heard of."""
    return {(event.device, event.boot) for event in log if event.device and event.boot}


def known(db: sqlite3.Connection) -> Store:
    """The reading part of a store, on an open database."""
    store = Store.__new__(Store)
    store.reader = lambda: db  # type: ignore[method-assign]
    return store


@settings(max_examples=150)
@given(HISTORY, st.lists(st.floats(0, 1.1), min_size=1, max_size=3))
def test_a_shop_that_let_go_says_of_all_it_keeps_what_it_said_before(
    history: list[tuple[str, int]], cuts: list[float]
) -> None:
    floor = Floor()
    first = floor.now
    for happening, pick in history:
        live(floor, happening, pick)
    db = a_database(floor.log)
    whole, ledgers = tables(db), {boot: known(db).ledger(*boot) for boot in boots(floor.log)}
    stories = {row[0]: known(db).story(str(row[0])) for row in whole["call"]}
    for cut in sorted(cuts):
        before = first + round(cut * (floor.now - first + 1))
        for _ in retention.removal(db, before):
            pass
        kept = tables(db)
        rebuild(db)
        assert tables(db) == kept, "a rebuild says what was there"
        assert load(db) == without_revs(floor.shop), "and the house believes it"
        assert {name: kept[name] for name in kept if name != "call"} == {
            name: whole[name] for name in whole if name != "call"
        }
        assert set(kept["call"]) <= set(whole["call"])
        for row in set(whole["call"]) - set(kept["call"]):
            assert row[8] is not None, "no open call goes"
            assert int(str(row[8])) < before, "nor one that ended since"
        for row in kept["call"]:
            if row[8] is None or int(str(row[8])) >= before:
                assert known(db).story(str(row[0])) == stories[row[0]], "its story is whole"
        assert {boot: known(db).ledger(*boot) for boot in ledgers} == ledgers
    db.close()


@given(HISTORY)
@settings(max_examples=50)
def test_whatever_the_limit_the_last_fact_stays(history: list[tuple[str, int]]) -> None:
    floor = Floor()
    for happening, pick in history:
        live(floor, happening, pick)
    floor.wait(3_000_000)  # every call has come to its end
    db = a_database(floor.log)
    for _ in retention.removal(db, floor.now + 1):
        pass
    assert (known(db).last_seq(), known(db).last_noted_at()) == (
        len(floor.log),
        floor.log[-1].noted_at,
    )
    (left,) = db.execute("SELECT count(*) FROM event").fetchone()
    db.close()
    assert left == 1


# -- in a running gateway ------------------------------------------------------------------------


async def test_calls_that_are_old_enough_go_with_their_events_and_younger_ones_stay(
    a_month: House,
) -> None:
    async with a_month.open() as engine:
        old = await visit(engine, 1)
        a_month.clock.now += 20 * DAY
        young = await visit(engine, 3)
        a_month.clock.now += 11 * DAY
        of = await let_go(engine)
        assert [call.id for call in engine.store.calls()] == [young]
        assert engine.store.story(old) == []
        assert len(engine.store.story(young)) > 1
        assert of.removed > 0
        assert of.ran_at == a_month.clock.now


async def test_what_happens_afterwards_is_written_and_found_after_a_restart(
    a_month: House,
) -> None:
    async with a_month.open() as engine:
        await visit(engine, 1)
        a_month.clock.now += 31 * DAY
        await engine.do(an_event("cp-w2", button="presence"))
        before = engine.seq
        await let_go(engine)
        new = await visit(engine, 3)
        assert engine.seq == engine.store.last_seq() > before
        shop = engine.committed
    async with a_month.open() as engine:
        assert without_revs(engine.committed) == without_revs(shop)
        assert [call.id for call in engine.store.calls()] == [new]


async def test_a_press_of_long_ago_that_is_sent_again_neither_counts_nor_raises(
    a_month: House,
) -> None:
    async with a_month.open() as engine:
        await visit(engine, 1)
        for number in range(BOOTS_REMEMBERED + 1):  # the shop forgets that boot; the store does not
            boot = f"{number + 100:012x}"
            await engine.do(an_event(boot=boot, button="presence"))
        a_month.clock.now += 31 * DAY
        await let_go(engine)
        logged = facts(engine)
        done = await engine.do(an_event(n=1, age_ms=None))
        assert "w1" not in engine.committed.calls
        assert not [event for event in done.events if event.fact in ("heard", "raised")]
        (receipt,) = only(Receipt, done.effects)
        assert receipt.boots[0] == (BOOT, 2)
        assert facts(engine) <= logged + 1


async def test_an_open_call_keeps_its_whole_story(a_month: House) -> None:
    async with a_month.open(give_up_ms=400 * DAY) as engine:
        await visit(engine, 1)
        await engine.do(an_event("cp-w2"))
        open_call = engine.committed.calls["w2"].id
        await engine.do(Answer(open_call, Verb.ACKNOWLEDGE, None))
        story = engine.store.story(open_call)
        a_month.clock.now += 31 * DAY
        await let_go(engine)
        assert [call.id for call in engine.store.calls()] == [open_call]
        assert engine.store.story(open_call)[: len(story)] == story


async def test_a_visit_that_still_runs_goes_on_with_its_first_calls_gone(a_month: House) -> None:
    async with a_month.open(visit_gap_ms=20 * DAY) as engine:
        first = await visit(engine, 1)
        a_month.clock.now += 19 * DAY
        await visit(engine, 3)
        a_month.clock.now += 19 * DAY
        await let_go(engine)
        assert engine.store.call(first) is None
        third = engine.store.call(await visit(engine, 5))
        assert third is not None
        assert third.visit == first


async def test_nonsense_in_the_tables_is_made_anew_from_what_was_kept(a_month: House) -> None:
    async with a_month.open() as engine:
        await visit(engine, 1)
        a_month.clock.now += 31 * DAY
        await visit(engine, 3)
        await engine.do(an_event(n=5))
        await let_go(engine)
        shop, calls = engine.committed, engine.store.calls()
    with closing(sqlite3.connect(a_month.folder / FILE)) as db:
        db.execute("UPDATE call SET body = '{}'")
        db.execute("UPDATE room SET body = 'nonsense'")
        db.commit()
    async with a_month.open() as engine:
        assert without_revs(engine.committed) == without_revs(shop)
        assert engine.store.calls() == calls


async def test_without_a_limit_nothing_goes(house: House) -> None:
    async with house.open() as engine:
        assert engine.retention is None


# -- when it cannot be done ----------------------------------------------------------------------


async def test_a_disk_that_refuses_leaves_presses_alone(a_month: House) -> None:
    async with a_month.open() as engine:
        old = await visit(engine, 1)
        a_month.clock.now += 31 * DAY
        engine._writer._db.execute(
            "CREATE TEMP TRIGGER full BEFORE DELETE ON event "
            "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        of = await let_go(engine)
        assert of.trouble is not None
        assert "disk is full" in of.trouble
        assert engine.store.call(old) is not None
        new = await visit(engine, 3)
        engine._writer._db.execute("DROP TRIGGER full")
        of = await let_go(engine)
        assert of.trouble is None
        assert [call.id for call in engine.store.calls()] == [new]


async def test_a_file_that_somebody_else_holds_is_not_waited_for(a_month: House) -> None:
    async with a_month.open() as engine:
        await visit(engine, 1)
        a_month.clock.now += 31 * DAY
        with closing(sqlite3.connect(a_month.folder / FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(4):  # less than a press would wait
                of = await let_go(engine)
            assert of.trouble is not None
            assert "locked" in of.trouble
            other.execute("ROLLBACK")
        await visit(engine, 3)
        assert (await let_go(engine)).trouble is None
        assert len(engine.store.calls()) == 1


async def test_while_nothing_can_be_stored_nothing_is_removed(a_month: House) -> None:
    async with a_month.open() as engine:
        await visit(engine, 1)
        a_month.clock.now += 31 * DAY
        logged = facts(engine)
        engine._writer._db.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON event "
            "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        engine.submit(an_event(n=3))
        assert engine.retention is not None
        engine.retention.begin()
        await settled(engine)
        assert facts(engine) == logged


KILLED = """
import sys
from pathlib import Path
from overdoor.store import Store, retention
retention.MOST = 8
store = Store(Path(sys.argv[1]))
for _ in retention.removal(store._db, int(sys.argv[2])):
    print("slice", flush=True)
"""


async def test_a_process_that_is_killed_in_the_middle_loses_nothing_and_the_next_goes_on(
    a_month: House,
) -> None:
    async with a_month.open() as engine:
        for n in range(1, 400, 2):
            await visit(engine, n)
        a_month.clock.now += 31 * DAY
        young = await visit(engine, 401)
        logged, shop = facts(engine), engine.committed
    limit = str(a_month.clock.now - 30 * DAY)
    command = (sys.executable, "-c", KILLED, str(a_month.folder), limit)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    for _ in range(5):
        await process.stdout.readline()
    process.kill()
    await process.wait()
    store = Store(a_month.folder)
    try:
        (left,) = store.reader().execute("SELECT count(*) FROM event").fetchone()
        assert 0 < left < logged
        assert without_revs(store.load()) == without_revs(shop)
        held = tables(store.reader())
        rebuild(store._db)
        assert tables(store.reader()) == held
    finally:
        store.close()
    async with a_month.open() as engine:
        await let_go(engine)
        assert [call.id for call in engine.store.calls()] == [young]
        assert engine.store.ledger("cp-w1", BOOT).upto == 402


# -- the file ------------------------------------------------------------------------------------


def many_facts(db: sqlite3.Connection, count: int) -> None:
    """Facts of long ago, as large as a press is."""
    db.executemany(
        "INSERT INTO event (at, noted_at, fact, data) VALUES (?1, ?1, 'missed', ?2)",
        [(NOW + number, '{"why": "%s", "dark_until": 0}' % ("x" * 300)) for number in range(count)],
    )


def pages(db: sqlite3.Connection) -> int:
    (count,) = db.execute("PRAGMA page_count").fetchone()
    return int(count)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def test_the_space_of_what_went_is_given_back(store: Store) -> None:
    many_facts(store._db, 5000)
    full = pages(store._db)
    slices = list(retention.removal(store._db, NOW + 6000))
    assert sum(slices) == 4999
    assert max(slices) <= retention.MOST
    giving_back = slices[max(index for index, count in enumerate(slices) if count) + 1 :]
    assert len(giving_back) <= 2 * (full // retention.VACUUM_PAGES + 2)
    assert pages(store._db) < full / 4


async def test_a_backup_comes_to_its_end_while_old_facts_go_and_new_ones_come(
    store: Store, tmp_path: Path
) -> None:
    many_facts(store._db, 20_000)
    slices = retention.removal(store._db, NOW + 30_000)
    stopping = threading.Event()

    def on_and_on() -> None:
        while not stopping.is_set():
            next(slices, None)
            many_facts(store._db, 1)

    going = asyncio.create_task(asyncio.to_thread(on_and_on))
    try:
        async with asyncio.timeout(60):
            await asyncio.to_thread(copy_database, store.path, tmp_path / "copy.db")
    finally:
        stopping.set()
        await going
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        row = copy.execute("SELECT min(seq), max(seq), count(*) FROM event").fetchone()
    first, last, count = row
    assert count == last - first + 1


def an_older_file(folder: Path) -> None:
    """A database as version 0.1 before this made it: without a base, and never smaller."""
    floor = Floor()
    floor.press()
    floor.send(gesture="hold")
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        migrations.apply(Database(db), stop_before="m003_base")
        append(db, floor.log)
        db.execute("CREATE TABLE stale (level, start, weekday)")  # which that version did not know
        shop = Shop()
        for event in floor.log:
            shop = project(db, shop, event)
        db.execute("DROP TABLE stale")
        assert db.execute("PRAGMA auto_vacuum").fetchone() == (0,)


def test_a_file_of_an_older_version_lets_go_as_well(tmp_path: Path) -> None:
    an_older_file(tmp_path)
    store = Store(tmp_path)
    assert store._db.execute("PRAGMA auto_vacuum").fetchone() == (INCREMENTAL,)
    assert base.load(store._db) == Shop()
    assert [call.outcome for call in store.calls()] == ["cancelled"]
    store.close()


def test_a_large_file_of_an_older_version_is_written_anew_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overdoor.store.store.COMPACTED_AT_START", 0)
    an_older_file(tmp_path)
    store = Store(tmp_path)
    assert store._db.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    many_facts(store._db, 2000)
    full = pages(store._db)
    assert list(retention.removal(store._db, NOW + 3000))
    assert pages(store._db) >= full
    store.compact()
    assert store._db.execute("PRAGMA auto_vacuum").fetchone() == (INCREMENTAL,)
    assert pages(store._db) < full
    store.close()
