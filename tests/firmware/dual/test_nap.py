from overdoor_device.nap import Nap

DAY_MS = 86400000


def sleeps(nap, online_at, receipted_at, pressed_until=0):
    """(when it goes to sleep, for how long), with a look every 100 ms."""
    for now in range(0, 120000, 100):
        online = online_at is not None and now >= online_at
        unsent = 0 if receipted_at is not None and now >= receipted_at else 1
        asleep = nap.look(online, unsent, now < pressed_until, now)
        if asleep is not None:
            return now, asleep
    return None


def test_it_sleeps_soon_after_the_receipt_but_shows_that_it_came():
    at, ms = sleeps(Nap(0), 2500, 2600)
    assert 2600 + 3300 <= at <= 2600 + 3600
    assert ms == DAY_MS


def test_without_a_receipt_it_gives_up_and_comes_back_ever_later():
    failures, pauses = 0, []
    for _ in range(5):
        nap = Nap(failures)
        at, ms = sleeps(nap, 2500, None)
        assert 14000 <= at <= 16000
        pauses.append(ms // 60000)
        failures = nap.failures
    assert pauses == [1, 5, 30, 30, 30]


def test_a_success_forgets_the_failures():
    nap = Nap(4)
    sleeps(nap, 2500, 2600)
    assert nap.failures == 0


def test_a_daily_word_that_is_not_heard_waits_for_tomorrow():
    assert sleeps(Nap(0), None, 0)[1] == DAY_MS


def test_a_press_while_awake_starts_the_time_anew():
    nap = Nap(0)
    assert nap.look(False, 1, False, 14000) is None
    nap.stirred(14000)
    assert nap.look(False, 1, False, 20000) is None
    assert nap.look(False, 1, False, 29000) is not None


def test_it_does_not_sleep_on_a_closed_contact_which_would_wake_it():
    at, _ = sleeps(Nap(0), 2500, 2600, pressed_until=9000)
    assert 9000 <= at < 10000


def test_a_contact_that_is_stuck_does_not_drain_the_battery():
    at, _ = sleeps(Nap(0), 2500, 2600, pressed_until=10**9)
    assert at <= 61000
