from overdoor_device.course import Course, refusal
from overdoor_device.fault import FAULTS

QUIET, PRESSED = False, True
HERE, NOWHERE = True, False  # whether an address is known


def always(value):
    return lambda: value


def test_the_waits_grow_with_each_failure_however_long_it_took():
    course = Course(0, always(1))
    waits = [course.failed("silent", 60000 * n) for n in range(8)]
    assert waits == [1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000]


def test_the_waits_are_spread():
    assert Course(0, always(0)).failed("silent", 0) == 0


def test_a_session_that_lasted_begins_the_waits_anew():
    course = Course(0, always(1))
    for _ in range(5):
        course.failed("silent", 0)
    course.came_up(0)
    assert course.failed("closed", 20000) == 500


def test_a_session_that_did_not_last_does_not():
    course = Course(0, always(1))
    for at in range(5):
        course.came_up(at)
        wait = course.failed("closed", at + 100)
    assert wait == 16000


def test_says_since_when_it_is_down():
    course = Course(7, always(1))
    assert course.down_since == 7
    course.came_up(10)
    assert course.down_since is None
    course.failed("closed", 30)
    course.failed("silent", 40)
    assert course.down_since == 30


def test_a_known_address_is_used_until_three_failures():
    course = Course(0, always(1))
    for _ in range(2):
        course.failed("unreachable", 0)
        assert not course.may_resolve(HERE, QUIET, 0)
    course.failed("unreachable", 0)
    assert course.may_resolve(HERE, QUIET, 0)


def failing():
    course = Course(0, always(1))
    for _ in range(3):
        course.failed("unreachable", 0)
    return course


def test_a_name_is_not_looked_up_while_somebody_waits():
    course = failing()
    assert not course.may_resolve(HERE, PRESSED, 1000)
    assert not course.may_resolve(HERE, PRESSED, 60999)
    assert course.may_resolve(HERE, QUIET, 61000)


def test_but_it_is_after_a_minute_because_in_a_busy_shop_somebody_always_waits():
    course = failing()
    course.may_resolve(HERE, PRESSED, 1000)
    assert course.may_resolve(HERE, PRESSED, 61000)


def test_without_any_address_the_press_has_only_its_first_seconds():
    course = Course(0, always(1))
    assert not course.may_resolve(NOWHERE, PRESSED, 1000)
    assert course.may_resolve(NOWHERE, PRESSED, 6000)


def test_the_patience_begins_anew_after_each_look():
    course = Course(0, always(1))
    course.may_resolve(NOWHERE, PRESSED, 1000)
    course.resolved()
    assert not course.may_resolve(NOWHERE, PRESSED, 90000)


def test_each_refusal_has_its_name():
    names = [refusal(code) for code in (1, 2, 3, 4, 5)]
    assert len(set(names)) == 5
    assert all(name in FAULTS for name in names)
    assert refusal(0x80) == "refused_rights"
    assert refusal(99) == "not_mqtt"
