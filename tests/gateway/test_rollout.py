"""The order of a roll-out, against devices that do anything at any time."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.device.rollout import (
    OFFLINE_S,
    UNDER_WAY_S,
    Action,
    Offer,
    Offered,
    Outcome,
    Phase,
    Rollout,
    Seen,
    Withdraw,
)

NEW, OLD = "0.2.0", "0.1.0"
IDLE = Seen("", online=True, firmware=OLD, mode="normal")


class Shop:
    """Devices and the gateway between; the time goes a second with each look."""

    def __init__(self, names: Iterable[str], canaries: int = 1, **more: Any) -> None:
        self.seen = {name: replace(IDLE, place=name) for name in names}
        options = {"at_once": 2, "steady_s": 5, "patience_s": 60} | more
        self.rollout = Rollout(NEW, list(self.seen), canaries, now=0, **options)
        self.now = 0.0

    def look(self, seconds: int = 1) -> list[Action]:
        actions: list[Action] = []
        for _ in range(seconds):
            self.now += 1
            for action in self.rollout.look(self.now, self.seen):
                actions.append(action)
                offered = Offered(NEW, "waiting") if isinstance(action, Offer) else None
                self.change(action.device, offered=offered)
                if isinstance(action, Offer):
                    self.rollout.accepted(action.device)
        return actions

    def change(self, device: str, **changes: Any) -> None:
        self.seen[device] = replace(self.seen[device], **changes)

    def enters(self, device: str, stage: str, reason: str | None = None, **more: Any) -> None:
        self.change(device, offered=Offered(NEW, stage, reason), **more)

    def confirms(self, device: str) -> None:
        self.enters(device, "confirmed", firmware=NEW, outcome=Outcome(NEW, "confirmed"))

    def phase(self, device: str) -> Phase:
        return self.rollout.courses[device].phase


def test_the_others_wait_until_the_canary_was_well_for_a_while() -> None:
    shop = Shop("abcd")
    assert shop.look(30) == [Offer("a")]
    shop.confirms("a")
    assert shop.look(5) == []
    shop.change("a", online=False)
    assert shop.look(3) == []
    shop.change("a", online=True)
    assert shop.look(5) == []  # it begins anew
    assert shop.look() == [Offer("b"), Offer("c")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mode": "safe"}, "a runs 0.2.0 in safe mode."),
        ({"trouble": ("no flash",)}, "a runs 0.2.0, and says: no flash."),
        ({"firmware": OLD}, "a was confirmed, and runs 0.1.0 again."),
    ],
)
def test_a_canary_that_is_not_well_ends_it(change: dict[str, Any], says: str) -> None:
    shop = Shop("ab")
    shop.look()
    shop.confirms("a")
    shop.look(2)
    shop.change("a", **change)
    assert shop.look() == []
    assert (shop.rollout.over, shop.rollout.stopped) == (True, says)
    assert dict(shop.rollout.left()) == {"a": "failed", "b": "its turn did not come"}


def test_trouble_from_before_is_no_fault_of_the_version() -> None:
    shop = Shop("a")
    shop.change("a", trouble=("no flash",))
    shop.look()
    shop.confirms("a")
    shop.look(7)
    assert (shop.rollout.over, shop.rollout.stopped) == (True, None)


def test_the_first_refusal_takes_back_what_did_not_begin() -> None:
    shop = Shop("abc", canaries=0, at_once=3)
    shop.look()
    shop.enters("a", "trial")
    shop.enters("b", "refused", "flash is too small")
    assert shop.look() == [Withdraw("c")]
    assert shop.rollout.stopped == "b refuses 0.2.0: flash is too small."
    assert "on trial" in dict(shop.rollout.left())["a"]


def test_a_device_that_leaves_before_its_restart_gives_its_turn_away() -> None:
    shop = Shop("ab")
    shop.look()
    shop.change("a", online=False)
    assert shop.look(int(OFFLINE_S)) == []
    assert shop.look(3) == [Withdraw("a"), Offer("b")]  # b is the canary now
    shop.confirms("b")
    shop.change("a", online=True)
    assert shop.look(5) == []
    assert shop.look(5) == [Offer("a")]


def test_a_gateway_that_forgot_is_told_again() -> None:
    shop = Shop("a")
    shop.look()
    shop.enters("a", "trial")
    shop.look()
    shop.change("a", offered=None, outcome=Outcome(NEW, "trial"))
    assert shop.look() == [Offer("a")]
    shop.change("a", offered=None, outcome=Outcome(NEW, "rolled-back", "it does not start"))
    shop.look()
    assert shop.rollout.stopped == "a went back to 0.1.0: it does not start."


def test_what_the_gateway_says_of_an_earlier_offer_does_not_count() -> None:
    shop = Shop("a")
    shop.enters("a", "rolled-back", "once", outcome=Outcome(NEW, "rolled-back", "once"))
    assert shop.rollout.look(1, shop.seen) == [Offer("a")]
    assert shop.rollout.look(2, shop.seen) == [Offer("a")]  # the gateway did not take it
    assert shop.rollout.stopped is None


def test_a_room_in_use_and_one_that_is_away_are_waited_for() -> None:
    shop = Shop("abc", canaries=0)
    shop.change("a", in_use=True)
    shop.change("b", online=False)
    assert shop.look() == [Offer("c")]
    shop.confirms("c")
    assert shop.look(60) == []
    shop.change("a", in_use=False)
    assert shop.look() == [Offer("a")]
    shop.confirms("a")
    shop.look(10)
    assert not shop.rollout.over
    shop.look(60)
    assert shop.rollout.over
    assert shop.rollout.left() == [("b", "offline")]


def test_nothing_new_begins_while_one_on_trial_is_not_heard_of() -> None:
    shop = Shop("abc", canaries=0, at_once=2)
    shop.look()
    shop.enters("a", "starting", online=False)
    shop.look(62)
    shop.confirms("b")
    assert shop.look(20) == []
    shop.look(int(UNDER_WAY_S))
    assert shop.rollout.over
    assert dict(shop.rollout.left()).keys() == {"a", "c"}


def test_a_gateway_that_stays_away_ends_it() -> None:
    shop = Shop("a")
    shop.rollout.lost_sight(59)
    assert not shop.rollout.over
    shop.rollout.lost_sight(60)
    assert shop.rollout.over


CHANGES = st.one_of(
    st.fixed_dictionaries({"online": st.booleans()}),
    st.fixed_dictionaries({"in_use": st.booleans()}),
    st.sampled_from(
        [
            {"offered": None},
            {"offered": Offered(NEW, "fetching")},
            {"offered": Offered(NEW, "starting")},
            {"offered": Offered(NEW, "trial"), "firmware": NEW, "outcome": Outcome(NEW, "trial")},
            {
                "offered": Offered(NEW, "confirmed"),
                "firmware": NEW,
                "outcome": Outcome(NEW, "confirmed"),
            },
            {"offered": Offered(NEW, "rolled-back", "x"), "firmware": OLD},
            {"offered": Offered(NEW, "refused", "x")},
        ]
    ),
)


@given(
    st.integers(1, 6),
    st.integers(0, 3),
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 5), CHANGES, st.integers(1, 8)), max_size=60),
)
def test_whatever_devices_do(
    count: int, canaries: int, at_once: int, story: list[tuple[int, dict[str, Any], int]]
) -> None:
    shop = Shop("abcdef"[:count], min(canaries, count), at_once=at_once)
    for which, change, seconds in story:
        device = "abcdef"[which % count]
        offered = shop.seen[device].offered is not None or "offered" not in change
        if offered:
            shop.change(device, **change)
        for _ in range(seconds):
            idle = {d: s for d, s in shop.seen.items() if shop.phase(d) is Phase.QUEUED}
            for action in shop.look():
                if isinstance(action, Offer) and action.device in idle:
                    assert idle[action.device].online
                    assert not idle[action.device].in_use
            assert len(shop.rollout.active()) <= at_once
            courses = shop.rollout.courses
            proved = [c for c in courses.values() if c.canary and c.phase is Phase.DONE]
            if len(proved) < min(canaries, count):
                assert all(courses[device].canary for device in shop.rollout.active())
            if shop.rollout.stopped is not None:
                assert shop.rollout.over
                assert not any(isinstance(action, Offer) for action in shop.look(5))
                return
    for device in shop.seen:  # then all goes well
        if shop.phase(device) is not Phase.DONE:
            shop.change(device, online=True, in_use=False)
    for _ in range(3 * count):
        if shop.rollout.over:
            break
        for device in shop.rollout.active():
            shop.confirms(device)
        shop.look(8)
    assert shop.rollout.over
