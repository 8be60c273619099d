"""A shop of thousands of rooms: how long it takes to start, and what it costs to wait."""

import asyncio
import json
import resource
import sqlite3
import time
from asyncio.subprocess import Process
from contextlib import AsyncExitStack
from pathlib import Path

from overdoor.bus.payloads import Nonsense, parse_info
from overdoor.config import read
from overdoor.core import inputs
from overdoor.core.events import Event
from overdoor.core.model import DeviceStatus, Shop
from overdoor.core.step import step
from overdoor.store import Store
from overdoor.store.projections import Changes, append
from tests.bench import place
from tests.bench.client import Client
from tests.bench.rooms import DEVICE

ROOMS = 5000
EVENTS = 1_000_000
DAYS_MOST = 250
KEEP_ALIVE_S = 30
INFO_EVERY_S = 300
STATUS = {"v": 1, "kind": "callpoint", "model": "bench", "firmware": "1", "boot": "0123456789ab"}
_COPY_EVENTS = """
    INSERT INTO event (at, noted_at, fact, room, call, duty, device, boot, n, key, data)
    SELECT at + ?1, noted_at + ?1, fact, room, ?2 || substr(call, 5), duty, device,
           ?2 || substr(boot, 5), n, key, data
    FROM event WHERE seq <= ?3 AND fact NOT IN ('configured', 'status', 'described')
"""
_COPY_CALLS = """
    INSERT INTO call SELECT ?2 || substr(id, 5), room, zone, kind, state, outcome,
        raised_at + ?1, arrived_at + ?1, closed_at + ?1, voided, body
    FROM call WHERE id >= '0100'
"""


def history(config: Path, wanted: int = EVENTS, *, ended_days_ago: int = 1) -> int:
    """Writes the log of a busy month: real calls of one day, copied. How many events it has.

    That day was long ago; the copies are the days up to the last one.
    """
    shop, day = Shop(), 86_400_000
    now = time.time_ns() // 1_000_000 - (ended_days_ago + DAYS_MOST) * day
    events: list[Event] = []
    changes = Changes()

    def happens(given: inputs.Input) -> None:
        nonlocal shop
        before = shop
        shop, facts, _ = step(before, given, now)
        changes.note(before, shop, facts)
        events.extend(facts)

    plan = read(config).plan()
    happens(inputs.Configured(plan))
    for device in plan.room_of:
        happens(inputs.DeviceSaid(device, DeviceStatus.ONLINE))
        described = parse_info(device, Devices._info(0))
        assert not isinstance(described, Nonsense)
        happens(described[0])
        gestures = (("press", "call"), ("press", "presence"))
        for n, (gesture, button) in enumerate(gestures, 1):
            now += 20
            event = {"type": "button", "button": button, "gesture": gesture, "age_ms": 0}
            happens(
                inputs.DeviceEvent(
                    *(device, "0123456789ab", n, n, "button", 0, button, gesture), body=event
                )
            )
        call = shop.calls[plan.room_of[device]]
        happens(inputs.Answer(call.id, inputs.Verb.CLOSE, None))
    store = Store(read(config).data.path)
    store.close()
    with sqlite3.connect(store.path) as db:
        append(db, events)
        changes.write(db)
        copied = sum(event.fact not in ("configured", "status", "described") for event in events)
        copies = min(DAYS_MOST, -(-(wanted - len(events)) // copied))
        for copy in range(copies):
            later = (DAYS_MOST - copies + copy + 1) * day
            db.execute(_COPY_EVENTS, (later, f"00{copy:02x}", len(events)))
            db.execute(_COPY_CALLS, (later, f"00{copy:02x}"))
    (count,) = db.execute("SELECT count(*) FROM event").fetchone()
    db.close()
    return int(count)


class Devices:
    """Call points that wait: connected, with a status, and an info now and then."""

    def __init__(self) -> None:
        self._clients: list[Client] = []
        self._saying: asyncio.Task[None] | None = None

    async def connect(self, port: int, count: int) -> None:
        async def one(number: int) -> Client:
            base = f"{DEVICE}/cp-{number}"
            client = await Client.connect(
                port,
                f"cp-{number}",
                [f"{base}/signal", f"{base}/receipt"],
                lambda *_: None,
                keep_alive_s=KEEP_ALIVE_S,
            )
            client.publish(f"{base}/status", b"online", retain=True)
            client.publish(f"{base}/info", self._info(0), retain=True)
            return client

        for start in range(0, count, 50):
            numbers = range(start, min(start + 50, count))
            self._clients += await asyncio.gather(*map(one, numbers))
        self._saying = asyncio.create_task(self._say())

    async def _say(self) -> None:
        """Keep-alives and infos, evenly spread."""
        turn, began = 0, time.monotonic()
        share = max(1, len(self._clients) // (KEEP_ALIVE_S // 2 * 10))  # ten times a second
        infos = 0.0
        while True:
            for _ in range(share):
                self._clients[turn % len(self._clients)].ping()
                turn += 1
            due = (time.monotonic() - began) * len(self._clients) / INFO_EVERY_S
            while infos < due:
                number = int(infos) % len(self._clients)
                info = self._info(int(time.monotonic()))
                self._clients[number].publish(f"{DEVICE}/cp-{number}/info", info, retain=True)
                infos += 1
            await asyncio.sleep(0.1)

    @staticmethod
    def _info(uptime_s: int) -> bytes:
        more = {"rssi": -60, "heap_free": 90_000, "uptime_s": uptime_s, "outbox": 0}
        return json.dumps(STATUS | {"caps": ["call", "presence", "ring"]} | more).encode()

    def close(self) -> None:
        if self._saying is not None:
            self._saying.cancel()
        for client in self._clients:
            client.close()


async def big(folder: Path, *, idle_s: int) -> None:
    """Starts with a full log and every device connected, then waits."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(place.broker(folder))
        config = place.shop(folder, port, ROOMS, per_zone=100, pagers=False)
        count = await asyncio.to_thread(history, config)
        devices = Devices()
        await devices.connect(port, ROOMS)
        stack.callback(devices.close)
        heard: dict[str, float] = {}
        began = time.perf_counter()

        def hear(topic: str, payload: bytes) -> None:
            heard[topic.split("/", 3)[3]] = time.perf_counter() - began

        topics = ("device/+/signal", "device/+/receipt", "room/+/call")
        watch = await Client.connect(
            port, "watch", [f"overdoor/1/bench/{topic}" for topic in topics], hear, qos=0
        )  # of QoS 1 a broker keeps 1,000 waiting, and drops the rest
        stack.callback(watch.close)
        began = time.perf_counter()
        gateway = await stack.enter_async_context(place.gateway(config))
        up = time.perf_counter() - began
        while len(heard) < 3 * ROOMS and time.perf_counter() - began < 120:
            await asyncio.sleep(0.01)
        ready = max(heard.values(), default=0)
        print(
            f"\nStart with {ROOMS} rooms, all connected, and {count} logged events: serves after "
            f"{up:.1f} s,\n  all {len(heard)} retained things said again after {ready:.1f} s "
            f"(the goal is 5), processor time {place.cpu_s(gateway):.1f} s."
        )
        await idle(gateway, idle_s)


async def idle(gateway: Process, seconds: int) -> None:
    """What the gateway takes while nobody presses."""
    await asyncio.sleep(5)
    before = place.cpu_s(gateway)
    await asyncio.sleep(seconds)
    share = (place.cpu_s(gateway) - before) / seconds
    print(
        f"\n{ROOMS} connected rooms, idle for {seconds} s, {ROOMS // INFO_EVERY_S} infos a "
        f"second: {share:.1%} of a core (the goal is 3),\n"
        f"  {place.memory_mb(gateway):.0f} MB of memory (the goal is 250)."
    )
