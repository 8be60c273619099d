"""What the manager notes beside the numbers, and what is to be looked into."""

from typing import Any

from overdoor.core.inputs import ShopperRates, Void
from overdoor.store import followups
from overdoor.store.projections import rebuild

from .api import Client, assert_problem
from .house import House, settled
from .shop import MINUTE, SECOND, an_event
from .test_retention import DAY, a_month, let_go, visit, without_rest

__all__ = ["a_month", "without_rest"]  # fixtures


# -- annotations ---------------------------------------------------------------------------------


async def annotated(shop: Client, **body: Any) -> str:
    answer = await shop.post("/annotations", **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def texts(shop: Client, **asked: str) -> list[str]:
    answer = await shop.get("/annotations", **asked)
    return [one["text"] for one in answer.json()["annotations"]]


async def test_annotations_come_by_day_and_those_of_a_zone_with_those_of_all(shop: Client) -> None:
    await annotated(shop, day="2026-11-27", text="Sale  started")
    await annotated(shop, day="2026-11-20", text="New rooms", zone="women")
    gone = await annotated(shop, day="2026-11-21", text="Nothing")
    answer = await shop.http.delete(f"/api/v1/annotations/{gone}")
    assert answer.status_code == 204
    assert await texts(shop) == ["New rooms", "Sale started"]
    assert await texts(shop, zone="men") == ["Sale started"]
    assert await texts(shop, **{"from": "2026-11-21"}) == ["Sale started"]
    assert await texts(shop, to="2026-11-26") == ["New rooms"]


async def test_an_annotation_says_something_of_a_zone_that_is_there(shop: Client) -> None:
    for body in ({"text": " "}, {"text": "x" * 201}, {"text": "Sale", "zone": "garden"}):
        assert_problem(await shop.post("/annotations", day="2026-11-27", **body), 422)
    assert_problem(await shop.post("/annotations", day="tomorrow", text="Sale"), 422)
    assert await texts(shop) == []


# -- follow-ups ----------------------------------------------------------------------------------


async def served(shop: Client, token: str) -> str:
    """A call that somebody came to; its id."""
    path = await shop.raised()
    for verb in ("acknowledge", "arrive", "close"):
        assert (await shop.post(f"{path}/{verb}", token)).status_code == 200
    return path.rpartition("/")[2]


async def follow_ups(shop: Client) -> list[tuple[str, str]]:
    found = (await shop.get("/follow-ups")).json()
    assert found["open"] == sum(one["dealt_with_at"] is None for one in found["follow_ups"])
    return [(one["call"], one["why"]) for one in found["follow_ups"]]


async def unanswered(shop: Client, house: House) -> str:
    path = await shop.raised("w2")
    house.clock.now += 15 * MINUTE
    shop.engine._ring()
    await settled(shop.engine)
    return path.rpartition("/")[2]


async def test_a_call_that_nobody_answered_is_to_be_looked_into(shop: Client, house: House) -> None:
    call = await unanswered(shop, house)
    assert await follow_ups(shop) == [(call, "unanswered")]


async def test_a_low_rating_comes_up_when_nobody_knows_any_more_who_it_was(shop: Client) -> None:
    token = await shop.sign_on("Ana")
    call = await served(shop, token)
    await shop.engine.do(ShopperRates("w1", call, satisfied=2))
    assert await follow_ups(shop) == []
    await shop.http.delete("/api/v1/duty", headers={"Authorization": f"Bearer {token}"})
    assert await follow_ups(shop) == [(call, "low rating")]
    assert "Ana" not in (await shop.get(f"/calls/{call}")).text


async def test_a_rating_that_is_not_low_is_none(shop: Client) -> None:
    token = await shop.sign_on("Ana")
    call = await served(shop, token)
    await shop.engine.do(ShopperRates("w1", call, satisfied=3))
    await shop.engine.do(ShopperRates("w1", call, knew=False))
    await shop.http.delete("/api/v1/duty", headers={"Authorization": f"Bearer {token}"})
    assert await follow_ups(shop) == []


async def test_what_was_dealt_with_says_when_and_can_be_opened_again(
    shop: Client, house: House
) -> None:
    call = await unanswered(shop, house)
    done = (await shop.post(f"/follow-ups/{call}/dealt-with")).json()
    assert done["dealt_with_at"] is not None
    house.clock.now += SECOND
    assert (await shop.post(f"/follow-ups/{call}/dealt-with")).json() == done
    rebuild(shop.engine.store._db)
    assert (await shop.get("/follow-ups")).json() == {"open": 0, "follow_ups": [done]}
    answer = await shop.http.delete(f"/api/v1/follow-ups/{call}/dealt-with")
    assert answer.json() == done | {"dealt_with_at": None}
    assert_problem(await shop.post("/follow-ups/nothing/dealt-with"), 404)


async def test_neither_tests_nor_voided_calls_are_looked_into(shop: Client, house: House) -> None:
    call = await unanswered(shop, house)
    await shop.engine.do(Void(call, "w2", "fire drill"))
    assert await follow_ups(shop) == []
    await shop.post("/rooms/w2/service", service="test")
    await unanswered(shop, house)
    assert await follow_ups(shop) == []


async def test_a_follow_up_goes_with_its_call(a_month: House) -> None:
    async with a_month.open() as engine:
        await engine.do(an_event(n=1))
        a_month.clock.now += 15 * MINUTE
        engine._ring()
        await settled(engine)
        assert len(followups.of_shop(engine.store)) == 1
        a_month.clock.now += 40 * DAY
        await visit(engine, 5)
        await let_go(engine)
        assert engine.store.reader().execute("SELECT * FROM follow_up").fetchall() == []
