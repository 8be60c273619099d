"""A small MQTT 3.1.1 client on asyncio streams: clean sessions, QoS 0 and 1, a will.

`publish` only queues, one task writes: a press never waits for anything, packets are never mixed,
and no cancelled caller can leave half a packet behind. A session ends with the first MqttError; the
socket is closed then, and the caller makes a new client.
"""

import asyncio

from . import packet
from .compat import const
from .errors import (
    MqttCertificateError,
    MqttClosedError,
    MqttError,
    MqttOverflowError,
    MqttProtocolError,
    MqttTimeoutError,
)
from .flight import Flight

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Changed, Deliver, Now, OpenStream, Reader, Writer

_MAX_PACKET = const(4096)
_MAX_QUEUED = const(96)  # a full outbox and what goes with it
_ANSWER_MS = const(5000)  # for PINGRESP, PUBACK and SUBACK
_WRITE_S = const(10)
_CHUNK = const(1024)


def _nothing() -> None:
    pass


class MqttClient:
    """One session. `connect`, then `run`; the other methods work while it runs."""

    def __init__(
        self,
        open_stream: "OpenStream",
        client_id,
        now: "Now",
        will=None,
        user=None,
        password=None,
        keepalive_s=20,
        on_sent: "Changed" = _nothing,
    ):
        """`await open_stream()` gives (reader, writer); `now()` ms; will is (topic, payload).

        `on_sent()` is called when CONNECT is out and its answer is waited for.
        """
        self._on_sent = on_sent
        self._open = open_stream
        self._now = now
        self._keepalive_s = keepalive_s
        self._hello = packet.connect(client_id, keepalive_s, will, user, password)
        self._reader: "Reader" = None
        self._writer: "Writer" = None
        self._queue = []
        self._queued = asyncio.Event()
        self._ended = asyncio.Event()
        self._failure = None
        self._flight = Flight()
        self._ping_sent = None
        self._last_sent = self._last_heard = now()

    async def connect(self, timeout_s: int = 10) -> None:
        """Open the stream and be accepted. Raises an MqttError if that fails."""
        try:
            await asyncio.wait_for(self._shake_hands(), timeout_s)
        except asyncio.TimeoutError:
            await self._close()
            raise MqttTimeoutError("no answer from the broker") from None
        except (OSError, EOFError) as error:
            await self._close()
            raise MqttClosedError("cannot reach the broker", error) from None
        except ValueError as error:  # how MicroPython's TLS says so
            await self._close()
            raise MqttCertificateError(str(error).strip()) from None
        except MemoryError:
            await self._close()
            raise MqttOverflowError("no memory for a connection") from None
        except MqttError:
            await self._close()
            raise

    async def _shake_hands(self) -> None:
        self._reader, self._writer = await self._open()
        self._writer.write(self._hello)
        await self._writer.drain()  # with TLS, the handshake is part of it
        self._on_sent()
        first, length = await self._read_header()
        if first != packet.CONNACK << 4 or length > _MAX_PACKET:
            raise MqttProtocolError("an answer that is no CONNACK")
        packet.read_connack(await self._reader.readexactly(length))
        self._last_sent = self._last_heard = self._now()

    async def run(self, deliver: "Deliver", beat: "Beat" = _nothing) -> None:
        """Serve the session with `deliver(topic, payload, retained)`. Always ends by raising.

        `beat()` is called every few seconds, as long as the session makes progress or waits.
        """
        jobs = ((self._read, deliver), (self._write,), (self._supervise, beat))
        tasks = [asyncio.create_task(self._until_failure(*job)) for job in jobs]
        try:
            await self._ended.wait()
        finally:
            for task in tasks:
                task.cancel()
            await self._close()
        raise self._failure

    async def _until_failure(self, job, *arguments) -> None:
        try:
            await job(*arguments)
        except asyncio.TimeoutError as error:
            self.abandon(MqttTimeoutError("the network takes no more: %r" % error))
        except (OSError, EOFError) as error:
            self.abandon(MqttClosedError("connection lost", error))
        except MemoryError:
            self.abandon(MqttOverflowError("no memory for a packet"))
        except Exception as error:  # an MqttError, or a bug: run() raises either to its caller
            self.abandon(error)

    def abandon(self, error: Exception) -> None:
        """End the session; `run` raises `error`, unless it failed earlier."""
        if self._failure is None:
            self._failure = error
        self._ended.set()

    async def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
                await writer.wait_closed()
            except OSError:
                return  # it was closed already, and that is all we want

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Queue a message; it is on its way before anything else of this device runs on."""
        packet_id = self._new_id(0) if qos else None
        self._send(packet.publish(topic, payload, packet_id, retain))

    def subscribe(self, topics) -> None:
        """Subscribe with QoS 1; a refusal ends the session."""
        self._send(packet.subscribe(self._new_id(len(topics)), topics))

    def leave(self) -> None:
        """Say goodbye, so that the broker does not speak the will. Nothing can follow."""
        self._send(packet.disconnect())

    async def settle(self, timeout_ms: int) -> None:
        """Wait until the broker has acknowledged everything, but no longer than this."""
        give_up = self._now() + timeout_ms
        while (len(self._flight) or self._queue) and self._now() < give_up:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # rare enough not to cost the hot path an event

    def _new_id(self, topics: int) -> int:
        if len(self._flight) >= 2 * _MAX_QUEUED:
            self._overflow()
        return self._flight.start(self._now(), topics)

    def _send(self, data: bytes) -> None:
        if len(self._queue) >= _MAX_QUEUED:
            self._overflow()
        self._queue.append(data)
        self._queued.set()

    def _overflow(self) -> None:
        error = MqttOverflowError("the broker takes nothing more")
        self.abandon(error)
        raise error

    # ---- the three jobs of a session

    async def _write(self) -> None:
        while True:
            await self._queued.wait()
            self._queued.clear()
            while self._queue:
                self._writer.write(self._queue.pop(0))
                await asyncio.wait_for(self._writer.drain(), _WRITE_S)
                self._last_sent = self._now()

    async def _supervise(self, beat: "Beat") -> None:
        quiet = self._keepalive_s * 500
        while True:
            beat()
            await asyncio.sleep(self._keepalive_s / 4)
            now = self._now()
            sent = self._flight.oldest(self._ping_sent)
            if sent is not None and now - max(sent, self._last_heard) >= _ANSWER_MS:
                raise MqttTimeoutError("the broker fell silent")
            if self._ping_sent is None and now - min(self._last_sent, self._last_heard) >= quiet:
                self._ping_sent = now
                self._send(packet.ping())

    async def _read(self, deliver: "Deliver") -> None:
        while True:
            first, length = await self._read_header()
            kind = first >> 4
            if kind == packet.PUBLISH:
                await self._read_publish(first & 0x0F, length, deliver)
            elif length > _MAX_PACKET:
                raise MqttProtocolError("a packet that is too long")
            else:
                self._answered(kind, await self._reader.readexactly(length))
            self._last_heard = self._now()

    def _answered(self, kind: int, body: bytes) -> None:
        if kind == packet.PUBACK:
            self._flight.end(packet.read_packet_id(body))
        elif kind == packet.SUBACK:
            packet.read_suback(body, self._flight.end(int.from_bytes(body[:2], "big")))
        elif kind == packet.PINGRESP:
            self._ping_sent = None
        else:
            raise MqttProtocolError("a packet that no broker sends: %d" % kind)

    async def _read_publish(self, flags: int, length: int, deliver: "Deliver") -> None:
        kept = min(length, _MAX_PACKET)
        body = await self._reader.readexactly(kept)
        topic, payload, packet_id, retained = packet.read_publish(flags, body)
        # A payload that is too long is not for us. To close would not help: when it is
        # retained, it is the first thing that the next session gets.
        left = length - kept
        while left:
            skipped = await self._reader.read(min(left, _CHUNK))
            if not skipped:
                raise EOFError
            left -= len(skipped)
            self._last_heard = self._now()
        if packet_id is not None:
            self._send(packet.puback(packet_id))
        if length == kept:
            deliver(topic, payload, retained)

    async def _read_header(self) -> tuple:
        first = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            byte = (await self._reader.readexactly(1))[0]
            length, shift = packet.remaining_length(length, shift, byte)
            if not shift:
                return first, length
