from overdoor_device.clock import Clock

PERIOD = 1 << 30  # of an ESP32


class Ticks:
    """A counter that wraps as on an ESP32."""

    def __init__(self, ms):
        self.ms = ms

    def read(self):
        return self.ms % PERIOD

    @staticmethod
    def diff(end, start):
        return (end - start + PERIOD // 2) % PERIOD - PERIOD // 2


def test_grows_across_a_wrap():
    ticks = Ticks(PERIOD - 10)
    clock = Clock(ticks.read, ticks.diff)
    ticks.ms += 30
    assert clock.now() == 30


def test_grows_past_the_period():
    ticks = Ticks(0)
    clock = Clock(ticks.read, ticks.diff)
    for _ in range(5):
        ticks.ms += PERIOD // 2 - 1
        clock.now()
    assert clock.now() == 5 * (PERIOD // 2 - 1)


def test_places_a_captured_moment():
    ticks = Ticks(PERIOD - 2)
    clock = Clock(ticks.read, ticks.diff)
    ticks.ms += 1
    captured = ticks.read()
    ticks.ms += 5
    assert clock.at(captured) == 1
    assert clock.now() == 6


def test_an_edge_newer_than_the_last_reading_has_its_own_time():
    ticks = Ticks(0)
    clock = Clock(ticks.read, ticks.diff)
    ticks.ms = 7
    assert clock.at(7) == 7
