"""The ladder: page, push, channel, next step; with real listeners for what leaves the house."""

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.core.events import Fact
from overdoor.core.inputs import Answer, DeviceSaid, DutyStarted, Verb
from overdoor.core.model import DeviceStatus, Step
from overdoor.engine import Engine
from overdoor.notify import Ladder, rungs
from overdoor.notify.channels import Channels
from overdoor.notify.push import Push
from overdoor.reach import Reach, Rung, Told, allowed
from overdoor.store import reach as kept
from overdoor.store.reach import Row, Way
from overdoor.web.session import sign_on

from .house import TIMEOUT_S, House, settled
from .listeners import Browser, Heard, Listener, PushService, b64, listening, unb64
from .shop import an_event

BASE = "https://shop.example"
STEPS = (Step(0, "nearest"), Step(20_000, "zone"))


class Times:
    """What is to happen later happens when a test says that time has passed."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._gone: set[int] = set()
        self._numbers = count()

    def later(self, delay: float, then: Callable[[], None]) -> Any:
        number, gone = next(self._numbers), self._gone
        heapq.heappush(self._heap, (self.now + delay, number, then))

        class Handle:
            def cancel(self) -> None:
                gone.add(number)

        return Handle()

    def passes(self, seconds: float) -> None:
        until = self.now + seconds
        while self._heap and self._heap[0][0] <= until:
            self.now, number, then = heapq.heappop(self._heap)
            if number not in self._gone:
                then()
        self.now = until


class Hand:
    """A shop with a ladder, and the clock of its patience in the hand."""

    def __init__(self, engine: Engine, reach: Reach, times: Times) -> None:
        self.engine, self.reach, self.times = engine, reach, times
        self.rows: list[Row] = []
        self._news = asyncio.Event()
        self._n = count(1)
        reach.heard_by(self._hear)

    def _hear(self, row: Row) -> None:
        self.rows.append(row)
        self._news.set()

    async def noted(self, who: str, rung: Rung, state: Told) -> Row:
        """Waits until this is known."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for row in self.rows:
                    if (row.who, row.rung, row.state) == (who, rung, state):
                        return row
                self._news.clear()
                await self._news.wait()

    async def press(self, device: str = "cp-w1") -> str:
        """A press; the id of its call."""
        await self.engine.do(an_event(device, n=next(self._n)))
        room = self.engine.committed.plan.room_of[device]
        return self.engine.committed.calls[room].id

    async def on_duty(self, name: str = "Ana", *, pages: int = 1) -> str:
        """Somebody with so many open pages; the duty."""
        duty, _ = await sign_on(self.engine, name, "women")
        known = self.reach.pages
        self.reach.pages = lambda other: pages if other == duty else known(other)
        return duty

    def subscribe(self, duty: str, browser: Browser, endpoint: str) -> None:
        keys = browser.subscription(endpoint)["keys"]
        self.reach.add(Way(duty, kept.PUSH, endpoint, keys, BASE))

    def states(self, who: str, rung: Rung) -> list[str]:
        return [row.state for row in self.rows if row.who == who and row.rung == rung]

    def light(self, device: str = "cp-w1") -> str:
        """What the lights of a device were last told."""
        room = self.engine.committed.plan.room_of[device]
        call = self.engine.committed.calls[room]
        return "offline" if call.unreached else call.state


@asynccontextmanager
async def a_ladder(
    house: House, push: Push | None = None, channels: Channels | None = None, **policy: Any
) -> AsyncIterator[Hand]:
    async with house.open(**({"steps": STEPS} | policy)) as engine:
        reach, times = Reach(engine), Times()
        hand = Hand(engine, reach, times)
        ladder = Ladder(engine, reach, push, channels, times.later)
        try:
            yield hand
        finally:
            ladder.stop()


async def comes(listener: Listener) -> Heard:
    """The next request, without holding the loop up."""
    return await asyncio.to_thread(listener.next)


@pytest.fixture
def service() -> Iterator[PushService]:
    with ExitStack() as stack:
        service = PushService()
        stack.enter_context(listening(service))
        yield service


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    with ExitStack() as stack:
        listener = Listener()
        stack.enter_context(listening(listener))
        yield listener


@pytest.fixture
def push(tmp_path: Path) -> Push:
    return Push(tmp_path, "mailto:it@shop.example")


def test_the_test_browser_decrypts_the_example_of_rfc_8291() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = int.from_bytes(unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    key = ec.derive_private_key(secret, ec.SECP256R1())
    body = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc"
        "InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV"
        "WGNWQexSgSxsj_Qulcy4a-fN"
    )
    said = Browser(key, unb64("BTBZMqHH6r4Tts7J_aSIgg")).decrypt(unb64(body))
    assert said == b"When I grow up, I want to be a watermelon"


# -- the open page -------------------------------------------------------------------------------


async def test_a_page_that_is_shown_ends_the_climb(
    house: House, push: Push, service: PushService
) -> None:
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty()
        hand.subscribe(ana, Browser(), f"{service.url}/push/1")
        call = await hand.press()
        hand.reach.receipt(call, ana, Rung.PAGE, Told.SHOWN)
        hand.times.passes(60)
        assert hand.states(ana, Rung.PAGE) == ["sent", "shown"]
        assert hand.states(ana, Rung.PUSH) == []
        assert service.heard.empty()


async def test_a_page_in_a_pocket_proves_nothing(
    house: House, push: Push, service: PushService
) -> None:
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty()
        hand.subscribe(ana, Browser(), f"{service.url}/push/1")
        call = await hand.press()
        hand.reach.receipt(call, ana, Rung.PAGE, Told.RECEIVED)
        hand.times.passes(2.9)
        assert hand.states(ana, Rung.PUSH) == []
        hand.times.passes(0.2)
        await hand.noted(ana, Rung.PUSH, Told.SENT)


# -- web push ------------------------------------------------------------------------------------


async def test_a_push_is_what_the_standards_and_apple_want(
    house: House, push: Push, service: PushService
) -> None:
    browser = Browser()
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty(pages=0)
        hand.subscribe(ana, browser, f"{service.url}/push/1")
        call = await hand.press()
        await hand.noted(ana, Rung.PUSH, Told.SENT)
        heard = await comes(service)
        assert heard.path == "/push/1"
        assert heard.headers["topic"] == call
        assert service.said["sub"] == "mailto:it@shop.example"
        assert b64(service.key) == push.key
        said = json.loads(browser.decrypt(heard.body))
        assert said["web_push"] == 8030
        assert said["mutable"] is True
        note = said["notification"]
        assert (note["title"], note["tag"], note["silent"]) == ("Women 1", call, False)
        assert note["body"] == "Somebody calls · Women"
        assert note["navigate"] == f"{BASE}/handheld"
        assert [action["action"] for action in note["actions"]] == ["acknowledge"]
        assert hand.states(ana, Rung.PUSH) == ["queued", "sent"]


def test_the_key_is_made_once_and_nobody_else_reads_it(tmp_path: Path) -> None:
    first = Push(tmp_path, "mailto:it@shop.example")
    assert Push(tmp_path, "mailto:it@shop.example").key == first.key
    assert (tmp_path / "vapid.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten_and_the_next_rung_tried_at_once(
    house: House, push: Push, service: PushService, elsewhere: Listener, status: int
) -> None:
    service.status = status
    async with a_ladder(house, push, Channels({})) as hand:
        ana = await hand.on_duty(pages=0)
        hand.subscribe(ana, Browser(), f"{service.url}/push/1")
        hand.reach.add(Way(ana, kept.CHANNEL, f"ntfy://127.0.0.1:{elsewhere.port}/ana", {}, ""))
        await hand.press()
        assert (await comes(elsewhere)).json()["title"] == "Women 1"
        assert hand.reach.ways(ana, kept.PUSH) == []
        assert hand.states(ana, Rung.PUSH) == ["queued", "failed"]
        await settled(hand.engine)
        assert [way.kind for way in kept.ways(hand.engine.store)] == ["channel"]


async def test_a_push_service_with_a_bad_day_keeps_the_subscription(
    house: House, push: Push, service: PushService
) -> None:
    service.status = 503
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty(pages=0)
        hand.subscribe(ana, Browser(), f"{service.url}/push/1")
        await hand.press()
        row = await hand.noted(ana, Rung.PUSH, Told.FAILED)
        assert row.detail == "the push service says 503"
        assert len(hand.reach.ways(ana, kept.PUSH)) == 1


async def test_a_push_service_that_hangs_delays_no_press(
    house: House, push: Push, service: PushService
) -> None:
    service.silent.set()
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty(pages=0)
        for number in range(12):  # more than there are threads
            hand.subscribe(ana, Browser(), f"{service.url}/push/{number}")
        await hand.press()
        await comes(service)  # it hangs by now
        call = await hand.press("cp-w2")
        assert hand.engine.committed.call(call) is not None
        assert hand.states(ana, Rung.PUSH) == ["queued", "queued"]  # nothing came of any


async def test_no_receipt_of_a_push_in_eight_seconds_climbs(
    house: House, push: Push, service: PushService, elsewhere: Listener
) -> None:
    async with a_ladder(house, push, Channels({})) as hand:
        ana = await hand.on_duty(pages=0)
        hand.subscribe(ana, Browser(), f"{service.url}/push/1")
        hand.reach.add(Way(ana, kept.CHANNEL, f"ntfy://127.0.0.1:{elsewhere.port}/ana", {}, ""))
        await hand.press()
        await hand.noted(ana, Rung.PUSH, Told.SENT)
        hand.times.passes(7.9)
        assert hand.states(ana, Rung.CHANNEL) == []
        hand.times.passes(0.2)
        said = await comes(elsewhere)
        assert said.json()["topic"] == "ana"
        assert said.json()["message"] == "Somebody calls · Women"


async def test_taken_by_somebody_else_the_notification_says_so_under_the_same_tag(
    house: House, push: Push, service: PushService
) -> None:
    browser = Browser()
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty(pages=0)
        hand.subscribe(ana, browser, f"{service.url}/push/1")
        call = await hand.press()
        await hand.noted(ana, Rung.PUSH, Told.SENT)
        boris = await hand.on_duty("Boris")
        await hand.engine.do(Answer(call, Verb.ACKNOWLEDGE, boris))
        await hand.noted(ana, Rung.PUSH, Told.WITHDRAWN)
        first, second = await comes(service), await comes(service)
        assert first.headers["topic"] == second.headers["topic"] == call
        note = json.loads(browser.decrypt(second.body))["notification"]
        assert (note["tag"], note["silent"], note["body"]) == (call, True, "Boris has it")
        assert note["data"] == {"call": call, "over": True}
        assert note["actions"] == []


async def test_with_the_shift_the_subscription_goes(house: House, push: Push) -> None:
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty()
        hand.subscribe(ana, Browser(), "https://fcm.googleapis.com/1")
        await sign_on(hand.engine, "Ana", "men")  # ends the earlier shift
        await settled(hand.engine)
        assert hand.reach.ways(ana, kept.PUSH) == []
        assert kept.ways(hand.engine.store) == []


# -- channels ------------------------------------------------------------------------------------


async def test_a_step_pages_a_channel(house: House, elsewhere: Listener) -> None:
    url = f"json://127.0.0.1:{elsewhere.port}/calls"
    steps = (Step(0, "channel:office"),)
    async with a_ladder(house, None, Channels({"office": url}), steps=steps) as hand:
        hand.reach.channels = {"office": (None, None)}
        await hand.press()
        await hand.noted("channel:office", Rung.CHANNEL, Told.SENT)
        heard = await comes(elsewhere)
        assert heard.path == "/calls"
        assert (heard.json()["title"], heard.json()["message"]) == (
            "Women 1",
            "Somebody calls · Women",
        )
        hand.times.passes(60)
        await settled(hand.engine)
        assert hand.light() == "raised"  # it took it, and cannot give a receipt
        took, trouble = hand.reach.channels["office"]
        assert took is not None
        assert trouble is None


async def test_a_channel_that_fails_gives_way_to_the_next_step_at_once(
    house: House, elsewhere: Listener
) -> None:
    elsewhere.status = 500
    url = f"json://127.0.0.1:{elsewhere.port}/calls"
    steps = (Step(0, "channel:office"), Step(600_000, "shop"))
    async with a_ladder(house, None, Channels({"office": url}), steps=steps) as hand:
        hand.reach.channels = {"office": (None, None)}
        ana = await hand.on_duty()
        await hand.press()
        await hand.noted("channel:office", Rung.CHANNEL, Told.FAILED)
        await settled(hand.engine)
        assert hand.states(ana, Rung.PAGE) == ["sent"]
        assert hand.reach.channels["office"][1] == "the channel did not take it"


async def test_a_channel_is_told_once_for_each_call(house: House, elsewhere: Listener) -> None:
    async with a_ladder(house, None, Channels({}), steps=(Step(0, "shop"),)) as hand:
        ana = await hand.on_duty(pages=0)
        hand.reach.add(Way(ana, kept.CHANNEL, f"ntfy://127.0.0.1:{elsewhere.port}/ana", {}, ""))
        call = await hand.press()
        await hand.noted(ana, Rung.CHANNEL, Told.SENT)
        hand.times.passes(60)
        house.clock.now += 30_000
        await hand.engine.do(an_event("cp-w1", n=2))  # pressed again: paged again
        hand.times.passes(60)
        await settled(hand.engine)
        assert hand.states(ana, Rung.CHANNEL).count("queued") == 2
        assert (await comes(elsewhere)).json()["title"] == "Women 1"
        assert elsewhere.heard.empty()
        assert hand.engine.committed.call(call) is not None


async def test_after_a_chime_elsewhere_the_channel_is_quiet(
    house: House, elsewhere: Listener
) -> None:
    async with a_ladder(house, None, Channels({})) as hand:
        ana = await hand.on_duty()
        hand.reach.add(Way(ana, kept.CHANNEL, f"ntfy://127.0.0.1:{elsewhere.port}/ana", {}, ""))
        call = await hand.press()
        assert hand.reach.may_chime(call, ana, Rung.PAGE)
        hand.times.passes(3)
        said = await comes(elsewhere)
        assert said.headers["x-priority"] == "min"  # ntfy: no sound, no vibration


# -- chimes --------------------------------------------------------------------------------------


async def test_chimes_are_counted_for_each_person_and_call_over_all_rungs(house: House) -> None:
    async with a_ladder(house) as hand:
        ana, boris = await hand.on_duty(), await hand.on_duty("Boris")
        call = await hand.press()
        may = hand.reach.may_chime
        assert [may(call, ana, rung) for rung in (Rung.PUSH, Rung.PAGE, Rung.PAGE)] == [
            True,
            False,
            False,
        ]
        assert may(call, boris, Rung.PAGE)
        for _ in range(3):  # raised again and again: one repeat, and never more
            house.clock.now += 1_000
            await hand.engine.do(Answer(call, Verb.ACKNOWLEDGE, ana))
            house.clock.now += 1_000
            await hand.engine.do(Answer(call, Verb.UNDO, ana))
            may(call, ana, Rung.PAGE)
        await settled(hand.engine)
        chimed = [row for row in hand.reach.rows(call) if row.state == Told.CHIMED]
        assert [row.who for row in chimed] == [ana, boris, ana]
    async with a_ladder(house) as hand:  # and over a restart
        assert not hand.reach.may_chime(call, ana, Rung.PAGE)


# -- nobody --------------------------------------------------------------------------------------


async def test_nobody_shows_it_so_the_next_step_does_not_wait(house: House) -> None:
    async with a_ladder(house) as hand:
        ana, boris = await hand.on_duty(), await hand.on_duty("Boris")
        await hand.press()
        first = hand.engine.committed.calls["w1"].paged
        assert len(first) == 1
        hand.times.passes(3)
        await settled(hand.engine)
        assert {*hand.engine.committed.calls["w1"].paged} == {ana, boris}
        assert hand.light() == "raised"  # others are being tried


async def test_when_all_rungs_failed_ring_and_record_say_so_until_a_receipt_comes(
    house: House,
) -> None:
    async with a_ladder(house) as hand:
        ana = await hand.on_duty()
        call = await hand.press()
        hand.times.passes(3)
        await settled(hand.engine)
        assert hand.light() == "offline"
        assert hand.engine.committed.calls["w1"].state == "raised"  # the lamp is for everyone
        hand.reach.receipt(call, ana, Rung.PAGE, Told.SHOWN)  # pushes were seen after 44 s
        await settled(hand.engine)
        assert hand.light() == "raised"
        assert house.facts()[-2:] == [Fact.UNREACHED, Fact.REACHED]


async def test_what_a_pager_shows_has_reached_somebody(house: House) -> None:
    async with a_ladder(house) as hand:
        await hand.on_duty()
        await hand.engine.do(DeviceSaid("pg-1", DeviceStatus.ONLINE))
        call = await hand.press()
        waiting = hand.engine.committed.calls["w1"]
        hand.reach.listed("pg-1", 7, (waiting,))
        hand.reach.pager_shows("pg-1", 6)  # of the list before
        assert hand.states("pg-1", Rung.PAGER) == []
        hand.reach.pager_shows("pg-1", 7)
        hand.reach.pager_shows("pg-1", 7)
        assert hand.states("pg-1", Rung.PAGER) == ["shown"]
        hand.times.passes(60)
        await settled(hand.engine)
        assert hand.light() == "raised"
        assert hand.engine.committed.call(call) is not None


async def test_a_pager_whose_carrier_declined_reaches_nobody(house: House) -> None:
    async with a_ladder(house) as hand:
        await hand.on_duty()
        call = await hand.press()
        hand.reach.listed("pg-1", 7, (hand.engine.committed.calls["w1"],))
        hand.reach.pager_shows("pg-1", 7)
        await hand.engine.do(Answer(call, Verb.DECLINE, "pg-1"))
        hand.times.passes(60)
        await settled(hand.engine)
        assert hand.light() == "offline"


async def test_with_nobody_on_duty_the_lamp_alone_calls(house: House) -> None:
    async with a_ladder(house) as hand:
        await hand.press()
        hand.times.passes(600)
        await settled(hand.engine)
        assert hand.light() == "raised"


async def test_who_comes_is_asked_before_those_who_gave_no_sign(house: House) -> None:
    async with a_ladder(house, steps=(Step(0, "nearest"),)) as hand:
        ana = await hand.on_duty()
        await hand.press()
        hand.times.passes(3)
        await settled(hand.engine)
        assert hand.light() == "offline"
        await hand.engine.do(DutyStarted("chen", "men"))  # farther away
        paged = [e for turn in house.turns for e in turn.events if e.fact is Fact.PAGED]
        assert [e.data["duties"] for e in paged] == [[ana], ["chen"]]


async def test_after_a_restart_the_climb_begins_anew(
    house: House, push: Push, service: PushService
) -> None:
    async with a_ladder(house, push) as hand:
        ana = await hand.on_duty(pages=0)
        hand.subscribe(ana, Browser(), f"{service.url}/push/1")
        await hand.press()
        await hand.noted(ana, Rung.PUSH, Told.SENT)
        await comes(service)
    async with a_ladder(house, push) as hand:
        await hand.noted(ana, Rung.PUSH, Told.SENT)
        assert (await comes(service)).path == "/push/1"


async def test_who_answers_is_in_the_record(house: House) -> None:
    async with a_ladder(house) as hand:
        ana = await hand.on_duty()
        call = await hand.press()
        await hand.engine.do(Answer(call, Verb.ACKNOWLEDGE, ana))
        hand.times.passes(60)
        await settled(hand.engine)
        assert [row.state for row in hand.reach.rows(call)] == ["sent", "acted"]


# -- pure parts ----------------------------------------------------------------------------------


@given(
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.lists(st.sampled_from([None, *((r, t) for r in Rung for t in Told)]), max_size=20),
)
def test_a_climb_ends_and_only_proof_proves(
    has: tuple[bool, bool, bool], steps: list[tuple[Rung, Told] | None]
) -> None:
    climb = rungs.begin(page=has[0], push=has[1], channel=has[2])
    assert climb.rung is not None
    order = [climb.rung]
    for step in steps:
        climb = climb.next() if step is None else climb.heard(*step)
        if climb.rung is not None and climb.rung is not order[-1]:
            order.append(climb.rung)
    proofs = [step for step in steps if step and step[1] in (Told.SHOWN, Told.ACTED)]
    assert (climb.proved is not None) == bool(proofs)
    assert order == sorted(order, key=list(Rung).index)
    for _ in Rung:
        climb = climb.next()
    assert climb.over


@pytest.mark.parametrize(
    ("endpoint", "is_allowed"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://web.push.apple.com/x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilpush.apple.com/x", False),
        ("https://user@127.0.0.1/x", False),
        ("file:///etc/passwd", False),
        ("https://[", False),
    ],
)
def test_only_known_push_services_are_spoken_to(endpoint: str, is_allowed: bool) -> None:
    assert allowed(endpoint, ("fcm.googleapis.com", "*.push.apple.com")) is is_allowed
