"""A shopper's thanks reach who came, and the board as a number; nobody else learns whose."""

from overdoor.core.effects import Refused
from overdoor.core.inputs import DutyEnded, ShopperThanks, Verb
from overdoor.store.projections import rebuild

from .api import Client
from .house import House
from .shop import MINUTE, SECOND, Floor, only, without_revs
from .test_shopper_page import Phone, serve_call

THANKED = "A shopper thanks you"


# -- the rule ------------------------------------------------------------------------------------


def a_floor() -> Floor:
    """Ana served w1 a moment ago."""
    floor = Floor()
    floor.sign_on("ana")
    floor.sign_on("bo")
    floor.press()
    for verb in (Verb.ACKNOWLEDGE, Verb.ARRIVE, Verb.CLOSE):
        floor.wait(10 * SECOND)
        assert floor.say(verb)
    return floor


def thank(floor: Floor) -> bool:
    """Whether the thanks were accepted."""
    return not only(Refused, floor.do(ShopperThanks("w1", floor.last().id)))


def test_who_came_is_thanked_once() -> None:
    floor = a_floor()
    floor.wait(MINUTE)
    assert thank(floor)
    assert thank(floor)
    assert floor.last().thanked
    assert floor.shop.duties["ana"].thanks == ((floor.now, "w1"),)
    assert floor.shop.duties["bo"].thanks == ()
    assert floor.replayed() == without_revs(floor.shop)


def test_thanks_for_somebody_who_went_home_name_nobody() -> None:
    floor = a_floor()
    floor.do(DutyEnded("ana"))
    assert thank(floor)
    assert floor.events[-1].duty is None
    assert floor.last().thanked


def test_nobody_is_thanked_for_a_call_that_nobody_came_to_or_long_ago() -> None:
    floor = a_floor()
    floor.wait(31 * MINUTE)
    assert not thank(floor)
    floor.press()
    floor.wait(6 * SECOND)
    floor.say(Verb.CANCEL, None)
    assert not thank(floor)
    assert not floor.last().thanked


# -- on the pages --------------------------------------------------------------------------------


async def page(shop: Client, path: str, token: str = "") -> str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (await shop.http.get(path, headers=headers)).text


async def test_from_the_shoppers_page_to_whom_they_are_for(shop: Client, house: House) -> None:
    phone = Phone(shop)
    ana, bo = await shop.sign_on("Ana"), await shop.sign_on("Bo")
    await phone.say("call")
    await serve_call(shop, ana, f"/calls/{phone.call}")
    assert "Thank who came" in await phone.see()
    assert "Shoppers thanked" not in await page(shop, "/wall")
    assert "Your thanks go to who came." in await phone.say("thank")
    assert "Thank who came" not in phone.text
    assert THANKED in await page(shop, "/handheld/calls", ana)
    assert "Women 1" in await page(shop, "/handheld/calls", ana)
    assert THANKED not in await page(shop, "/handheld/calls", bo)
    assert "Shoppers thanked today: Women&nbsp;<b>1</b>" in await page(shop, "/wall")
    rebuild(shop.engine.store._db)
    house.clock.now += 86_400 * SECOND
    assert "Shoppers thanked" not in await page(shop, "/wall")


async def test_nobody_else_is_told_whose_they_are(shop: Client) -> None:
    phone = Phone(shop)
    ana = await shop.sign_on("Ana")
    await phone.say("call")
    path = f"/calls/{phone.call}"
    await serve_call(shop, ana, path)
    await phone.say("thank")
    for where in (f"/api/v1{path}", path, "/", "/api/v1/calls"):
        assert "thank" not in (await page(shop, where)).lower(), where
