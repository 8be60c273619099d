"""The file: what is written stays, what cannot be written never happened."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from overdoor.core.inputs import (
    Configured,
    DeviceDescribed,
    DeviceSaid,
    DutyEnded,
    Raise,
    Restate,
    RoomServiced,
    Void,
)
from overdoor.core.model import DeviceStatus, Service
from overdoor.engine import Engine, NotStored
from overdoor.store import FILE, Store, StoreError, copy_database
from overdoor.store.projections import append, load, project, rebuild
from overdoor.store.schema import PROJECTIONS, migrations

from .house import House, settled, until
from .shop import Floor, Shop, Verb, a_plan, an_event, without_revs
from .test_durable import full_disk

# -- the log is the truth ------------------------------------------------------------------------

HAPPENINGS = (
    "press presence cancel hold answer wait duty leave service void late info move stranger"
)
HISTORY = st.lists(st.tuples(st.sampled_from(HAPPENINGS.split()), st.integers(0, 999)), max_size=40)
PLANS = (a_plan(), a_plan(give_up_ms=60_000), a_plan(give_up_ms=0), a_plan(close_after_ms=1000))


def live(floor: Floor, happening: str, pick: int) -> None:
    """One thing that happens to a shop."""
    device = ("cp-w1", "cp-w2", "button-m1")[pick % 3]
    room, who = ("w1", "w2", "m1")[pick % 3], ("ana", "bob")[pick % 2]
    match happening:
        case "press" | "presence" | "cancel":
            floor.send(device, button="call" if happening == "press" else happening)
        case "hold":
            floor.send(device, gesture="hold")
        case "answer":
            floor.say(tuple(Verb)[pick % len(Verb)], who, room, key=f"key-{len(floor.log)}")
        case "wait":
            floor.wait((500, 12_000, 61_000, 400_000)[pick % 4])
        case "duty":
            floor.sign_on(who, ("women", "men")[pick % 2])
        case "leave":
            floor.do(DutyEnded(who))
        case "service":
            floor.do(RoomServiced(room, tuple(Service)[pick % 3], floor.now + 30_000))
        case "void" if floor.shop.room(room).last is not None:
            floor.do(Void(floor.last(room).id, room, "fire drill"))
        case "late":
            floor.send(device, age_ms=(None, 100_000, 500_000)[pick % 3])
        case "info":
            floor.do(DeviceSaid(device, DeviceStatus.ONLINE))
            floor.do(DeviceDescribed(device, "callpoint", "esp32", "0.1", ("call",)))
        case "move":
            floor.do(Configured(PLANS[pick % len(PLANS)]))
        case "stranger":
            floor.send("nobody-knows")


def tables(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    return {name: sorted(db.execute(f"SELECT * FROM {name}")) for name in PROJECTIONS}


@settings(max_examples=100)
@given(HISTORY)
def test_the_tables_are_what_the_log_makes_of_them(history: list[tuple[str, int]]) -> None:
    floor = Floor()
    for happening, pick in history:
        live(floor, happening, pick)
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrations.apply(Database(db))
    shop = Shop()
    append(db, floor.log)
    for event in floor.log:
        shop = project(db, shop, event)
    written = tables(db)
    loaded = load(db) == without_revs(floor.shop)
    rebuild(db)
    rebuilt = tables(db) == written
    ids = {row[0]: row[4] for row in written["call"]}
    db.close()
    assert loaded
    assert rebuilt
    assert set(ids) == {event.call for event in floor.log if event.fact == "raised"}
    assert sorted(ids.values()).count("closed") == len(ids) - len(floor.shop.calls)


# -- one writer ----------------------------------------------------------------------------------


async def test_what_was_committed_is_there_after_a_restart(house: House) -> None:
    async with house.open() as engine:
        await engine.do(an_event())
        before = engine.committed
    async with house.open() as engine:
        assert without_revs(engine.committed) == without_revs(before)
        assert engine.committed.rev >= before.rev


async def test_turns_are_durable_in_the_order_in_which_they_came(house: House) -> None:
    async with house.open() as engine:
        order: list[int] = []
        for n in range(1, 600):  # more than one group
            engine.submit(an_event(n=n, low=n), lambda _, n=n: order.append(n))
        await settled(engine)
        assert order == list(range(1, 600))
        log = engine.store.reader().execute("SELECT n FROM event WHERE n > 0 ORDER BY seq")
        assert [n for (n,) in log] == order


async def test_an_idempotency_key_tells_the_call_it_was_about(house: House) -> None:
    async with house.open() as engine:
        done = await engine.do(Raise("w1", seed="1", key="abc"))
        assert engine.store.answered("abc") == done.events[0].call
        assert engine.store.answered("abd") is None


# -- when it cannot be written -------------------------------------------------------------------


def fill_the_disk(engine: Engine) -> None:
    """SQLite says "database or disk is full" at the next page."""
    writer = engine._writer._db
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")


def clear_the_disk(engine: Engine) -> None:
    engine._writer._db.execute("PRAGMA max_page_count = 1000000")


async def press_until_full(engine: Engine) -> int:
    """Presses until one is not stored; its number."""
    for n in range(1, 10_000):
        try:
            await engine.do(an_event(n=n))
        except NotStored:
            return n
    raise AssertionError("the disk never filled")


async def test_on_a_full_disk_nothing_is_shown_that_is_not_stored(house: House) -> None:
    async with house.open() as engine:
        fill_the_disk(engine)
        n = await press_until_full(engine)
        heard = len(house.turns)
        with pytest.raises(NotStored, match="full"):
            await engine.do(an_event(n=n))
        assert len(house.turns) == heard
        assert engine.trouble is not None
        assert without_revs(engine.committed) == without_revs(engine.store.load())


async def test_when_there_is_room_again_the_repeat_is_stored(house: House) -> None:
    async with house.open() as engine:
        fill_the_disk(engine)
        n = await press_until_full(engine)
        clear_the_disk(engine)
        await engine.do(an_event(n=n))
        assert engine.trouble is None
        rows = engine.store.reader().execute("SELECT n FROM event WHERE n > 0 ORDER BY n")
        assert [row[0] for row in rows] == list(range(1, n + 1))


async def test_a_turn_that_rests_on_one_that_failed_fails_with_it(house: House) -> None:
    async with house.open() as engine:
        fill_the_disk(engine)
        n = await press_until_full(engine)
        answers = await asyncio.gather(
            *(engine.do(an_event(n=more)) for more in range(n, n + 20)), return_exceptions=True
        )
        assert {type(answer) for answer in answers} == {NotStored}
        clear_the_disk(engine)
        await engine.do(an_event(n=n + 20))
        assert engine.store.ledger("cp-w1", an_event().boot).upto == n - 1


async def test_after_a_failure_everything_is_said_again(house: House) -> None:
    async with house.open() as engine:
        fill_the_disk(engine)
        await press_until_full(engine)
        clear_the_disk(engine)
        house.turns.clear()
        await until(engine, lambda: engine.trouble is None)
        assert any(turn.effects for turn in house.turns)


async def test_a_full_disk_is_not_filled_further_by_the_log(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    async with house.open() as engine:
        fill_the_disk(engine)
        n = await press_until_full(engine)
        for more in range(n, n + 5):
            with pytest.raises(NotStored):
                await engine.do(an_event(n=more))
            await engine.do(Restate())  # needs no further page, as what is tried again each second
        clear_the_disk(engine)
        await engine.do(an_event(n=n))
    said = capsys.readouterr().out
    assert said.count("nothing can be stored") == 1
    assert said.count("storing again") == 1


# -- the folder ----------------------------------------------------------------------------------


def test_a_second_gateway_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first = Store(tmp_path)
    with pytest.raises(StoreError, match="A gateway is running on"):
        Store(tmp_path)
    first.close()
    Store(tmp_path).close()


def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "overdoor.db").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="as an Overdoor database"):
        Store(tmp_path)


def test_a_folder_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "data")


async def test_a_database_that_was_cut_short_is_told_in_a_sentence(house: House) -> None:
    async with house.open() as engine:
        for n in range(1, 200):
            engine.submit(an_event(n=n))
        await settled(engine)
    file = house.folder / "overdoor.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.write_bytes(file.read_bytes()[: 3 * 4096])
    with pytest.raises(StoreError):
        async with house.open():
            pass


async def test_a_table_that_makes_no_sense_is_made_anew_from_the_log(house: House) -> None:
    async with house.open() as engine:
        await engine.do(an_event())
        before = engine.committed.calls
    with closing(sqlite3.connect(house.folder / FILE)) as db:
        db.execute("UPDATE call SET body = '{}'")
        db.commit()
    async with house.open() as engine:
        assert engine.committed.calls == before


async def test_a_backup_is_taken_while_the_gateway_writes(house: House, tmp_path: Path) -> None:
    async with house.open() as engine:
        await engine.do(an_event())
        (tmp_path / "copy").mkdir()
        copy_database(house.folder / FILE, tmp_path / "copy" / FILE)
        await engine.do(an_event(n=2, button="presence"))
        calls = engine.committed.calls
    copied = Store(tmp_path / "copy")
    try:
        (call,) = copied.load().calls.values()
        assert (call.id, call.state) == (calls["w1"].id, "raised")
    finally:
        copied.close()


def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    (tmp_path / "there").touch()
    with pytest.raises(StoreError, match="never overwrites"):
        copy_database(tmp_path / FILE, tmp_path / "there")


def test_a_full_disk_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    with full_disk(left=5000), pytest.raises(StoreError, match="See to its disk") as said:
        Store(tmp_path / "data")
    assert "move the file away" not in str(said.value)
