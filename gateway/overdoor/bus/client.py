"""The gateway's connection to the broker.

Three things are done otherwise than aiomqtt would by itself, each for a measured reason:

- A message is acknowledged to the broker only once its turn is durable, or could not be stored.
  aiomqtt does so before its user sees the message
  (https://github.com/empicano/aiomqtt/issues/345), so paho's manual acknowledgement is switched
  on underneath.
- Messages are handled as they are read, and published without waiting for each PUBACK: one task
  switch per message would be most of the cost. What is lost with a connection is said again at
  the next one, because everything retained is.
- Nagle's algorithm is off: it costs up to 44 ms a message.
"""

import asyncio
import random
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog

from overdoor.bus import payloads
from overdoor.bus.lamps import LampWatch
from overdoor.bus.payloads import Nonsense
from overdoor.bus.topics import Topics
from overdoor.core.effects import Effect, Forget, Happened, PagerList, Receipt, RoomCall, Signal
from overdoor.core.inputs import DeviceDescribed, DeviceSaid, Input, Restate
from overdoor.core.model import DeviceStatus
from overdoor.engine import Done, Engine
from overdoor.store.telemetry import recording
from overdoor.store.writer import Statement

KEEP_ALIVE_S = 15
BACKOFF_S = (0.1, 5.0)
SUBSCRIBE_AT_ONCE = 100
LOOK_EVERY_S = 5.0
COMPLAIN_EVERY_MS = 60_000

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


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """A queue that hands each message on at once instead of keeping it."""

    def __init__(self, handle: Callable[[aiomqtt.Message], None], maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._handle = handle

    def put_nowait(self, item: aiomqtt.Message) -> None:
        self._handle(item)


class Bus:
    """Speaks for one engine on one broker, for as long as `run` runs."""

    def __init__(self, engine: Engine, shop: str, address: Address) -> None:
        self.topics = Topics(shop)
        self._engine = engine
        self._shop = shop
        self._address = address
        self._identity = engine.store.identity().encode()
        self._client: Any = None  # paho's, while connected
        self.connected = asyncio.Event()  # for the first time
        self._taken_over = False
        self._missed = False  # something was heard that could not be stored
        self._lamps = LampWatch()
        self._heard: dict[str, int] = {}  # device → when it last gave a sign of life
        self._complained: dict[str, tuple[int, int]] = {}  # device → (when, how many since)
        engine.listen(self._speak)

    async def run(self) -> None:
        """Connects, and connects again, until cancelled. Raises `TakenOver`."""
        pause = BACKOFF_S[0]
        while True:
            try:
                async with self._connect() as client:
                    pause = BACKOFF_S[0]
                    await self._greet(client)
                    await self._watch(client)
            except aiomqtt.MqttError as error:
                if self._engine.broker_up or not self.connected.is_set():
                    log.warning("no connection to the broker", error=str(error))
            finally:
                self._client = None
                self._engine.broker(up=False)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter
            pause = min(2 * pause, BACKOFF_S[1])

    async def _watch(self, client: aiomqtt.Client) -> None:
        """Looks at the lamps now and then, until the connection ends."""
        looking = asyncio.create_task(self._look_at_lamps())
        try:
            async for _ in client.messages:  # never yields: it ends with the connection
                pass
        finally:
            looking.cancel()

    async def _look_at_lamps(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for given in self._lamps.overdue(self._engine.clock()):
                self._engine.submit(given)

    async def farewell(self) -> None:
        """Says that the gateway goes, before it does."""
        if self._client is not None:
            self._publish(self.topics.gateway_status, b"offline")
            await asyncio.sleep(0)

    def _connect(self) -> aiomqtt.Client:
        address = self._address
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.user,
            password=address.password,
            identifier=f"overdoor-{self._shop}-gateway",
            clean_session=True,
            keepalive=KEEP_ALIVE_S,
            will=aiomqtt.Will(self.topics.gateway_status, b"offline", qos=1, retain=True),
            tls_context=ssl.create_default_context() if address.tls else None,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            max_inflight_messages=0,  # without limit
            queue_type=partial(_Inbox, self._hear),  # type: ignore[arg-type]
        )
        client._client.manual_ack_set(True)
        client._client.on_publish = None
        return client

    async def _greet(self, client: aiomqtt.Client) -> None:
        """Subscribes and says everything again."""
        self._client = client._client
        self._taken_over = False
        await client.subscribe(self.topics.gateway_instance, qos=1)
        plan = self._engine.committed.plan
        devices = sorted({*plan.room_of, *plan.pagers})
        leaves = ("event", "result", "shown", "status", "info")
        filters = [(self.topics.device("+", leaf), 1) for leaf in leaves]
        # One by one as well: a rumqttd hands only 100 retained messages to a wildcard.
        filters += [
            (self.topics.device(device, leaf), 1) for device in devices for leaf in leaves[3:]
        ]
        for start in range(0, len(filters), SUBSCRIBE_AT_ONCE):
            await client.subscribe(filters[start : start + SUBSCRIBE_AT_ONCE])
        if self._taken_over:
            raise TakenOver(
                f"Another gateway works for the shop {self._shop!r} on "
                f"{self._address.host}:{self._address.port}. This one stops."
            )
        log.info("connected to the broker", host=self._address.host, port=self._address.port)
        self.connected.set()
        self._engine.broker(up=True)
        self._publish(self.topics.gateway_instance, self._identity)
        self._publish(self.topics.gateway_status, b"online")
        self._engine.submit(Restate())

    # -- in --------------------------------------------------------------------------------------

    def _hear(self, message: aiomqtt.Message) -> None:
        client = self._client  # the acknowledgement belongs to this connection
        given = self._understand(message)
        if given is None:
            # In its turn all the same: MQTT wants acknowledgements in the order of the messages,
            # and rumqttd ends the connection over one that is early.
            self._engine.follow(lambda: self._acknowledge(client, message))
        else:
            also = self._telemetry(given) if not message.retain else ()
            self._engine.submit(given, lambda done: self._handled(client, message, done), also)

    def _telemetry(self, given: Input) -> Sequence[Statement]:
        """What is kept of an info besides what it says the device is."""
        if not isinstance(given, DeviceDescribed):
            return ()
        told = self._engine.telemetry.get(given.device)
        return recording(given.device, self._engine.clock(), told) if told else ()

    def _handled(self, client: Any, message: aiomqtt.Message, done: Done | None) -> None:
        """Devices send again what could not be stored; a status has to be asked for again."""
        self._acknowledge(client, message)
        self._missed = self._missed or done is None

    def _acknowledge(self, client: Any, message: aiomqtt.Message) -> None:
        if client is not None and client is self._client and message.qos:
            client.ack(message.mid, message.qos)

    def _understand(self, message: aiomqtt.Message) -> Input | None:
        topic = str(message.topic)
        payload = message.payload if isinstance(message.payload, bytes) else b""
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
                if isinstance(given, DeviceSaid):
                    if given.status is DeviceStatus.OFFLINE:
                        self._lamps.gone(device)
                    given = replace(given, heard_at=self._heard.get(device))
            case "info":
                described = payloads.parse_info(device, payload)
                if isinstance(described, Nonsense):
                    given = described
                else:
                    given, telemetry = described
                    if device in self._engine.committed.devices:
                        self._engine.telemetry[device] = telemetry
            case "shown":
                given = self._lamps.shown(device, payload)
            case _:
                given = None
        if leaf in ("event", "shown", "result") and device in self._engine.committed.devices:
            self._heard[device] = self._engine.clock()
        if isinstance(given, Nonsense):
            self._complain(device, leaf, given)
            return None
        return given

    def _hear_instance(self, payload: bytes, *, retained: bool) -> None:
        foreign = payload not in (b"", self._identity)
        if retained:
            # Our own word at an earlier connection, or that of one who came meanwhile.
            self._taken_over = self.connected.is_set() and foreign
        elif foreign:
            # Nobody else can be the gateway while this connection stands: the id is ours.
            self._publish(self.topics.gateway_instance, self._identity)

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

    def _speak(self, done: Done) -> None:
        if self._client is None:
            return
        if self._missed:
            # Storing works again. The broker tells what it retains at the next connection.
            self._missed = False
            self._client.disconnect()
            return
        signalled = False
        for effect in done.effects:
            if signalled and not isinstance(effect, Signal):
                self._client.loop_write()  # the lamp does not wait for the rest
                signalled = False
            self._say(effect)
            signalled = signalled or isinstance(effect, Signal)

    def _say(self, effect: Effect) -> None:
        topics = self.topics
        match effect:
            case Signal():
                self._publish(topics.device(effect.device, "signal"), payloads.signal(effect))
                self._lamps.sent(effect.device, effect.rev, self._engine.clock())
            case Receipt():
                self._publish(topics.device(effect.device, "receipt"), payloads.receipt(effect))
            case RoomCall():
                self._publish(topics.room(effect.room, "call"), payloads.room_call(effect))
            case Happened() if effect.event.room is not None:
                payload = payloads.room_event(effect.event)
                self._publish(topics.room(effect.event.room, "event"), payload, retain=False)
            case PagerList():
                self._publish(topics.device(effect.device, "page"), payloads.pager_list(effect))
            case Forget(device=str(device)):
                for leaf in ("signal", "receipt", "page"):
                    self._publish(topics.device(device, leaf), b"")
            case Forget(room=str(room)):
                self._publish(topics.room(room, "call"), b"")
            case _:
                pass  # the engine's own

    def _publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)
