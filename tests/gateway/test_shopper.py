"""What a shopper may say on the page of a room, and what an associate may tell them."""

from dataclasses import replace

import pytest

from overdoor.core.effects import Refused
from overdoor.core.events import Fact
from overdoor.core.evolve_call import PRANK_MS
from overdoor.core.hours import Hours
from overdoor.core.inputs import (
    Configured,
    Raise,
    Reply,
    RoomServiced,
    ShopperAnswers,
    ShopperAsks,
    ShopperRates,
    Verb,
)
from overdoor.core.model import Call, DeviceStatus, Kind, Phrase, Room, Service, State

from .shop import MINUTE, NOW, SECOND, Floor, a_plan, only


class Shop(Floor):
    """A floor with somebody on it who has a page behind the card."""

    def ask(self, room: str = "w1", need: str | None = None) -> str | None:
        """Asks for somebody on the page; why not, if it is refused."""
        refused = only(Refused, self.do(ShopperAsks(room, f"{room}/{len(self.log)}", need)))
        return refused[0].why if refused else None

    def told(self, phrase: Phrase = Phrase.WAIT, by: str = "ana", **blanks: object) -> str | None:
        call = self.call()
        assert call is not None
        if phrase is Phrase.WAIT:
            blanks = {"minutes": 2} | blanks
        refused = only(Refused, self.do(Reply(call.id, by, phrase, **blanks)))  # type: ignore[arg-type]
        return refused[0].why if refused else None

    def open(self) -> Call:
        call = self.call()
        assert call is not None
        return call

    def served(self) -> Call:
        self.ask()
        self.say(Verb.ACKNOWLEDGE)
        self.say(Verb.ARRIVE)
        self.wait(20 * SECOND)
        self.say(Verb.CLOSE)
        return self.last()


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.sign_on("ana")
    return shop


def test_a_call_from_the_page_is_as_one_from_the_button(shop: Shop) -> None:
    assert shop.ask(need="question") is None
    assert (shop.open().state, shop.open().need) == (State.RAISED, "question")
    assert shop.signals["cp-w1"].state == "raised"
    assert shop.paged() == [("ana",)]
    assert shop.log[-2].data["source"] == "page"
    pressed = Shop()
    pressed.sign_on("ana")
    pressed.press()
    same = {"id": "", "visit": "", "need": None}
    assert replace(shop.open(), **same) == replace(pressed.open(), **same)  # type: ignore[arg-type]


def test_asking_twice_changes_nothing_but_what_is_needed(shop: Shop) -> None:
    shop.ask()
    before = shop.open()
    assert shop.ask() is None
    assert shop.open() == before
    shop.ask(need="another-size")
    assert shop.open() == replace(before, need="another-size")
    assert [event.fact for event in shop.log].count(Fact.RAISED) == 1


def test_a_call_from_the_button_is_cancelled_on_the_page(shop: Shop) -> None:
    shop.press()
    assert shop.say(Verb.CANCEL, None)
    assert shop.signals["cp-w1"].state == "idle"


def test_the_third_call_cancelled_in_ten_minutes_pages_once(shop: Shop) -> None:
    for _ in range(2):
        shop.ask()
        shop.say(Verb.CANCEL, None)
        shop.wait(MINUTE)
    shop.ask()
    assert shop.open().suspect
    assert len(shop.open().policy.steps) == 1
    shop.say(Verb.CANCEL, None)
    shop.wait(PRANK_MS)
    shop.ask()
    assert not shop.open().suspect


def test_a_closed_shop_hears_nobody_and_writes_nothing() -> None:
    shop = Shop(replace(a_plan(), hours=Hours("UTC", (None,) * 7)))
    log = len(shop.log)
    assert shop.ask() == "the shop is closed"
    assert len(shop.log) == log


def test_a_room_out_of_service_hears_nobody(shop: Shop) -> None:
    shop.do(RoomServiced("w1", Service.OUT, None))
    assert shop.ask() == "this room is out of service"
    assert shop.ask("w2") is None


def test_a_training_room_has_no_shoppers(shop: Shop) -> None:
    rooms = {**a_plan().rooms, "t1": Room("t1", "Training", "women", (0.0, 0.0), (), training=True)}
    shop.do(Configured(replace(a_plan(), rooms=rooms)))
    assert shop.ask("t1") == "there is no such room"
    assert shop.ask("nowhere") == "there is no such room"


def test_calling_again_ends_the_visit_before_it_begins_another(shop: Shop) -> None:
    shop.ask()
    first = shop.open()
    shop.say(Verb.ARRIVE)
    shop.wait(5 * SECOND)
    assert shop.ask() == "somebody is there"
    shop.wait(10 * SECOND)
    assert shop.ask() is None
    assert shop.last().outcome == "served"
    assert shop.open().visit == first.visit


def test_a_shopper_contradicts_an_arrival_that_nobody_known_made(shop: Shop) -> None:
    shop.ask()
    shop.presence()
    assert shop.open().state is State.ARRIVED
    shop.wait(5 * SECOND)
    shop.ask()
    assert shop.open().state is State.RAISED
    assert shop.open().demotions == 1


def test_who_asks_in_a_room_with_a_mystery_call_gets_one_that_counts(shop: Shop) -> None:
    for device in shop.shop.plan.room_of:
        from overdoor.core.inputs import DeviceSaid

        shop.do(DeviceSaid(device, DeviceStatus.ONLINE))
    shop.wait(11 * MINUTE)
    assert not only(Refused, shop.do(Raise("w1", "m", Kind.MYSTERY)))
    shop.ask()
    assert shop.last().kind is Kind.MYSTERY
    assert (shop.open().kind, shop.open().state) == (Kind.NORMAL, State.RAISED)


# -- replies -------------------------------------------------------------------------------------


def test_two_minutes_keeps_the_call_for_two_minutes_and_no_longer(shop: Shop) -> None:
    shop.ask()
    shop.say(Verb.ACKNOWLEDGE)
    shop.wait(30 * SECOND)
    assert shop.told() is None
    shop.wait(119 * SECOND)
    assert shop.open().state is State.ACKNOWLEDGED
    assert shop.open().asked
    shop.wait(2 * SECOND)
    assert shop.open().state is State.RAISED
    assert shop.open().lapses == 1
    assert shop.open().reply is None


def test_a_promise_never_makes_an_acknowledgement_shorter(shop: Shop) -> None:
    shop.ask()
    shop.say(Verb.ACKNOWLEDGE)
    assert shop.told(minutes=1) is None
    shop.wait(89 * SECOND)
    assert shop.open().state is State.ACKNOWLEDGED
    shop.wait(2 * SECOND)
    assert shop.open().state is State.RAISED


def test_time_is_promised_once(shop: Shop) -> None:
    shop.ask()
    shop.say(Verb.ACKNOWLEDGE)
    assert shop.told() is None
    assert shop.told() == "the shopper was told a time already"
    assert shop.told(Phrase.MODEL) is None
    shop.wait(3 * MINUTE)  # lapsed
    shop.say(Verb.ACKNOWLEDGE)
    assert shop.told() is None


def test_only_who_has_the_call_replies(shop: Shop) -> None:
    shop.sign_on("boris")
    shop.ask()
    no = "only who has the call can reply to the shopper"
    assert shop.told() == no
    shop.say(Verb.ACKNOWLEDGE)
    assert shop.told(by="boris") == no
    assert shop.told() is None


def test_who_went_to_the_stock_room_asks_about_another_size(shop: Shop) -> None:
    """Week one: another size is not in stock."""
    shop.ask(need="another-size")
    shop.say(Verb.ARRIVE)
    shop.wait(30 * SECOND)
    assert shop.told(Phrase.SIZE, missing="M", offer="L") is None
    reply = shop.open().reply
    assert reply is not None
    assert (reply.phrase, reply.missing, reply.offer, reply.yes) == ("size", "M", "L", None)
    shop.do(ShopperAnswers(shop.open().id, yes=False))
    shop.do(ShopperAnswers(shop.open().id, yes=True))
    reply = shop.open().reply
    assert reply is not None
    assert reply.yes is True
    assert shop.open().state is State.ARRIVED


def test_nobody_answers_what_was_not_asked(shop: Shop) -> None:
    shop.ask()
    shop.say(Verb.ACKNOWLEDGE)
    assert only(Refused, shop.do(ShopperAnswers(shop.open().id, yes=True)))
    shop.told()
    assert only(Refused, shop.do(ShopperAnswers(shop.open().id, yes=True)))
    assert only(Refused, shop.do(ShopperAnswers("none", yes=True)))


# -- afterwards ----------------------------------------------------------------------------------


def test_each_question_is_answered_once(shop: Shop) -> None:
    call = shop.served()
    shop.do(ShopperRates("w1", call.id, satisfied=5))
    shop.do(ShopperRates("w1", call.id, satisfied=1, knew=False))
    assert (shop.last().satisfied, shop.last().knew) == (5, False)
    shop.do(ShopperRates("w1", call.id, satisfied=1, knew=True))
    assert (shop.last().satisfied, shop.last().knew) == (5, False)


def test_only_a_call_that_was_served_a_moment_ago_is_rated(shop: Shop) -> None:
    shop.ask()
    rated = ShopperRates("w1", shop.open().id, satisfied=1)
    assert only(Refused, shop.do(rated))
    shop.say(Verb.CANCEL, None)
    assert only(Refused, shop.do(rated))
    call = shop.served()
    assert only(Refused, shop.do(ShopperRates("w2", call.id, satisfied=1)))
    shop.wait(31 * MINUTE)
    assert only(Refused, shop.do(ShopperRates("w1", call.id, satisfied=1)))
    assert shop.last().satisfied is None


def test_the_log_alone_makes_the_same_shop(shop: Shop) -> None:
    shop.ask(need="other")
    shop.say(Verb.ACKNOWLEDGE)
    shop.told()
    shop.told(Phrase.SIZE, missing="38", offer="39½")
    shop.do(ShopperAnswers(shop.open().id, yes=True))
    shop.say(Verb.ARRIVE)
    shop.say(Verb.CLOSE)
    shop.do(ShopperRates("w1", shop.last().id, satisfied=2, knew=True))
    assert shop.replayed() == replace(shop.shop, rev=0, lists={})
    assert shop.now == NOW
