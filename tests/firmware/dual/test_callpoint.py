import json

from overdoor_device.callpoint import FLASH, SEND, SHOW, SHOWN, TAKEN, CallPoint

BOOT = "0123456789ab"
PRESS = {"button": "call", "gesture": "press"}


def connected():
    point = CallPoint(BOOT)
    point.connected(0)
    return point


def signal(point, rev, state, now, retained=False):
    return point.signal(json.dumps({"v": 1, "rev": rev, "state": state}).encode(), retained, now)


def receipt(point, n, now, boot=BOOT, also=()):
    body = {"v": 1, "boot": boot, "n": n, "also": list(also)}
    return point.receipt(json.dumps(body).encode(), now)


def press(point, at, ms=80, button="call"):
    """A whole press; returns the actions of both edges."""
    return point.button(button, True, at, at) + point.button(button, False, at + ms, at + ms)


def sent(actions):
    return [
        (a[1].n, a[1].fields["button"], a[1].fields["gesture"]) for a in actions if a[0] == SEND
    ]


def shows(actions):
    return [action[1] for action in actions if action[0] == SHOW]


def run(point, start, end):
    """Tick whenever the call point asks for it; return (ms, pattern) of each change of lights."""
    changes = []
    now = start
    while True:
        wake_at = point.wake_at()
        if wake_at is None or wake_at > end:
            return changes
        now = max(now, wake_at)
        changes += [(now, pattern) for pattern in shows(point.tick(now))]


# ---- gestures


def test_a_press_while_idle_is_sent_on_the_leading_edge():
    point = connected()
    actions = point.button("call", True, 100, 106)
    assert actions[0] == (FLASH,)
    assert sent(actions) == [(1, "call", "press")]
    assert point.outbox.payload(actions[1][1], 106) == {
        "v": 1,
        "boot": BOOT,
        "n": 1,
        "low": 1,
        "type": "button",
        "age_ms": 6,
        "button": "call",
        "gesture": "press",
    }


def test_no_hold_follows_a_press_while_idle():
    point = connected()
    point.button("call", True, 100, 106)
    receipt(point, 1, 120)
    assert run(point, 120, 5000) == []
    assert point.button("call", False, 5000, 5020) == []
    assert len(point.outbox) == 0


def test_otherwise_a_short_press_is_sent_at_release():
    point = connected()
    signal(point, 1, "raised", 0)
    assert sent(point.button("call", True, 100, 106)) == []
    assert sent(point.button("call", False, 300, 320)) == [(1, "call", "press")]


def test_otherwise_a_hold_is_sent_at_800_ms_and_nothing_at_release():
    point = connected()
    signal(point, 1, "acknowledged", 0)
    point.button("call", True, 100, 106)
    assert point.wake_at() == 900
    assert sent(point.tick(899)) == []
    assert sent(point.tick(900)) == [(1, "call", "hold")]
    assert point.button("call", False, 2000, 2020) == []


def test_a_hold_that_nobody_ticked_is_still_a_hold_at_release():
    point = connected()
    signal(point, 1, "raised", 0)
    point.button("call", True, 100, 106)
    assert sent(point.button("call", False, 1000, 1020)) == [(1, "call", "hold")]


def test_without_a_presence_button_a_hold_while_raised_is_decided_after_3_s():
    point = CallPoint(BOOT, presence=False)
    point.connected(0)
    signal(point, 1, "raised", 0)
    point.button("call", True, 100, 106)
    assert point.wake_at() == 3100
    assert sent(point.tick(3099)) == []
    assert sent(point.tick(3100)) == [(1, "call", "hold")]
    assert [event.fields["held_ms"] for event in point.outbox] == [3000]
    assert point.button("call", False, 4000, 4020) == []


def test_a_hold_while_nobody_was_reached_is_decided_as_while_raised():
    point = CallPoint(BOOT, presence=False)
    point.connected(0)
    signal(point, 1, "offline", 0)
    point.button("call", True, 100, 106)
    assert sent(point.tick(3100)) == [(1, "call", "hold")]
    assert [event.fields["held_ms"] for event in point.outbox] == [3000]


def test_without_a_presence_button_a_shorter_hold_while_raised_says_that_it_was_short():
    point = CallPoint(BOOT, presence=False)
    point.connected(0)
    signal(point, 1, "raised", 0)
    point.button("call", True, 100, 106)
    assert sent(point.button("call", False, 3000, 3020)) == [(1, "call", "hold")]
    assert [event.fields["held_ms"] for event in point.outbox] == [800]


def test_somebody_who_acknowledges_during_a_long_hold_ends_the_waiting():
    point = CallPoint(BOOT, presence=False)
    point.connected(0)
    signal(point, 1, "raised", 0)
    point.button("call", True, 100, 106)
    signal(point, 2, "acknowledged", 1500)
    assert point.wake_at() == 900
    assert sent(point.tick(1500)) == [(1, "call", "hold")]


def test_a_hold_says_how_long_and_a_press_does_not():
    point = connected()
    signal(point, 1, "raised", 0)
    press(point, 100)
    point.button("call", True, 1000, 1000)
    point.tick(1800)
    assert [event.fields.get("held_ms") for event in point.outbox] == [None, 800]


def test_the_presence_button_does_not_flash_the_ring():
    point = connected()
    actions = press(point, 100, button="presence")
    assert (FLASH,) not in actions
    assert sent(actions) == [(1, "presence", "press")]


def test_two_buttons_at_once_are_two_gestures():
    point = connected()
    signal(point, 1, "raised", 0)
    point.button("call", True, 100, 100)
    point.button("presence", True, 200, 200)
    assert sent(point.button("presence", False, 300, 300)) == [(1, "presence", "press")]
    assert sent(point.tick(900)) == [(2, "call", "hold")]


# ---- the need button

NEEDS = ("another-size", "question")


def needs(point):
    return [event.fields["need"] for event in point.outbox if event.kind == "need"]


def test_each_press_of_the_need_button_chooses_the_next_need_and_shows_which():
    point = CallPoint(BOOT, needs=NEEDS)
    point.connected(0)
    for at, number in ((100, 1), (1000, 2), (2000, 1)):
        actions = point.button("need", True, at, at)
        assert (TAKEN, number) in actions
        assert (FLASH,) not in actions
        assert point.button("need", False, at + 80, at + 100) == []
    assert needs(point) == ["another-size", "question", "another-size"]
    assert point.outbox.payload(next(iter(point.outbox)), 150)["type"] == "need"


def test_after_ten_seconds_it_begins_with_the_first_need_again():
    point = CallPoint(BOOT, needs=NEEDS)
    for at in (100, 10_000, 20_000):
        point.button("need", True, at, at)
    assert needs(point) == ["another-size", "question", "another-size"]


def test_a_need_calls_nobody_and_nobody_waits_for_it():
    point = CallPoint(BOOT, needs=NEEDS)
    point.connected(0)
    point.button("need", True, 100, 100)
    assert (SHOW, "offline") not in run(point, 100, 30_000)


def test_needs_never_take_the_place_of_a_press():
    point = CallPoint(BOOT, needs=NEEDS)
    point.button("call", True, 50, 50)
    for at in range(100, 20_000, 100):
        point.button("need", True, at, at)
    assert [event.kind for event in point.outbox].count("button") == 1


# ---- signals


def test_a_signal_is_shown_and_echoed():
    point = connected()
    for rev, state in enumerate(("raised", "acknowledged", "arrived", "offline", "idle")):
        assert signal(point, rev, state, 10) == [(SHOW, state), (SHOWN, rev, state)]


def test_the_same_state_again_is_echoed_and_does_not_restart_the_pattern():
    point = connected()
    signal(point, 1, "raised", 10)
    assert signal(point, 2, "raised", 20) == [(SHOWN, 2, "raised")]


def test_a_lower_rev_is_ignored():
    point = connected()
    signal(point, 1790000000001, "raised", 10)
    assert signal(point, 1790000000000, "idle", 20) == []
    assert point.state == "raised"


def test_the_rev_is_forgotten_at_each_connect():
    point = connected()
    signal(point, 9, "raised", 10)
    point.disconnected(20)
    point.connected(30)
    assert shows(signal(point, 3, "idle", 40)) == ["idle"]


def test_the_rev_is_forgotten_when_the_gateway_turns_online():
    point = connected()
    point.gateway(b"online", 5)
    signal(point, 9, "raised", 10)
    point.gateway(b"online", 11)  # it was online before
    assert signal(point, 3, "idle", 12) == []
    point.gateway(b"offline", 20)
    assert signal(point, 3, "idle", 25) == []
    point.gateway(b"online", 30)
    assert shows(signal(point, 3, "idle", 40)) == ["idle"]


def test_an_empty_retained_signal_means_idle():
    point = connected()
    signal(point, 9, "raised", 10)
    assert point.signal(b"", True, 20) == [(SHOW, "idle")]
    assert shows(signal(point, 1, "raised", 30)) == ["raised"]


GARBAGE = (
    b"\xff\xfe",
    b"nonsense",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b"{}",
    b"{",
    b'{"rev":1}',
    b'{"rev":"9","state":"raised"}',
    b'{"rev":true,"state":"raised"}',
    b'{"rev":1e999,"state":"raised"}',
    b'{"rev":9.5,"state":"raised"}',
    b'{"rev":-1,"state":"raised"}',
    b'{"rev":9,"state":"dancing"}',
    b'{"rev":9,"state":["raised"]}',
    b'{"rev":9,"state":{}}',
    b'{"boot":"0123456789ab","n":"1"}',
    b'{"boot":"0123456789ab","n":true}',
    b'{"boot":"0123456789ab","n":-1}',
    b'{"boot":"0123456789ab","n":2}',
    b'{"boot":"0123456789ab","n":1e9}',
    b'{"boot":["0123456789ab"],"n":1}',
    b'{"boot":null,"n":null,"also":5}',
    b'{"also":[1,[],["0123456789ab"],["0123456789ab",1,2],[{},{}],null]}',
    b"[" * 3000,
    b"\x00" * 100,
)


def test_malformed_payloads_change_nothing():
    point = connected()
    press(point, 100)
    signal(point, 5, "raised", 200)
    for payload in GARBAGE:
        assert point.signal(payload, False, 300) == [], payload
        assert point.receipt(payload, 300) == [], payload
        assert point.gateway(payload, 300) == [], payload
    assert (point.state, point.rev, len(point.outbox)) == ("raised", 5, 1)
    assert signal(point, 6, "idle", 310) == [(SHOW, "idle"), (SHOWN, 6, "idle")]


# ---- receipts and sending again


def test_sent_until_receipted():
    point = connected()
    press(point, 1000)
    assert sent(point.tick(1999)) == []
    assert sent(point.tick(2000)) == [(1, "call", "press")]
    receipt(point, 1, 2100)
    assert point.wake_at() is None


def test_a_receipt_in_also_counts():
    point = connected()
    press(point, 1000)
    receipt(point, 7, 1100, "ffffffffffff", [[BOOT, 1]])
    assert len(point.outbox) == 0


def test_pressed_without_a_link_and_sent_on_connecting():
    point = CallPoint(BOOT)
    assert sent(press(point, 1000)) == []
    assert sent(point.tick(20000)) == []
    assert sent(point.connected(30000)) == [(1, "call", "press")]


# ---- degraded


def test_without_a_receipt_the_lights_are_degraded_after_2_s():
    point = connected()
    press(point, 1000)
    assert run(point, 1000, 9000) == [(3000, "offline")]


def test_with_a_receipt_they_are_not():
    point = connected()
    press(point, 1000)
    receipt(point, 1, 2900)
    assert run(point, 2900, 700000) == []


def test_without_a_link_they_are_degraded_2_s_after_the_press():
    point = CallPoint(BOOT)
    press(point, 1000)
    assert run(point, 1000, 9000) == [(3000, "offline")]


def test_a_link_that_flaps_does_not_put_it_off():
    point = connected()
    press(point, 1000)
    changes = []
    for now in range(1500, 6000, 500):
        point.disconnected(now)
        point.connected(now + 10)
        changes += run(point, now + 10, now + 499)
    assert changes == [(3010, "offline")]


def test_a_press_without_a_link_has_2_s_from_its_sending_once_there_is_one():
    point = CallPoint(BOOT)
    press(point, 1000)
    point.connected(2900)
    assert run(point, 2900, 9000) == [(4900, "offline")]


def test_a_hold_has_2_s_from_its_sending():
    point = connected()
    signal(point, 1, "raised", 0)
    point.button("call", True, 1000, 1000)
    assert run(point, 1000, 9000) == [(3800, "offline")]


def test_a_signal_ends_it():
    point = connected()
    press(point, 1000)
    run(point, 1000, 3000)
    assert signal(point, 1, "raised", 4000) == [(SHOW, "raised"), (SHOWN, 1, "raised")]


def test_a_presence_press_ends_it_and_waits_for_nobody():
    point = connected()
    press(point, 1000)
    run(point, 1000, 3000)
    assert shows(press(point, 4000, button="presence")) == ["idle"]
    assert run(point, 4100, 60000) == []


def test_ten_minutes_end_it():
    point = connected()
    press(point, 1000)
    assert run(point, 1000, 2000000) == [(3000, "offline"), (603000, "idle")]


def test_what_the_broker_kept_from_before_is_no_answer_to_a_press():
    point = CallPoint(BOOT)
    press(point, 1000)
    run(point, 1000, 5000)
    point.connected(6000)
    assert signal(point, 1, "idle", 6010, True) == [(SHOWN, 1, "offline")]
    assert shows(receipt(point, 1, 6020)) == ["idle"]


def test_a_retained_signal_is_an_answer_once_the_press_is_receipted():
    point = CallPoint(BOOT)
    press(point, 1000)
    run(point, 1000, 5000)
    point.connected(6000)
    assert shows(receipt(point, 1, 6010)) == []
    assert shows(signal(point, 1, "raised", 6020, True)) == ["raised"]


def test_a_receipt_that_comes_late_ends_it_when_the_signal_came_in_time():
    point = connected()
    press(point, 100)
    signal(point, 5, "raised", 200)
    assert run(point, 200, 3000) == [(2100, "offline")]
    assert shows(receipt(point, 1, 3100)) == ["raised"]


def test_an_open_call_without_a_gateway_for_15_s():
    for state in ("raised", "acknowledged"):
        point = connected()
        point.gateway(b"online", 0)
        signal(point, 1, state, 10)
        point.gateway(b"offline", 1000)
        assert run(point, 1000, 60000) == [(16000, "offline")]


def test_a_gateway_that_comes_back_in_time_is_forgiven():
    point = connected()
    signal(point, 1, "raised", 10)
    point.gateway(b"offline", 1000)
    point.gateway(b"online", 15999)
    assert run(point, 16000, 60000) == []


def test_an_open_call_without_a_link_for_60_s():
    point = connected()
    signal(point, 1, "raised", 10)
    point.disconnected(1000)
    assert run(point, 1000, 90000) == [(61000, "offline")]
    point.connected(100000)
    assert shows(signal(point, 1, "raised", 100010, True)) == ["raised"]


def test_without_an_open_call_a_lost_link_is_not_shown():
    for state in ("idle", "arrived"):
        point = connected()
        signal(point, 1, state, 10)
        point.gateway(b"offline", 500)
        point.disconnected(1000)
        assert run(point, 1000, 2000000) == []


def test_after_ten_minutes_a_lost_call_stays_dark():
    point = connected()
    signal(point, 1, "raised", 10)
    point.disconnected(1000)
    assert run(point, 1000, 5000000) == [(61000, "offline"), (661000, "idle")]


def test_an_old_press_does_not_degrade_again_on_reconnecting():
    point = CallPoint(BOOT)
    press(point, 1000)
    run(point, 1000, 700000)
    point.connected(800000)
    assert run(point, 800000, 900000) == []


def test_it_never_asks_to_be_woken_in_the_past_for_long():
    point = connected()
    press(point, 1000)
    for now in range(1000, 100000, 500):
        point.tick(now)
        wake_at = point.wake_at()
        assert wake_at is None or wake_at > now
