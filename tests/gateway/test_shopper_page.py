"""The page behind a room's card, and the quick replies, over HTTP."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import httpx
import pytest

from overdoor.cards import Cards
from overdoor.core.hours import Hours
from overdoor.core.inputs import Configured, DeviceSaid, ShopperAsks
from overdoor.core.model import DeviceStatus, Kind, ShopperPage, State
from overdoor.store.projections import rebuild
from overdoor.store.schema import PROJECTIONS

from .api import Client, assert_problem
from .house import House
from .shop import MINUTE, SECOND, a_plan, an_event


class Phone:
    """A shopper's browser without JavaScript: it follows redirects and sends forms."""

    def __init__(self, client: Client, room: str = "w1") -> None:
        cards: Cards = client.app.state.cards
        self._http = client.http
        self.path = f"/s/{cards.token(room)}"
        self.at = self.path
        self.answer: httpx.Response
        self.text = ""

    async def see(self, path: str | None = None) -> str:
        got = await self._http.get(path or self.at, follow_redirects=True)
        return self._took(got)

    async def say(self, do: str, **fields: object) -> str:
        data = {"do": do} | {name: str(value) for name, value in fields.items()}
        if self.call and "call" not in data and do != "call":
            data["call"] = self.call
        return self._took(await self._http.post(self.path, data=data, follow_redirects=True))

    def _took(self, answer: httpx.Response) -> str:
        self.answer = answer
        if answer.status_code < 400:
            self.at = str(answer.url.raw_path, "ascii")
        main = answer.text.partition("<main")[2].partition("</main>")[0]
        self.text = " ".join(re.sub(r"<[^>]+>", " ", main.partition(">")[2]).split())
        return self.text

    @property
    def call(self) -> str:
        return self.at.partition("?call=")[2]


@pytest.fixture
async def phone(shop: Client) -> Phone:
    return Phone(shop)


def is_open(client: Client, room: str = "w1") -> State | None:
    call = client.engine.committed.calls.get(room)
    return call.state if call else None


async def serve_call(shop: Client, token: str, path: str) -> None:
    for verb in ("acknowledge", "arrive", "close"):
        assert (await shop.post(f"{path}/{verb}", token)).status_code == 200


async def test_from_the_press_to_the_two_questions(shop: Client, phone: Phone) -> None:
    ana = await shop.sign_on("Ana")
    assert "Women 1" in await phone.see()
    assert "Do you need somebody?" in phone.text
    assert "Registered" in await phone.say("call", need="another-size")
    call = f"/calls/{phone.call}"
    assert (await shop.get(call)).json()["need"] == "another-size"
    await shop.post(f"{call}/acknowledge", ana)
    assert "Somebody is coming" in await phone.see()
    assert "min " not in phone.text  # nothing is known of how long it takes
    await shop.post(f"{call}/arrive", ana)
    assert "Somebody is here" in await phone.see()
    await shop.post(f"{call}/close", ana)
    assert "How satisfied are you" in await phone.see()
    await phone.say("rate", satisfied=4)
    assert "How satisfied" not in phone.text
    assert "Did you know how long" in phone.text
    assert "Thank you." in await phone.say("rate", knew="false")
    assert "Did you know" not in phone.text
    last = shop.engine.committed.room("w1").last
    assert last is not None
    assert (last.satisfied, last.knew) == (4, False)
    stored = shop.engine.store.call(last.id)
    assert stored is not None
    assert (stored.satisfied, stored.knew) == (4, False)


async def test_what_a_shopper_thought_is_not_shown_beside_who_came(
    shop: Client, phone: Phone
) -> None:
    ana = await shop.sign_on("Ana")
    await phone.say("call")
    path = f"/calls/{phone.call}"
    await serve_call(shop, ana, path)
    await phone.say("rate", satisfied=1, knew="true")
    assert "satisfied" not in (await shop.get(path)).text
    assert "ated" not in (await shop.http.get(path)).text.replace("estimated", "")


async def test_a_call_from_the_button_is_followed_and_cancelled(shop: Client, phone: Phone) -> None:
    await phone.see()
    await shop.engine.do(an_event())
    assert "Registered" in await phone.see(phone.path)
    assert phone.call
    assert "Cancelled" in await phone.say("cancel")
    assert is_open(shop) is None


async def test_the_next_shopper_sees_nothing_of_the_one_before(shop: Client, phone: Phone) -> None:
    ana = await shop.sign_on("Ana")
    await phone.say("call", need="ready-to-pay")
    await serve_call(shop, ana, f"/calls/{phone.call}")
    next_one = Phone(shop)
    assert "Do you need somebody?" in await next_one.see()
    assert "satisfied" not in next_one.text


async def test_who_comes_is_named_only_where_the_shop_says_so(shop: Client, phone: Phone) -> None:
    ana = await shop.sign_on("Ana")
    await phone.say("call")
    await shop.post(f"/calls/{phone.call}/acknowledge", ana)
    assert "Ana" not in await phone.see()
    await shop.engine.do(Configured(replace(a_plan(), shopper=ShopperPage(names=True))))
    assert "Ana is coming" in await phone.see()


async def test_a_mystery_call_is_no_shoppers(shop: Client, phone: Phone, house: House) -> None:
    for device in shop.engine.committed.plan.room_of:
        await shop.engine.do(DeviceSaid(device, DeviceStatus.ONLINE))
    house.clock.now += 11 * MINUTE
    answer = await shop.post("/rooms/w1/call", mystery=True)
    assert answer.status_code == 201
    assert "Do you need somebody?" in await phone.see()
    assert "Do you need somebody?" in await phone.see(f"{phone.path}?call={answer.json()['id']}")
    await phone.say("call")
    assert shop.engine.committed.calls["w1"].kind is Kind.NORMAL


async def test_what_was_rated_and_told_is_in_the_log(shop: Client, phone: Phone) -> None:
    ana = await shop.sign_on("Ana")
    await phone.say("call")
    path = f"/calls/{phone.call}"
    await shop.post(f"{path}/acknowledge", ana)
    await shop.post(f"{path}/reply", ana, phrase="model")
    await phone.say("answer", yes="false")
    await shop.post(f"{path}/arrive", ana)
    await shop.post(f"{path}/close", ana)
    await phone.say("rate", satisfied=3)
    db = shop.engine.store._db
    tables = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in PROJECTIONS}
    rebuild(db)
    assert tables == {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in PROJECTIONS}
    assert '"satisfied":3' in tables["call"][0][-1]


async def test_a_room_tells_nothing_of_another(shop: Client, phone: Phone) -> None:
    other = Phone(shop, "w2")
    await other.say("call", need="question")
    assert "Do you need somebody?" in await phone.see()
    assert "Do you need somebody?" in await phone.see(f"{phone.path}?call={other.call}")
    for do in ("cancel", "need", "answer", "rate"):
        await phone.say(do, call=other.call, need="other", yes="true", satisfied=1)
    assert is_open(shop, "w2") is State.RAISED
    theirs = shop.engine.committed.calls["w2"]
    assert theirs.need == "question"


async def test_a_page_that_lags_does_not_cancel_the_next_call(shop: Client, phone: Phone) -> None:
    await phone.say("call")
    old = phone.call
    await phone.say("cancel")
    await phone.say("call")
    await phone.say("cancel", call=old)
    assert is_open(shop) is State.RAISED


async def test_who_is_on_duty_finds_the_way_to_say_that_they_are_here(
    shop: Client, phone: Phone
) -> None:
    ana = await shop.sign_on("Ana")
    await phone.say("call")
    assert "say that you are here" not in await phone.see()
    answer = await shop.http.get(phone.at, headers={"Authorization": f"Bearer {ana}"})
    assert f'href="{phone.path}/here"' in answer.text


async def test_a_card_that_was_rotated_opens_nothing(shop: Client, phone: Phone) -> None:
    shop.app.state.cards.rotate("w1")
    assert "not valid any more" in await phone.see()
    assert phone.answer.status_code == 404
    await phone.say("call")
    assert phone.answer.status_code == 404
    assert is_open(shop) is None
    assert "Women 1" not in phone.answer.text
    assert "Do you need somebody?" in await Phone(shop).see()


async def test_a_closed_shop_says_so_and_hears_nobody(shop: Client, phone: Phone) -> None:
    await shop.engine.do(Configured(replace(a_plan(), hours=Hours("UTC", (None,) * 7))))
    assert "The shop is closed" in await phone.see()
    assert "Call somebody" not in phone.text
    assert "The shop is closed" in await phone.say("call")
    assert is_open(shop) is None


async def test_nothing_of_it_is_found_or_handed_on(shop: Client, phone: Phone) -> None:
    await phone.see()
    headers = phone.answer.headers
    assert "noindex" in headers["x-robots-tag"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "form-action 'self'" in headers["content-security-policy"]
    assert "set-cookie" not in headers
    assert not re.findall(r'(?:href|src|action)="(?!/)', phone.answer.text)


async def test_a_form_on_another_site_raises_nothing(shop: Client, phone: Phone) -> None:
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = await shop.http.post(phone.path, data={"do": "call"}, headers=foreign)
    assert answer.status_code == 403
    assert is_open(shop) is None


async def test_a_room_is_asked_for_six_times_in_ten_minutes_at_most(
    shop: Client, phone: Phone, house: House
) -> None:
    for _ in range(6):
        await phone.say("call")
        await phone.say("cancel")
    assert "too often" in await phone.say("call")
    assert phone.answer.status_code == 429
    assert phone.answer.headers["retry-after"]
    assert is_open(shop) is None
    assert "Registered" in await Phone(shop, "w2").say("call")  # another room is not to blame
    house.clock.now += 10 * MINUTE
    assert "Registered" in await phone.say("call")


async def test_one_address_cannot_play_with_all_rooms(shop: Client, house: House) -> None:
    phones = [Phone(shop, room) for room in ("w1", "w2", "m1") for _ in range(2)]
    refused = 0
    for index in count():
        await phones[index % len(phones)].say("cancel")
        refused += phones[index % len(phones)].answer.status_code == 429
        if index == 130:
            break
    assert refused >= 11
    house.clock.now += MINUTE
    await phones[0].say("cancel")
    assert phones[0].answer.status_code == 200


async def test_trying_tokens_is_slowed_down(shop: Client, phone: Phone, house: House) -> None:
    seen = [(await shop.http.get(f"/s/guess-{n}")).status_code for n in range(61)]
    assert seen == [404] * 60 + [429]
    await phone.see()
    assert phone.answer.status_code == 200
    house.clock.now += MINUTE
    assert (await shop.http.get("/s/guess")).status_code == 404


async def test_a_page_that_has_not_changed_is_not_sent_again(shop: Client, phone: Phone) -> None:
    await phone.say("call")
    await phone.see()
    tag = {"If-None-Match": phone.answer.headers["etag"]}
    assert (await shop.http.get(phone.at, headers=tag)).status_code == 304
    await phone.say("need", need="question")
    assert (await shop.http.get(phone.at, headers=tag)).status_code == 200


async def test_the_estimate_comes_from_real_walks(shop: Client, phone: Phone, house: House) -> None:
    ana = await shop.sign_on("Ana")
    for number in range(31):
        n = 2 * number + 1
        await shop.engine.do(an_event(n=n))
        call = shop.engine.committed.calls["w1"]
        await shop.post(f"/calls/{call.id}/acknowledge", ana)
        house.clock.now += 40 * SECOND + number * SECOND
        await shop.engine.do(an_event(n=n + 1, button="presence"))
        house.clock.now += 20 * SECOND
        await shop.post(f"/calls/{call.id}/close", ana)
        house.clock.now += MINUTE
    await phone.say("call")
    await shop.post(f"/calls/{phone.call}/acknowledge", ana)
    assert "In 1 to 2 min" in (await phone.see()).replace("\xa0", " ").replace("&nbsp;", " ")
    house.clock.now += 45 * SECOND
    assert "In about 1 min" in (await phone.see()).replace("\xa0", " ").replace("&nbsp;", " ")
    await shop.post(f"/calls/{phone.call}/reply", ana, phrase="wait", minutes=2)
    assert "2 minutes, please" in await phone.see()
    assert "In about" not in phone.text


# -- quick replies -------------------------------------------------------------------------------


async def test_another_size_is_not_in_stock(shop: Client, phone: Phone) -> None:
    ana = await shop.sign_on("Ana")
    await phone.say("call", need="another-size")
    path = f"/calls/{phone.call}"
    await shop.post(f"{path}/acknowledge", ana)
    body = {"phrase": "size", "missing": "M", "offer": "L"}
    answer = await shop.post(f"{path}/reply", ana, key="one", **body)
    assert answer.status_code == 200
    assert (await shop.post(f"{path}/reply", ana, key="one", **body)).status_code == 200
    assert "Not in M. Shall I bring L?" in await phone.see()
    assert "You said: yes" in await phone.say("answer", yes="true")
    reply = (await shop.get(path)).json()["reply"]
    assert reply.pop("at")
    assert reply == {"phrase": "size", "minutes": None, "missing": "M", "offer": "L", "yes": True}
    facts = [event["type"] for event in (await shop.get(path)).json()["events"]]
    assert facts.count("replied") == facts.count("answered") == 1
    story = (await shop.http.get(path)).text
    assert "told the shopper: not in M; L?" in story
    assert "The shopper said yes" in story


@pytest.mark.parametrize(
    "body",
    [
        {"phrase": "wait"},
        {"phrase": "wait", "minutes": 6},
        {"phrase": "model", "minutes": 2},
        {"phrase": "size", "missing": "M"},
        {"phrase": "size", "missing": "M", "offer": "<b>L</b>"},
        {"phrase": "shout"},
        {},
    ],
)
async def test_a_reply_is_a_phrase_with_all_its_blanks(
    shop: Client, body: dict[str, object]
) -> None:
    ana = await shop.sign_on("Ana")
    path = await shop.raised()
    await shop.post(f"{path}/acknowledge", ana)
    assert_problem(await shop.post(f"{path}/reply", ana, **body), 422)


async def test_who_may_not_reply_is_told_why(shop: Client) -> None:
    ana, boris = await shop.sign_on("Ana"), await shop.sign_on("Boris")
    path = await shop.raised()
    wait = {"phrase": "wait", "minutes": 2}
    assert_problem(await shop.post(f"{path}/reply", **wait), 401)
    await shop.post(f"{path}/acknowledge", ana)
    assert_problem(await shop.post(f"{path}/reply", boris, **wait), 409, "Ana has it")
    other = await shop.post(f"{path}/reply", ana, **wait, duty="of-yesterday")
    assert_problem(other, 409, "another shift")
    late = await shop.post(f"{path}/reply", ana, **wait, age_ms=90_000)
    assert_problem(late, 409, "waited too long")
    assert_problem(await shop.post("/calls/none/reply", ana, **wait), 404)


@pytest.fixture(autouse=True)
def _no_cookies(shop: Client) -> Iterator[None]:
    yield
    assert not shop.http.cookies


async def test_a_call_that_cannot_be_stored_is_not_called_registered(
    shop: Client, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    from overdoor.engine import NotStored

    async def full(said: object, also: object = ()) -> None:
        assert isinstance(said, ShopperAsks)
        raise NotStored("the disk is full")

    monkeypatch.setattr(shop.engine, "do", full)
    assert "not registered" in await phone.say("call")
    assert phone.answer.status_code == 503
