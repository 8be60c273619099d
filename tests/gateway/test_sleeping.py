"""Battery buttons sleep between presses: that is no failure, until one does not wake."""

import pytest

from overdoor.core.events import Fact
from overdoor.core.inputs import DeviceSaid
from overdoor.core.model import DeviceStatus

from .shop import MINUTE, Floor

HOUR = 60 * MINUTE


def alarms(floor: Floor) -> int:
    return [event.fact for event in floor.log].count(Fact.ALARMED)


def says(floor: Floor, *words: DeviceStatus) -> None:
    for word in words:
        floor.do(DeviceSaid("cp-w1", word))


def test_a_device_that_sleeps_is_not_missed_and_its_room_is_well() -> None:
    floor = Floor()
    says(floor, DeviceStatus.ONLINE, DeviceStatus.SLEEPING)
    assert not floor.shop.degraded("w1")
    floor.wait(25 * HOUR)
    assert alarms(floor) == 0


def test_one_that_does_not_wake_for_more_than_a_day_is_missed() -> None:
    floor = Floor()
    says(floor, DeviceStatus.ONLINE, DeviceStatus.SLEEPING)
    floor.wait(27 * HOUR)
    assert alarms(floor) == 1
    floor.wait(100 * HOUR)
    assert alarms(floor) == 1


def test_one_that_wakes_every_day_is_never_missed() -> None:
    floor = Floor()
    for _ in range(10):
        says(floor, DeviceStatus.ONLINE, DeviceStatus.SLEEPING)
        floor.wait(24 * HOUR + 10 * MINUTE)
    assert alarms(floor) == 0


@pytest.mark.parametrize("before", [DeviceStatus.ONLINE, DeviceStatus.SLEEPING])
def test_one_whose_will_speaks_is_offline(before: DeviceStatus) -> None:
    floor = Floor()
    says(floor, before, DeviceStatus.OFFLINE)
    assert floor.shop.degraded("w1")
    floor.wait(6 * MINUTE)
    assert alarms(floor) == 1


def test_its_press_raises_a_call_as_any_other() -> None:
    floor = Floor()
    says(floor, DeviceStatus.ONLINE, DeviceStatus.SLEEPING)
    floor.wait(HOUR)
    says(floor, DeviceStatus.ONLINE)
    floor.press("cp-w1", age_ms=2100)
    says(floor, DeviceStatus.SLEEPING)
    assert floor.call().state == "raised"
