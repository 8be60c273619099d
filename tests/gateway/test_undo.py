"""A closing that was a wrong tap: for five seconds it can be taken back, and then it never was."""

from dataclasses import replace

import pytest

from overdoor.core.effects import PagerList, Refused, RoomCall, Signal
from overdoor.core.events import Fact
from overdoor.core.hours import Hours
from overdoor.core.inputs import (
    Answer,
    Configured,
    DutyEnded,
    DutyPaused,
    DutyStarted,
    Need,
    Restate,
    Verb,
    Void,
)
from overdoor.core.model import Outcome, State

from .api import Client, assert_problem, serving
from .house import House
from .shop import MINUTE, NOW, SECOND, Floor, a_plan, only


def inside() -> Floor:
    """Ana is with the shopper of w1."""
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    assert floor.say(Verb.ACKNOWLEDGE)
    floor.wait(20 * SECOND)
    assert floor.say(Verb.ARRIVE)
    floor.wait(30 * SECOND)
    return floor


def take_back(floor: Floor, by: str = "ana", age_ms: int = 0) -> str | None:
    """Undoes the closing of the last call of w1; why not, if it is refused."""
    refused = only(Refused, floor.do(Answer(floor.last().id, Verb.UNDO, by, age_ms)))
    return refused[0].why if refused else None


def test_a_call_that_was_closed_goes_on_as_if_it_had_not_been() -> None:
    floor = inside()
    before = floor.call()
    assert before is not None
    assert floor.say(Verb.CLOSE)
    floor.wait(3 * SECOND)
    assert take_back(floor) is None
    call = floor.call()
    assert call is not None
    for name in ("id", "state", "since", "by", "evidence", "arrived_at", "policy", "visit"):
        assert getattr(call, name) == getattr(before, name), name
    assert (call.closed_at, call.outcome) == (None, None)
    assert call.fence > before.fence + 1


def test_the_light_the_room_and_the_pagers_are_told() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    assert floor.signals["cp-w1"].state == "idle"
    assert take_back(floor) is None
    assert [signal.state for signal in only(Signal, floor.effects)] == ["arrived"]
    (said,) = only(RoomCall, floor.effects)
    assert said.call == floor.call()
    assert only(PagerList, floor.effects)
    assert [event.fact for event in floor.events] == [Fact.UNDONE]
    assert floor.events[0].data["undid"] == "close"


def test_its_timers_run_on() -> None:
    floor = inside()
    arrived_at = floor.now - 30 * SECOND
    assert floor.say(Verb.CLOSE)
    floor.wait(5 * SECOND)
    assert take_back(floor) is None
    floor.wait(10 * MINUTE)
    last = floor.last()
    assert (last.outcome, last.close_estimated) == (Outcome.SERVED, True)
    assert last.closed_at == arrived_at + 300 * SECOND


def test_what_fell_due_while_it_was_closed_happens_when_it_is_open_again() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    assert floor.say(Verb.ACKNOWLEDGE)
    floor.wait(89 * SECOND)
    assert floor.say(Verb.NOBODY_THERE)
    floor.wait(4 * SECOND)
    assert take_back(floor) is None
    floor.wait(0)
    call = floor.call()
    assert call is not None
    assert (call.state, call.lapses, call.since) == (State.RAISED, 1, floor.now)


def test_after_five_seconds_it_is_final() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    floor.wait(5 * SECOND + 1)
    assert take_back(floor) == "it can be undone for five seconds, by who closed it"
    assert take_back(floor, age_ms=4 * SECOND) is not None, "also if the tap was in time"


def test_a_closing_that_was_said_late_can_be_taken_back_once_it_is_known() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE, age_ms=10 * SECOND)
    floor.wait(2 * SECOND)
    assert take_back(floor) is None


def test_only_who_closed_it_takes_it_back() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    assert take_back(floor, by="bob") is not None
    assert floor.call() is None


def test_what_the_button_or_the_clock_closed_stays_closed() -> None:
    floor = inside()
    floor.presence()
    assert floor.call() is None
    assert take_back(floor) is not None


def test_the_next_shopper_is_not_disturbed() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    first = floor.last().id
    floor.wait(SECOND)
    second = floor.press()
    (refused,) = only(Refused, floor.do(Answer(first, Verb.UNDO, "ana")))
    assert refused.why == "another call was raised in this room meanwhile"
    assert floor.call() == second


def test_one_tap_takes_one_step_back() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    assert floor.say(Verb.ACKNOWLEDGE)
    floor.wait(SECOND)
    assert floor.say(Verb.NOBODY_THERE)
    floor.wait(SECOND)
    assert take_back(floor) is None
    assert not floor.say(Verb.UNDO), "a second tap on undo"
    call = floor.call()
    assert call is not None
    assert (call.state, call.by) == (State.ACKNOWLEDGED, "ana")


def test_nobody_there_that_was_undone_is_no_prank() -> None:
    floor = Floor()
    floor.sign_on("ana")
    for _ in range(3):
        floor.press()
        assert floor.say(Verb.NOBODY_THERE)
        assert take_back(floor) is None
        assert floor.say(Verb.ARRIVE)
        floor.wait(10 * SECOND)
        assert floor.say(Verb.CLOSE)
    assert floor.shop.room("w1").gone == ()


def test_whoever_was_on_the_way_and_left_meanwhile_is_not_on_the_way() -> None:
    for leaves in (DutyPaused, DutyEnded):
        floor = Floor()
        floor.sign_on("ana")
        floor.sign_on("bob")
        floor.press()
        assert floor.say(Verb.ACKNOWLEDGE, "bob")
        assert floor.say(Verb.NOBODY_THERE, "ana")
        floor.do(leaves("bob"))
        assert take_back(floor) is None
        call = floor.call()
        assert call is not None
        assert (call.state, floor.paged()) == (State.RAISED, [("ana",)])


def test_who_signed_on_meanwhile_is_paged_if_nobody_was() -> None:
    floor = Floor()
    floor.press()
    assert floor.say(Verb.NOBODY_THERE, "ana")
    floor.do(DutyStarted("bob", "women"))
    assert take_back(floor) is None
    assert floor.paged() == [("bob",)]


def test_what_was_needed_meanwhile_is_for_the_call() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    floor.do(Need("w1", "another-size"))
    assert take_back(floor) is None
    call = floor.call()
    assert call is not None
    assert call.need == "another-size"


def test_a_call_that_the_manager_voided_stays_closed() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    floor.do(Void(floor.last().id, "w1", "fire drill"))
    assert take_back(floor) is not None


def test_after_closing_time_nothing_is_opened_again() -> None:
    end = NOW // MINUTE % 1440 + 2
    hours = Hours("UTC", ((0, end),) * 7, grace_ms=0)
    floor = inside()
    floor.do(Configured(replace(a_plan(), hours=hours)))
    floor.do(Restate())
    moment = hours.next_end(floor.now)
    assert moment is not None
    floor.wait(moment - floor.now - SECOND)
    assert floor.say(Verb.CLOSE)
    floor.wait(2 * SECOND)
    assert take_back(floor) == "the shop has closed meanwhile"


def test_the_visit_goes_on_with_who_served_it() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    first = floor.last()
    floor.press()
    assert floor.say(Verb.ARRIVE)
    assert floor.say(Verb.CLOSE)
    assert take_back(floor) is None
    assert floor.shop.room("w1").last == first


def test_the_log_alone_makes_the_same_shop() -> None:
    floor = inside()
    assert floor.say(Verb.CLOSE)
    assert take_back(floor) is None
    assert floor.replayed().calls == floor.shop.calls
    assert floor.replayed().rooms == floor.shop.rooms


# -- through the API, and over a restart -----------------------------------------------------------


async def test_a_closing_is_undone_and_the_numbers_do_not_count_it(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    await shop.post(f"{call}/nobody-there", ana)
    assert (await shop.get("/insight/summary")).json()["abandoned"] == 1
    answer = await shop.post(f"{call}/undo", ana, key="a")
    assert (answer.status_code, answer.json()["state"]) == (200, "raised")
    numbers = (await shop.get("/insight/summary")).json()
    assert (numbers["abandoned"], numbers["waiting"]) == (0, 1)
    again = await shop.post(f"{call}/undo", ana, key="a")
    assert (again.status_code, again.json()["state"]) == (200, "raised")
    types = [event["type"] for event in (await shop.get(call)).json()["events"]]
    assert types[-2:] == ["closed", "undone"]


@pytest.mark.parametrize(("seconds", "status"), [(5, 200), (6, 409)])
async def test_a_closing_is_undone_for_five_seconds_also_after_a_restart(
    house: House, seconds: int, status: int
) -> None:
    async with serving(house) as shop:
        ana, call = await shop.sign_on("Ana"), await shop.raised()
        await shop.post(f"{call}/arrive", ana)
        await shop.post(f"{call}/close", ana)
    house.clock.now += seconds * SECOND
    async with serving(house) as shop:
        answer = await shop.post(f"{call}/undo", ana)
        assert answer.status_code == status
        if status == 409:
            assert_problem(answer, 409, "It can be undone for five seconds, by who closed it.")


async def test_the_handheld_offers_it(shop: Client, house: House) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    await shop.post(f"{call}/nobody-there", ana)
    bearer = {"Authorization": f"Bearer {ana}"}

    async def page() -> str:
        return (await shop.http.get("/handheld/calls", headers=bearer)).text

    assert f'data-undo-until="{house.clock.now + 5 * SECOND}"' in await page()
    house.clock.now += 6 * SECOND
    assert "data-undo-until" not in await page()
