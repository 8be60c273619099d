from overdoor_device.button import Debouncer


def run(edges, until):
    """Feed [(at, closed), ...] with a reading each ms; return the reports."""
    debouncer = Debouncer()
    reports = []
    edges = list(edges)
    for now in range(until + 1):
        while edges and edges[0][0] == now:
            at, closed = edges.pop(0)
            reports += debouncer.edge(closed, at)
        reports += debouncer.settle(now)
    return reports


def test_a_clean_press_and_release():
    assert run([(10, True), (90, False)], 200) == [(True, 10), (False, 90)]


def test_a_tap_of_5_ms_is_caught_with_the_time_of_its_edge():
    assert run([(10, True), (15, False)], 100) == [(True, 10), (False, 15)]


def test_a_glitch_of_4_ms_is_not_a_press():
    assert run([(10, True), (14, False)], 100) == []


def test_bounce_gives_one_press_at_the_first_edge():
    edges = [(10, True), (11, False), (12, True), (14, False), (15, True), (100, False)]
    edges += [(101, True), (103, False), (104, True), (105, False)]
    assert run(edges, 200) == [(True, 10), (False, 105)]


def test_two_quick_presses_are_two():
    edges = [(10, True), (40, False), (70, True), (100, False)]
    assert run(edges, 200) == [(True, 10), (False, 40), (True, 70), (False, 100)]


def test_a_glitch_long_before_a_press_does_not_date_it():
    assert run([(10, True), (12, False), (60, True), (99, False)], 200)[0] == (True, 60)


def test_late_reading_still_catches_a_tap():
    debouncer = Debouncer()
    assert debouncer.edge(True, 10) == []
    assert debouncer.edge(False, 16) == [(True, 10)]
    assert debouncer.settle(900) == [(False, 16)]


def test_a_repeated_level_changes_nothing():
    debouncer = Debouncer()
    debouncer.edge(True, 10)
    debouncer.edge(True, 12)
    assert debouncer.settle(15) == [(True, 10)]


def test_at_rest_it_waits_for_nothing():
    debouncer = Debouncer()
    assert debouncer.settles_at() is None
    debouncer.edge(True, 10)
    assert debouncer.settles_at() == 15
    debouncer.settle(15)
    assert debouncer.settles_at() is None
    debouncer.edge(False, 50)
    assert debouncer.settles_at() == 70
    debouncer.settle(70)
    assert debouncer.settles_at() is None
