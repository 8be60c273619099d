"""A device that hangs, does not last, or loses its broker starts anew; not with a live press."""

import asyncio
import json
import time

import esp32
import machine
from world import Restart, WatchdogReset, World

from overdoor.nvs import Numbers

MINUTE = 60000
COMMAND = "overdoor/1/test/device/cp-w1/command"


def ends(world, story):
    """Run until the device resets. Returns (how, after how many ms)."""
    try:
        world.run(story)
    except (Restart, WatchdogReset) as reset:
        return type(reset), world.now()
    raise AssertionError("no reset within %d ms" % world.now())


async def an_hour(world):
    await asyncio.sleep(3600)


async def never(*_):
    await asyncio.Event().wait()


async def spin(*_):
    await asyncio.sleep(5)
    while True:
        time.sleep_ms(10)  # a loop that never gives way


async def a_good_day(world):
    await asyncio.sleep(2 * 3600)
    assert world.course.state == "up"


# ---- the watchdog


def test_a_device_that_works_is_left_alone_for_hours():
    World().run(a_good_day)


def test_any_task_that_waits_for_ever_brings_the_reset():
    hangs = {
        "button": lambda d: setattr(d._buttons[0], "run", never),
        "panel": lambda d: setattr(d._panel, "run", never),
        "time": lambda d: setattr(d._alarm, "run", never),
        "link": lambda d: setattr(d._link, "run", never),
        "wifi": lambda d: setattr(d._radio, "run", never),
        "diagnostics": lambda d: setattr(d, "_look_around", never),
    }
    for name, hang in hangs.items():
        world = World()
        hang(world.device)
        how, after = ends(world, an_hour)
        assert how is WatchdogReset, name
        assert after <= 2 * MINUTE, (name, after)
        assert any("no progress of " + name in line for line in world.printed), name


def test_a_task_that_never_gives_way_brings_the_reset():
    world = World()
    world.device._look_around = spin
    how, after = ends(world, an_hour)
    assert how is WatchdogReset
    assert 30000 < after <= 35000


def test_a_supervisor_that_ends_brings_the_reset():
    world = World()
    world.device._supervisor.run = never
    assert ends(world, an_hour)[0] is WatchdogReset


def test_a_bug_in_a_task_ends_the_program_so_that_it_starts_anew():
    async def fail(beat):
        raise ZeroDivisionError

    world = World()
    world.device._look_around = fail
    try:
        world.run(an_hour)
    except ZeroDivisionError:
        return
    raise AssertionError("the bug was swallowed")


# ---- bad boots


def numbers_after(bad_boots):
    numbers = Numbers(esp32.NVS("boots%d" % time.ticks_ms()))

    async def half_a_minute(world):
        await asyncio.sleep(30)

    for _ in range(bad_boots):
        World(numbers=numbers).run(half_a_minute)
    return numbers


def test_ten_bad_boots_lead_to_safe_mode_which_still_calls_for_help():
    async def story(world):
        await world.until(lambda: world.course.state == "up")
        await world.press()
        await world.until(lambda: any(b'"press"' in p for _, p in world.broker.messages))
        assert any(b'"mode": "safe"' in payload for _, payload in world.broker.messages)
        lit = []
        for _ in range(200):
            lit.append(world.ring.shown() != ["000000"])
            await asyncio.sleep(0.02)
        assert any(lit) and not all(lit)  # the double blink, whatever the signal
        assert world.buttons["presence"]._handler is None  # as little as possible
        assert any(b'"caps": ["call", "ring", "lamp"]' in p for _, p in world.broker.messages)

    World(numbers=numbers_after(10)).run(story)


def test_a_minute_makes_a_boot_good():
    numbers = numbers_after(9)

    async def more_than_a_minute(world):
        await asyncio.sleep(62)

    World(numbers=numbers).run(more_than_a_minute)
    assert numbers.get("boots") == 0


def test_safe_mode_gives_the_whole_firmware_another_chance():
    numbers = numbers_after(10)
    world = World(numbers=numbers)
    how, after = ends(world, an_hour)
    assert (how, after // 1000) == (Restart, 300)
    world = World(numbers=numbers)
    assert not world.device._boots.safe


def test_a_restart_on_purpose_is_no_bad_boot():
    async def story(world):
        await world.until(lambda: world.course.state == "up")
        world.broker.last.say(COMMAND, b'{"v": 1, "id": 1, "verb": "restart"}')
        await asyncio.sleep(30)

    numbers = numbers_after(9)
    how, _ = ends(World(numbers=numbers), story)
    assert how is Restart
    assert numbers.get("boots") == 0


# ---- no broker


def test_without_a_broker_it_starts_anew_after_fifteen_minutes():
    world = World()
    world.broker.tcp = "silent"
    how, after = ends(world, an_hour)
    assert how is Restart
    assert 15 * MINUTE <= after <= 15 * MINUTE + 2000


def test_the_fifteen_minutes_begin_when_the_session_ends():
    async def story(world):
        await asyncio.sleep(600)
        world.broker.tcp = "refuses"
        world.broker.last.hang_up()
        await asyncio.sleep(3600)

    how, after = ends(World(), story)
    assert how is Restart
    assert 25 * MINUTE <= after <= 25 * MINUTE + 2000


def test_but_never_while_a_press_lives():
    pressed = []

    async def story(world):
        await asyncio.sleep(14 * 60)
        await world.press()
        pressed.append(world.now())
        await asyncio.sleep(3600)

    world = World()
    world.broker.tcp = "silent"
    how, after = ends(world, story)
    assert how is Restart
    # The degraded light ends ten minutes after it began, two seconds after the press.
    assert after - pressed[0] >= 10 * MINUTE


# ---- what it says of itself


def test_info_comes_every_five_minutes_and_when_something_is_wrong():
    def infos(world):
        return [payload for topic, payload in world.broker.messages if topic.endswith("/info")]

    async def story(world):
        await asyncio.sleep(3)
        assert len(infos(world)) == 1
        await asyncio.sleep(910)
        assert len(infos(world)) == 4
        world.device._supervisor.pulse.expect("planted", 5000, world.now())
        await asyncio.sleep(8)
        assert b"no progress of planted" in infos(world)[-1]

    World().run(story)


def test_report_has_counters_and_the_log():
    async def story(world):
        await world.until(lambda: world.course.state == "up")
        await world.press()
        await asyncio.sleep(5)
        world.broker.last.hang_up()
        await world.until(lambda: world.course.sessions == 2)
        world.broker.last.say(COMMAND, b'{"v": 1, "id": "r", "verb": "report", "args": {}}')
        await world.until(lambda: any(t.endswith("/result") for t, _ in world.broker.messages))
        result = next(p for t, p in world.broker.messages if t.endswith("/result"))
        data = json.loads(result)["data"]
        assert data["sessions"] == 2
        assert data["joins"] == 1
        assert data["resends"] >= 3
        assert data["dropped"] == 0
        assert data["worst_delay_ms"] == 0
        assert any("link: closed" in text for _, text in data["log"])

    World().run(story)


def test_the_worst_delay_of_the_loop_is_told():
    async def story(world):
        await asyncio.sleep(3)
        time.sleep_ms(700)
        await asyncio.sleep(3)
        assert 600 <= world.device._supervisor.worst_delay_ms <= 700

    World().run(story)


def test_the_watchdog_can_bite_at_all():
    machine.WDT(timeout=1000)
    time.on_advance[:] = []
    time.sleep_ms(999)
    assert not machine.watchdog_bites()
    time.sleep_ms(1)
    assert machine.watchdog_bites()
