"""An update step by step on a real LittleFS, in a time that the tests own."""

import os

import machine
from chip import Chip, Fuse, formatted, mount, unmount
from updating import FINE, KEY, NEW, OLD, ROOT, Bundle, files_of

from overdoor.slots import Slots
from overdoor.trial import TELL, Trial
from overdoor.update import RESTART, RESULT, WANT, Update

BIG = formatted(64)


class Shop:
    """A device that runs OLD, and the gateway that updates it."""

    def __init__(self, data=None, key=KEY, running=OLD):
        mount(Chip(data or bytearray(BIG), Fuse()))
        self.slots = Slots(ROOT, running)
        self.update = Update(self.slots, key)
        self.now = 0
        self.wants = []
        self.update.connected(0)

    def order(self, bundle, **changes):
        args = dict(bundle.args)
        args.update(changes)
        return self.update.order("c", args, False)

    def serve(self, bundle, most=1000):
        """Answer every want until there is a result; gives the last actions."""
        for _ in range(20000):
            self.now += 10
            actions = self.update.step(self.now, False)
            if actions and actions[0][0] == WANT:
                if not most:
                    return actions
                most -= 1
                self.wants.append(actions[0][1])
                self.update.piece(bundle.piece(actions[0][1]), self.now)
            elif actions:
                return actions
        raise AssertionError("no end")


def good():
    return Bundle(NEW, files_of(NEW))


def refusal(actions):
    assert actions[0][:3] == (RESULT, "c", "error"), actions
    return actions[0][3]["reason"]


def test_an_update_is_fetched_checked_and_armed():
    shop = Shop()
    assert shop.order(good()) == []
    actions = shop.serve(good())
    told = (RESULT, "c", "ok", {"state": "restarts", "version": NEW})
    assert actions == [told, (RESTART, "update to " + NEW)]
    pointer = {"run": "", "new": NEW, "armed": True, "tries": 2}
    assert shop.slots.pointer() == pointer
    assert not shop.update.active
    assert all(want["size"] <= 1024 for want in shop.wants)


def test_a_wrong_signature_is_refused_and_nothing_is_left():
    for bundle in (Bundle(NEW, files_of(NEW), b"x" * 32),):
        shop = Shop()
        shop.order(bundle)
        assert refusal(shop.serve(bundle)) == "the signature is wrong"
        assert shop.slots.pointer() == {}
        assert os.listdir(ROOT + "/fw") == []
        unmount()
    tampered = good()
    tampered.parts[0] = tampered.parts[0].replace(b"part", b"pert")
    shop = Shop()
    shop.order(tampered)
    assert refusal(shop.serve(tampered)) == "the signature is wrong"


def test_a_wrong_hash_is_fetched_once_more_and_refused():
    bundle = good()
    bundle.parts[2] = bytes(len(bundle.parts[2]))
    shop = Shop()
    shop.order(bundle)
    assert refusal(shop.serve(bundle)) == "the hash of overdoor/long.py is wrong"
    starts = [want for want in shop.wants if want["file"] == 2 and want["at"] == 0]
    assert len(starts) == 2
    assert shop.slots.pointer() == {}
    assert shop.order(good()) == []  # a right bundle later: what was whole is kept
    before = len(shop.wants)
    assert shop.serve(good())[1][0] == RESTART
    assert {want["file"] for want in shop.wants[before:]} == {2, 3, 4}


def test_an_older_version_needs_a_signature_for_going_back():
    shop = Shop(running="0.9.0")
    shop.order(good())
    assert "is older" in refusal(shop.serve(good()))
    for back_from, goes in (("0.8.0", False), ("0.9.0", True)):
        bundle = Bundle(NEW, files_of(NEW), back_from=back_from)
        shop.order(bundle)
        actions = shop.serve(bundle)
        assert (actions[-1][0] == RESTART) == goes


def test_the_same_version_runs_already():
    shop = Shop(running=NEW)
    assert shop.order(good()) == [(RESULT, "c", "ok", {"state": "runs", "version": NEW})]


def test_refused_at_once():
    shop = Shop()
    for changes in ({"version": "x"}, {"size": 0}, {"size": 99999}, {"mac": "xy"}, {"mac": 5}):
        refusal(shop.order(good(), **changes))
    assert not shop.update.active
    unmount()
    shop = Shop(key=None)
    assert refusal(shop.order(good())) == 'config.json has no "update_key"'


def test_a_flash_that_is_too_small_is_left_as_it_was():
    shop = Shop(formatted(22))
    shop.order(good())
    assert refusal(shop.serve(good())).startswith("flash is too small: ")
    assert shop.slots.pointer() == {}
    assert len(shop.wants) == 1  # the manifest, nothing more


def test_refused_while_a_press_waits_and_told_to_come_later():
    shop = Shop()
    actions = shop.update.order("c", good().args, True)
    assert actions == [(RESULT, "c", "error", {"reason": "a press waits", "later": True})]


def test_while_a_press_waits_nothing_is_done_and_then_it_goes_on():
    shop = Shop()
    bundle = good()
    shop.order(bundle)
    want = shop.serve(bundle, 3)[0][1]
    shop.update.piece(bundle.piece(want), shop.now)  # it came while somebody pressed
    for _ in range(1000):
        shop.now += 1000
        assert shop.update.step(shop.now, True) == []
    assert shop.serve(bundle)[1][0] == RESTART


def test_after_a_reset_only_what_is_missing_is_fetched():
    shop = Shop()
    bundle = good()
    shop.order(bundle)
    shop.serve(bundle, 4)  # manifest, the first file, and a part of the second
    whole = {want["file"] for want in shop.wants if want["file"] < 2}
    again = Update(shop.slots, KEY)
    again.connected(0)
    shop.update, shop.wants = again, []
    shop.order(bundle)
    assert shop.serve(bundle)[1][0] == RESTART
    assert whole == {0, 1}
    assert {want["file"] for want in shop.wants} == {2, 3, 4}


def test_a_lost_piece_is_asked_for_again_and_a_silent_gateway_given_up():
    shop = Shop()
    shop.order(good())
    asked = []
    actions = []
    while not actions or actions[0][0] == WANT:
        shop.now += 100
        actions = shop.update.step(shop.now, False)
        if actions and actions[0][0] == WANT:
            asked.append(shop.now)
    assert refusal(actions) == "the gateway sends nothing"
    gaps = [asked[at + 1] - asked[at] for at in range(len(asked) - 1)]
    assert gaps[:4] == [2000, 4000, 8000, 16000]
    assert min(gaps[4:]) == 30000
    assert 600000 <= shop.now < 640000


def test_only_the_piece_that_is_wanted_is_taken():
    shop = Shop()
    bundle = good()
    shop.order(bundle)
    (_, want) = shop.serve(bundle, 0)[0]
    piece = bundle.piece(want)
    for nonsense in (
        b"",
        b"{}",
        b"\n",
        b"[]\n12",
        b"\xff\xff\n",
        piece[:-1],
        piece + b"x",
        piece.replace(b'"at": 0', b'"at": 1'),
        piece.replace(b'"file": 0', b'"file": 1'),
        piece.replace(want["bundle"].encode(), b"0" * 32),
    ):
        shop.update.piece(nonsense, 0)
        assert shop.update.wait_ms(0) > 0, nonsense
    shop.update.piece(piece, 0)
    shop.update.piece(piece, 0)  # QoS 1: it may come twice
    assert shop.serve(bundle)[1][0] == RESTART


def test_an_order_that_comes_twice_is_one_update():
    shop = Shop()
    bundle = good()
    shop.order(bundle)
    shop.serve(bundle, 3)
    assert shop.update.order("again", bundle.args, False) == []
    assert shop.serve(bundle)[0][:2] == (RESULT, "again")
    assert [want for want in shop.wants if want["file"] == 0] == [shop.wants[0]]


def trial(pointer, running, guard=None):
    mount(Chip(bytearray(BIG), Fuse()))
    slots = Slots(ROOT, running)
    slots._point(pointer)
    return slots, Trial(slots, guard)


PENDING = {"run": OLD, "new": NEW, "armed": False, "tries": 1}


class Guard:
    gone = False

    def deinit(self):
        self.gone = True


def test_confirmed_once_the_broker_kept_it_for_ten_seconds():
    guard = Guard()
    slots, new = trial(PENDING, NEW, guard)
    new.up(1000)
    assert new.step(10000, False) == []
    new.down()
    new.up(11000)
    assert new.step(20000, False) == []
    assert not guard.gone
    assert new.step(21000, False) == [(TELL,)]
    assert guard.gone
    assert slots.pointer() == {"run": NEW}


def test_a_broker_away_for_everybody_is_no_evidence():
    _, new = trial(PENDING, NEW)
    assert new.step(299000, False) == []
    assert new.step(300000, True) == []  # not while a press waits
    assert new.step(300000, False)[0][0] == RESTART
    unmount()
    slots, old = trial(PENDING, OLD)
    for hour in range(48):
        assert old.step(3600000 * hour, False) == []
    assert slots.pointer() == PENDING
    old.up(180000000)
    assert old.step(180010000, False)[0][0] == RESTART  # now it is there: another try
    assert slots.pointer() == {"run": OLD, "new": NEW, "armed": True, "tries": 0}


def test_after_the_last_try_the_old_version_says_so():
    slots, old = trial({"run": OLD, "new": NEW, "armed": False, "tries": 0}, OLD)
    old.up(0)
    assert old.step(10000, False) == [(TELL,)]
    outcome = slots.outcome()
    assert (outcome["version"], outcome["state"]) == (NEW, "rolled-back")
    assert outcome["reason"] == "it did not reach the broker in 3 tries"


def test_the_stub_ends_a_trial_that_does_not_end_itself():
    import asyncio

    import main as stub

    async def hangs():
        timer = machine.Timer(0)
        timer.init(mode=machine.Timer.ONE_SHOT, period=10, callback=stub._end_trial)
        await asyncio.sleep(5)

    try:
        asyncio.run(hangs())
    except SystemExit as error:
        assert error.args[0] == machine.HARD_RESET_STATUS
        return
    raise AssertionError("nothing happened")


def clean(test):
    def run():
        try:
            test()
        finally:
            unmount()

    return run


assert FINE  # the manner of all versions here
for name, test in list(globals().items()):
    if name.startswith("test_"):
        globals()[name] = clean(test)
