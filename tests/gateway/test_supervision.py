"""Devices that are away, lamps in doubt, presses that had to wait: what the shop makes of them."""

import json

from overdoor.bus.lamps import PATIENCE_MS, LampWatch
from overdoor.core.effects import RoomCall
from overdoor.core.events import Fact
from overdoor.core.inputs import DeviceSaid, LampAnswers, LampSilent, Restate
from overdoor.core.model import DeviceStatus, State

from .shop import MINUTE, NOW, SECOND, Floor, only


def facts(floor: Floor) -> list[str]:
    return [str(event.fact) for event in floor.events]


# -- lamps ---------------------------------------------------------------------------------------


def shown(watch: LampWatch, rev: int) -> object:
    return watch.shown("cp-w1", json.dumps({"v": 1, "rev": rev, "state": "raised"}).encode())


def test_a_signal_that_is_not_shown_in_time_is_a_lamp_in_doubt_once() -> None:
    watch = LampWatch()
    shown(watch, 1)
    watch.sent("cp-w1", 2, NOW)
    assert watch.overdue(NOW + PATIENCE_MS) == []
    assert watch.overdue(NOW + PATIENCE_MS + 1) == [LampSilent("cp-w1")]
    assert watch.overdue(NOW + 2 * PATIENCE_MS) == []
    assert shown(watch, 1) is None, "an older signal answers nothing"
    assert shown(watch, 2) == LampAnswers("cp-w1")


def test_a_device_that_never_says_what_it_shows_is_not_in_doubt() -> None:
    watch = LampWatch()
    watch.sent("cp-w1", 2, NOW)
    assert watch.overdue(NOW + MINUTE) == []


def test_the_manager_is_told_of_a_lamp_in_doubt_until_it_answers() -> None:
    floor = Floor()
    floor.do(DeviceSaid("cp-w1", DeviceStatus.ONLINE))
    floor.do(LampSilent("cp-w1"))
    assert floor.shop.devices["cp-w1"].alarm == "lamp"
    floor.do(LampAnswers("cp-w1"))
    assert floor.shop.devices["cp-w1"].alarm is None


# -- devices that are away -------------------------------------------------------------------------


def test_the_manager_is_told_of_a_device_that_stays_away() -> None:
    floor = Floor()
    floor.do(DeviceSaid("cp-w1", DeviceStatus.ONLINE))
    floor.do(DeviceSaid("cp-w1", DeviceStatus.OFFLINE))
    (said,) = only(RoomCall, floor.effects)
    assert said.degraded, "the room says so at once"
    floor.wait(5 * MINUTE - 1)
    assert floor.shop.devices["cp-w1"].alarm is None
    floor.do(Restate())
    floor.wait(1)
    assert floor.shop.devices["cp-w1"].alarm == "offline"
    floor.do(DeviceSaid("cp-w1", DeviceStatus.ONLINE))
    assert floor.shop.devices["cp-w1"].alarm is None
    assert [event.fact for event in floor.log].count(Fact.ALARMED) == 1


def test_a_device_that_is_back_in_time_is_nobodys_business() -> None:
    floor = Floor()
    floor.do(DeviceSaid("cp-w1", DeviceStatus.OFFLINE))
    floor.wait(4 * MINUTE)
    floor.do(DeviceSaid("cp-w1", DeviceStatus.ONLINE))
    floor.wait(10 * MINUTE)
    assert Fact.ALARMED not in [event.fact for event in floor.log]


# -- presses without a connection ------------------------------------------------------------------


def test_forty_presses_without_a_connection_are_one_call_that_was_pressed_forty_times() -> None:
    floor = Floor()
    floor.sign_on("ana")
    first = floor.press(age_ms=50 * SECOND)
    assert first is not None
    assert first.raised_at == floor.now - 50 * SECOND
    again = floor.press(count=39, age_ms=5 * SECOND)
    assert again is not None
    assert (again.id, again.presses, again.state) == (first.id, 40, State.RAISED)


def test_if_the_first_of_them_is_too_old_the_rest_still_calls_and_all_are_counted() -> None:
    floor = Floor()
    assert floor.press(age_ms=10 * MINUTE) is None
    assert facts(floor) == ["heard", "missed"]
    call = floor.press(count=39, age_ms=5 * SECOND)
    assert call is not None
    assert (call.presses, call.raised_at) == (39, floor.now - 5 * SECOND)
