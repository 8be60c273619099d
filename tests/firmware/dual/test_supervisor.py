from overdoor_device.nvs import Numbers
from overdoor_device.powerup import choice
from overdoor_device.supervisor import Boots, Pulse, due

MINUTE = 60000


class Nvs:
    """As of an ESP32; `broken` as one that is worn out."""

    def __init__(self):
        self.kept = {}
        self.broken = False
        self.writes = 0

    def get_i32(self, key):
        if self.broken or key not in self.kept:
            raise OSError(-0x1102)
        return self.kept[key]

    def set_i32(self, key, value):
        if self.broken:
            raise OSError(-0x1101)
        self.kept[key] = value
        self.writes += 1

    def commit(self):
        pass


# ---- progress


def test_a_task_that_beats_is_fine_and_one_that_does_not_is_named():
    pulse = Pulse()
    beat = pulse.expect("button", 1000, 0)
    pulse.expect("link", 5000, 0)
    assert pulse.stalled(1000) == ()
    assert pulse.stalled(1001) == ("button",)
    beat(1001)
    assert pulse.stalled(2001) == ()
    assert pulse.stalled(9999) == ("button", "link")


def test_a_task_that_waits_is_woken_in_time_to_show_that_it_could():
    pulse = Pulse()
    woken = []
    pulse.expect("button", 1000, 0, lambda: woken.append("button"))
    pulse.poke(499)
    assert woken == []
    pulse.poke(500)
    assert woken == ["button"]


# ---- bad boots


def boot(nvs, good=False):
    boots = Boots(Numbers(nvs))
    if good:
        boots.good()
    return boots


def test_ten_bad_boots_lead_to_safe_mode():
    nvs = Nvs()
    assert [boot(nvs).safe for _ in range(12)] == [False] * 10 + [True, True]


def test_a_good_one_begins_the_count_anew():
    nvs = Nvs()
    for _ in range(9):
        boot(nvs)
    boot(nvs, good=True)
    assert boot(nvs).count == 1


def test_good_is_written_once():
    nvs = Nvs()
    boots = boot(nvs)
    for _ in range(5):
        boots.good()
    assert nvs.writes == 2


def test_a_worn_out_flash_stops_nothing():
    nvs = Nvs()
    nvs.broken = True
    assert not any(boot(nvs, good=True).safe for _ in range(20))


# ---- restarts that are due


def quiet():
    return False


def lives():
    return True


def test_a_minute_makes_a_boot_good():
    assert due(MINUTE - 1, None, False, quiet) is None
    assert due(MINUTE, None, False, quiet) == "good"
    assert due(MINUTE, 1, False, lives) == "good"


def test_no_broker_for_fifteen_minutes():
    assert due(16 * MINUTE, 15 * MINUTE - 1, False, quiet) == "good"
    assert due(16 * MINUTE, 15 * MINUTE, False, quiet) == "no broker"


def test_safe_mode_ends_after_five_minutes():
    assert due(5 * MINUTE - 1, None, True, quiet) is None
    assert due(5 * MINUTE, None, True, quiet) == "safe mode is over"


def test_nothing_restarts_while_a_press_lives():
    assert due(60 * MINUTE, 59 * MINUTE, False, lives) == "good"
    assert due(60 * MINUTE, 59 * MINUTE, True, lives) is None


# ---- the button at power-up


def test_the_button_at_power_up():
    for held, wanted in (
        (0, "run"),
        (2999, "run"),
        (3000, "setup"),
        (9999, "setup"),
        (10000, "erase"),
        (19999, "erase"),
        (20000, "run"),  # a contact that is stuck must not erase anything
        (10**6, "run"),
    ):
        assert choice(held) == wanted
