from overdoor_device.outbox import Event, Outbox

PRESS = {"button": "call", "gesture": "press"}
HOLD = {"button": "call", "gesture": "hold"}
FAULT = {"fault": "stuck"}


def test_an_event_has_its_number_from_the_moment_it_happens():
    outbox = Outbox("b")
    event = outbox.add("button", PRESS, 5)
    assert event.n == 1
    assert outbox.due(5) == [event]
    assert outbox.payload(event, 25) == {
        "v": 1,
        "boot": "b",
        "n": 1,
        "low": 1,
        "type": "button",
        "age_ms": 20,
        "button": "call",
        "gesture": "press",
    }


def test_is_sent_again_at_growing_intervals():
    outbox = Outbox("b")
    outbox.add("button", PRESS, 0)
    moments = [now for now in range(0, 200000, 100) if outbox.due(now)]
    assert moments[:5] == [0, 1000, 3000, 7000, 15000]
    gaps = [moments[index] - moments[index - 1] for index in range(1, len(moments))]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 60000


def test_a_new_connection_sends_everything_at_once_and_in_order():
    outbox = Outbox("b")
    for button in ("call", "presence", "cancel"):
        outbox.add("button", {"button": button, "gesture": "press"}, 0)
    outbox.due(0)
    outbox.restart(10)
    assert [event.n for event in outbox.due(10)] == [1, 2, 3]


def test_presses_go_before_telemetry():
    outbox = Outbox("b")
    fault = outbox.add("fault", FAULT, 0, live=False)
    press = outbox.add("button", PRESS, 1)
    assert outbox.due(1) == [press, fault]


def test_a_receipt_lets_go_up_to_its_number():
    outbox = Outbox("b")
    for button in ("call", "presence", "cancel"):
        outbox.add("button", {"button": button, "gesture": "press"}, 0)
    outbox.due(0)
    assert outbox.cover("b", 2)
    assert [event.n for event in outbox] == [3]
    assert outbox.payload(outbox.add("button", PRESS, 1), 1)["low"] == 3


def test_a_receipt_of_another_boot_or_of_the_future_changes_nothing():
    outbox = Outbox("b")
    outbox.add("button", PRESS, 0)
    outbox.due(0)
    outbox.cover("c", 1)
    assert not outbox.cover("b", 2)
    outbox.cover(None, 1)
    assert len(outbox) == 1


def test_a_receipt_never_lets_go_of_what_was_not_sent():
    outbox = Outbox("b")
    outbox.add("button", PRESS, 0)
    outbox.due(0)
    outbox.add("button", HOLD, 1)
    outbox.cover("b", 1)
    assert len(outbox) == 1


def test_forty_presses_without_a_connection_are_the_first_and_the_last_with_a_count():
    outbox = Outbox("b")
    for second in range(40):
        outbox.add("button", PRESS, 1000 * second)
    first, last = outbox.due(60000)
    assert outbox.payload(first, 60000)["age_ms"] == 60000
    assert "count" not in outbox.payload(first, 60000)
    body = outbox.payload(last, 60000)
    assert (body["n"], body["count"], body["age_ms"]) == (2, 39, 21000)


def test_what_was_on_the_air_is_never_rewritten():
    outbox = Outbox("b")
    outbox.add("button", PRESS, 0)
    outbox.add("button", PRESS, 1)
    outbox.due(1)
    outbox.add("button", PRESS, 2)
    assert [event.count for event in outbox] == [1, 1, 1]


def fill_with_presses(outbox, count):
    for number in range(count):
        outbox.add("button", {"button": "call", "gesture": str(number)}, number)


def test_telemetry_never_pushes_out_a_press():
    outbox = Outbox("b", 20)
    fill_with_presses(outbox, 20)
    assert outbox.add("fault", FAULT, 99, live=False) is None
    assert (len(outbox), outbox.dropped) == (20, 1)


def test_a_press_pushes_out_telemetry_first():
    outbox = Outbox("b", 20)
    outbox.add("fault", FAULT, 0, live=False)
    fill_with_presses(outbox, 20)
    assert len(outbox) == 20
    assert all(event.live for event in outbox)


def test_slots_are_kept_for_presses():
    outbox = Outbox("b", 20)
    for number in range(20):
        outbox.add("fault", {"fault": str(number)}, number, live=False)
    assert len(outbox) == 4
    assert outbox.dropped == 16
    assert [event.fields["fault"] for event in outbox] == ["16", "17", "18", "19"]


def test_a_full_outbox_drops_its_oldest_press_and_says_so_in_low():
    outbox = Outbox("b", 20)
    fill_with_presses(outbox, 20)
    outbox.due(20)
    newest = outbox.add("button", PRESS, 21)
    assert outbox.due(21) == [newest]
    assert (newest.n, outbox.low(newest), len(outbox)) == (21, 2, 20)


def earlier(boot, n, live=True):
    return Event(boot, n, "button" if live else "fault", dict(PRESS), None, live)


def test_earlier_boots_go_first_with_the_low_of_their_boot_and_no_age():
    outbox = Outbox("b")
    outbox.add("button", PRESS, 5)
    outbox.restore([earlier("x", 4), earlier("a", 2), earlier("a", 3)])
    outbox.restart(9)
    sent = [outbox.payload(event, 9) for event in outbox.due(9)]
    assert [(body["boot"], body["n"], body["low"], body["age_ms"]) for body in sent] == [
        ("x", 4, 4, None),
        ("a", 2, 2, None),
        ("a", 3, 2, None),
        ("b", 1, 1, 4),
    ]


def test_an_age_that_outlived_a_restart_goes_on_growing():
    outbox = Outbox("b")
    event = earlier("a", 1)
    event.at_ms = -5000
    outbox.restore([event])
    assert outbox.payload(event, 200)["age_ms"] == 5200


def test_a_receipt_lets_go_of_one_boot_only():
    outbox = Outbox("b")
    outbox.restore([earlier("x", 1), earlier("a", 1), earlier("a", 2)])
    outbox.cover("a", 9)
    assert [(event.boot, event.n) for event in outbox] == [("x", 1)]
    assert outbox.gone == [("a", 1, 2)]


def test_a_press_of_an_earlier_boot_is_never_rewritten():
    outbox = Outbox("b")
    outbox.restore([earlier("b", 1), earlier("b", 2)])
    outbox.add("button", PRESS, 0)
    assert [event.count for event in outbox] == [1, 1, 1]


def test_a_hole_is_passed_at_once_when_what_is_below_it_is_receipted():
    outbox = Outbox("b", 18)
    outbox.add("button", PRESS, 0)
    outbox.add("fault", FAULT, 0, live=False)
    fill_with_presses(outbox, 17)  # pushes out the telemetry, number 2
    outbox.due(0)
    outbox.cover("b", 1)
    first = outbox.due(1)[0]
    assert (first.n, outbox.low(first)) == (3, 3)
    outbox.cover("b", 1)  # the same receipt again is no reason to send again
    assert outbox.due(1) == []


def test_what_earlier_boots_left_does_not_break_the_bound():
    outbox = Outbox("b", 20)
    outbox.restore([earlier("a", 1, live=False)] + [earlier("a", n) for n in range(2, 23)])
    assert [event.n for event in outbox] == list(range(3, 23))
    assert outbox.dropped == 2


def test_says_what_the_journal_does_not_know():
    outbox = Outbox("b")
    first = outbox.add("button", PRESS, 0)
    assert (outbox.unsaved, outbox.gone) == ([first], [])
    outbox.saved()
    second = outbox.add("button", PRESS, 1)
    outbox.saved()
    outbox.add("button", PRESS, 2)
    assert outbox.unsaved == [second]
    outbox.due(3)
    outbox.cover("b", 2)
    assert (outbox.unsaved, outbox.gone) == ([], [("b", 1, 2)])
