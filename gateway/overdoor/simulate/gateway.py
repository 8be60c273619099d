"""The gateway's process: the real engine and the real bus, that die between any two effects.

What is simulated is only what surrounds them: the event loop, the writer's thread, MQTT, and the
connection to the broker. Every callback runs under `guard`, which ends the process where its fuse
burns out; the next one starts from the disk.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from random import Random
from sqlite3 import Connection
from typing import TYPE_CHECKING

from overdoor.bus.client import Address, Bus
from overdoor.bus.mqtt import Message as Incoming
from overdoor.core.inputs import Configured, Input, Restate
from overdoor.core.model import Millis, Plan
from overdoor.engine import Done, Engine
from overdoor.simulate.clock import GatewayClock, Loop
from overdoor.simulate.disk import Disk, Row, SimulatedStore
from overdoor.simulate.network import Client, Link, Message
from overdoor.store.projections import Statement
from overdoor.store.retention import removal
from overdoor.store.rollup import catching_up

if TYPE_CHECKING:
    from overdoor.simulate.world import World

SHOP = "sim"
READ_AGAIN_MS = 1_000
LET_GO_EVERY_MS = 3 * 60_000
KEEP_ALIVE_MS = 22_500  # times one and a half, at the broker
NOTICE_MS = (15_000, 25_000)  # until a dead connection to the broker is noticed


class PowerCut(BaseException):
    """The process ends here. Nobody catches it on the way."""


class _Connection:
    """As much of a connection as the bus uses. Every message is a place to die at."""

    def __init__(self, gateway: "Gateway", link: Link) -> None:
        self._gateway = gateway
        self._link = link

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        self._gateway.point()
        self._gateway.world.watch.said(topic, payload)
        self._link.publish(Message(topic, payload, retain))

    def flush(self) -> None:
        """What was said is on its way already."""

    def leave(self) -> None:
        """The goodbye."""
        broker = self._gateway.world.broker
        self._gateway.link = None
        broker.timeline.after(1, lambda: broker.leave(self._link))

    def acknowledge(self, _: Incoming) -> None:
        """Clean sessions: the broker repeats nothing."""

    async def subscribe(self, filters: Sequence[str], qos: int = 1) -> None:
        self._link.subscribe(list(filters))


class WatchedEngine(Engine):
    """The real engine; the writer is told what each turn answers."""

    def submit(
        self,
        given: Input,
        then: Callable[[Done | None], None] | None = None,
        also: Sequence[Statement] = (),
    ) -> None:
        """As the engine's."""
        assert isinstance(self.store, SimulatedStore) and self.store.inline is not None
        self.store.inline.given = given
        super().submit(given, then, also)


class Gateway:
    """One box with one disk, and the processes that run on it one after the other."""

    def __init__(self, world: "World", plan: Plan, rng: Random) -> None:
        self.world = world
        self.plan = plan
        self.engine: WatchedEngine | None = None
        self.link: Link | None = None
        self.clock = GatewayClock(world.timeline, 0, 0)
        self.fuse: int | None = None  # places to pass before the process dies
        self.down_ms = 1000
        self.disk = Disk(self.point, self._committed)
        self._rng = rng
        self._rng_of_age = Random(f"{world.script.seed}/age")  # noqa: S311 - the same world again
        self._bus: Bus | None = None
        self._life = 0
        self._loop: Loop | None = None
        self._mid = 0

    # -- life and death --------------------------------------------------------------------------

    def start(self) -> None:
        """A process starts from what is on the disk."""
        self._life += 1
        self._loop = Loop(self.world.timeline, self._guard_of(self._life))
        self.guard(self._start)

    def _start(self) -> None:
        timeline = self.world.timeline
        store = SimulatedStore(self.disk, lambda: timeline.now % 9)
        self.clock = GatewayClock(timeline, self.world.wall(), store.last_noted_at())
        self.world.watch.gateway_starts(self.clock)
        self.engine = WatchedEngine(store, self.clock)
        assert store.inline is not None
        store.inline.watch = self.world.watch.decided
        store.inline.refused = self._refused
        self.engine.listen(self.world.told)
        self._bus = Bus(self.engine, SHOP, Address("simulated", 1883))
        self.engine.start(self.plan, keep_ms=self.world.script.keep_ms)
        if self.engine.retention is not None:
            self.engine.retention.work = _by_the_minute
            self._later(self._rng_of_age.randint(1000, LET_GO_EVERY_MS), self._let_go)
        self._later(self._rng.randint(5, 300), self._connect)

    def _let_go(self) -> None:
        """Old facts go more often than in a shop, for the day is short."""
        assert self.engine is not None and self.engine.retention is not None
        self.engine.retention.begin()
        self._later(LET_GO_EVERY_MS, self._let_go)

    def crash(self, passing: int, down_ms: int) -> None:
        """The process will die after so many more places; it is started again after a while."""
        if self.engine is not None:
            self.fuse, self.down_ms = passing, down_ms
            # A quiet shop passes no places.
            self._later(20_000, lambda: self._burn() if self.fuse is not None else None)

    def _burn(self) -> None:
        raise PowerCut

    def point(self) -> None:
        """A place at which the process may die."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise PowerCut

    def guard(self, do: Callable[[], None]) -> None:
        """Runs something in the process; if that dies, the world goes on without it."""
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop)  # type: ignore[arg-type]
        try:
            do()
        except PowerCut:
            self._died()
        finally:
            asyncio._set_running_loop(outer)

    def _guard_of(self, life: int) -> Callable[[Callable[[], None]], None]:
        return lambda do: self.guard(do) if life == self._life else None

    def _died(self) -> None:
        self.fuse = None
        self._life += 1
        self.engine = None
        self._bus = None
        self.link = None
        self.disk.power_off()
        self.world.broker.drop("gateway", tell=False)
        self.world.story.fault(f"the gateway dies; it will be back in {self.down_ms / 1000:.0f} s")
        self.world.watch.gateway_died()
        self.world.timeline.after(self.down_ms, self.start)

    def _later(self, ms: int, do: Callable[[], None]) -> None:
        guard = self._guard_of(self._life)
        self.world.timeline.after(ms, lambda: guard(do))

    def reconfigure(self, plan: Plan) -> None:
        """The file was changed; a process that runs reads it until that is stored."""
        self.plan = plan
        if self.engine is not None:
            self._read_file(plan)

    def _read_file(self, plan: Plan) -> None:
        def again(done: Done | None) -> None:
            if done is None:
                self._later(READ_AGAIN_MS, lambda: self._read_file(plan))
            else:
                self.ask(Restate())

        if plan is self.plan:
            self.ask(Configured(plan), again)

    # -- the broker ------------------------------------------------------------------------------

    def cut(self, *, silent: bool) -> None:
        """The connection to the broker goes, at once or only half."""
        link = self.link
        if link is None:
            return
        if silent:
            link.silent = True
            self._later(self._rng.randint(*NOTICE_MS), lambda: self._lose(link))
            self.world.timeline.after(KEEP_ALIVE_MS, lambda: self.world.broker.forget(link))
        else:
            self.world.broker.drop("gateway")

    def _lose(self, link: Link) -> None:
        if self.link is link:
            link.end()

    def _connect(self) -> None:
        if self.engine is None or self.link is not None:
            return
        guard = self._guard_of(self._life)
        client = Client(
            lambda link: guard(lambda: self._on_up(link)),
            lambda message: guard(lambda: self._on_message(message)),
            lambda: guard(self._on_down),
        )
        assert self._bus is not None
        will = Message(self._bus.topics.gateway_status, b"offline", retain=True)
        if not self.world.broker.connect("gateway", will, client):
            self._later(self._rng.randint(100, 5000), self._connect)

    def _on_up(self, link: Link) -> None:
        if self._bus is None or self.world.broker.links.get("gateway") is not link:
            return
        self.link = link
        greeting = self._bus._greet(_Connection(self, link))  # type: ignore[arg-type]
        try:
            greeting.send(None)
        except StopIteration:
            return
        raise AssertionError("the greeting waits for something that is not simulated")

    def _on_message(self, message: Message) -> None:
        assert self._bus is not None
        self.point()
        self._mid += 1
        self._bus._hear(Incoming(*message[:2], 1, message.retained, self._mid))

    def _on_down(self) -> None:
        self.link = None
        if self._bus is not None and self.engine is not None:
            self._bus._connection = None
            self.engine.broker(up=False)
            self._later(self._rng.randint(100, 2000), self._connect)

    # -- people at the pages ---------------------------------------------------------------------

    def ask(self, given: Input, then: Callable[[Done | None], None] | None = None) -> bool:
        """Somebody says something on a page; whether the page answered at all."""
        engine = self.engine
        if engine is None:
            return False
        self.guard(lambda: engine.submit(given, then))
        return True

    def settled(self) -> bool:
        """Whether it runs, is connected, and waits for nothing."""
        if self.engine is None or self.link is None or self.link.silent:
            return False
        assert isinstance(self.engine.store, SimulatedStore)
        assert self.engine.store.inline is not None
        well = self.disk.fault is None and self.engine.trouble is None
        return well and self.engine._retry is None and not self.engine.store.inline.pending()

    def _refused(self, error: Exception) -> None:
        if self.disk.fault is None:
            self.world.watch.broke(f"a good disk refused to write: {error}")
        self.world.watch.forgotten()

    def _committed(self, rows: list[Row]) -> None:
        self.world.watch.committed(rows)


def _by_the_minute(
    db: Connection, keep_ms: Millis, now: Millis, stopwatch: Callable[[], float]
) -> Iterator[int]:
    """A shop keeps whole days; here facts go in the middle of one, which is harder."""
    yield from catching_up(db, now, stopwatch)
    yield from removal(db, now - keep_ms, stopwatch)
