"""The MQTT client against brokers that misbehave, on the asyncio of CPython."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overdoor_device import errors, mqtt, packet

from .conftest import TIMEOUT_S

ACCEPTED = b"\x20\x02\x00\x00"
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def now() -> int:
    return int(time.monotonic() * 1000)


@asynccontextmanager
async def client_of(peer: Peer, keepalive_s: float = 20) -> AsyncIterator[mqtt.MqttClient]:
    """A client whose broker is `peer`."""
    conversations = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.current_task())
        with suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            await peer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def open_stream() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port)

    client = mqtt.MqttClient(open_stream, "c", now, keepalive_s=20)
    client._keepalive_s = keepalive_s  # shorter than a second, as no packet can say it
    try:
        yield client
    finally:
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        server.close()
        await server.wait_closed()


async def read_packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first = (await reader.readexactly(1))[0]
    value = shift = 0
    while True:
        value, shift = packet.remaining_length(value, shift, (await reader.readexactly(1))[0])
        if not shift:
            return first, await reader.readexactly(value)


def accepts_and_says(*answers: bytes, then: Peer | None = None) -> Peer:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_packet(reader)
        writer.write(ACCEPTED)
        for answer in answers:
            writer.write(answer)
        await writer.drain()
        if then is not None:
            await then(reader, writer)
        else:
            await reader.read()

    return peer


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def ignore(topic: str, payload: bytes, retained: bool) -> None:
    pass


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"\x20\x02\x00\x04", errors.MqttRefusedError),
        (b"\x20\x02\x00\x05", errors.MqttRefusedError),
        (b"\x20\x01\x00", errors.MqttProtocolError),
        (b"\x20\xff\xff\xff\xff\xff", errors.MqttProtocolError),
        (b"\x20\xff\xff\xff\x7f", errors.MqttProtocolError),
        (b"\x30\x03\x00\x01a", errors.MqttProtocolError),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", errors.MqttProtocolError),
        (b"\x20\x02", errors.MqttTimeoutError),
        (b"", errors.MqttTimeoutError),
    ],
)
async def test_a_broker_that_does_not_accept(answer: bytes, error: type[Exception]) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()

    async with client_of(peer) as client:
        with pytest.raises(error):
            await client.connect(0.2 if error is errors.MqttTimeoutError else TIMEOUT_S)


async def test_a_broker_that_hangs_up_at_once() -> None:
    async with client_of(hang_up) as client:
        with pytest.raises(errors.MqttClosedError):
            await client.connect(TIMEOUT_S)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"\xf0\x00", errors.MqttProtocolError),
        (b"\x10\x00", errors.MqttProtocolError),
        (b"\x40\x01\x00", errors.MqttProtocolError),
        (b"\x90\x03\x00\x01\x80", errors.MqttProtocolError),  # for nothing that was asked
        (b"\x30\x00", errors.MqttProtocolError),
        (b"\x34\x05\x00\x01a\x00\x01", errors.MqttProtocolError),
        (b"\x40\xff\xff\x7f", errors.MqttProtocolError),
        (b"\x30\xff\xff\xff\xff\x01", errors.MqttProtocolError),
    ],
)
async def test_malformed_packets_end_the_session(answer: bytes, error: type[Exception]) -> None:
    async with client_of(accepts_and_says(answer)) as client:
        await client.connect()
        with pytest.raises(error):
            await client.run(ignore)


async def test_a_lost_connection_is_noticed_at_once() -> None:
    async with client_of(accepts_and_says(then=hang_up)) as client:
        await client.connect()
        with pytest.raises(errors.MqttClosedError):
            async with asyncio.timeout(TIMEOUT_S):
                await client.run(ignore)


async def test_a_silent_broker_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "_ANSWER_MS", 100)
    async with client_of(accepts_and_says(then=fall_silent), keepalive_s=0.2) as client:
        await client.connect()
        with pytest.raises(errors.MqttTimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                await client.run(ignore)


async def test_a_missing_puback_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "_ANSWER_MS", 100)
    async with client_of(accepts_and_says(then=fall_silent), keepalive_s=0.2) as client:
        await client.connect()
        client.publish("a", b"x")
        with pytest.raises(errors.MqttTimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                await client.run(ignore)


async def test_pings_keep_a_quiet_session_alive() -> None:
    pinged = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            assert await read_packet(reader) == (0xC0, b"")
            writer.write(b"\xd0\x00")
        pinged.set()
        await reader.read()

    async with client_of(accepts_and_says(then=answer), keepalive_s=0.2) as client:
        await client.connect()
        session = asyncio.create_task(client.run(ignore))
        async with asyncio.timeout(TIMEOUT_S):
            await pinged.wait()
        assert not session.done()
        session.cancel()
        await asyncio.gather(session, return_exceptions=True)


async def test_a_refused_subscription_ends_the_session() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_packet(reader)
        writer.write(b"\x90\x04" + body[:2] + b"\x01\x80")
        await reader.read()

    async with client_of(accepts_and_says(then=refuse)) as client:
        await client.connect()
        client.subscribe(["a", "b"])
        with pytest.raises(errors.MqttRefusedError):
            await client.run(ignore)


async def test_publishes_do_not_wait_for_each_other() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        packets = [await read_packet(reader) for _ in range(3)]  # none is acknowledged
        heard.set_result([packet.read_publish(first & 15, body)[:2] for first, body in packets])
        await reader.read()

    async with client_of(accepts_and_says(then=listen)) as client:
        await client.connect()
        for payload in (b"1", b"2", b"3"):
            client.publish("t", payload)
        session = asyncio.create_task(client.run(ignore))
        assert await heard == [("t", b"1"), ("t", b"2"), ("t", b"3")]
        session.cancel()
        await asyncio.gather(session, return_exceptions=True)


async def test_settle_waits_for_the_acknowledgement() -> None:
    async def acknowledge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_packet(reader)
        packet_id = packet.read_publish(2, body)[2]
        writer.write(packet.puback(packet_id))
        await reader.read()

    async with client_of(accepts_and_says(then=acknowledge)) as client:
        await client.connect()
        client.publish("t", b"x")
        session = asyncio.create_task(client.run(ignore))
        async with asyncio.timeout(TIMEOUT_S):
            await client.settle(60000)
        session.cancel()
        await asyncio.gather(session, return_exceptions=True)


async def test_incoming_messages_are_acknowledged_and_long_ones_skipped() -> None:
    got: list[tuple[str, bytes, bool]] = []
    acknowledged = asyncio.get_running_loop().create_future()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        acknowledged.set_result([await read_packet(reader) for _ in range(2)])
        await reader.read()

    messages = (
        packet.publish("small", b"1", 7, True),
        packet.publish("huge", bytes(300_000), 8),
        packet.publish("plain", b"2"),
    )
    async with client_of(accepts_and_says(*messages, then=talk)) as client:
        await client.connect()
        session = asyncio.create_task(client.run(lambda *message: got.append(message)))
        assert await acknowledged == [(0x40, b"\x00\x07"), (0x40, b"\x00\x08")]
        session.cancel()
        await asyncio.gather(session, return_exceptions=True)
    assert got == [("small", b"1", True), ("plain", b"2", False)]


async def test_more_than_the_network_takes_ends_the_session() -> None:
    async with client_of(accepts_and_says(then=fall_silent)) as client:
        await client.connect()
        with pytest.raises(errors.MqttOverflowError):
            for _ in range(1000):
                client.publish("t", b"x")
        with pytest.raises(errors.MqttOverflowError):
            await client.run(ignore)


async def test_an_error_of_the_receiver_is_not_swallowed() -> None:
    def fail(topic: str, payload: bytes, retained: bool) -> None:
        raise ZeroDivisionError

    async with client_of(accepts_and_says(packet.publish("t", b"x"))) as client:
        await client.connect()
        with pytest.raises(ZeroDivisionError):
            await client.run(fail)


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_from_a_broker_are_read_or_end_in_an_mqtt_error(garbage: bytes) -> None:
    async def session() -> None:
        async with client_of(accepts_and_says(garbage, then=hang_up)) as client:
            with pytest.raises(errors.MqttError):
                await client.connect()
                await client.run(ignore)

    asyncio.run(session())
