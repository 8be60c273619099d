"""One device that says a thousand things a second, and the room beside it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from overdoor.bus import client
from overdoor.bus.flood import BURST, RATE, Measures
from overdoor.engine import Engine
from tests.gateway.broker import Broker, device, gateway
from tests.gateway.house import until

from .guarded import press

FLOOD = 1500


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    # As overdoor sets it up. Without, a mosquitto lets 1,000 messages wait and drops the others.
    queues = "max_inflight_messages 1000\nmax_queued_messages 10000\n"
    running = Broker("mosquitto", tmp_path_factory.mktemp("broker"), queues)
    yield running.port
    running.stop()


async def test_what_one_device_says_too_much_is_dropped_and_the_next_room_is_served(
    port: int, tmp_path: Path
) -> None:
    gate, thief = gateway(tmp_path, port), device(port, "cp-w2")
    async with gate as (engine, _), thief as flooding, device(port) as other:
        await other.signal("idle")
        with structlog.testing.capture_logs() as said:
            began = engine.clock()
            for n in range(1, FLOOD + 1):
                await flooding.publish("event", press(n, low=1))
            await other.receipt(1, await other.button(1))
            await other.signal("raised")
            took = (engine.clock() - began) / 1000
            await other.receipt(2, await other.button(2, gesture="hold"))  # all is handled
        receipts = [json.loads(p) for t, p, _ in flooding.heard if t.endswith("w2/receipt")]
        receipted = max(receipt["n"] for receipt in receipts)
        stored = _stored(engine.store.path, "cp-w2")
        assert stored <= BURST + took * RATE + 1 < FLOOD
        assert receipted < FLOOD
        complaints = [line for line in said if line["event"].startswith("a device says too")]
        assert [line["device"] for line in complaints] == ["cp-w2"]


def _stored(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        sql = "SELECT count(DISTINCT n) FROM event WHERE device = ? AND n IS NOT NULL"
        return int(db.execute(sql, (name,)).fetchone()[0])


async def test_a_status_that_went_with_a_flood_is_asked_for_again(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LOOK_EVERY_S", 0.2)
    running = gateway(tmp_path, port, "second")
    async with running as (engine, _), device(port, "cp-w2", "second") as flooding:
        await flooding.publish("status", b"online", retain=True)
        for n in range(1, 2 * BURST):
            await flooding.publish("event", press(n, low=1))
        await flooding.publish("status", b"sleeping", retain=True)
        await until(engine, lambda: _status(engine, "cp-w2") == "sleeping")


def _status(engine: Engine, name: str) -> str | None:
    known = engine.committed.devices.get(name)
    return str(known.status) if known is not None else None


def test_a_full_outbox_is_heard_whole_and_then_twenty_a_second() -> None:
    flood = Measures(RATE, BURST)
    assert all(flood.takes("cp-w1", 1000) for _ in range(BURST))
    assert not flood.takes("cp-w1", 1000)
    assert flood.takes("cp-w2", 1000)
    second = [flood.takes("cp-w1", 1000 + ms) for ms in range(1, 1001)]
    assert sum(second) == RATE


def test_a_flood_is_told_once_a_minute_with_how_much_was_dropped() -> None:
    flood = Measures(rate=20, burst=1)
    heard = [flood.takes("cp-w1", 0) for _ in range(4)]
    assert (heard, flood.complaint("cp-w1", 0)) == ([True, False, False, False], 3)
    assert not flood.takes("cp-w1", 1)
    assert flood.complaint("cp-w1", 59_999) is None
    assert flood.complaint("cp-w1", 60_000) == 1
