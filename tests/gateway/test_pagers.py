"""Pagers: what they list, and what an answer means that was given on a list of a moment ago."""

from typing import Any

import pytest

from overdoor.core.effects import PagerList, Wake
from overdoor.core.events import Fact
from overdoor.core.inputs import DeviceSaid, Verb
from overdoor.core.model import DeviceStatus

from .shop import NOW, SECOND, Floor, only


def listed(floor: Floor) -> list[tuple[str, str | None]]:
    """Rooms on the pager's last list, and who has them."""
    (page,) = only(PagerList, floor.effects)
    return [(call.room, call.by) for call in page.calls]


def answer(floor: Floor, word: str, rev: int | None = None, **more: Any) -> None:
    """A key on the pager, for the call of w1, on the list with this revision."""
    call = floor.call()
    said = {"call": call.id if call else floor.last().id, "answer": word, "type": "answer"}
    floor.send("pg-1", page_rev=floor.shop.lists["pg-1"] if rev is None else rev, **said, **more)


def was_late(floor: Floor) -> bool:
    return Fact.LATE in [event.fact for event in floor.events]


def test_a_pager_lists_the_open_calls_the_longest_wait_first() -> None:
    floor = Floor()
    floor.press("cp-w2")
    floor.wait(SECOND)
    floor.press("cp-w1")
    assert listed(floor) == [("w2", None), ("w1", None)]


@pytest.mark.parametrize(
    ("word", "state"), [("acknowledge", "acknowledged"), ("arrive", "arrived")]
)
def test_an_answer_on_the_current_list_is_applied(word: str, state: str) -> None:
    floor = Floor()
    floor.press()
    answer(floor, word)
    call = floor.call()
    assert (call.state, call.by) == (state, "pg-1")
    assert floor.covers("pg-1", "00000000000a", 1)


@pytest.mark.parametrize("word", ["acknowledge", "decline"])
def test_an_answer_on_an_older_list_is_receipted_noted_as_late_and_not_applied(word: str) -> None:
    floor = Floor()
    floor.press()
    seen = floor.shop.lists["pg-1"]
    floor.press("cp-w2")
    answer(floor, word, seen)
    assert floor.call().state == "raised"
    assert was_late(floor)
    assert floor.covers("pg-1", "00000000000a", 1)


def test_an_arrival_on_an_older_list_is_applied_because_somebody_stands_there() -> None:
    floor = Floor()
    floor.press()
    seen = floor.shop.lists["pg-1"]
    floor.press("cp-w2")
    answer(floor, "arrive", seen)
    assert floor.call().state == "arrived"


def test_a_late_arrival_is_backdated() -> None:
    floor = Floor()
    floor.press()
    floor.wait(30 * SECOND)
    answer(floor, "arrive", age_ms=10 * SECOND)
    assert floor.call().arrived_at == NOW + 20 * SECOND


def test_an_acknowledgement_of_a_call_that_somebody_has_is_late() -> None:
    floor = Floor()
    floor.press()
    floor.say(Verb.ACKNOWLEDGE, "ana")
    answer(floor, "acknowledge")
    assert floor.call().by == "ana"
    assert was_late(floor)


@pytest.mark.parametrize("word", ["acknowledge", "decline", "arrive"])
def test_an_answer_to_a_closed_call_is_late(word: str) -> None:
    floor = Floor()
    floor.press()
    floor.send(button="cancel")
    answer(floor, word)
    assert was_late(floor)
    assert floor.last().outcome == "cancelled"


def test_a_call_lost_to_somebody_else_stays_on_the_list_for_ten_seconds() -> None:
    floor = Floor()
    floor.press()
    floor.say(Verb.ACKNOWLEDGE, "ana")
    assert listed(floor) == [("w1", "ana")]
    (wish,) = [wish for wish in only(Wake, floor.effects) if wish.timer.subject == "pg-1"]
    assert wish.timer.at == NOW + 10 * SECOND
    floor.wait(10 * SECOND)
    assert listed(floor) == []


def test_a_call_of_its_own_stays_on_the_list() -> None:
    floor = Floor()
    floor.press()
    answer(floor, "acknowledge")
    floor.wait(30 * SECOND)
    floor.press("cp-w2")
    assert listed(floor) == [("w1", "pg-1"), ("w2", None)]


def came(floor: Floor) -> None:
    floor.do(DeviceSaid("pg-1", DeviceStatus.ONLINE))


def test_a_pager_that_comes_back_hears_its_list_with_ages_of_now() -> None:
    floor = Floor()
    floor.press()
    rev = floor.shop.lists["pg-1"]
    floor.wait(30 * SECOND)
    came(floor)
    (page,) = only(PagerList, floor.effects)
    assert (page.device, page.rev, page.at - page.calls[0].raised_at) == ("pg-1", rev, 30 * SECOND)


def test_what_was_answered_on_that_list_while_the_link_was_down_counts() -> None:
    floor = Floor()
    floor.press()
    seen = floor.shop.lists["pg-1"]
    floor.wait(30 * SECOND)
    came(floor)
    answer(floor, "acknowledge", seen, age_ms=20 * SECOND)
    assert floor.call().by == "pg-1"


def test_a_pager_that_the_gateway_never_told_anything_hears_an_empty_list() -> None:
    floor = Floor()
    came(floor)
    assert listed(floor) == []


def test_only_pagers_answer() -> None:
    floor = Floor()
    call = floor.press()
    floor.send(type="answer", call=call.id, answer="acknowledge", page_rev=2**50)
    assert floor.call().state == "raised"
