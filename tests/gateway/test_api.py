"""The HTTP API: rooms, calls and answers."""

import asyncio

import pytest

from .api import Client, assert_problem
from .house import House
from .shop import SECOND, an_event

# -- rooms and calls -----------------------------------------------------------------------------


async def test_rooms_are_listed_with_devices_liveness_and_call(shop: Client) -> None:
    await shop.engine.do(an_event())
    rooms = {room["id"]: room for room in (await shop.get("/rooms")).json()["rooms"]}
    assert list(rooms) == ["w1", "w2", "m1"]
    assert rooms["w1"]["call"]["state"] == "raised"
    assert rooms["w1"]["online"] is False
    assert [device["id"] for device in rooms["m1"]["devices"]] == ["button-m1", "lamp-m1"]


async def test_calls_come_newest_first_page_by_page(shop: Client, house: House) -> None:
    made = []
    for _ in range(5):
        made.append((await shop.raised())[7:])
        await shop.post("/rooms/w1/cancel")
        house.clock.now += SECOND
    seen, cursor = [], None
    while cursor is not None or not seen:
        params = {"cursor": cursor} if cursor else {}
        page = (await shop.get("/calls", limit=2, **params)).json()
        seen += [call["id"] for call in page["calls"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_calls_are_filtered_by_state_zone_and_time(shop: Client, house: House) -> None:
    await shop.raised("w1")
    await shop.post("/rooms/w1/cancel")
    house.clock.now += 60 * SECOND
    await shop.raised("m1")

    async def rooms(**params: str) -> list[str]:
        return [call["room"] for call in (await shop.get("/calls", **params)).json()["calls"]]

    assert await rooms(state="open") == ["m1"]
    assert await rooms(state="closed") == ["w1"]
    assert await rooms(zone="women") == ["w1"]
    assert await rooms(**{"from": "2026-09-21T14:13:50Z"}) == ["m1"]
    assert await rooms(to="2026-09-21T14:13:50Z") == ["w1"]


async def test_a_call_tells_its_story_and_why_who_was_paged(shop: Client) -> None:
    await shop.sign_on("Ana")
    events = (await shop.get(await shop.raised())).json()["events"]
    assert [event["type"] for event in events] == ["raised", "paged"]
    assert events[1]["data"]["why"][0]["free"] is True


# -- answers -------------------------------------------------------------------------------------


async def test_a_call_is_acknowledged_arrived_at_and_closed(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    states = [
        (await shop.post(f"{call}/{verb}", ana)).json()["state"]
        for verb in ("acknowledge", "arrive", "close")
    ]
    assert states == ["acknowledged", "arrived", "closed"]
    last = (await shop.get(call)).json()
    assert (last["outcome"], last["who"], last["evidence"]) == ("served", "Ana", "D")


async def test_a_conflict_names_who_has_the_call(shop: Client, house: House) -> None:
    ana, bob = await shop.sign_on("Ana"), await shop.sign_on("Bob")
    call = await shop.raised()
    await shop.post(f"{call}/acknowledge", ana)
    house.clock.now += 3 * SECOND
    problem = assert_problem(await shop.post(f"{call}/acknowledge", bob), 409, "Ana has it, 3 s")
    assert problem["who"] == "Ana"


async def test_only_who_is_on_duty_answers(shop: Client) -> None:
    call = await shop.raised()
    assert_problem(await shop.post(f"{call}/acknowledge"), 401)
    assert_problem(await shop.post(f"{call}/acknowledge", "not-a-token"), 401)


async def test_an_answer_said_again_with_its_key_changes_nothing(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    for verb in ("acknowledge", "hand-off"):
        await shop.post(f"{call}/{verb}", ana, key=verb)
    again = await shop.post(f"{call}/acknowledge", ana, key="acknowledge")
    assert (again.status_code, again.json()["state"]) == (200, "raised")
    assert (await shop.get(call)).json()["hand_offs"] == 1


async def test_answers_with_one_key_at_the_same_time_are_applied_once(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    answers = await asyncio.gather(
        *(shop.post(f"{call}/nobody-there", ana, key="tap") for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {200}
    events = (await shop.get(call)).json()["events"]
    assert [event["type"] for event in events].count("closed") == 1


async def test_one_key_raises_one_call(shop: Client) -> None:
    answers = await asyncio.gather(*(shop.post("/rooms/w1/call", key="tap") for _ in range(8)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]


async def test_a_key_that_was_refused_can_be_used_again_even_twice_at_once(shop: Client) -> None:
    call = await shop.raised()
    assert_problem(await shop.post(f"{call}/void", key="v", reason="drill"), 409)
    await shop.post("/rooms/w1/cancel")
    answers = await asyncio.gather(
        *(shop.post(f"{call}/void", key="v", reason="drill") for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert shop.engine.trouble is None


async def test_an_answer_from_a_phone_that_was_offline_is_backdated(
    shop: Client, house: House
) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    house.clock.now += 40 * SECOND
    arrived = (await shop.post(f"{call}/arrive", ana, age_ms=30_000)).json()
    assert arrived["arrived_at"] == "2026-09-21T14:13:30.000Z"


async def test_a_call_is_handed_to_another_zone(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    await shop.post(f"{call}/acknowledge", ana)
    assert_problem(await shop.post(f"{call}/hand-off", ana, zone="moon"), 409)
    assert (await shop.post(f"{call}/hand-off", ana, zone="men")).json()["state"] == "raised"


@pytest.mark.parametrize(("after_s", "status"), [(5, 200), (5.001, 409)])
async def test_an_acknowledgement_can_be_undone_for_five_seconds(
    shop: Client, house: House, after_s: float, status: int
) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    await shop.post(f"{call}/acknowledge", ana)
    house.clock.now += round(after_s * SECOND)
    assert (await shop.post(f"{call}/undo", ana)).status_code == status


async def test_a_voided_call_stays_in_the_record_and_leaves_the_numbers(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    assert_problem(await shop.post(f"{call}/void", reason="fire drill"), 409, "lose the call")
    await shop.post(f"{call}/arrive", ana)
    await shop.post(f"{call}/close", ana)
    since = {"from": "2026-01-01T00:00:00Z"}
    assert (await shop.get("/insight/summary", **since)).json()["calls"] == 1
    assert (await shop.post(f"{call}/void", reason="fire drill")).json()["voided"] == "fire drill"
    assert (await shop.get("/insight/summary", **since)).json()["calls"] == 0
    assert (await shop.get(call)).json()["outcome"] == "served"


async def test_a_room_has_one_open_call(shop: Client) -> None:
    await shop.raised()
    assert_problem(await shop.post("/rooms/w1/call"), 409, "open call already")
