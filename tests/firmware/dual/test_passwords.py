"""Which password a device tries: the one that opened last, then others, until one opens."""

from overdoor_device.nvs import Numbers
from overdoor_device.passwords import Passwords, derived

KEY = bytes(range(32))
REFUSED = 5


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


class Board:
    """What of a device's configuration matters here."""

    def __init__(self, password="by cable", number=0, key=KEY):
        self.device = "cp-w1"
        self.password = password
        self.password_number = number
        self.update_key = key


def start(nvs, **board):
    return Passwords(Board(**board), Numbers(nvs))


def tries(passwords, opens, most=140):
    """How often it tries until the broker, which takes this one alone, lets it in."""
    for count in range(1, most):
        if passwords.current() == opens:
            passwords.accepted()
            return count
        passwords.refused(REFUSED)
    return None


def of(number):
    return derived(KEY, "cp-w1", number)


def test_a_password_follows_from_key_device_and_number():
    assert of(1) == "311d9b84722b1099b97b282fa786ab578c3191143404599e4222a66271027c29"
    others = {of(1), of(2), derived(KEY, "cp-w2", 1), derived(bytes(32), "cp-w1", 1)}
    assert len(others) == 4


def test_the_one_that_came_by_cable_is_the_first():
    passwords = start(Nvs())
    assert (passwords.number, passwords.current()) == (0, "by cable")


def test_the_next_one_is_tried_as_soon_as_one_is_refused():
    nvs = Nvs()
    assert tries(start(nvs), of(1)) == 2
    assert tries(start(nvs), of(1)) == 1  # after a restart it is known
    assert tries(start(nvs), of(2)) == 2


def test_one_that_always_opened_costs_no_write():
    nvs = Nvs()
    assert tries(start(nvs), "by cable") == 1
    assert nvs.writes == 0


def test_after_a_restored_backup_the_one_before_opens_again():
    nvs = Nvs()
    for number in (1, 2, 3):
        tries(start(nvs), of(number))
    assert tries(start(nvs), of(2)) <= 6
    assert tries(start(nvs), "by cable") <= 10


def test_a_broker_that_takes_nobody_for_a_while_is_found_again_at_once():
    passwords = start(Nvs())
    for _ in range(1001):
        passwords.refused(REFUSED)
    assert tries(passwords, "by cable") <= 2


def test_what_is_likely_is_tried_at_once_and_the_rest_in_its_time():
    passwords = start(Nvs())
    at_once = [passwords.refused(REFUSED) for _ in range(20)]
    assert at_once == [True] * 8 + [False] * 12
    passwords.accepted()
    assert passwords.refused(REFUSED)


def test_only_a_refused_login_leads_to_another_password():
    passwords = start(Nvs())
    for code in (1, 2, 3, 0x80):
        assert not passwords.refused(code)
        assert passwords.number == 0
    passwords.refused(4)
    assert passwords.number == 1


def test_a_false_broker_leads_no_device_astray_for_good():
    nvs = Nvs()
    tries(start(nvs), of(5))
    passwords = start(nvs)
    for number in range(6, 400):
        passwords.number = number  # it was refused until it came here, and then let in
        passwords.accepted()
    assert tries(start(nvs), of(6)) <= 90  # as often as it tries before it starts anew


def test_flash_that_keeps_nothing_costs_tries_and_no_access():
    nvs = Nvs()
    nvs.broken = True
    for number in (1, 2, 3):
        assert tries(start(nvs), of(number)) is not None


def test_a_board_that_was_another_device_begins_with_its_new_password():
    nvs = Nvs()
    tries(start(nvs), of(4))
    assert start(nvs, key=bytes(32)).current() == "by cable"


def test_one_that_was_flashed_again_begins_with_what_it_was_given():
    passwords = start(Nvs(), password=of(7), number=7)
    assert tries(passwords, of(7)) == 1
    assert tries(passwords, of(8)) == 2
    assert tries(passwords, of(6)) is not None


def test_without_a_password_or_a_key_there_is_nothing_to_try():
    for passwords in (start(Nvs(), password=None), start(Nvs(), key=None)):
        first = passwords.current()
        passwords.refused(REFUSED)
        passwords.accepted()
        assert (passwords.current(), passwords.number) == (first, None)
