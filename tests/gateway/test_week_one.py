"""What a real shop does in its first week, and the rule for it (docs/week-one.md)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from overdoor.core.effects import Refused, Signal
from overdoor.core.events import Fact
from overdoor.core.hours import Hours
from overdoor.core.inputs import (
    Configured,
    DeviceDescribed,
    Need,
    Raise,
    Restate,
    RoomServiced,
    Verb,
)
from overdoor.core.model import Kind, Outcome, Plan, Room, Service, State, Step

from .shop import MINUTE, SECOND, Floor, a_plan, only


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def open_floor(now: str) -> Floor:
    """Open from nine to eight, every day, in Sofia: two hours ahead of UTC in winter."""
    day = (9 * 60, 20 * 60)
    hours = Hours("Europe/Sofia", (day,) * 7)
    return Floor(replace(a_plan(), timezone="Europe/Sofia", hours=hours), at(now))


def facts(floor: Floor) -> list[str]:
    return [str(event.fact) for event in floor.events]


def acknowledged() -> Floor:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    assert floor.say(Verb.ACKNOWLEDGE)
    return floor


# -- came, and forgot the presence button ----------------------------------------------------------


def test_the_owner_is_asked_before_the_acknowledgement_lapses() -> None:
    floor = acknowledged()
    floor.wait(75 * SECOND)
    assert facts(floor) == ["asked"]
    assert floor.say(Verb.ARRIVE)
    call = floor.call()
    assert call is not None
    assert (call.state, call.evidence, call.arrival_estimated) == (State.ARRIVED, "D", True)


def test_fifteen_seconds_of_silence_are_a_lapse_and_others_go_first() -> None:
    floor = acknowledged()
    floor.sign_on("bob", "men")
    floor.wait(90 * SECOND)
    assert "lapsed" in facts(floor)
    assert floor.paged() == [("bob",)]


def test_the_owner_is_nudged_once_when_the_target_has_passed() -> None:
    floor = acknowledged()
    floor.wait(60 * SECOND)
    assert facts(floor) == ["nudged"]
    floor.wait(14 * SECOND)
    assert [event.fact for event in floor.log].count(Fact.NUDGED) == 1


# -- the presence button, by whoever presses it ----------------------------------------------------


def test_presence_without_an_acknowledgement_names_nobody() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    floor.presence()
    call = floor.call()
    assert call is not None
    assert (call.state, call.by) == (State.ARRIVED, None)


def test_a_queueing_shopper_who_presses_presence_does_not_stop_the_clock() -> None:
    floor = Floor()
    floor.sign_on("ana")
    call = floor.press()
    assert call is not None
    floor.wait(5 * SECOND)
    floor.presence()
    floor.wait(8 * SECOND)
    again = floor.press()
    assert again is not None
    assert (again.id, again.state, again.raised_at) == (call.id, State.RAISED, call.raised_at)
    assert again.arrived_at is None
    assert floor.paged() == [("ana",)]


def test_a_press_within_ten_seconds_of_a_known_arrival_is_a_reflex() -> None:
    floor = acknowledged()
    floor.presence()
    floor.wait(9 * SECOND)
    call = floor.press()
    assert call is not None
    assert call.state is State.ARRIVED


def test_a_press_while_the_associate_is_inside_is_the_same_visit_and_theirs() -> None:
    floor = acknowledged()
    floor.sign_on("bob")
    floor.presence()
    first = floor.call()
    floor.wait(11 * SECOND)
    second = floor.press()
    assert first is not None
    assert second is not None
    assert (second.id != first.id, second.visit) == (True, first.visit)
    assert floor.last().outcome is Outcome.SERVED
    assert floor.paged() == [("ana",)]


def test_presence_again_after_ten_seconds_closes_as_served() -> None:
    floor = acknowledged()
    floor.presence()
    floor.wait(10 * SECOND)
    floor.presence()
    assert (floor.call(), floor.last().outcome) == (None, Outcome.SERVED)
    assert not floor.last().close_estimated


# -- the call button, held -------------------------------------------------------------------------


def without_presence_button() -> Floor:
    floor = Floor()
    floor.do(DeviceDescribed("cp-w1", "callpoint", "esp32", "0.1.0", ("call", "ring", "lamp")))
    floor.sign_on("ana")
    floor.press()
    return floor


def test_with_a_presence_button_a_hold_cancels_however_short() -> None:
    floor = Floor()
    floor.press()
    floor.send(gesture="hold", held_ms=800)
    assert floor.last().outcome is Outcome.CANCELLED


def test_without_one_a_hold_while_acknowledged_is_an_arrival_with_evidence_a() -> None:
    floor = without_presence_button()
    assert floor.say(Verb.ACKNOWLEDGE)
    floor.send(gesture="hold", held_ms=800)
    call = floor.call()
    assert call is not None
    assert (call.state, call.evidence, call.by) == (State.ARRIVED, "A", "ana")


@pytest.mark.parametrize("held_ms", [3000, None])
def test_without_one_a_long_hold_while_raised_is_an_arrival_with_evidence_c(
    held_ms: int | None,
) -> None:
    floor = without_presence_button()
    floor.send(gesture="hold", held_ms=held_ms)  # a device that does not say is believed
    call = floor.call()
    assert call is not None
    assert (call.state, call.evidence, call.by) == (State.ARRIVED, "C", None)


def test_without_one_a_shorter_hold_while_raised_is_the_shopper_pressing_again() -> None:
    floor = without_presence_button()
    floor.wait(50 * SECOND)
    floor.send(gesture="hold", held_ms=800)
    call = floor.call()
    assert call is not None
    assert (call.state, call.presses) == (State.RAISED, 2)
    assert floor.paged() == [("ana",)]


# -- pranks ----------------------------------------------------------------------------------------


def test_the_third_call_left_or_cancelled_in_ten_minutes_pages_once() -> None:
    floor = Floor()
    floor.sign_on("ana")
    for _ in range(2):
        floor.press()
        floor.send(gesture="hold")
        floor.wait(3 * SECOND)
    call = floor.press()
    assert call is not None
    assert call.suspect
    assert floor.paged() == [("ana",)]
    floor.log.clear()
    floor.wait(5 * MINUTE)
    floor.press()
    assert not [event for event in floor.log if event.fact is Fact.PAGED]


def test_ten_minutes_later_the_room_is_believed_again() -> None:
    floor = Floor()
    for _ in range(2):
        floor.press()
        floor.send(gesture="hold")
        floor.wait(3 * SECOND)
    floor.wait(10 * MINUTE)
    call = floor.press()
    assert call is not None
    assert not call.suspect


# -- rooms that are not in normal use --------------------------------------------------------------


def test_a_press_in_a_room_out_of_service_says_that_nobody_comes() -> None:
    floor = Floor()
    floor.do(RoomServiced("w1", Service.OUT, floor.now + 30 * MINUTE))
    assert floor.press() is None
    assert floor.signals["cp-w1"].state == "offline"
    floor.wait(MINUTE)
    assert floor.signals["cp-w1"].state == "idle"
    floor.wait(30 * MINUTE)
    assert floor.press() is not None


def test_calls_of_a_room_in_test_are_never_counted() -> None:
    floor = Floor()
    floor.do(RoomServiced("w1", Service.TEST))
    call = floor.press()
    assert call is not None
    assert call.kind is Kind.TEST


def training_floor() -> Floor:
    plan = a_plan()
    pretend = Room("t1", "Training", "women", (0.0, 0.0), (), training=True)
    floor = Floor(replace(plan, rooms={**plan.rooms, "t1": pretend}))
    floor.sign_on("new")
    floor.sign_on("ana")
    return floor


def test_a_training_call_pages_only_the_trainee_whatever_happens() -> None:
    floor = training_floor()
    floor.do(Raise("t1", "x", Kind.TRAINING, by="new"))
    floor.wait(5 * MINUTE)
    pages = [tuple(e.data["duties"]) for e in floor.log if e.fact is Fact.PAGED]
    assert set(pages) == {("new",)}
    call = floor.call("t1")
    assert call is not None
    assert call.kind is Kind.TRAINING


def test_a_real_room_cannot_be_used_for_training() -> None:
    floor = training_floor()
    assert only(Refused, floor.do(Raise("w1", "x", Kind.TRAINING, by="new")))


# -- what is needed --------------------------------------------------------------------------------


def test_what_is_needed_may_be_said_before_the_press() -> None:
    floor = Floor()
    floor.do(Need("w1", "another-size"))
    floor.wait(MINUTE)
    call = floor.press()
    assert call is not None
    assert call.need == "another-size"


def test_or_after_it_by_a_button_of_the_room() -> None:
    floor = Floor()
    floor.press()
    floor.send(type="need", need="question", button=None, gesture=None)
    call = floor.call()
    assert call is not None
    assert call.need == "question"


def test_a_need_that_had_no_connection_is_for_the_call_of_its_time() -> None:
    floor = Floor()
    floor.press()
    floor.wait(3 * MINUTE)
    floor.send(type="need", need="question", age_ms=6 * MINUTE)
    call = floor.call()
    assert call is not None
    assert call.need is None
    floor.send(type="need", need="other", age_ms=4 * MINUTE)
    call = floor.call()
    assert call is not None
    assert call.need == "other"


def test_a_need_that_comes_late_is_as_old_as_it_is() -> None:
    floor = Floor()
    floor.send(type="need", need="question", age_ms=90 * SECOND)
    floor.wait(40 * SECOND)
    call = floor.press()
    assert call is not None
    assert call.need is None


def test_what_was_needed_long_ago_is_not_for_the_next_shopper() -> None:
    floor = Floor()
    floor.do(Need("w1", "another-size"))
    floor.wait(3 * MINUTE)
    call = floor.press()
    assert call is not None
    assert call.need is None


# -- the shop's day --------------------------------------------------------------------------------


def test_a_press_in_a_closed_shop_is_recorded_and_says_that_nobody_comes() -> None:
    floor = open_floor("2026-11-20T04:00")
    floor.sign_on("ana")
    assert floor.press() is None
    (missed,) = [event for event in floor.log if event.fact is Fact.MISSED]
    assert missed.data["why"] == "closed"
    assert floor.signals["cp-w1"].state == "offline"


def test_for_fifteen_minutes_after_closing_the_last_shoppers_still_call() -> None:
    floor = open_floor("2026-11-20T18:14")
    assert floor.press() is not None


def test_at_the_end_of_the_day_everything_closes_and_everybody_goes_home() -> None:
    floor = open_floor("2026-11-20T18:10")
    for duty in ("ana", "bob"):
        floor.sign_on(duty)
    floor.press("cp-w1")
    floor.press("cp-w2")
    floor.presence("cp-w2")
    floor.press("button-m1")
    floor.say(Verb.ACKNOWLEDGE, "ana", "m1")
    floor.do(Restate())  # asks for the end of the day
    floor.wait(5 * MINUTE)
    assert floor.shop.calls == {}
    outcomes = [floor.last(room).outcome for room in ("w1", "w2", "m1")]
    assert outcomes == [Outcome.UNANSWERED, Outcome.SERVED, Outcome.UNANSWERED]
    assert floor.last("w2").close_estimated
    assert floor.shop.duties == {}


def test_the_morning_after_a_night_without_power_nobody_is_paged() -> None:
    floor = open_floor("2026-11-20T17:00")
    floor.sign_on("ana")
    floor.press()
    floor.now = at("2026-11-21T08:30")  # ten past the opening, and nothing ran in between
    floor.log.clear()
    floor.do(Restate())
    assert floor.shop.calls == {}
    assert floor.last().outcome is Outcome.UNANSWERED
    assert not [event for event in floor.log if event.fact is Fact.PAGED]
    assert floor.last().closed_at == at("2026-11-20T18:15")


@pytest.mark.parametrize(
    ("day", "opens"), [("2026-03-28", "07:00"), ("2026-03-29", "06:00"), ("2026-10-25", "07:00")]
)
def test_the_shop_opens_by_its_own_wall_clock_when_the_hour_changes(day: str, opens: str) -> None:
    hours = Hours("Europe/Sofia", ((9 * 60, 20 * 60),) * 7)
    moment = at(f"{day}T{opens}")
    assert (hours.is_open(moment - 1), hours.is_open(moment)) == (False, True)


# -- steps for a zone, for a time of day -----------------------------------------------------------


def with_steps(*steps: Step) -> Plan:
    return replace(a_plan(steps=steps), timezone="Europe/Sofia")


def test_a_step_for_one_zone_is_not_for_another() -> None:
    floor = Floor(with_steps(Step(0, "zone", zones=("men",)), Step(0, "nearest")))
    floor.sign_on("ana")
    floor.sign_on("bob")
    floor.press("cp-w1")
    assert floor.paged() == [("ana",)]


def test_a_step_for_the_morning_is_not_for_the_evening() -> None:
    steps = (Step(0, "shop", between=(9 * 60, 12 * 60)), Step(0, "nearest", between=(720, 1440)))
    for now, pages in (("2026-11-20T08:00", ("ana", "bob")), ("2026-11-20T15:00", ("ana",))):
        floor = Floor(with_steps(*steps), at(now))
        floor.sign_on("ana")
        floor.sign_on("bob")
        floor.press("cp-w1")
        assert floor.paged() == [pages]


def test_a_new_policy_does_not_bend_a_running_call() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    floor.do(Configured(a_plan(give_up_ms=1)))
    floor.wait(MINUTE)
    assert floor.call() is not None


def test_a_restatement_at_closing_time_says_each_light_once() -> None:
    floor = open_floor("2026-11-20T18:10")
    floor.press()
    floor.now = at("2026-11-20T18:15")
    floor.do(Restate())
    signals = [signal.device for signal in only(Signal, floor.effects)]
    assert sorted(signals) == sorted(set(signals))
    assert floor.signals["cp-w1"].state == "offline"
