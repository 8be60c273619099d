"""Mystery calls: raised by the clock or by hand, in rooms known to be free, never counted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from overdoor.config import ConfigError
from overdoor.core.effects import Refused
from overdoor.core.escalation import Due
from overdoor.core.events import Event, Fact
from overdoor.core.hours import Hours
from overdoor.core.inputs import (
    Configured,
    DeviceSaid,
    Need,
    Raise,
    Restate,
    RoomServiced,
    TimerFired,
    Verb,
)
from overdoor.core.model import DeviceStatus, Kind, Mystery, Outcome, Plan, Service, State
from overdoor.core.mystery import next_due

from .api import Client
from .house import House
from .shop import MINUTE, NOW, SECOND, Floor, a_plan, only
from .test_config import GOOD, check

HOUR = 60 * MINUTE
DAY = 24 * HOUR
OPEN = Hours("Europe/Sofia", ((10 * 60, 20 * 60),) * 6 + (None,))  # never on Sundays


def planned(seed: str = "s", per_day: int = 2, **more: object) -> Plan:
    mystery = Mystery(seed, ("w1", "w2"), per_day=per_day)
    return replace(a_plan(), hours=OPEN, timezone="Europe/Sofia", mystery=mystery, **more)


def with_devices(floor: Floor) -> Floor:
    for device in ("cp-w1", "cp-w2", "button-m1", "lamp-m1"):
        floor.do(DeviceSaid(device, DeviceStatus.ONLINE))
    floor.do(Restate())
    return floor


def moments(plan: Plan, days: int, since: int = NOW) -> list[int]:
    """The planned moments of some days."""
    found: list[int] = []
    at = next_due(plan, since)
    while at is not None and at < since + days * DAY:
        found.append(at)
        at = next_due(plan, at)
    return found


def mysteries(floor: Floor) -> list[Event]:
    raised = [event for event in floor.log if event.fact is Fact.RAISED]
    return [event for event in raised if event.data["kind"] == Kind.MYSTERY]


# -- the plan of a day -----------------------------------------------------------------------------


def test_so_many_a_day_while_the_shop_is_open() -> None:
    found = moments(planned(per_day=3), 14)
    assert len(found) in range(34, 39), "twelve open days, and the first one may be half over"
    for at in found:
        assert any(opens <= at < closes for _, opens, closes in OPEN.spans(at))


def test_the_seed_alone_makes_the_moments() -> None:
    assert moments(planned("a"), 7) == moments(planned("a"), 7)
    assert not set(moments(planned("a"), 7)) & set(moments(planned("b"), 7))


def test_they_are_spread_over_the_whole_day() -> None:
    minutes = [at % DAY // MINUTE for at in moments(planned(per_day=4), 60)]
    hours = {(minute // 60) for minute in minutes}
    assert len(hours) >= 10


def test_fixed_times_are_of_the_shops_own_wall() -> None:
    mystery = Mystery("s", ("w1",), times=(11 * 60 + 30, 23 * 60))
    found = moments(replace(planned(), mystery=mystery), 7)
    assert len(found) == 6, "once on each open day; at eleven at night it is closed"
    assert {at % DAY for at in found} == {8 * HOUR + 30 * MINUTE}


# -- raising them ----------------------------------------------------------------------------------


def test_each_moment_raises_one_call_and_gives_up_like_any_other() -> None:
    floor = with_devices(Floor(planned()))
    floor.sign_on("ana")
    wanted = moments(planned(), 7)
    floor.wait(7 * DAY)
    raised = mysteries(floor)
    assert 0 < len(raised) <= len(wanted)
    assert {event.at for event in raised} <= set(wanted)
    assert all(event.data["source"] == "schedule" for event in raised)
    assert {event.room for event in raised} == {"w1", "w2"}
    assert floor.last().outcome in (Outcome.UNANSWERED, Outcome.LEFT)


def test_a_restart_neither_doubles_nor_piles_up() -> None:
    at = moments(planned(), 7)[0]
    floor = with_devices(Floor(planned("other seed drawn at the next start")))
    floor = with_devices(Floor(planned()))
    floor.wait(at - floor.now)
    assert len(mysteries(floor)) == 1
    floor.do(Configured(planned("drawn at the next start")))
    floor.do(Restate())
    floor.wait(SECOND)
    assert len(mysteries(floor)) == 1
    floor.timers.clear()  # the gateway is off for three days
    floor.now += 3 * DAY
    floor.do(Restate())
    floor.wait(SECOND)
    assert len(mysteries(floor)) == 1
    later = next_due(planned(), floor.now)
    assert later is not None, "the seed is the first one"
    floor.wait(later - floor.now)
    assert [event.at for event in mysteries(floor)] == [at, later]


def test_a_moment_that_comes_late_or_is_no_longer_planned_is_let_go() -> None:
    for shift, plan in ((61 * SECOND, planned()), (0, planned(per_day=0))):
        floor = with_devices(Floor(planned()))
        at = moments(planned(), 7)[0]
        timer = next(timer for timer in floor.timers if timer.due is Due.MYSTERY)
        assert timer.at == at
        floor.do(Configured(plan))
        floor.now = at + shift
        floor.do(TimerFired(timer))
        assert mysteries(floor) == []


def everything(_: Floor) -> None:
    """Nothing disturbs."""


def pressed_before(floor: Floor) -> None:
    for device in ("cp-w1", "cp-w2"):
        floor.press(device)
        floor.send(device, gesture="hold")
    floor.wait(8 * MINUTE)


def presence_touched(floor: Floor) -> None:
    for device in ("cp-w1", "cp-w2"):
        floor.presence(device)
    floor.wait(8 * MINUTE)


def need_said(floor: Floor) -> None:
    for room in ("w1", "w2"):
        floor.do(Need(room, "question"))


def offline(floor: Floor) -> None:
    for device in ("cp-w1", "cp-w2"):
        floor.do(DeviceSaid(device, DeviceStatus.OFFLINE))


def out_of_service(floor: Floor) -> None:
    for room in ("w1", "w2"):
        floor.do(RoomServiced(room, Service.OUT))


def in_test(floor: Floor) -> None:
    for room in ("w1", "w2"):
        floor.do(RoomServiced(room, Service.TEST))


def open_call(floor: Floor) -> None:
    for device in ("cp-w1", "cp-w2"):
        floor.press(device)


@pytest.mark.parametrize(
    ("disturbed", "free"),
    [
        (everything, True),
        (pressed_before, False),
        (presence_touched, False),
        (need_said, False),
        (offline, False),
        (out_of_service, False),
        (in_test, False),
        (open_call, False),
    ],
)
def test_only_in_a_room_that_is_known_to_be_free(
    disturbed: Callable[[Floor], None], free: bool
) -> None:
    floor = with_devices(Floor(planned()))
    at = moments(planned(), 7)[0]
    floor.wait(at - floor.now - 9 * MINUTE)
    disturbed(floor)
    by_hand = only(Refused, floor.do(Raise("w1", "x", Kind.MYSTERY)))
    assert bool(by_hand) is not free
    if free:
        floor.send(gesture="hold")
        floor.log.clear()
    floor.wait(at - floor.now)
    assert len(mysteries(floor)) == free


def test_whoever_presses_in_a_room_that_was_not_free_gets_a_call_that_counts() -> None:
    floor = with_devices(Floor(planned()))
    floor.sign_on("ana")
    floor.wait(moments(planned(), 7)[0] - floor.now)
    (room,) = floor.shop.calls
    call = floor.press(f"cp-{room}")
    assert call is not None
    assert (call.kind, call.state, call.visit) == (Kind.NORMAL, State.RAISED, call.id)
    assert floor.last(room).outcome is Outcome.CANCELLED
    assert floor.signals[f"cp-{room}"].call == call.id


def test_an_empty_room_after_a_mystery_call_is_no_prank() -> None:
    floor = with_devices(Floor(planned()))
    floor.sign_on("ana")
    floor.wait(moments(planned(), 7)[0] - floor.now)
    (room,) = floor.shop.calls
    assert floor.say(Verb.NOBODY_THERE, room=room)
    assert floor.shop.room(room).gone == ()


# -- nobody can tell, and nobody counts it ---------------------------------------------------------


async def test_it_looks_like_any_other_until_it_is_over(shop: Client, house: House) -> None:
    await shop.engine.do(DeviceSaid("cp-w1", DeviceStatus.ONLINE))
    ana = await shop.sign_on("Ana")
    answer = await shop.post("/rooms/w1/call", mystery=True)
    assert (answer.status_code, answer.json()["kind"]) == (201, "normal")
    call = f"/calls/{answer.json()['id']}"
    page = f"/calls/{answer.json()['id']}"
    assert "ystery" not in (await shop.get(call)).text + (await shop.http.get(page)).text
    bearer = {"Authorization": f"Bearer {ana}"}
    assert "not counted" not in (await shop.http.get("/handheld/calls", headers=bearer)).text
    await shop.post(f"{call}/arrive", ana)
    house.clock.now += 20 * SECOND
    await shop.post(f"{call}/close", ana)
    assert (await shop.get(call)).json()["kind"] == "mystery"
    assert "Mystery, not counted" in (await shop.http.get(page)).text
    numbers = (await shop.get("/insight/summary")).json()
    assert (numbers["calls"], numbers["arrived"]) == (0, 0)


# -- the file --------------------------------------------------------------------------------------

HOURS = '[hours]\nmon = "10:00-20:00"\n'


@pytest.mark.parametrize(
    ("text", "rooms", "per_day", "times"),
    [
        ("per_day = 2", ("w1", "w2"), 2, ()),
        ('per_day = 1\nzones = ["women"]', ("w1", "w2"), 1, ()),
        ('times = ["11:30"]\nrooms = ["w2"]', ("w2",), 0, (690,)),
    ],
)
def test_the_file_says_how_many_or_when_and_where(
    tmp_path: Path, text: str, rooms: tuple[str, ...], per_day: int, times: tuple[int, ...]
) -> None:
    config = check(tmp_path, f"{GOOD}\n{HOURS}\n[mystery]\n{text}\n")
    mystery, again = config.plan().mystery, config.plan().mystery
    assert mystery is not None
    assert again is not None
    assert (mystery.rooms, mystery.per_day, mystery.times) == (rooms, per_day, times)
    assert mystery.seed != again.seed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HOURS + "[mystery]\n", "give either per_day or times"),
        (HOURS + '[mystery]\nper_day = 1\ntimes = ["11:30"]', "give either per_day or times"),
        (HOURS + '[mystery]\nper_day = 1\nrooms = ["x"]', "no room 'x' for mystery calls"),
        (HOURS + '[mystery]\nper_day = 1\nzones = ["x"]', "no zone 'x' for mystery calls"),
        (HOURS + '[mystery]\ntimes = ["21:00"]', "the shop is never open at 21:00"),
        (HOURS + '[mystery]\ntimes = ["half past"]', "a time of day is written like '11:30'"),
        ("[mystery]\nper_day = 1", "mystery calls a day need [hours]"),
    ],
)
def test_a_mistake_about_them_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(tmp_path, f"{GOOD}\n{text}\n")
    assert says in str(caught.value)
