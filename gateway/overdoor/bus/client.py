"""What the gateway hears and says on the broker.

A message is acknowledged to the broker only once its turn is durable, or could not be stored, and
in its turn: MQTT wants acknowledgements in the order of the messages. Nothing that is published is
waited for: what is lost with a connection is said again at the next one, because everything that
matters is retained.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

import structlog

from overdoor.bus import payloads
from overdoor.bus.flood import Flood
from overdoor.bus.home_assistant import Discovery
from overdoor.bus.lamps import LampWatch
from overdoor.bus.mqtt import Connection, Hello, Message, MqttError, trusting
from overdoor.bus.payloads import Nonsense
from overdoor.bus.topics import Topics
from overdoor.core.effects import Effect, Forget, Happened, PagerList, Receipt, RoomCall, Signal
from overdoor.core.events import Fact
from overdoor.core.inputs import DeviceDescribed, DeviceSaid, Input, Restate
from overdoor.core.model import DeviceStatus
from overdoor.engine import Done, Engine
from overdoor.orders import Order, Orders
from overdoor.reach import Reach
from overdoor.store.projections import Statement
from overdoor.store.telemetry import recording
from overdoor.updates import Updates

KEEP_ALIVE_S = 15
BACKOFF_S = (0.1, 5.0)
SUBSCRIBE_AT_ONCE = 100
LOOK_EVERY_S = 5.0
COMPLAIN_EVERY_MS = 60_000
_RETAINED = ("status", "info")
_UNSPECIFIED = 128  # a reason code of MQTT 5

log = structlog.get_logger()


class TakenOver(Exception):  # noqa: N818 - it is what happened
    """Another gateway works for this shop on this broker."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str | None = None  # file of what vouches for it; None: what this machine trusts

    @classmethod
    def parse(cls, url: str) -> Self:
        """`mqtt://host:1883` or `mqtts://user:password@host:8883`."""
        parts = urlsplit(url)
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname or "127.0.0.1",
            parts.port or (8883 if tls else 1883),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
        )


class Bus:
    """Speaks for one engine on one broker, for as long as `run` runs."""

    def __init__(
        self,
        engine: Engine,
        shop: str,
        address: Address,
        orders: Orders | None = None,
        updates: Updates | None = None,
        reach: Reach | None = None,
        discovery: Discovery | None = None,
    ) -> None:
        self.topics = Topics(shop)
        self._engine = engine
        self._shop = shop
        self._address = address
        self._identity = engine.store.identity().encode()
        self._connection: Connection | None = None
        self.connected = asyncio.Event()  # for the first time
        self._taken_over = False
        self._missed = False  # something was heard that could not be stored
        self._lamps = LampWatch()
        self._asking: asyncio.Task[None] | None = None  # held, or it would be collected
        self._flood = Flood()
        self._complained: dict[str, tuple[int, int]] = {}  # device → (when, how many since)
        self._reach = reach  # where the receipts of pagers go
        self._discovery = discovery
        self._orders = orders or Orders()
        self._orders.carried_by(self._carry)
        self._updates = updates or Updates(engine, self._orders)
        engine.listen(self._speak, lights=self._light)

    async def run(self) -> None:
        """Connects, and connects again, until cancelled. Raises `TakenOver`."""
        pause = BACKOFF_S[0]
        while True:
            try:
                async with self._connect() as connection:
                    pause = BACKOFF_S[0]
                    await self._greet(connection)
                    await self._watch(connection)
            except MqttError as error:
                if self._engine.broker_up or not self.connected.is_set():
                    log.warning("no connection to the broker; trying on", error=_why(error))
            finally:
                self._connection = None
                if self._discovery is not None:
                    self._discovery.end()
                self._engine.broker(up=False)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter
            pause = min(2 * pause, BACKOFF_S[1])

    async def _watch(self, connection: Connection) -> None:
        """Looks around now and then, until the connection ends."""
        looking = asyncio.create_task(self._look_around(connection))
        try:
            await connection.end()
        finally:
            looking.cancel()

    async def _look_around(self, connection: Connection) -> None:
        """After lamps that stay dark, and devices whose flood took a status or an info with it."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for given in self._lamps.overdue(self._engine.clock()):
                self._engine.submit(given)
            with suppress(MqttError):  # the connection ended; the next one asks after all
                await self._ask_after(connection, self._flood.to_ask())

    async def farewell(self) -> None:
        """Says that the gateway goes, before it does."""
        if self._connection is not None:
            self._connection.publish(self.topics.gateway_status, b"offline")
            self._connection.flush()
            await asyncio.sleep(0)

    def _connect(self) -> AbstractAsyncContextManager[Connection]:
        address = self._address
        hello = Hello(
            client_id=f"overdoor-{self._shop}-gateway",
            keep_alive_s=KEEP_ALIVE_S,
            will_topic=self.topics.gateway_status,
            will_payload=b"offline",
            user=address.user,
            password=address.password,
        )
        tls = trusting(address.ca) if address.tls else None
        return Connection.open(address.host, address.port, hello, self._hear, tls)

    async def _greet(self, connection: Connection) -> None:
        """Subscribes and says everything again."""
        self._connection = connection
        self._taken_over = False
        await connection.subscribe([self.topics.gateway_instance])
        plan = self._engine.committed.plan
        leaves = ("event", "result", "shown", "want", *_RETAINED)
        filters = [self.topics.device("+", leaf) for leaf in leaves]
        if plan.policy.sightings:
            filters.append(self.topics.device("+", "sighting"))
        await connection.subscribe(filters)
        await self._ask_after(connection, {*plan.room_of, *plan.pagers})
        if self._taken_over:
            raise TakenOver(
                f"Another gateway works for the shop {self._shop!r} on "
                f"{self._address.host}:{self._address.port}. This one stops."
            )
        log.info("connected to the broker", host=self._address.host, port=self._address.port)
        self.connected.set()
        self._engine.broker(up=True)
        connection.publish(self.topics.gateway_instance, self._identity)
        connection.publish(self.topics.gateway_status, b"online")
        if self._discovery is not None:
            self._discovery.begin(connection.publish)
            await connection.subscribe(self._discovery.filters, qos=0)
        self._engine.submit(Restate())

    async def _ask_after(self, connection: Connection, devices: Iterable[str]) -> None:
        """Has the broker say again what these devices retain there.

        One by one: a rumqttd hands only 100 retained messages to a wildcard. And at QoS 0: a
        mosquitto lets 1,000 of QoS 1 wait, and drops what is retained beyond.
        """
        single = [self.topics.device(device, leaf) for device in devices for leaf in _RETAINED]
        for start in range(0, len(single), SUBSCRIBE_AT_ONCE):
            await connection.subscribe(single[start : start + SUBSCRIBE_AT_ONCE], qos=0)

    async def _ask_after_new(self, connection: Connection) -> None:
        shop = self._engine.committed
        known = {id_ for id_, device in shop.devices.items() if device.boot is not None}
        with suppress(MqttError):  # the connection ended; the next one asks after all
            await self._ask_after(connection, {*shop.plan.room_of, *shop.plan.pagers} - known)

    # -- in --------------------------------------------------------------------------------------

    def _hear(self, message: Message) -> None:
        connection = self._connection  # the acknowledgement belongs to this one
        if connection is None:
            return
        discovery = self._discovery
        if discovery and discovery.hear(message.topic, message.payload, retained=message.retain):
            return
        given = None if self._floods(message) else self._understand(message)
        if given is None:
            # In its turn all the same: rumqttd ends the connection over one that is early.
            self._engine.follow(lambda: connection.acknowledge(message))
        else:
            also = self._telemetry(given) if not message.retain else ()
            self._engine.submit(given, lambda done: self._handled(connection, message, done), also)
            if discovery and isinstance(given, DeviceDescribed):
                discovery.described(given.device)

    def _telemetry(self, given: Input) -> Sequence[Statement]:
        """What is kept of an info besides what it says the device is."""
        if not isinstance(given, DeviceDescribed):
            return ()
        told = self._engine.telemetry.get(given.device)
        return recording(given.device, self._engine.clock(), told) if told else ()

    def _handled(self, connection: Connection, message: Message, done: Done | None) -> None:
        """Devices send again what could not be stored; a status has to be asked for again."""
        connection.acknowledge(message)
        self._missed = self._missed or done is None

    def _understand(self, message: Message) -> Input | None:
        topic, payload = message.topic, message.payload
        if topic == self.topics.gateway_instance:
            self._hear_instance(payload, retained=message.retain)
            return None
        place = self.topics.parse_device(topic)
        if place is None or not payload:
            return None
        device, leaf = place
        given: Input | Nonsense | None
        match leaf:
            case "event":
                if message.retain:
                    return None  # an event is a moment; a retained one is a mistake
                given = payloads.parse_event(device, payload)
            case "status":
                given = payloads.parse_status(device, payload, retained=message.retain)
                if isinstance(given, DeviceSaid) and given.status is not DeviceStatus.ONLINE:
                    self._lamps.gone(device)
            case "info":
                described = payloads.parse_info(device, payload, retained=message.retain)
                if isinstance(described, Nonsense):
                    given = described
                else:
                    given, telemetry = described
                    if device in self._engine.committed.devices:
                        self._engine.telemetry[device] = telemetry
                    self._updates.told(device, given.firmware, telemetry.get("update"))
            case "sighting":
                given = payloads.parse_sighting(device, payload)
            case "shown":
                given = self._shown(device, payload)
            case "want":
                given = None
                piece = self._updates.piece(device, payload)
                if piece is not None and self._connection is not None:
                    topic = self.topics.device(device, "piece")
                    self._connection.publish(topic, piece, retain=False)
            case "result":
                answer = payloads.parse_result(payload)
                given = answer if isinstance(answer, Nonsense) else None
                if not isinstance(answer, Nonsense):
                    self._orders.answered(device, answer)
            case _:
                given = None
        if isinstance(given, Nonsense):
            self._complain(device, leaf, given)
            return None
        return given

    def _floods(self, message: Message) -> bool:
        """Whether a device says more than it may; what the broker repeats is no flood."""
        place = self.topics.parse_device(message.topic)
        if place is None or message.retain:
            return False
        return self._flood.drops(*place, self._engine.clock())

    def _shown(self, device: str, payload: bytes) -> Input | None:
        """What lights show is watched; what a pager shows is a receipt for the calls on it."""
        if device not in self._engine.committed.plan.pagers:
            return self._lamps.shown(device, payload)
        rev = payloads.parse_shown(payload)
        if rev is not None and self._reach is not None:
            self._reach.pager_shows(device, rev)
        return None

    def _hear_instance(self, payload: bytes, *, retained: bool) -> None:
        foreign = payload not in (b"", self._identity)
        if retained:
            # Our own word at an earlier connection, or that of one who came meanwhile.
            self._taken_over = self.connected.is_set() and foreign
        elif foreign and self._connection is not None:
            # Nobody else can be the gateway while this connection stands: the id is ours.
            self._connection.publish(self.topics.gateway_instance, self._identity)

    def _complain(self, device: str, leaf: str, nonsense: Nonsense) -> None:
        """Once for each device and minute, with how many there were."""
        now = self._engine.clock()
        since, count = self._complained.get(device, (0, 0))
        if now - since < COMPLAIN_EVERY_MS:
            self._complained[device] = (since, count + 1)
            return
        if len(self._complained) > 1000:
            self._complained.clear()
        self._complained[device] = (now, 0)
        log.warning(
            "a payload was not understood",
            device=device,
            topic=leaf,
            why=nonsense.why,
            more_since_last_time=count,
        )

    # -- out -------------------------------------------------------------------------------------

    def _light(self, effects: Iterable[Effect]) -> None:
        """The lamps, which do not wait for the rest."""
        connection = self._connection
        if connection is not None:
            for effect in effects:
                if isinstance(effect, Signal):
                    topic = self.topics.device(effect.device, "signal")
                    connection.publish(topic, payloads.signal(effect))
                    self._lamps.sent(effect.device, effect.rev, self._engine.clock())
            connection.flush()

    def _carry(self, order: Order) -> bool:
        """An order to a device; False without a connection."""
        if self._connection is None:
            return False
        topic = self.topics.device(order.device, "command")
        self._connection.publish(topic, payloads.command(order), retain=False)
        return True

    def _speak(self, done: Done) -> None:
        """The rest."""
        connection = self._connection
        if connection is None:
            return
        if self._missed:
            # Storing works again. The broker tells what it retains at the next connection.
            self._missed = False
            connection.leave()
            return
        for effect in done.effects:
            self._say(connection.publish, effect)
        if any(event.fact is Fact.CONFIGURED for event in done.events):
            self._asking = asyncio.create_task(self._ask_after_new(connection))

    def _say(self, publish: Callable[..., None], effect: Effect) -> None:
        topics = self.topics
        match effect:
            case Receipt():
                publish(topics.device(effect.device, "receipt"), payloads.receipt(effect))
            case RoomCall():
                publish(topics.room(effect.room, "call"), payloads.room_call(effect))
            case Happened() if effect.event.room is not None:
                payload = payloads.room_event(effect.event)
                publish(topics.room(effect.event.room, "event"), payload, retain=False)
            case PagerList():
                page = payloads.pager_list(effect, self._engine.committed.plan)
                publish(topics.device(effect.device, "page"), page)
                if self._reach is not None:
                    self._reach.listed(effect.device, effect.rev, effect.calls)
            case Forget(device=str(device)):
                for leaf in ("signal", "receipt", "page"):
                    publish(topics.device(device, leaf), b"")
            case Forget(room=str(room)):
                publish(topics.room(room, "call"), b"")
            case _:
                pass  # the engine's own, and the lamps


def _why(error: MqttError) -> str:
    """Paho calls a connection that was ended an unspecified error."""
    code = getattr(getattr(error, "rc", None), "value", None)
    return "the broker ended the connection" if code == _UNSPECIFIED else str(error)
