"""The small port to the broker, over aiomqtt and the paho client underneath it.

aiomqtt connects, keeps the socket in the event loop and subscribes. Four things are done through
paho itself, each for a measured reason (`docs/decisions/003`):

- A message is acknowledged when its user says so. aiomqtt acknowledges it before its user has seen
  it (https://github.com/empicano/aiomqtt/issues/345).
- Messages are handed on as they are read, and published without awaiting each PUBACK: one task
  switch a message would be most of the cost.
- The socket is watched for writing at once, and not by way of the loop's queue: a watch that begins
  after the last packet has left would spin, and one that begins after the socket was closed fails.
- Nagle's algorithm is off: it costs up to 44 ms a message.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, Self

import aiomqtt
from aiomqtt import MqttError

__all__ = ["Connection", "Hello", "Message", "MqttError"]


@dataclass(slots=True)
class Message:
    """What the broker handed us. `mid` is for the acknowledgement."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    mid: int


@dataclass(frozen=True, slots=True)
class Hello:
    """How a client presents itself. The will is published retained, at QoS 1."""

    client_id: str
    keep_alive_s: int
    will_topic: str
    will_payload: bytes
    user: str | None = None
    password: str | None = None


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """A queue that hands each message on at once instead of keeping it."""

    def __init__(self, heard: Callable[[Message], None], maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._heard = heard

    def put_nowait(self, item: aiomqtt.Message) -> None:
        payload = item.payload if isinstance(item.payload, bytes) else b""
        self._heard(Message(item.topic.value, payload, item.qos, item.retain, item.mid))


class Connection:
    """One connection to a broker, in one clean session."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._paho = client._client

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        host: str,
        port: int,
        hello: Hello,
        heard: Callable[[Message], None],
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Self]:
        """A connection that the broker accepted. Raises `MqttError`."""
        client = aiomqtt.Client(
            host,
            port,
            username=hello.user,
            password=hello.password,
            identifier=hello.client_id,
            clean_session=True,
            keepalive=hello.keep_alive_s,
            will=aiomqtt.Will(hello.will_topic, hello.will_payload, qos=1, retain=True),
            tls_context=tls,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            max_inflight_messages=0,  # without limit
            queue_type=partial(_Inbox, heard),  # type: ignore[arg-type]
        )
        connection = cls(client)
        connection._paho.manual_ack_set(True)
        connection._paho.on_publish = None  # nobody waits for a PUBACK
        async with client:
            connection._paho.on_socket_register_write = connection._watch_for_writing
            yield connection

    async def subscribe(self, filters: Sequence[str], qos: int = 1) -> None:
        """Subscribes, and waits until the broker says so. Raises `MqttError`."""
        await self._client.subscribe([(topic, qos) for topic in filters])

    async def end(self) -> NoReturn:
        """Waits for the end of the connection. Raises `MqttError`."""
        async for _ in self._client.messages:  # never yields: the inbox keeps nothing
            pass
        raise MqttError("the connection ended")

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Publishes at QoS 1, without waiting for the broker's acknowledgement."""
        self._paho.publish(topic, payload, qos=1, retain=retain)

    def acknowledge(self, message: Message) -> None:
        """Tells the broker that it may forget the message."""
        if message.qos:
            self._paho.ack(message.mid, message.qos)

    def flush(self) -> None:
        """Sends what has gathered, now."""
        self._paho.loop_write()

    def _watch_for_writing(self, _client: Any, _data: Any, sock: Any) -> None:
        asyncio.get_running_loop().add_writer(sock.fileno(), self._write)

    def _write(self) -> None:
        try:
            self._paho.loop_write()
        except OSError as error:  # the connection broke: `end` says so
            if not self._client._disconnected.done():
                self._client._disconnected.set_exception(MqttError(str(error)))

    def leave(self) -> None:
        """Ends the connection with a word, so that the broker does not publish the will."""
        self._paho.disconnect()
