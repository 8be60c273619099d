from overdoor_device.lamp import Lights
from overdoor_device.patterns import FlashGuard, brightness, steady_for

PATTERNS = ("idle", "raised", "acknowledged", "arrived", "offline", "identify", "flash", "taken")


class Ring:
    def __init__(self):
        self.colour = None
        self.lit = []  # LEDs that were set by themselves
        self.writes = 0

    def __len__(self):
        return 4

    def __setitem__(self, index, colour):
        self.lit.append((index, colour))

    def fill(self, colour):
        self.colour = colour
        self.lit = []

    def write(self):
        self.writes += 1


class Lamp:
    def __init__(self):
        self.duty = None

    def duty_u16(self, value):
        self.duty = value


class Time:
    def __init__(self):
        self.ms = 5000

    def now(self):
        return self.ms


def lights():
    ring, lamp, time = Ring(), Lamp(), Time()
    return Lights(ring, lamp, time.now), ring, lamp, time


def rises(levels):
    """Where levels, one a ms, rise by a tenth of full brightness after falling by as much."""
    found = []
    guard_low, guard_high, up = 0, 0, False
    for ms, level in enumerate(levels):
        if up:
            guard_high = max(guard_high, level)
            if guard_high - level >= 26:
                up, guard_low = False, level
        else:
            guard_low = min(guard_low, level)
            if level - guard_low >= 26:
                up, guard_high = True, level
                found.append(ms)
    return found


def assert_three_a_second(starts):
    for index in range(3, len(starts)):
        assert starts[index] - starts[index - 3] >= 1000


def test_brightness_is_a_byte_and_stays_while_it_says_so():
    for pattern in PATTERNS:
        for ms in range(6000):
            level = brightness(pattern, ms)
            assert 0 <= level <= 255
            steady = steady_for(pattern, ms)
            if steady is None:
                assert brightness(pattern, ms + 1) == level
            else:
                assert steady > 0 or pattern == "flash"
                if pattern not in ("raised", "arrived"):
                    assert brightness(pattern, ms + steady - 1) == level


def test_no_pattern_flashes_more_than_three_times_a_second():
    for pattern in PATTERNS:
        starts = rises([brightness(pattern, ms) for ms in range(8000)])
        assert_three_a_second(starts)


def test_raised_breathes_at_0_6_hz():
    starts = rises([brightness("raised", ms) for ms in range(16670)])
    assert len(starts) == 10


def test_degraded_is_a_double_blink():
    assert len(rises([brightness("offline", ms) for ms in range(20000)])) == 20
    assert brightness("offline", 0) == 255
    assert brightness("offline", 1000) == 0


def test_steady_patterns_need_no_frames():
    light, ring, lamp, _ = lights()
    assert light.frame() is None
    light.show("acknowledged")
    assert light.frame() is None
    assert lamp.duty == 65535
    assert ring.colour[1] == 255


def test_the_goodbye_is_on_the_ring_only_and_ends():
    light, ring, lamp, time = lights()
    light.show("arrived")
    assert (ring.colour[1], lamp.duty) == (255, 0)
    time.ms += 1100
    assert light.frame() is None
    assert ring.colour == (0, 0, 0)


def test_a_press_lights_the_ring_before_anything_else_runs():
    light, ring, lamp, time = lights()
    light.frame()
    light.flash()
    assert ring.colour == (255, 255, 255)
    assert lamp.duty == 0
    time.ms += 130
    light.frame()
    assert ring.colour == (0, 0, 0)
    time.ms += 130
    assert light.frame() is None


def test_hardware_is_written_only_on_change():
    light, ring, _, time = lights()
    light.show("acknowledged")
    writes = ring.writes
    for _ in range(10):
        time.ms += 40
        light.frame()
    assert ring.writes == writes


def test_hammering_the_button_flashes_three_times_a_second_at_most():
    for gap in (80, 130, 190, 260):
        light, ring, _, time = lights()
        levels = []
        for ms in range(3000):
            if ms % gap == 0:
                light.flash()
            light.frame()
            levels.append(max(ring.colour))
            time.ms += 1
        starts = rises(levels)
        assert starts[0] == 0
        assert_three_a_second(starts)


def test_a_press_while_the_ring_may_not_flash_again_flashes_as_soon_as_it_may():
    light, ring, _, time = lights()
    light.diagnose("bad_certificate")  # blinks twice a second
    pressed, levels, white_at = (2400, 2700, 3150), [], []
    for ms in range(5000):
        if ms in pressed:
            light.flash()
        light.frame()
        levels.append(max(ring.colour))
        if ring.colour == (255, 255, 255):
            white_at.append(ms)
        time.ms += 1
    assert_three_a_second(rises(levels))
    assert white_at[0] == 2400
    assert any(3150 <= ms <= 3500 for ms in white_at), white_at


def test_a_light_that_was_held_back_comes_on_later():
    guard = FlashGuard()
    now = 5000
    for _ in range(3):
        assert guard.limit(255, now) == 255
        assert guard.limit(0, now + 10) == 0
        now += 20
    assert guard.limit(255, now) == 0
    assert guard.holding
    assert guard.limit(255, 6000) == 255
    assert not guard.holding


def test_identify_blinks_both_and_goes_back():
    light, ring, lamp, time = lights()
    light.show("acknowledged")
    light.identify()
    assert ring.colour == (255, 255, 255)
    time.ms += 500
    light.frame()
    assert (ring.colour, lamp.duty) == ((0, 0, 0), 0)
    time.ms += 4500
    assert light.frame() is None
    assert lamp.duty == 65535


# ---- a need that was chosen


def test_a_choice_lights_a_part_of_the_ring_and_then_the_call_is_shown_again():
    shown, ring, lamp, time = lights()
    shown.show("acknowledged")
    shown.frame()
    shown.taken(2)
    assert ring.colour == (0, 0, 0)
    assert ring.lit == [(0, (255, 255, 255)), (1, (255, 255, 255))]
    assert lamp.duty == 65535  # the lamp over the door is about the call
    time.ms += 1499
    shown.frame()
    assert len(ring.lit) == 2
    time.ms += 1
    shown.frame()
    assert (ring.colour, ring.lit) == ((60, 255, 90), [])


def test_the_next_choice_lights_more_at_once():
    shown, ring, _, time = lights()
    shown.taken(1)
    time.ms += 300
    shown.taken(3)
    assert [index for index, _ in ring.lit] == [0, 1, 2]


def test_more_needs_than_leds_light_the_whole_ring():
    shown, ring, _, _ = lights()
    shown.taken(5)
    assert [index for index, _ in ring.lit] == [0, 1, 2, 3]
