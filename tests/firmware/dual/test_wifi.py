from overdoor_device.fault import FAULTS
from overdoor_device.wifi import JOIN, LEAVE, START, STOP, Wifi

CONNECTING = 1001
UP = (True, 1010, True)


class Try:
    """A machine, the time, and what it ordered."""

    def __init__(self):
        self.wifi = Wifi(lambda: 1)
        self.now = 0
        self.orders = []

    def see(self, connected, status, associated, ms=0):
        """The radio says so after `ms`."""
        self.now += ms
        orders = self.wifi.step(connected, status, associated, self.now)
        self.orders += orders
        return orders

    def nothing(self, status, ms, associated=False):
        """It says so for a while, looked at as often as the machine wants."""
        end = self.now + ms
        self.see(False, status, associated)
        while self.now < end and self.wifi.fault is None:
            self.see(False, status, associated, max(1, self.wifi.pause_ms(self.now)))

    def rest(self, status=1000):
        """Until it tries again."""
        while self.wifi.state in ("resting", "off", "starting"):
            self.now += max(1, self.wifi.pause_ms(self.now))
            self.see(False, status, False)

    def begin(self):
        self.see(False, 1000, False)
        self.see(False, 1000, False)
        assert self.orders == [START, LEAVE, JOIN]
        self.orders = []
        return self


def test_joins():
    wifi = Try().begin()
    wifi.see(False, CONNECTING, False, 100)
    assert not wifi.wifi.up
    wifi.see(*UP, 400)
    assert wifi.wifi.up
    assert wifi.wifi.joins == 1
    assert wifi.orders == []


def test_a_radio_that_a_soft_restart_left_connected_is_left_alone():
    wifi = Try()
    wifi.see(*UP)
    wifi.see(*UP)
    assert wifi.wifi.up
    assert wifi.orders == [START]


def fails(status, associated=False):
    wifi = Try().begin()
    wifi.see(False, CONNECTING, False, 100)
    wifi.nothing(status, 60000, associated)
    return wifi


def test_each_fault_has_its_name():
    cases = (
        (201, False, "no_access_point"),
        (202, False, "wrong_password"),
        (15, False, "wrong_password"),
        (204, False, "wrong_password"),
        (200, False, "not_joined"),
        (CONNECTING, True, "no_address"),
        (CONNECTING, False, "not_joined"),
    )
    for status, associated, fault in cases:
        wifi = fails(status, associated)
        assert wifi.wifi.fault == fault, (status, wifi.wifi.fault)
        assert wifi.orders == [LEAVE]
        assert fault in FAULTS


def test_each_fault_has_a_way_back():
    for status, associated in ((201, False), (202, False), (CONNECTING, True), (CONNECTING, False)):
        wifi = fails(status, associated)
        before = wifi.now
        wifi.rest(status)
        assert 1000 <= wifi.now - before <= 31000
        wifi.see(*UP, 100)
        assert wifi.wifi.up
        assert wifi.wifi.fault is None


def test_a_status_that_lingers_from_before_is_not_believed():
    wifi = Try().begin()
    wifi.see(False, 202, False, 100)
    wifi.see(False, CONNECTING, False, 100)
    wifi.see(*UP, 500)
    assert wifi.wifi.up


def test_a_status_that_is_stuck_restarts_the_radio_after_a_pause():
    wifi = Try().begin()
    wifi.nothing(202, 5000)
    assert wifi.wifi.fault == "radio_stuck"
    assert wifi.orders == [STOP]
    stopped = wifi.now
    wifi.rest(202)
    assert wifi.orders == [STOP, START, LEAVE, JOIN]
    assert wifi.now - stopped >= 1000


def test_a_radio_that_refuses_is_restarted():
    wifi = Try().begin()
    assert wifi.wifi.refused(wifi.now) == (STOP,)
    wifi.rest()
    assert wifi.orders == [START, LEAVE, JOIN]


def test_whatever_it_is_every_fourth_failure_restarts_the_radio():
    wifi = Try().begin()
    stops = []
    for _ in range(8):
        wifi.wifi.fault = None
        wifi.see(False, CONNECTING, False, 100)
        wifi.nothing(201, 60000)
        stops.append(wifi.wifi.state == "off")
        wifi.rest(201)
    assert stops == [False, False, False, True] * 2


def test_a_press_cuts_the_rest_short_but_never_below_what_the_radio_needs():
    for _ in range(3):
        wifi = fails(201)
        failed = wifi.now
        for _ in range(5):
            wifi.wifi.hurry()
        wifi.rest(201)
        assert wifi.now - failed == 1000
        wifi.wifi.hurry()  # joining already
        assert wifi.wifi.state == "joining"


def test_a_network_that_falls_away_is_joined_again():
    wifi = Try().begin()
    wifi.see(*UP, 100)
    assert wifi.see(False, 200, False, 1000) == (LEAVE,)
    assert wifi.wifi.fault == "wifi_lost"
    wifi.rest(200)
    assert wifi.orders[-2:] == [LEAVE, JOIN]


def test_never_joins_twice_without_leaving():
    wifi = Try()
    for status in (1000, 1001, 202, 201, 200, 1001, 1010) * 30:
        wifi.see(status == 1010, status, False, 700)
    joins = [place for place, order in enumerate(wifi.orders) if order == JOIN]
    assert len(joins) > 5
    assert all(wifi.orders[place - 1] == LEAVE for place in joins)
