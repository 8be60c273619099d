"""MQTT 3.1.1, as much of it as the gateway speaks: one clean session, QoS 0 and 1.

Messages are handed on as they are read and acknowledged when their user says so. Packets gather
until the loop comes round, or until `flush`, and leave in one write.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, Self, cast

ANSWER_LIMIT_S = 10.0
UNACKNOWLEDGED_LIMIT = 60_000  # packet ids end at 65,535, and one in use must not be used again
_REFUSALS = {
    1: "it speaks another version of MQTT",
    2: "it does not like the client id",
    3: "it is not available",
    4: "wrong user name or password",
    5: "not authorized",
}
_CONNECT, _PUBLISH, _SUBSCRIBE, _DISCONNECT = 0x10, 0x30, 0x82, b"\xe0\x00"
_CONNACK, _PUBACK, _SUBACK = 2, 4, 9
_PINGREQ = b"\xc0\x00"
_RETAIN, _QOS_1 = 0x01, 0x02


class MqttError(Exception):
    """There is no connection to the broker, or no more. The message says why."""


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

    def packet(self) -> bytes:
        """The CONNECT of a clean session."""
        flags = 0x02 | 0x04 | 0x08 | 0x20
        fields = [_text(self.client_id), _text(self.will_topic), _binary(self.will_payload)]
        if self.user is not None:
            flags |= 0x80
            fields.append(_text(self.user))
        if self.password is not None:
            flags |= 0x40
            fields.append(_text(self.password))
        head = _text("MQTT") + bytes((4, flags)) + self.keep_alive_s.to_bytes(2, "big")
        return _packet(_CONNECT, head + b"".join(fields))


class Connection(asyncio.Protocol):
    """One connection to a broker, from `open` until `lost` is done."""

    def __init__(self, heard: Callable[[Message], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = self._loop.create_future()  # with the reason
        self._heard = heard
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._unsent: list[bytes] = []
        self._flushing = False
        self._mid = 0
        self._unacknowledged = 0
        self._held: deque[tuple[int, bytes, bytes]] = deque()
        self._answers: dict[int, asyncio.Future[bytes]] = {}  # by packet id; 0 is the CONNACK
        self._silent = False

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
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                _, connection = await loop.create_connection(
                    lambda: cls(heard), host, port, ssl=tls
                )
        except TimeoutError:
            raise MqttError("the broker does not answer") from None
        except OSError as error:
            raise MqttError(str(error)) from error
        watching = None
        try:
            code = (await connection._ask(0, hello.packet()))[1]
            if code:
                raise MqttError(f"the broker refused: {_REFUSALS.get(code, code)}")
            watching = asyncio.create_task(connection._keep_alive(hello.keep_alive_s / 2))
            yield connection
            connection.leave("the gateway left")
        finally:
            if watching is not None:
                watching.cancel()
            if connection._transport is not None:
                connection._transport.close()

    def leave(self, why: str) -> None:
        """Ends the connection with a word, so that the broker does not publish the will."""
        self._send(_DISCONNECT)
        self.flush()
        if not self.lost.done():
            self.lost.set_result(why)
        if self._transport is not None:
            self._transport.close()

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribes at QoS 1, and waits until the broker says so. Raises `MqttError`."""
        mid = self._next_mid()
        wanted = b"".join(_text(topic) + b"\x01" for topic in filters)
        await self._ask(mid, _packet(_SUBSCRIBE, mid.to_bytes(2, "big") + wanted))

    async def end(self) -> NoReturn:
        """Waits for the end of the connection. Raises `MqttError`."""
        raise MqttError(await self.lost)

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        """Publishes at QoS 1, without waiting for the broker's acknowledgement."""
        first = _PUBLISH | _QOS_1 | (_RETAIN if retain else 0)
        if self._unacknowledged >= UNACKNOWLEDGED_LIMIT:
            self._held.append((first, _text(topic), payload))
        else:
            self._publish(first, _text(topic), payload)

    def acknowledge(self, message: Message) -> None:
        """Tells the broker that it may forget the message."""
        if message.qos:
            self._send(b"\x40\x02" + message.mid.to_bytes(2, "big"))

    def flush(self) -> None:
        """Sends what has gathered, now."""
        self._flushing = False
        if self._unsent and self._transport is not None:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    # -- out -------------------------------------------------------------------------------------

    def _publish(self, first: int, topic: bytes, payload: bytes) -> None:
        self._unacknowledged += 1
        self._send(_packet(first, topic + self._next_mid().to_bytes(2, "big") + payload))

    def _send(self, packet: bytes) -> None:
        self._unsent.append(packet)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self.flush)

    def _next_mid(self) -> int:
        self._mid = self._mid % 65_535 + 1
        return self._mid

    async def _ask(self, key: int, packet: bytes) -> bytes:
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answers[key] = answer
        self._send(packet)
        either: set[asyncio.Future[Any]] = {answer, self.lost}
        await asyncio.wait(either, timeout=ANSWER_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        del self._answers[key]
        if self.lost.done():
            raise MqttError(self.lost.result())
        if not answer.done():
            raise MqttError("the broker does not answer")
        return answer.result()

    async def _keep_alive(self, every_s: float) -> None:
        """Pings, and gives up a connection on which three pings were not answered."""
        silent_for = 0
        while silent_for < 3:
            self._silent = True
            self._send(_PINGREQ)
            await asyncio.sleep(every_s)
            silent_for = silent_for + 1 if self._silent else 0
        self._lose("the broker fell silent")

    # -- in --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop's; it has switched Nagle's algorithm off."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The loop's."""
        self._lose(str(exc) if exc is not None else "the broker closed the connection")

    def _lose(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def data_received(self, data: bytes) -> None:
        """The loop's: some packets, and often a piece of the next."""
        self._silent = False
        unread = self._unread
        unread += data
        start, size = 0, len(unread)
        while size - start >= 2:
            at, length, shift = start + 1, 0, 0
            while at < size:
                byte = unread[at]
                at += 1
                length |= (byte & 127) << shift
                if byte < 128:
                    break
                shift += 7
                if shift > 21:
                    self._lose("the broker sent what is no MQTT")
                    return
            else:
                break
            if size - at < length:
                break
            self._take(unread[start], bytes(unread[at : at + length]))
            start = at + length
        del unread[:start]

    def _take(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == 3:
            qos = first >> 1 & 3
            at = 2 + (body[0] << 8 | body[1])
            topic = body[2:at].decode("utf-8", "replace")
            mid = 0
            if qos:
                mid = body[at] << 8 | body[at + 1]
                at += 2
            self._heard(Message(topic, body[at:], qos, bool(first & 1), mid))
        elif kind == _PUBACK:
            self._unacknowledged -= 1
            if self._held:
                self._publish(*self._held.popleft())
        elif kind in (_CONNACK, _SUBACK):
            mid = 0 if kind == _CONNACK else body[0] << 8 | body[1]
            answer = self._answers.get(mid)
            if answer is not None and not answer.done():
                answer.set_result(body)


def _packet(first: int, body: bytes) -> bytes:
    length = len(body)
    if length < 128:
        return bytes((first, length)) + body
    head = bytearray((first,))
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    head.append(length)
    return bytes(head) + body


def _binary(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


def _text(value: str) -> bytes:
    return _binary(value.encode())
