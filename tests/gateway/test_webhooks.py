"""Webhooks, posted to a real listener by a real engine."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from overdoor.config import ShopPart
from overdoor.config.programs import WebhookPart, may_lead_to
from overdoor.core.inputs import Answer, Configured, RoomServiced, Verb
from overdoor.core.model import Service
from overdoor.engine import Engine
from overdoor.hooks import Hooks
from overdoor.notify import webhooks
from overdoor.notify.webhooks import Webhooks
from overdoor.resources import folder
from overdoor.web import create_app

from .house import TIMEOUT_S, House
from .listeners import Heard, Listener, listening
from .shop import a_plan, an_event

SECRET = "whsec_" + "QUJD" * 8
LIFE = ("raised", "acknowledged", "arrived", "closed")
SOON = (0.02, 0.04)


class Receiver(Listener):
    """Refuses what `refuses` says, as often as it says."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: dict[str, int] = {}  # room → how often it still answers 500

    def answer(self, heard: Heard) -> tuple[int, bytes]:
        room = heard.json()["data"]["room"]
        if self.refuses.get(room, 0) > 0:
            self.refuses[room] -= 1
            return 500, b"not now"
        return super().answer(heard)

    async def takes(self, count: int) -> list[Heard]:
        """The next so many requests."""
        return [await asyncio.to_thread(self.next) for _ in range(count)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with listening(receiver):
        yield receiver


def a_hook(url: str, *events: str, **more: Any) -> WebhookPart:
    return WebhookPart(id="chat", url=url, secret=SECRET, events=events or LIFE, **more)


@asynccontextmanager
async def posting(
    engine: Engine, *parts: WebhookPart, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[Hooks]:
    board = Hooks()
    running = Webhooks(engine, "t", parts, board, SOON, timeout_s)
    try:
        yield board
    finally:
        await running.stop()


async def live(engine: Engine, room: str = "w1", n: int = 1) -> str:
    """A call from the press to its close; its id."""
    await engine.do(an_event(f"cp-{room}", n))
    call = engine.committed.calls[room].id
    for verb in (Verb.ACKNOWLEDGE, Verb.ARRIVE, Verb.CLOSE):
        await engine.do(Answer(call, verb, "ana"))
    return call


async def until(true: Any) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not true():
            await asyncio.sleep(0.01)


def types(heard: list[Heard]) -> list[str]:
    return [one.json()["type"] for one in heard]


async def test_each_transition_is_posted_as_standard_webhooks_has_it(
    house: House, receiver: Receiver
) -> None:
    async with house.open() as engine, posting(engine, a_hook(receiver.url + "/in?a=b")):
        call = await live(engine)
        heard = await receiver.takes(4)
    assert types(heard) == [*LIFE]
    for one in heard:
        assert one.path == "/in?a=b"
        Webhook(SECRET).verify(one.body, one.headers)
    assert heard[3].json()["data"] == {
        "v": 1,
        "shop": "t",
        "room": "w1",
        "name": "Women 1",
        "zone": "women",
        "zone_name": "Women",
        "event_type": "closed",
        "call": call,
        "at": heard[3].json()["timestamp"],
        "outcome": "served",
    }
    assert len({one.headers["webhook-id"] for one in heard}) == 4


async def test_a_forged_body_is_noticed(house: House, receiver: Receiver) -> None:
    async with house.open() as engine, posting(engine, a_hook(receiver.url)):
        await engine.do(an_event())
        [heard] = await receiver.takes(1)
    with pytest.raises(Exception, match="signature"):
        Webhook(SECRET).verify(heard.body.replace(b"w1", b"w2"), heard.headers)


async def test_what_is_refused_comes_again_in_its_order_and_holds_no_other_room_up(
    house: House, receiver: Receiver
) -> None:
    receiver.refuses["w1"] = 3
    async with house.open() as engine, posting(engine, a_hook(receiver.url)) as board:
        await live(engine)
        await live(engine, "w2")
        heard = await receiver.takes(4 + 3 + 4)
        hook = board.by_id["chat"]
        await until(lambda: hook.delivered == 8)
        assert (hook.failures, hook.waiting, hook.failing_since) == (3, 0, None)
    rooms = {
        room: [one for one in heard if one.json()["data"]["room"] == room] for room in ("w1", "w2")
    }
    assert types(rooms["w1"]) == ["raised"] * 4 + [*LIFE[1:]]
    assert types(rooms["w2"]) == [*LIFE]
    assert len({one.headers["webhook-id"] for one in rooms["w1"][:4]}) == 1


async def test_who_does_not_answer_is_asked_again(house: House, receiver: Receiver) -> None:
    receiver.silent.set()
    hook = a_hook(receiver.url)
    async with house.open() as engine, posting(engine, hook, timeout_s=0.2) as board:
        await engine.do(an_event())
        [first] = await receiver.takes(1)
        await until(lambda: board.by_id["chat"].failures)
        assert board.by_id["chat"].why == "no answer within 0.2 s"
        receiver.silent.clear()
        await until(lambda: board.by_id["chat"].delivered)
    assert receiver.next().headers["webhook-id"] == first.headers["webhook-id"]


async def test_what_waits_outlives_the_gateway_and_comes_once(
    house: House, receiver: Receiver
) -> None:
    receiver.refuses["w2"] = 10**6
    async with house.open() as engine, posting(engine, a_hook(receiver.url)) as board:
        await live(engine)
        await live(engine, "w2")
        await until(lambda: board.by_id["chat"].delivered == 4)
    async with house.open() as engine:  # without any webhook
        await live(engine, n=2)
    receiver.refuses.clear()
    while not receiver.heard.empty():
        receiver.next()
    async with house.open() as engine, posting(engine, a_hook(receiver.url)) as board:
        await live(engine, n=3)
        heard = await receiver.takes(12)
        await until(lambda: board.by_id["chat"].delivered == 12)
    assert receiver.heard.empty()
    for room, lives in (("w1", 2), ("w2", 1)):
        mine = [one for one in heard if one.json()["data"]["room"] == room]
        assert types(mine) == [*LIFE] * lives


async def test_a_new_webhook_hears_nothing_of_the_past(house: House, receiver: Receiver) -> None:
    async with house.open() as engine:
        await live(engine)
        async with posting(engine, a_hook(receiver.url)):
            await live(engine, n=2)
            heard = await receiver.takes(4)
    assert len({one.json()["data"]["call"] for one in heard}) == 1
    assert receiver.heard.empty()


async def test_only_the_events_it_asked_for_come(house: House, receiver: Receiver) -> None:
    hook = a_hook(receiver.url, "serviced", "closed")
    async with house.open() as engine, posting(engine, hook):
        await live(engine)
        await engine.do(RoomServiced("w1", Service.OUT, None))
        assert types(await receiver.takes(2)) == ["closed", "serviced"]


async def test_what_nobody_took_for_a_day_is_given_up_and_told(
    house: House, receiver: Receiver
) -> None:
    receiver.status = 503
    async with house.open() as engine, posting(engine, a_hook(receiver.url)) as board:
        await live(engine)
        await until(lambda: board.by_id["chat"].failures > 1)
        house.clock.now += 2 * 60_000
        app = create_app(engine, ShopPart(id="t", name="T"), folder("dashboard"), hooks=board)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            [warning] = (await http.get("/readyz")).json()["warnings"]
            assert warning.startswith("webhook chat has taken nothing since ")
            assert warning.endswith(": it answers 503")
            house.clock.now += webhooks.GIVE_UP_MS
            await until(lambda: board.by_id["chat"].given_up == 4)
            assert (
                "webhook chat was never told of 4 events"
                in ((await http.get("/readyz")).json()["warnings"])
            )
            numbers = (await http.get("/metrics")).text
            assert 'overdoor_webhook_given_up_total{webhook="chat"} 4.0' in numbers
            assert 'overdoor_webhook_waiting{webhook="chat"} 0.0' in numbers
    receiver.status = 200
    while not receiver.heard.empty():
        receiver.next()
    async with house.open() as engine, posting(engine, a_hook(receiver.url)):
        await live(engine, n=2)
        assert types(await receiver.takes(4)) == [*LIFE]


async def test_so_much_waits_and_no_more(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "WAITING_LIMIT", 5)
    receiver.silent.set()
    async with house.open() as engine, posting(engine, a_hook(receiver.url)) as board:
        await live(engine)
        await live(engine, "w2")
        hook = board.by_id["chat"]
        assert (hook.waiting, hook.given_up) == (5, 3)


async def test_a_room_that_is_gone_is_still_told_of(house: House, receiver: Receiver) -> None:
    receiver.refuses["w2"] = 10**6
    async with house.open() as engine, posting(engine, a_hook(receiver.url)) as board:
        await live(engine, "w2")
        await until(lambda: board.by_id["chat"].failures)
        plan = a_plan()
        rooms = {id_: room for id_, room in plan.rooms.items() if id_ != "w2"}
        await engine.do(Configured(type(plan)(zones=plan.zones, rooms=rooms)))
        receiver.refuses.clear()
        await until(lambda: board.by_id["chat"].delivered == 4)
    heard = [receiver.next() for _ in range(receiver.heard.qsize())]
    assert heard[-1].json()["data"]["name"] == "w2"


# -- where it may lead ---------------------------------------------------------------------------


async def test_a_redirect_is_not_followed(house: House, receiver: Receiver) -> None:
    receiver.status = 307
    async with house.open() as engine, posting(engine, a_hook(receiver.url)) as board:
        await engine.do(an_event())
        await until(lambda: board.by_id["chat"].failures)
        assert board.by_id["chat"].why == "it answers 307"


@pytest.mark.parametrize("host", ["localhost", "0x7f.1"])
async def test_a_name_that_leads_inside_is_posted_to_only_if_the_file_says_so(
    house: House, receiver: Receiver, host: str
) -> None:
    outside = a_hook(f"https://{host}:{receiver.port}")
    async with house.open() as engine, posting(engine, outside) as board:
        await engine.do(an_event())
        await until(lambda: board.by_id["chat"].failures)
        assert "say local = true" in board.by_id["chat"].why
    inside = a_hook(f"http://{host}:{receiver.port}", local=True)
    async with house.open() as engine, posting(engine, inside):
        await receiver.takes(1)


@pytest.mark.parametrize(
    ("address", "outside", "inside"),
    [
        ("93.184.216.34", True, True),
        ("2606:4700::1111", True, True),
        ("192.168.1.10", False, True),
        ("10.0.0.1", False, True),
        ("fd00::1", False, True),
        ("100.64.0.1", False, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("::ffff:192.168.1.10", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("255.255.255.255", False, False),
    ],
)
def test_where_a_webhook_may_lead(address: str, outside: bool, inside: bool) -> None:
    assert may_lead_to(address, local=False) is outside
    assert may_lead_to(address, local=True) is inside


def test_the_secret_is_not_in_what_is_logged_of_the_file(tmp_path: Path) -> None:
    assert SECRET not in repr(a_hook("https://chat.shop.example/"))
