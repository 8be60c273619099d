"""Events that come late: how old they are, what they still may do, and what they may not."""

from dataclasses import replace

import pytest

from overdoor.core.effects import Signal
from overdoor.core.events import Fact
from overdoor.core.inputs import (
    Configured,
    DeviceDescribed,
    DeviceSaid,
    Restate,
    RoomServiced,
    Verb,
)
from overdoor.core.model import DeviceStatus, Plan, Room, Service

from .shop import NOW, SECOND, Floor, a_plan, only

STALE = 120 * SECOND


def facts(floor: Floor) -> list[Fact]:
    return [event.fact for event in floor.events if event.fact is not Fact.HEARD]


def connect(floor: Floor, device: str = "cp-w1") -> None:
    floor.do(DeviceSaid(device, DeviceStatus.ONLINE))


# -- presses -------------------------------------------------------------------------------------


def test_a_late_press_raises_a_call_at_the_moment_of_the_press() -> None:
    floor = Floor()
    call = floor.press(age_ms=30 * SECOND)
    assert call is not None
    assert (call.raised_at, call.estimated) == (NOW - 30 * SECOND, False)


@pytest.mark.parametrize(("age_ms", "raises"), [(STALE, True), (STALE + 1, False)])
def test_a_press_older_than_the_limit_is_missed(age_ms: int, raises: bool) -> None:
    floor = Floor()
    assert (floor.press(age_ms=age_ms) is not None) is raises
    assert (Fact.MISSED in facts(floor)) is not raises


def test_a_missed_press_is_receipted_and_answered_by_a_signal() -> None:
    floor = Floor()
    event = floor.send(age_ms=STALE + 1)
    assert floor.covers("cp-w1", event.boot, event.n)
    assert [signal.state for signal in only(Signal, floor.effects)] == ["idle"]


def test_a_press_is_never_before_the_last_transition_of_its_room() -> None:
    floor = Floor()
    floor.press()
    floor.send(button="cancel")
    floor.wait(10 * SECOND)
    call = floor.press(age_ms=60 * SECOND)
    assert call is not None
    assert call.raised_at == NOW


def test_the_escalation_of_a_late_press_does_not_replay_its_pages() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press(age_ms=50 * SECOND)  # the step of 20 s is due as well as the one of 0 s
    assert floor.paged() == [("ana",)]
    assert floor.call().next_step == 2


def test_a_stale_press_raises_nothing_after_an_arrival_either() -> None:
    floor = Floor()
    first = floor.press()
    floor.presence()
    floor.wait(250 * SECOND)
    floor.press(age_ms=200 * SECOND)
    assert floor.call() is None or floor.call().id == first.id


def test_a_press_in_a_room_out_of_service_raises_nothing_after_an_arrival_either() -> None:
    floor = Floor()
    floor.press()
    floor.presence()
    floor.do(RoomServiced("w1", Service.OUT))
    floor.wait(30 * SECOND)
    floor.press()
    assert floor.call() is None or floor.call().state != "raised"


# -- an age that was lost ------------------------------------------------------------------------


def test_a_press_of_unknown_age_by_a_device_never_heard_before_is_missed() -> None:
    floor = Floor()
    assert floor.press(age_ms=None) is None
    assert facts(floor) == [Fact.MISSED]


def test_a_press_of_unknown_age_is_at_most_as_old_as_the_last_word_before_the_connection() -> None:
    floor = Floor()
    connect(floor)
    floor.wait(100 * SECOND)
    connect(floor)
    call = floor.press(age_ms=None)
    assert call is not None
    assert (call.raised_at, call.estimated) == (NOW, True)


def test_a_press_of_unknown_age_after_a_long_silence_is_missed() -> None:
    floor = Floor()
    connect(floor)
    floor.wait(STALE + SECOND)
    connect(floor)
    assert floor.press(age_ms=None) is None
    assert facts(floor) == [Fact.MISSED]


def test_a_link_that_flaps_after_a_reboot_does_not_make_an_old_press_young() -> None:
    floor = Floor()
    described = DeviceDescribed("cp-w1", "callpoint", None, None, (), "00000000000a")
    connect(floor)
    floor.do(described)
    floor.wait(60 * SECOND)  # a press, the power goes, and comes back
    connect(floor)
    connect(floor)
    floor.do(replace(described, boot="00000000000b"))
    call = floor.press(age_ms=None)
    assert call is not None
    assert (call.raised_at, call.estimated) == (NOW, True)


def test_what_the_broker_repeats_of_a_status_bounds_no_age() -> None:
    floor = Floor()
    floor.do(DeviceSaid("cp-w1", DeviceStatus.ONLINE, retained=True))
    assert floor.press(age_ms=None) is None


def test_what_the_broker_repeats_of_a_description_bounds_no_age_either() -> None:
    floor = Floor()
    described = DeviceDescribed("cp-w1", "callpoint", None, None, (), "00000000000a")
    connect(floor)
    floor.do(described)
    floor.wait(60 * SECOND)  # a press, and a second boot, while the gateway is away
    floor.do(replace(described, boot="00000000000b", retained=True))
    floor.wait(SECOND)
    connect(floor)
    floor.do(replace(described, boot="00000000000c"))
    call = floor.press(age_ms=None)
    assert call is not None
    assert (call.raised_at, call.estimated) == (NOW, True)


# -- events about a call -------------------------------------------------------------------------


def test_a_presence_from_before_the_call_does_not_answer_it() -> None:
    floor = Floor()
    floor.press()
    floor.presence(age_ms=60 * SECOND)
    assert floor.call().state == "raised"


def test_a_late_presence_is_backdated_but_not_before_the_call() -> None:
    floor = Floor()
    floor.press()
    floor.wait(40 * SECOND)
    floor.presence(age_ms=30 * SECOND)
    assert floor.call().arrived_at == NOW + 10 * SECOND


def test_a_late_presence_is_not_before_the_acknowledgement_either() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    floor.wait(20 * SECOND)
    floor.say(Verb.ACKNOWLEDGE)
    floor.wait(10 * SECOND)
    floor.presence(age_ms=25 * SECOND)
    assert floor.call().arrived_at == NOW + 20 * SECOND


def test_an_answer_that_had_to_wait_is_backdated() -> None:
    floor = Floor()
    floor.press()
    floor.wait(40 * SECOND)
    assert floor.say(Verb.ARRIVE, age_ms=15 * SECOND)
    assert floor.call().arrived_at == NOW + 25 * SECOND


def test_an_answer_older_than_the_call_counts_from_its_raise() -> None:
    floor = Floor()
    floor.press()
    floor.wait(10 * SECOND)
    assert floor.say(Verb.ARRIVE, age_ms=3600 * SECOND)
    assert floor.call().arrived_at == NOW


def test_a_cancel_that_overtook_its_press_cancels_nothing() -> None:
    floor = Floor()
    floor.send(n=2, button="cancel", age_ms=0)
    call = floor.press(n=1, age_ms=2 * SECOND)
    assert call is not None


# -- devices that move ---------------------------------------------------------------------------


def moved(plan: Plan) -> Plan:
    """The call point of w1 now hangs in w2, beside the one that was there."""
    rooms = dict(plan.rooms)
    rooms["w1"] = replace(rooms["w1"], devices=())
    rooms["w2"] = replace(rooms["w2"], devices=("cp-w2", "cp-w1"))
    return replace(plan, rooms=rooms)


def test_an_event_belongs_to_the_room_where_its_device_hung_then() -> None:
    floor = Floor()
    floor.wait(60 * SECOND)
    floor.do(Configured(moved(a_plan())))
    floor.wait(10 * SECOND)
    floor.send(age_ms=30 * SECOND)
    assert floor.call("w1") is not None
    assert floor.call("w2") is None


def test_after_the_move_a_press_is_for_the_new_room() -> None:
    floor = Floor()
    floor.do(Configured(moved(a_plan())))
    floor.wait(10 * SECOND)
    floor.send(age_ms=0)
    assert floor.call("w2") is not None


def test_an_open_call_stays_with_its_room_when_the_device_moves() -> None:
    floor = Floor()
    before = floor.press()
    floor.do(Configured(moved(a_plan())))
    assert floor.call("w1") == before


def test_a_device_that_moved_gets_a_signal_for_every_button_too() -> None:
    floor = Floor()
    floor.wait(60 * SECOND)
    floor.do(Configured(moved(a_plan())))
    floor.wait(10 * SECOND)
    floor.send(age_ms=30 * SECOND)
    assert "cp-w1" in {signal.device for signal in only(Signal, floor.effects)}


def test_a_call_whose_room_is_removed_ends_and_its_device_goes_dark() -> None:
    floor = Floor()
    floor.press()
    plan = a_plan()
    rest: dict[str, Room] = {key: room for key, room in plan.rooms.items() if key != "w1"}
    floor.do(Configured(replace(plan, rooms=rest)))
    floor.do(Restate())
    assert floor.last().outcome == "cancelled"
    assert floor.signals["cp-w1"].state == "idle"
