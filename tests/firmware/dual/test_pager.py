import json

from overdoor_device.alert import PATTERNS
from overdoor_device.layout import ROWS, lines
from overdoor_device.pager import Pager

BOOT = "0123456789ab"
COLUMNS = 16


def call(id_="c1", room="w1", state="raised", by=None, age_ms=0, **more):
    item = {"call": id_, "room": room, "zone": "women", "state": state, "by": by}
    item.update({"age_ms": age_ms, "need": None})
    item.update(more)
    return item


class Hand:
    """A pager in somebody's hand: time passes, and only what is due happens."""

    def __init__(self, connected=True):
        self.now = 100000
        self.pager = Pager("pg-1", BOOT, self.now)
        self.view = None
        self.alerts = []
        self.sent = []
        self.shown = []
        self.rev = 0
        if connected:
            self.do(self.pager.connected(self.now))

    def do(self, actions):
        for action in actions:
            if action[0] == "show":
                self.view = action[1]
            elif action[0] == "alert":
                self.alerts.append(action[1])
            elif action[0] == "shown":
                self.shown.append(action[1:])
            elif action[0] == "send":
                self.sent.append(self.pager.outbox.payload(action[1], self.now))

    def wait(self, ms):
        end = self.now + ms
        while True:
            at = self.pager.wake_at()
            if at is None or at > end:
                break
            self.now = max(self.now, at)
            self.do(self.pager.tick(self.now))
        self.now = end

    def page(self, *calls, rev=None, retained=False):
        self.rev = self.rev + 1 if rev is None else rev
        page = {"v": 1, "rev": self.rev, "calls": list(calls)}
        self.do(self.pager.page(json.dumps(page).encode(), retained, self.now))

    def receipt(self):
        n = self.sent[-1]["n"]
        body = {"v": 1, "boot": BOOT, "n": n, "also": []}
        self.do(self.pager.receipt(json.dumps(body).encode(), self.now))

    def key(self, name, ms=80):
        self.wait(1000)  # nobody is faster
        self.do(self.pager.button(name, True, self.now, self.now))
        self.wait(ms)
        self.do(self.pager.button(name, False, self.now, self.now))

    def lose_link(self):
        self.do(self.pager.disconnected(self.now))

    def connect(self):
        self.do(self.pager.connected(self.now))

    def screen(self):
        return [line[0] for line in lines(self.view, COLUMNS)]

    def reads(self, text):
        return any(text in line for line in self.screen())

    def answers(self):
        return [(event["call"], event["answer"]) for event in self.sent]


def test_a_new_call_is_shown_and_sounds_once():
    hand = Hand()
    hand.page(call(name="Women 1", zone_name="Women", age_ms=5000))
    assert hand.reads("Women 1")
    assert hand.reads("0:05")
    assert hand.reads("1 waiting")
    assert hand.alerts == ["call"]
    hand.page(call())
    hand.wait(60000)
    assert hand.alerts == ["call"]


def test_the_gateway_hears_which_list_the_screen_has():
    hand = Hand()
    hand.page(call())
    hand.page(call(), call("c2"))
    assert hand.shown == [(1, "page"), (2, "page")]
    hand.page(rev=1)  # an old one
    assert hand.shown == [(1, "page"), (2, "page")]


def test_the_wait_is_counted_while_one_looks():
    hand = Hand()
    hand.page(call(age_ms=5000))
    hand.wait(10000)
    assert hand.reads("0:15")


def test_a_list_that_is_said_again_after_a_new_link_does_not_sound():
    hand = Hand()
    hand.page(call())
    hand.lose_link()
    hand.connect()
    hand.page(call(age_ms=3000), retained=True)
    hand.page(call(age_ms=3000))
    assert hand.alerts == ["call"]


def test_a_lapse_sounds_again_but_not_for_ever():
    hand = Hand()
    for _ in range(6):
        hand.page(call())
        hand.page(call(state="acknowledged", by="somebody"))
    assert hand.alerts == ["call"] * 3


def test_two_calls_in_one_list_sound_once():
    hand = Hand()
    hand.page(call("c1"), call("c2", "w2"))
    assert hand.alerts == ["call"]


def test_key_a_takes_a_call_and_the_list_confirms_it():
    hand = Hand()
    hand.page(call(age_ms=0))
    hand.key("a")
    (event,) = hand.sent
    assert (event["type"], event["call"], event["rev"], event["answer"]) == (
        "answer",
        "c1",
        hand.rev,
        "acknowledge",
    )
    assert event["age_ms"] == 0
    assert hand.reads("sending")
    assert not hand.reads("yours")  # nobody promised that yet
    hand.page(call(state="acknowledged", by="pg-1"))
    hand.receipt()
    assert hand.reads("yours")
    assert hand.alerts == ["call", "taken"]


def test_key_a_on_ones_own_call_says_that_one_is_there():
    hand = Hand()
    hand.page(call(state="acknowledged", by="pg-1"))
    hand.key("a")
    assert hand.answers() == [("c1", "arrive")]
    hand.page(call(state="arrived", by="pg-1"))
    assert hand.reads("you are there")
    hand.key("a")
    hand.key("a")
    assert {event["n"] for event in hand.sent} == {1}


def test_a_key_is_one_answer_however_often_it_is_pressed():
    hand = Hand()
    hand.page(call())
    hand.key("a")
    hand.key("a")
    hand.key("a")
    assert {(event["n"], event["answer"]) for event in hand.sent} == {(1, "acknowledge")}


def test_an_answer_is_sent_again_until_it_is_receipted():
    hand = Hand()
    hand.page(call())
    hand.key("a")
    hand.wait(8000)
    assert len(hand.sent) > 2
    assert hand.sent[-1]["age_ms"] > 3000
    hand.receipt()
    count = len(hand.sent)
    hand.wait(120000)
    assert len(hand.sent) == count


def test_a_call_that_somebody_else_got_says_so():
    hand = Hand()
    hand.page(call())
    hand.key("a")
    hand.page(call(state="acknowledged", by="d-7"))
    hand.receipt()
    hand.wait(2000)
    assert hand.reads("Somebody has it")
    assert hand.alerts[-1] == "late"
    hand.wait(7000)
    assert hand.reads("taken")


def test_an_answer_on_an_old_list_says_that_it_did_not_count():
    hand = Hand()
    hand.page(call())
    hand.key("a")
    hand.page(call(), call("c2", "w2"))
    hand.receipt()
    hand.wait(2000)
    assert hand.reads("List has changed")
    hand.wait(7000)
    assert hand.reads("waiting")
    hand.key("a")  # and can be given again
    assert hand.answers()[-1] == ("c1", "acknowledge")
    assert hand.sent[-1]["rev"] == hand.rev


def test_an_answer_to_a_call_that_is_over_says_so():
    hand = Hand()
    hand.page(call())
    hand.key("a")
    hand.page()
    hand.receipt()
    hand.wait(2000)
    assert hand.reads("It is over")
    hand.wait(7000)
    assert hand.reads("All quiet")


def test_without_a_link_an_answer_waits_and_says_so():
    hand = Hand()
    hand.page(call())
    hand.lose_link()
    hand.key("a")
    assert hand.sent == []
    assert hand.reads("not sent yet")
    assert hand.reads("NO LINK")
    hand.wait(5000)
    hand.connect()
    assert hand.answers() == [("c1", "acknowledge")]
    assert hand.sent[0]["age_ms"] >= 5000


def test_key_b_goes_round_the_calls():
    hand = Hand()
    hand.page(call("c1", "w1"), call("c2", "w2"), call("c3", "w3"))
    seen = []
    for _ in range(4):
        seen.append(hand.view.selected)
        hand.key("b")
    assert seen == [0, 1, 2, 0]
    hand.key("a")
    assert hand.answers() == [("c2", "acknowledge")]


def test_key_b_held_declines():
    hand = Hand()
    hand.page(call("c1"), call("c2", "w2"))
    hand.key("b", 1200)
    assert hand.answers() == [("c1", "decline")]
    assert hand.view.selected == 1
    hand.receipt()
    hand.wait(5000)
    hand.key("b")
    assert hand.reads("declined")
    assert hand.alerts == ["call"]


def test_a_declined_call_does_not_sound_again():
    hand = Hand()
    hand.page(call())
    hand.key("b", 1200)
    hand.page(call(state="acknowledged", by="d-7"))
    hand.page(call())
    assert hand.alerts == ["call"]


def test_a_new_call_does_not_move_the_selection():
    hand = Hand()
    hand.page(call("c2", "w2"))
    hand.page(call("c1", "w1", age_ms=9000), call("c2", "w2"))
    assert hand.view.selected == 1
    hand.key("a")
    assert hand.answers() == [("c2", "acknowledge")]


def test_a_key_that_comes_as_the_selection_moves_by_itself_answers_nothing():
    hand = Hand()
    hand.page(call("c1"), call("c2", "w2"))
    hand.wait(5000)
    hand.page(call("c2", "w2"))  # c1 is over, just as the thumb comes down
    hand.now += 100
    hand.do(hand.pager.button("a", True, hand.now, hand.now))
    assert hand.sent == []


def test_the_screen_goes_dark_when_nobody_waits_and_a_key_only_lights_it():
    hand = Hand()
    hand.page()
    hand.wait(60000)
    assert hand.screen() == []
    assert hand.pager.wake_at() is None  # and nothing keeps the chip busy
    hand.key("a")
    assert hand.reads("All quiet")
    hand.page(call(state="arrived", by="pg-1"))
    hand.wait(60000)
    assert hand.screen() == []


def test_from_power_up_on_it_says_that_there_is_no_link():
    hand = Hand(connected=False)
    hand.wait(1000)
    assert hand.reads("NO LINK")


def test_a_lost_link_is_seen_at_once_and_heard_once():
    hand = Hand()
    hand.page(call())
    hand.lose_link()
    assert hand.reads("NO LINK")
    hand.wait(14000)
    assert hand.alerts == ["call"]
    hand.wait(3600000)
    assert hand.alerts == ["call", "link"]
    assert hand.reads("60m")


def test_a_link_that_flaps_is_heard_every_ten_minutes_at_most():
    hand = Hand()
    for _ in range(60):
        hand.lose_link()
        hand.wait(20000)
        hand.connect()
        hand.wait(10000)
    assert 2 <= hand.alerts.count("link") <= 4


def test_without_a_link_an_empty_list_does_not_say_all_quiet():
    hand = Hand()
    hand.page()
    hand.lose_link()
    hand.key("b")
    assert hand.reads("NO LINK")
    assert not hand.reads("All quiet")


def test_a_list_from_before_the_link_is_marked_until_there_is_a_new_one():
    hand = Hand()
    hand.page(call())
    hand.lose_link()
    hand.connect()
    assert hand.reads("OLD LIST")
    hand.page(call())
    assert not hand.reads("OLD LIST")


def test_an_age_that_the_broker_kept_is_marked_as_a_lower_bound():
    hand = Hand()
    hand.page(call(age_ms=61000), retained=True)
    assert hand.reads("1:01+")
    hand.page(call(age_ms=200000))
    assert hand.reads("3:20")
    assert not hand.reads("+")


def test_a_gateway_that_is_away_is_seen():
    hand = Hand()
    hand.page(call())
    hand.do(hand.pager.gateway(b"offline", hand.now))
    assert hand.reads("NO GATEWAY")
    hand.do(hand.pager.gateway(b"online", hand.now))
    assert hand.reads("OLD LIST")
    hand.page(call(), rev=1)  # it may count from a lower number
    assert not hand.reads("OLD LIST")


def test_a_lower_revision_is_ignored():
    hand = Hand()
    hand.page(call(), rev=7)
    hand.page(rev=6)
    assert hand.reads("w1")


def test_what_is_no_list_changes_nothing():
    hand = Hand()
    hand.page(call())
    for payload in (
        b"nonsense",
        b"[]",
        b'{"rev":9}',
        b'{"rev":-1,"calls":[]}',
        b'{"rev":9,"calls":3}',
    ):
        hand.do(hand.pager.page(payload, False, hand.now))
    assert hand.reads("w1")
    hand.page(
        call(), 3, {}, call(id_=None), call(state="dancing"), call(age_ms=-1), call(age_ms=True)
    )
    assert len(hand.view.calls) == 1


def test_a_cleared_list_is_empty():
    hand = Hand()
    hand.page(call())
    hand.do(hand.pager.page(b"", True, hand.now))
    assert hand.reads("All quiet")


def test_a_need_is_shown():
    hand = Hand()
    hand.page(call(need="another-size"))
    assert hand.reads("size")


def test_every_view_fits_the_screen():
    names = ("w1", "Пробна 3", "Δοκιμαστήριο γυναικών 12", "x" * 64)
    for columns in (15, 16):
        for name in names:
            for state, by in (("raised", None), ("acknowledged", "pg-1"), ("acknowledged", "d-7")):
                for count in (1, 2, 3, 16):
                    hand = Hand()
                    more = [call("c" + str(n), name=name, age_ms=10**9) for n in range(1, count)]
                    hand.page(call("c0", name=name, zone_name=name, state=state, by=by), *more)
                    shown = lines(hand.view, columns)
                    rows = 0
                    for text, _, size in shown:
                        assert len(text) <= (columns // 2 if size == "big" else columns), text
                        rows += 1 if size == "plain" else 2
                    assert rows == ROWS


def test_no_pattern_lasts_longer_than_a_second():
    for name, pattern in PATTERNS.items():
        assert sum([ms for _, ms in pattern]) <= 1000, name
        assert pattern[-1][0] > 0, name  # a pause at the end would only delay the next one
