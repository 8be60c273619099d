"""The engine: timers that outlive a restart, a clock that never runs back, refusals, failures."""

import time

import pytest

from overdoor.core.effects import Receipt, Signal
from overdoor.core.evolve import STRANGERS_LIMIT
from overdoor.core.inputs import Answer, DutyStarted, Restate, Verb
from overdoor.core.model import Step
from overdoor.engine import Clock, Done, Engine, NotStored
from overdoor.store import Store

from .house import House, settled, until
from .shop import NOW, SECOND, a_plan, an_event, only


async def raised(engine: Engine) -> str:
    """A call in w1; its id."""
    await engine.do(an_event())
    return engine.committed.calls["w1"].id


def pages(house: House) -> list[int]:
    """The policy steps that ran since the last opening."""
    events = (event for turn in house.turns for event in turn.events)
    return [event.data["step"] for event in events if event.fact == "paged"]


# -- a restart -----------------------------------------------------------------------------------


async def test_a_call_whose_give_up_passed_while_the_box_was_off_is_closed_unpaged(
    house: House,
) -> None:
    async with house.open() as engine:
        await engine.do(DutyStarted("ana", "women"))
        await raised(engine)
    house.clock.now += 3600 * SECOND
    async with house.open() as engine:
        await until(engine, lambda: "w1" not in engine.committed.calls)
        last = engine.committed.room("w1").last
        assert (last.outcome, last.closed_at) == ("unanswered", NOW + 900 * SECOND)
        assert pages(house) == []


async def test_only_the_latest_step_that_is_due_runs_after_a_restart(house: House) -> None:
    async with house.open() as engine:
        await engine.do(DutyStarted("ana", "women"))
        await raised(engine)
    house.clock.now += 70 * SECOND  # the steps of 20 s and of 60 s are due
    async with house.open() as engine:
        await until(engine, lambda: engine.committed.calls["w1"].next_step == 3)
        assert pages(house) == [2]


async def test_an_acknowledgement_lapses_over_a_restart(house: House) -> None:
    async with house.open() as engine:
        call = await raised(engine)
        await engine.do(Answer(call, Verb.ACKNOWLEDGE, "ana"))
    house.clock.now += 100 * SECOND
    async with house.open() as engine:
        await until(engine, lambda: engine.committed.calls["w1"].lapses == 1)
        assert engine.committed.calls["w1"].since == NOW + 90 * SECOND


async def test_an_arrival_closes_over_a_restart_at_the_time_it_should_have(house: House) -> None:
    async with house.open() as engine:
        call = await raised(engine)
        await engine.do(Answer(call, Verb.ARRIVE, "ana"))
    house.clock.now += 86_400 * SECOND
    async with house.open() as engine:
        await until(engine, lambda: "w1" not in engine.committed.calls)
        last = engine.committed.room("w1").last
        assert (last.outcome, last.closed_at) == ("served", NOW + 300 * SECOND)
        assert last.close_estimated


async def test_a_step_that_is_not_due_yet_waits_for_its_time(house: House) -> None:
    async with house.open() as engine:
        await engine.do(DutyStarted("ana", "women"))
        await raised(engine)
        assert pages(house) == [0]
    async with house.open():
        assert pages(house) == []


async def test_a_timer_rings_in_real_time(house: House) -> None:
    start = time.monotonic()
    house.clock = lambda: NOW + round((time.monotonic() - start) * 1000)  # type: ignore[assignment]
    steps = (Step(0, "nearest"), Step(50, "zone"))
    async with house.open(steps=steps) as engine:
        await engine.do(DutyStarted("ana", "women"))
        await raised(engine)
        await until(engine, lambda: engine.committed.calls["w1"].next_step == 2)
        assert time.monotonic() - start >= 0.05


async def test_every_start_says_every_light_again_under_a_higher_revision(house: House) -> None:
    async with house.open() as engine:
        await raised(engine)
        before = engine.committed.rev
    async with house.open() as engine:
        signals = [s for turn in house.turns for s in only(Signal, turn.effects)]
        assert {signal.device: signal.state for signal in signals} == {
            "cp-w1": "raised",
            "cp-w2": "idle",
            "button-m1": "idle",
            "lamp-m1": "idle",
        }
        assert min(signal.rev for signal in signals) > before
        assert engine.store.load().rev == engine.committed.rev


# -- the clock -----------------------------------------------------------------------------------


def test_the_clock_never_begins_below_the_last_logged_instant() -> None:
    future = time.time_ns() // 1_000_000 + 3_600_000
    assert Clock(floor=future)() >= future


def test_the_clock_begins_with_the_wall_clock_when_that_is_later() -> None:
    before = time.time_ns() // 1_000_000
    assert Clock(floor=before - 3_600_000)() >= before


async def test_the_engine_starts_its_clock_at_the_last_fact(house: House) -> None:
    house.clock.now = time.time_ns() // 1_000_000 + 3_600_000  # the wall clock was wrong
    async with house.open() as engine:
        await raised(engine)
    engine = Engine(Store(house.folder))
    engine.start(a_plan())
    assert engine.clock() >= house.clock.now
    engine.stop()


# -- refused, not stored -------------------------------------------------------------------------


async def test_a_repeat_of_a_stranger_that_was_forgotten_is_receipted_and_nothing_more(
    house: House,
) -> None:
    async with house.open() as engine:
        await engine.do(an_event("stranger"))
        house.clock.now += SECOND
        for number in range(STRANGERS_LIMIT + 1):
            engine.submit(an_event(f"other-{number}"))
        await settled(engine)
        assert "stranger" not in engine.committed.devices
        await engine.do(an_event("stranger", n=1, boot="00000000000b"))  # another boot of it
        done = await engine.do(an_event("stranger"))
        assert [event.fact for event in done.events if event.n is not None] == []
        assert any(("00000000000a", 1) in r.boots for r in only(Receipt, done.effects))


async def test_a_refusal_is_told_and_changes_nothing(house: House) -> None:
    async with house.open() as engine:
        done = await engine.do(Answer("no-such-call", Verb.ARRIVE, "ana"))
        assert done.refused is not None
        assert not done.events


async def test_a_refused_sign_on_leaves_no_person_behind(house: House) -> None:
    async with house.open() as engine:
        also = (("INSERT INTO person VALUES (?, ?, ?, NULL)", ("ana", "Ana", "hash")),)
        done = await engine.do(DutyStarted("ana", "no-such-zone"), also=also)
        assert done.refused is not None
        assert engine.store.people() == {}


async def test_an_answer_that_cannot_be_stored_says_so_and_changes_nothing(house: House) -> None:
    async with house.open() as engine:
        call = await raised(engine)
        engine._writer._db.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON event "
            "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        with pytest.raises(NotStored, match="disk is full"):
            await engine.do(Answer(call, Verb.ACKNOWLEDGE, "ana"))
        assert engine.committed.calls["w1"].state == "raised"
        engine._writer._db.execute("DROP TRIGGER full")
        await engine.do(Answer(call, Verb.ACKNOWLEDGE, "ana"))
        assert engine.committed.calls["w1"].state == "acknowledged"


async def test_a_listener_hears_every_turn_in_order_and_only_once_it_is_durable(
    house: House,
) -> None:
    async with house.open() as engine:
        stored: list[int] = []

        def listen(done: Done) -> None:
            stored.append(engine.store.last_seq())
            assert done.seq <= stored[-1]

        engine.listen(listen)
        for n in range(1, 50):
            engine.submit(an_event(n=n))
        engine.submit(Restate())
        await settled(engine)
        assert len(stored) == 50
        assert stored == sorted(stored)
