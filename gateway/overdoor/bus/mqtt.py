"""The small port to the broker, over aiomqtt and the paho client underneath it.

aiomqtt connects, keeps the connection alive and subscribes. The rest is done through paho itself,
each for a measured reason (`docs/decisions/003`, `009`):

- A message is acknowledged when its user says so. aiomqtt acknowledges it before its user has seen
  it (https://github.com/empicano/aiomqtt/issues/345).
- Messages are handed on as they are read, and published without awaiting each PUBACK: one task
  switch a message would be most of the cost. paho's own books of them are not kept either: a
  connection ends with its session, so it would never send any of them again.
- paho reads from and writes into a `Wire`: one call to the kernel for all that came, and one for
  all that is said in a turn of the loop.
- Nagle's algorithm is off: it costs up to 44 ms a message.

It leans on names that paho and aiomqtt keep to themselves, so `pyproject.toml` bounds their
versions, and `tests/gateway/test_mqtt.py` says which name is gone.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, Self

import aiomqtt
from aiomqtt import MqttError
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import MQTTErrorCode

from overdoor.bus.wire import Wire

__all__ = ["Connection", "Hello", "Message", "MqttError", "trusting"]


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


def trusting(ca: str | None) -> ssl.SSLContext:
    """For a broker that this file vouches for; None: what this machine trusts. Raises `MqttError`.

    A file that is away, or half written, is no more than a broker that is away.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one
        raise MqttError(f"{ca}, which vouches for it, cannot be used: {error}") from None


def _nobody_waits(cmd: str) -> MQTTErrorCode:
    """For a PUBACK, that is; to build its reason code took longer than to publish."""
    return MQTTErrorCode.MQTT_ERR_SUCCESS


class Connection:
    """One connection to a broker, in one clean session."""

    def __init__(self, client: aiomqtt.Client, heard: Callable[[Message], None]) -> None:
        self._client = client
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._wire: Wire
        paho = self._paho = client._client
        paho.manual_ack_set(True)
        paho.on_message = self._on_message
        paho.disable_logger()  # what went wrong is raised by `end`
        paho._handle_pubackcomp = _nobody_waits  # type: ignore[method-assign]

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
        )
        connection = cls(client, heard)
        try:
            async with client:
                connection._take_the_wire()
                yield connection
        finally:
            connection._paho._sock_close()  # aiomqtt leaves it open after an exception

    async def subscribe(self, filters: Sequence[str], qos: int = 1) -> None:
        """Subscribes, and waits until the broker says so. Raises `MqttError`."""
        await self._client.subscribe([(topic, qos) for topic in filters])

    async def end(self) -> NoReturn:
        """Waits for the end of the connection. Raises `MqttError`."""
        try:
            await asyncio.shield(self._client._disconnected)
        except Exception as error:
            raise MqttError(str(error)) from error
        raise MqttError("the connection ended")

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Publishes at QoS 1, without waiting for the broker's acknowledgement."""
        paho = self._paho
        paho._send_publish(paho._mid_generate(), topic.encode(), payload, 1, retain)

    def acknowledge(self, message: Message) -> None:
        """Tells the broker that it may forget the message."""
        if message.qos:
            self._paho.ack(message.mid, message.qos)

    def flush(self) -> None:
        """Sends what has gathered, now. By itself it leaves at the next turn of the loop."""
        self._paho.loop_write()
        if not self._wire.drain():
            self._loop.add_writer(self._wire.fileno(), self._go_on)

    def leave(self) -> None:
        """Ends the connection with a word, so that the broker does not publish the will."""
        self._paho.disconnect()

    # -- between paho and the loop ---------------------------------------------------------------

    def _take_the_wire(self) -> None:
        """From here on the socket is ours; until the broker accepted us it was aiomqtt's."""
        paho = self._paho
        sock = paho.socket()
        if sock is None:
            raise MqttError("the connection ended")
        self._wire = paho._sock = Wire(sock)  # type: ignore[assignment, arg-type]
        self._loop.add_reader(sock.fileno(), self._read)
        paho.on_socket_register_write = self._flush_soon
        paho.on_socket_unregister_write = None
        paho.on_socket_close = self._close

    def _read(self) -> None:
        self._wire.fill()
        try:
            self._paho.loop_read()  # also when nothing came: so it learns what was lost
            while self._wire.pending():
                self._paho.loop_read()
        except Exception as error:
            if not self._client._disconnected.done():
                self._client._disconnected.set_exception(error)

    def _on_message(self, _client: Any, _data: Any, said: MQTTMessage) -> None:
        self._heard(Message(said.topic, bytes(said.payload), said.qos, said.retain, said.mid))

    def _flush_soon(self, *_: Any) -> None:
        self._loop.call_soon(self.flush)

    def _go_on(self) -> None:
        if self._wire.drain():
            self._loop.remove_writer(self._wire.fileno())

    def _close(self, client: Any, data: Any, wire: Any) -> None:
        self._loop.remove_writer(wire.fileno())
        self._client._on_socket_close(client, data, wire)
