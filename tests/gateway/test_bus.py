"""The gateway on real brokers, against a bare client that follows the contract."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from overdoor.authority import BROKER, BROKER_KEY, CA, Authority
from overdoor.bus import Address, Bus, TakenOver
from overdoor.engine import Engine
from overdoor.store import Store
from overdoor.store.telemetry import history, reboots
from overdoor.web import views

from .broker import HOST, Broker, device, gateway
from .house import TIMEOUT_S, until
from .shop import BOOT, a_plan

_numbers = count()


@pytest.fixture(scope="module", params=["mosquitto", "iotcore"])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    running = Broker(request.param, tmp_path_factory.mktemp("broker"))
    yield running
    running.stop()


@pytest.fixture
def port(broker: Broker) -> int:
    return broker.port


@pytest.fixture
def shop_id() -> str:
    """A shop of its own for each test, so that nothing retained is shared."""
    return f"shop-{next(_numbers)}"


async def test_a_ca_that_is_away_ends_no_gateway_and_counts_once_it_is_back(tmp_path: Path) -> None:
    authority = Authority.of(tmp_path / "tls", "Test", [HOST])
    authority.issue_for_broker([HOST])
    files = f"certfile {authority.folder / BROKER}\nkeyfile {authority.folder / BROKER_KEY}\n"
    broker = Broker("mosquitto", tmp_path, f"{files}user root\n")
    ca = (authority.folder / CA).rename(tmp_path / "away.pem")
    engine = Engine(Store(tmp_path / "data"))
    engine.start(a_plan())
    bus = Bus(engine, "test", Address(HOST, broker.port, tls=True, ca=str(authority.folder / CA)))
    running = asyncio.create_task(bus.run())
    try:
        await asyncio.wait({running}, timeout=0.05)
        assert not running.done()
        ca.rename(authority.folder / CA)
        async with asyncio.timeout(TIMEOUT_S):
            await bus.connected.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        engine.stop()
        broker.stop()


async def test_a_press_is_receipted_and_answered_by_a_signal(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    async with gateway(tmp_path, port, shop_id) as (engine, _), device(port, shop=shop_id) as cp:
        await cp.signal("idle")
        await cp.button(1)
        signal = await cp.signal("raised")
        await cp.receipt(1)
        assert signal["call"] == engine.committed.calls["w1"].id


async def test_a_repeat_is_receipted_again_and_changes_nothing(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    async with gateway(tmp_path, port, shop_id) as (engine, _), device(port, shop=shop_id) as cp:
        await cp.button(1)
        await cp.receipt(1)
        before = engine.store.last_seq()
        start = await cp.button(1, age_ms=5000)
        await cp.receipt(1, start)
        assert engine.store.last_seq() == before


PLAIN: dict[str, Any] = {"v": 1, "boot": BOOT, "n": 1, "low": 1, "type": "button"}
PLAIN |= {"button": "call", "gesture": "press", "age_ms": 0}


def but(**other: Any) -> bytes:
    """A press with something wrong."""
    return json.dumps(PLAIN | other).encode()


MALFORMED = {
    "cut": ("event", but()[:-1]),
    "empty": ("event", b""),
    "list": ("event", b"[1]"),
    "wrong-types": ("event", but(n="1", boot=5)),
    "wrong-button": ("event", but(button=["call"])),
    "infinite": ("event", but(x=0)[:-2] + b"1e999}"),
    "surrogate": ("event", but(type="\ud800")),
    "no-utf-8": ("event", b'{"boot":"\xff\xfe"}'),
    "negative-age": ("event", but(age_ms=-5)),
    "absurd-age": ("event", but(age_ms=10**30)),
    "low-above-n": ("event", but(low=9)),
    "alphabet": ("event", but(boot="ZZZZZZZZZZZZ")),
    "megabyte": ("event", but(note="x" * (1 << 20))),
    "deep": ("event", b"[" * 50_000),
    "status": ("status", b"\xffonline"),
    "info": ("info", b'{"model":"\\ud800","caps":[[],{}]}'),
    "unknown-leaf": ("event/x", but()),
}


@pytest.mark.parametrize(("leaf", "payload"), MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_message_does_not_disturb_the_next_good_one(
    broker: Broker, shop_id: str, tmp_path: Path, leaf: str, payload: bytes
) -> None:
    port = broker.port
    if broker.kind == "iotcore":
        payload = payload[:10_000]  # it ends the connection of who sends more than 20 kB
    async with gateway(tmp_path, port, shop_id) as (_, running), device(port, shop=shop_id) as cp:
        await cp.publish(leaf, payload)
        start = await cp.button(2)
        await cp.receipt(2, start)
        await cp.signal("raised", start)
        assert not running.done()


@pytest.mark.parametrize("name", ["CP-W1", "a" * 33, "cp_w1", "cp w1"])
async def test_a_device_with_an_impossible_id_is_not_listened_to(
    port: int, shop_id: str, tmp_path: Path, name: str
) -> None:
    async with (
        gateway(tmp_path, port, shop_id) as (engine, _),
        device(port, name, shop_id) as odd,
        device(port, shop=shop_id) as cp,
    ):
        await odd.button(1)
        await cp.receipt(1, await cp.button(1))
        assert name not in engine.committed.devices


async def test_an_unknown_device_is_receipted_shown_offline_and_listed(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    async with (
        gateway(tmp_path, port, shop_id) as (engine, _),
        device(port, "new-1", shop_id) as new,
    ):
        await new.button(1)
        await new.receipt(1)
        await new.signal("offline")
        assert views.live(engine, ZoneInfo("UTC"))["strangers"] == ["new-1"]


async def test_what_a_device_tells_of_itself_is_kept(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    info = {"v": 1, "kind": "callpoint", "caps": ["call"], "boot": BOOT, "rssi": -61}
    async with (
        device(port, shop=shop_id) as cp,
        gateway(tmp_path, port, shop_id) as (engine, _),
    ):
        for n, heap in ((1, 90_000), (2, 80_000)):
            told = info | {"heap_free": heap, "uptime_s": 300, "outbox": 0}
            await cp.publish("info", json.dumps(told).encode(), retain=True)
            await cp.receipt(n, await cp.button(n))
        heaps = [row["heap_free"] for row in history(engine.store, "cp-w1")]
        assert heaps == [80_000, 90_000]
        assert reboots(engine.store, "cp-w1", 0) == 1


async def test_a_retained_event_is_no_press(port: int, shop_id: str, tmp_path: Path) -> None:
    async with device(port, shop=shop_id) as cp:
        await cp.publish("event", but(), retain=True)
        async with gateway(tmp_path, port, shop_id) as (engine, _):
            await cp.receipt(2, await cp.button(2, button="presence"))
            assert "w1" not in engine.committed.calls
        await cp.publish("event", b"", retain=True)


async def test_a_retained_info_that_is_not_understood_does_not_stop_a_gateway_from_starting(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    async with device(port, shop=shop_id) as cp:
        await cp.publish("info", b'{"model":"\\ud800"}', retain=True)
        async with gateway(tmp_path, port, shop_id) as (_, running):
            await cp.receipt(1, await cp.button(1))
            assert not running.done()


async def test_a_device_that_comes_late_finds_signal_receipt_room_and_status_retained(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    async with gateway(tmp_path, port, shop_id):
        async with device(port, shop=shop_id) as cp:
            await cp.receipt(1, await cp.button(1))
            await cp.signal("raised")
        async with device(port, shop=shop_id) as again:
            await again.signal("raised")
            await again.receipt(1)
            await again.until(lambda t, p: t == "room/w1/call" and b'"raised"' in p)
            await again.until(lambda t, p: (t, p) == ("gateway/status", b"online"))
            assert all(retained for _, _, retained in again.heard)


@pytest.mark.parametrize("kind", ["mosquitto", "iotcore"])
async def test_a_broker_that_comes_back_empty_is_told_everything_again(
    kind: str, tmp_path: Path
) -> None:
    broker = Broker(kind, tmp_path)
    try:
        async with gateway(tmp_path, broker.port) as (engine, _):
            async with device(broker.port) as cp:
                await cp.receipt(1, await cp.button(1))
            broker.stop()
            await until(engine, lambda: not engine.broker_up)
            broker.start()
            await until(engine, lambda: engine.broker_up)
            async with device(broker.port) as cp:
                await cp.signal("raised")
                await cp.receipt(1)
                await cp.until(lambda t, p: (t, p) == ("gateway/status", b"online"))
    finally:
        broker.stop()


async def test_a_gateway_stops_when_another_takes_its_place(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    async with (
        gateway(tmp_path / "a", port, shop_id) as (_, first),
        gateway(tmp_path / "b", port, shop_id) as (_, second),
    ):
        with pytest.raises(TakenOver, match=shop_id):
            await asyncio.wait_for(asyncio.shield(first), TIMEOUT_S)
        async with device(port, shop=shop_id) as cp:
            await cp.button_until_receipted(1)
        assert not second.done()


async def test_a_foreign_word_in_between_does_not_stop_a_gateway(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    async with (
        gateway(tmp_path, port, shop_id) as (_, running),
        device(port, shop=shop_id) as cp,
    ):
        await cp.until(lambda t, _: t == "gateway/instance")
        start = len(cp.heard)
        await cp.shout("gateway/instance", b"x")
        await cp.until(lambda t, p: t == "gateway/instance" and p != b"x", start)
        assert not running.done()


async def test_what_left_the_plan_is_cleared_from_the_broker(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    rooms = {name: room for name, room in a_plan().rooms.items() if name != "w1"}
    async with device(port, shop=shop_id) as cp:
        async with gateway(tmp_path, port, shop_id):
            await cp.receipt(1, await cp.button(1))
            await cp.signal("raised")
        start = len(cp.heard)
        async with gateway(tmp_path, port, shop_id, replace(a_plan(), rooms=rooms)):
            await cp.signal("idle", start)
            for topic in ("device/cp-w1/signal", "device/cp-w1/receipt", "room/w1/call"):
                await cp.until(lambda t, p, topic=topic: (t, p) == (topic, b""), start)


class Tap:
    """A relay between gateway and broker that notes when the gateway acknowledges an event."""

    def __init__(self, port: int, note: Callable[[], None]) -> None:
        self._port, self._note = port, note
        self._events: set[bytes] = set()  # packet ids of events on their way to the gateway
        self.ended = asyncio.Event()

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(HOST, self._port)
        back = asyncio.create_task(self._relay(there_reader, writer, self._to_gateway))
        await self._relay(reader, there_writer, self._to_broker)
        for end in (there_writer, writer):
            end.close()
        await asyncio.gather(back, return_exceptions=True)
        self.ended.set()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        look: Callable[[int, bytes], None],
    ) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(1)
                size = shift = 0
                while len(head) == 1 or head[-1] > 127:
                    head += await reader.readexactly(1)
                    size |= (head[-1] & 127) << shift
                    shift += 7
                body = await reader.readexactly(size)
                look(head[0] >> 4, body)
                writer.write(head + body)

    def _to_gateway(self, kind: int, body: bytes) -> None:
        topic_ends = 2 + int.from_bytes(body[:2], "big")
        if kind == 3 and body[:topic_ends].endswith(b"/event"):  # PUBLISH
            self._events.add(body[topic_ends : topic_ends + 2])

    def _to_broker(self, kind: int, body: bytes) -> None:
        if kind == 4 and body in self._events:  # PUBACK
            self._events.discard(body)
            self._note()


async def test_the_broker_gets_its_acknowledgement_only_after_the_commit(
    port: int, shop_id: str, tmp_path: Path
) -> None:
    order: list[str] = []
    acknowledged = asyncio.Event()

    def note() -> None:
        order.append("acknowledged")
        acknowledged.set()

    tap = Tap(port, note)
    relay = await asyncio.start_server(tap.join, HOST, 0)
    async with (
        relay,
        gateway(tmp_path, relay.sockets[0].getsockname()[1], shop_id) as (engine, _),
        device(port, shop=shop_id) as cp,
    ):
        await cp.signal("idle")
        with closing(sqlite3.connect(tmp_path / "overdoor.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody else can write
            engine.listen(lambda done: order.append("stored") if done.events else None)
            await cp.button(1)
            async with asyncio.timeout(TIMEOUT_S):
                while "w1" not in engine._shop.calls:  # not decided yet
                    await asyncio.sleep(0)
            other.execute("ROLLBACK")
        await asyncio.wait_for(acknowledged.wait(), TIMEOUT_S)
        assert order == ["stored", "acknowledged"]
    await asyncio.wait_for(tap.ended.wait(), TIMEOUT_S)
