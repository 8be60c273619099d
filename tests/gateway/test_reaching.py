"""Who can be reached and who was, over the API and on the pages; and what the core makes of it."""

import asyncio

import pytest

from overdoor.core.events import Fact
from overdoor.core.inputs import Answer, Configured, Reached, Unreached, Verb
from overdoor.core.model import Step
from overdoor.notify.channels import Channels
from overdoor.notify.ladder import Ladder
from overdoor.reach import Rung, Told

from .api import Client, assert_problem
from .house import House, settled
from .listeners import Browser, Listener, listening
from .shop import MINUTE, SECOND, Floor, a_plan

STEPS = (Step(0, "nearest"), Step(20 * SECOND, "zone"), Step(60 * SECOND, "manager"))


# -- the core ------------------------------------------------------------------------------------


def a_floor(*people: str, steps: tuple[Step, ...] = STEPS) -> Floor:
    floor = Floor(a_plan(steps=steps))
    for name in people:
        floor.sign_on(name)
    return floor


def no_receipt(floor: Floor, *, told: bool = False) -> None:
    call = floor.shop.calls["w1"]
    floor.do(Unreached(call.id, call.fence, call.paged, told=told))


def test_without_a_receipt_the_next_step_comes_at_once() -> None:
    floor = a_floor("ana", "boris")
    floor.press()
    assert len(floor.shop.calls["w1"].paged) == 1
    no_receipt(floor)
    assert {*floor.shop.calls["w1"].paged} == {"ana", "boris"}
    assert floor.signals["cp-w1"].state == "raised"


def test_a_step_that_asks_nobody_else_is_passed_over() -> None:
    floor = a_floor("ana")
    floor.press()
    no_receipt(floor)
    assert [event.fact for event in floor.events] == [Fact.UNREACHED, Fact.PAGED]
    assert floor.events[1].data["target"] == "manager"


def test_at_the_end_of_the_steps_the_ring_asks_to_call_out_and_the_call_stays() -> None:
    floor = a_floor("ana")
    floor.press()
    no_receipt(floor)
    no_receipt(floor)
    assert floor.signals["cp-w1"].state == "offline"
    call = floor.shop.calls["w1"]
    assert (call.state, call.unreached) == ("raised", True)
    floor.do(Answer(call.id, Verb.ACKNOWLEDGE, "ana"))
    assert floor.signals["cp-w1"].state == "acknowledged"


def test_it_is_tried_again_every_minute_and_given_up_as_any_other() -> None:
    floor = a_floor("ana", steps=(Step(0, "nearest"),))
    floor.press()
    no_receipt(floor)
    floor.wait(MINUTE)
    assert [e.data["duties"] for e in floor.log if e.fact is Fact.PAGED] == [["ana"], ["ana"]]
    assert floor.signals["cp-w1"].state == "offline"  # nothing proves yet that this one came
    floor.wait(14 * MINUTE)
    assert floor.log[-1].data["outcome"] == "unanswered"


def test_a_receipt_that_comes_late_ends_it() -> None:
    floor = a_floor("ana", steps=(Step(0, "nearest"),))
    floor.press()
    no_receipt(floor)
    floor.do(Reached(floor.shop.calls["w1"].id, "ana"))
    assert floor.signals["cp-w1"].state == "raised"


def test_what_was_found_out_before_the_last_page_is_stale() -> None:
    floor = a_floor("ana", "boris")
    floor.press()
    call = floor.shop.calls["w1"]
    floor.wait(20 * SECOND)  # the zone was paged meanwhile
    floor.do(Unreached(call.id, call.fence, call.paged))
    assert floor.events == []


def test_where_a_pager_or_a_channel_was_told_the_lights_go_on_as_before() -> None:
    floor = a_floor("ana", steps=(Step(0, "nearest"),))
    floor.press()
    no_receipt(floor, told=True)
    assert floor.events == []
    assert floor.signals["cp-w1"].state == "raised"


# -- the API and the pages -----------------------------------------------------------------------


async def test_a_receipt_is_for_who_was_paged(shop: Client) -> None:
    ana = await shop.sign_on("Ana")
    call = await shop.raised()
    boris = await shop.sign_on("Boris", "men")
    assert_problem(await shop.post(f"{call}/receipt", state="shown"), 401)
    assert_problem(await shop.post(f"{call}/receipt", boris, state="shown"), 409)
    assert_problem(await shop.post("/calls/none/receipt", ana, state="shown"), 404)
    assert_problem(await shop.post(f"{call}/receipt", ana, state="acted"), 422)
    answer = await shop.post(f"{call}/receipt", ana, state="shown", chime=True)
    assert answer.json() == {"chime": True}
    answer = await shop.post(f"{call}/receipt", ana, state="shown", chime=True)
    assert answer.json() == {"chime": False}


async def test_a_call_tells_who_was_reached_on_which_rung_and_says_it_in_words(
    shop: Client,
) -> None:
    ana = await shop.sign_on("Ana")
    call = await shop.raised()
    await shop.post(f"{call}/receipt", ana, state="shown")
    duty = (await shop.http.get("/api/v1/duty", headers={"Authorization": f"Bearer {ana}"})).json()
    shop.app.state.reach.note(
        call.removeprefix("/calls/"), duty["duty"], Rung.PUSH, Told.FAILED, "no route"
    )
    await settled(shop.engine)
    told = (await shop.get(call)).json()
    assert [(row["name"], row["rung"], row["state"]) for row in told["reach"]] == [
        ("Ana", "page", "shown"),
        ("Ana", "push", "failed"),
    ]
    words = [step["text"] for step in told["story"]]
    assert words[-2:] == ["Ana: shown (open page)", "Ana: not sent by push (no route)"]
    page = (await shop.http.get(call)).text
    assert "Who was reached" in page
    assert "Push message" in page


async def test_a_browser_subscribes_only_to_push_services_that_the_shop_speaks_to(
    shop: Client,
) -> None:
    reach = shop.app.state.reach
    ana = await shop.sign_on("Ana")
    body = Browser().subscription("https://fcm.googleapis.com/fcm/send/x")
    assert (await shop.get("/push")).json() == {"key": None}
    assert_problem(await shop.post("/duty/push", ana, **body), 422, "[notify]")
    reach.push_key, reach.push_hosts = "key", ("fcm.googleapis.com",)
    assert_problem(await shop.post("/duty/push", **body), 401)
    assert (await shop.post("/duty/push", ana, **body)).status_code == 204
    elsewhere = Browser().subscription("https://192.168.1.1/reboot")
    assert_problem(await shop.post("/duty/push", ana, **elsewhere), 422)
    assert (await shop.get("/reach")).json()["phones"] == 1


async def test_a_channel_of_ones_own_begins_as_the_shop_says(shop: Client) -> None:
    ana = await shop.sign_on("Ana")
    shop.app.state.reach.personal = ("ntfy://192.168.1.10/",)
    assert_problem(await shop.post("/duty/channel", ana, url="json://127.0.0.1:8080/"), 422)
    assert (await shop.post("/duty/channel", ana, url="ntfy://192.168.1.10/ana")).status_code == 204
    assert (await shop.post("/duty/channel", ana, url=None)).status_code == 204


async def test_a_channel_that_is_refused_leaves_the_one_before(shop: Client) -> None:
    ana = await shop.sign_on("Ana")
    shop.app.state.reach.personal = ("ntfy://192.168.1.10/",)
    await shop.post("/duty/channel", ana, url="ntfy://192.168.1.10/ana")
    assert_problem(await shop.post("/duty/channel", ana, url="json://127.0.0.1:8080/"), 422)
    held = await shop.http.get("/api/v1/me", headers={"Authorization": f"Bearer {ana}"})
    assert held.json()["shift"]["channel"] == "ntfy://192.168.1.10/ana"


async def channel_form(shop: Client, token: str, **form: str) -> str:
    """What the page about oneself says after its form was sent."""
    bearer = {"Authorization": f"Bearer {token}"}
    return (await shop.http.post("/me/channel", data=form, headers=bearer)).text


async def test_somebody_tries_out_their_own_channel_and_hears_what_is_known(shop: Client) -> None:
    reach = shop.app.state.reach
    reach.personal = ("json://127.0.0.1",)
    ana = await shop.sign_on("Ana")
    with listening(elsewhere := Listener()):
        url = f"json://127.0.0.1:{elsewhere.port}/ana"
        assert "sends to no channels" in await channel_form(shop, ana, do="try", url=url)
        ladder = Ladder(shop.engine, reach, channels=Channels({}))
        said = await channel_form(shop, ana, do="try", url=url)
        assert "took the trial message" in said
        assert "only your phone shows" in said
        assert "A trial" in (await asyncio.to_thread(elsewhere.next)).json()["message"]
        elsewhere.status = 500
        assert "did not leave: the channel did not take it" in await channel_form(
            shop, ana, do="try", url=url
        )
        assert "kept until" in await channel_form(shop, ana, do="keep", url=url)
        assert url in await channel_form(shop, ana, do="keep", url="mailto://x@y.example")
        assert url not in await channel_form(shop, ana, do="drop")
        ladder.stop()


async def test_a_phone_that_leaves_three_pushes_unanswered_is_shown_as_quiet(
    shop: Client,
) -> None:
    reach = shop.app.state.reach
    reach.push_key, reach.push_hosts = "key", ("fcm.googleapis.com",)
    ana = await shop.sign_on("Ana")
    await shop.post("/duty/push", ana, **Browser().subscription("https://fcm.googleapis.com/x"))
    (duty,) = shop.engine.committed.duties
    for _ in range(3):
        reach.pushed(reach.ways(duty, "push")[0])
    assert (await shop.get("/reach")).json()["phones_quiet"] == 1
    assert "given no sign" in (await shop.http.get("/dashboard/live")).text
    call = await shop.raised()
    await shop.post(f"{call}/receipt", ana, rung="push", state="received")
    assert (await shop.get("/reach")).json()["phones_quiet"] == 0


async def test_a_channel_that_does_not_work_is_shown(shop: Client) -> None:
    shop.app.state.reach.channels = {"office": (None, "the channel did not take it")}
    assert "did not take it" in (await shop.http.get("/dashboard/live")).text


async def test_the_dashboard_says_that_nobody_could_be_reached(shop: Client, house: House) -> None:
    await shop.sign_on("Ana")
    await shop.raised()
    for _ in range(3):
        call = shop.engine.committed.calls["w1"]
        await shop.engine.do(Unreached(call.id, call.fence, call.paged))
    assert "nobody could be reached" in (await shop.http.get("/dashboard/live")).text
    assert (await shop.get("/calls", state="open")).json()["calls"][0]["unreached"] is True
    assert house.facts()[-1] == Fact.UNREACHED


@pytest.mark.parametrize("state", ["received", "shown"])
async def test_a_receipt_changes_nothing_that_others_would_be_poked_for(
    shop: Client, state: str
) -> None:
    ana = await shop.sign_on("Ana")
    call = await shop.raised()
    async with shop.stream() as said:
        await said.get()
        await shop.post(f"{call}/receipt", ana, state=state)
        await settled(shop.engine)
        assert said.empty()


async def test_the_quiet_line_counts_a_phone_that_takes_pushes(shop: Client) -> None:
    reach = shop.app.state.reach
    reach.push_key, reach.push_hosts = "key", ("fcm.googleapis.com",)
    ana = await shop.sign_on("Ana")
    bearer = {"Authorization": f"Bearer {ana}"}

    async def quiet() -> str:
        return (await shop.http.get("/handheld/calls", headers=bearer)).text

    assert "0 devices reachable" in await quiet()
    await shop.post("/duty/push", ana, **Browser().subscription("https://fcm.googleapis.com/x"))
    assert "1 device reachable" in await quiet()
    async with shop.stream(ana):
        assert "1 device reachable" in await quiet()  # the same phone, its page open
    (duty,) = shop.engine.committed.duties
    for _ in range(3):
        reach.pushed(reach.ways(duty, "push")[0])
    assert "0 devices reachable" in await quiet()


async def test_nobody_is_said_to_be_missing_where_somebody_stands(shop: Client) -> None:
    await shop.engine.do(Configured(a_plan(steps=STEPS)))
    ana = await shop.sign_on("Ana")
    call = await shop.raised()
    for _ in range(2):
        raised = shop.engine.committed.calls["w1"]
        await shop.engine.do(Unreached(raised.id, raised.fence, raised.paged))
    assert "asks for the manager" in (await shop.http.get("/dashboard/live")).text
    await shop.post(f"{call}/arrive", ana)
    assert "asks for the manager" not in (await shop.http.get("/dashboard/live")).text
