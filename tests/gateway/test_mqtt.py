"""The port to the broker: whatever the network does to the stream, each message arrives once."""

import asyncio
import inspect
import random
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client

from overdoor.bus.mqtt import Connection, Hello, Message, MqttError
from overdoor.bus.wire import Wire
from tests.conftest import free_port

from .broker import HOST, MOSQUITTO
from .house import TIMEOUT_S


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (Client, "_sock_close", ["self"]),
        (Client, "_handle_pubackcomp", ["self", "cmd"]),
        (Client, "_mid_generate", ["self"]),
        (Client, "_send_publish", ["self", "mid", "topic", "payload", "qos", "retain"]),
        (aiomqtt.Client, "_on_socket_close", ["self", "client", "userdata", "sock"]),
    ],
)
def test_what_paho_and_aiomqtt_keep_to_themselves_is_still_there(
    owner: type, name: str, parameters: list[str]
) -> None:
    method = getattr(owner, name, None)
    assert method is not None, f"{owner.__module__} has no {name} any more: see bus/mqtt.py"
    assert list(inspect.signature(method).parameters)[: len(parameters)] == parameters


async def test_the_attributes_that_are_reached_through_to_are_still_there() -> None:
    client = aiomqtt.Client(HOST)
    for owner, name in ((client, "_client"), (client, "_disconnected"), (client._client, "_sock")):
        assert hasattr(owner, name), f"{type(owner).__module__} has no {name} any more"


# -- over a pair of sockets ----------------------------------------------------------------------


class Wired:
    """A connection whose broker is a bare socket."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes, int]] = []
        self.broker, ours = socket.socketpair()
        for end in (self.broker, ours):
            end.setblocking(False)
        client = aiomqtt.Client(HOST)
        client._connected.set_result(None)
        self.connection = Connection(client, self._hear)
        self.connection._paho._sock = ours
        self.connection._take_the_wire()

    def _hear(self, message: Message) -> None:
        self.heard.append((message.topic, message.payload, message.qos))

    def close(self) -> None:
        self.connection._paho._sock_close()
        self.broker.close()


def publication(topic: str, payload: bytes, qos: int) -> bytes:
    name = topic.encode()
    body = struct.pack("!H", len(name)) + name + (b"\0\7" if qos else b"") + payload
    length, rest = b"", len(body)
    while rest > 127:
        length, rest = length + bytes([rest & 127 | 128]), rest >> 7
    return bytes([0x30 | qos << 1]) + length + bytes([rest]) + body


SAID = st.lists(
    st.tuples(
        st.sampled_from(["a", "shop/device/cp-1/event"]),
        st.one_of(st.binary(max_size=5), st.binary(min_size=120, max_size=300)),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=8,
)


@given(said=SAID, data=st.data())
def test_however_the_stream_is_cut_the_same_messages_are_heard(
    said: list[tuple[str, bytes, int]], data: st.DataObject
) -> None:
    pubacks = b"\x40\x02\0\1" * data.draw(st.integers(0, 3))
    stream = pubacks.join(publication(*message) for message in said)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=12)))

    async def run() -> list[tuple[str, bytes, int]]:
        wired = Wired()
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            wired.broker.sendall(stream[start:end])
            wired.connection._read()
        wired.close()
        return wired.heard

    assert asyncio.run(run()) == said


async def test_what_came_before_the_end_of_a_connection_is_heard() -> None:
    wired = Wired()
    said = [("a", b"%d" % number, 1) for number in range(50)]
    wired.broker.sendall(b"".join(publication(*message) for message in said))
    wired.broker.close()
    with pytest.raises(MqttError):
        await asyncio.wait_for(wired.connection.end(), TIMEOUT_S)
    assert wired.heard == said
    wired.connection.publish("late", b"is of no use, and harmless")
    wired.connection.flush()


async def test_a_connection_that_breaks_while_it_is_written_to_ends() -> None:
    wired = Wired()
    wired.broker.close()
    wired.connection.publish("a", b"x" * 100)
    wired.connection.flush()
    with pytest.raises(MqttError):
        await asyncio.wait_for(wired.connection.end(), TIMEOUT_S)


async def test_a_mistake_of_who_hears_ends_the_connection_and_is_told() -> None:
    wired = Wired()
    wired.connection._heard = lambda message: int(message.payload)
    wired.broker.sendall(publication("a", b"no number", 0))
    with pytest.raises(MqttError) as told:
        await asyncio.wait_for(wired.connection.end(), TIMEOUT_S)
    assert isinstance(told.value.__cause__, ValueError)
    wired.close()


async def test_more_than_the_kernel_takes_leaves_by_itself_and_in_order() -> None:
    wired = Wired()
    payloads = [bytes([number]) * 50_000 for number in range(60)]
    for payload in payloads:
        wired.connection.publish("a", payload)
    expected = sum(len(publication("a", payload, 1)) for payload in payloads)
    got = bytearray()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(TIMEOUT_S):
        while len(got) < expected:
            got += await loop.sock_recv(wired.broker, 1 << 16)
    at = 0
    for payload in payloads:
        packet = publication("a", payload, 1)
        start = len(packet) - len(payload)
        assert got[at + start : at + len(packet)] == payload
        at += len(packet)
    wired.close()


class Grudging(socket.socket):
    """A socket that takes what it likes, when it likes."""

    def __init__(self, moods: list[int]) -> None:
        super().__init__()
        self.took = b""
        self._moods = iter(moods)

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
        mood = next(self._moods, len(data))
        if mood <= 0:
            raise (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError)[-mood]
        self.took += data[:mood]
        return min(mood, len(data))


@given(
    said=st.lists(st.binary(max_size=20), max_size=20),
    moods=st.lists(st.integers(-2, 30), max_size=60),
)
def test_partial_sends_lose_nothing_and_repeat_nothing(said: list[bytes], moods: list[int]) -> None:
    with Grudging(moods) as sock:
        wire = Wire(sock)
        for data in said:
            assert wire.send(data) == len(data)
            wire.drain()
        while not wire.drain():
            pass
        assert sock.took == b"".join(said)


# -- over TLS ------------------------------------------------------------------------------------


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A mosquitto that speaks TLS; who connects with the context trusts it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        f"listener {port} {HOST}\nallow_anonymous true\nuser root\nmax_inflight_messages 0\n"
        f"max_queued_messages 0\ncertfile {tmp_path}/server.pem\nkeyfile {tmp_path}/server.pem\n"
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    quiet = subprocess.DEVNULL
    with subprocess.Popen([MOSQUITTO, "-c", str(config)], stdout=quiet, stderr=quiet) as broker:
        yield port, context
        broker.kill()


async def test_messages_of_all_sizes_cross_tls_both_ways(tls: tuple[int, ssl.SSLContext]) -> None:
    port, context = tls
    dice = random.Random(1)
    sizes = [1, 10, 16_384, 16_385, 70_000, 300_000, *(dice.randrange(2000) for _ in range(300))]
    payloads = [dice.randbytes(size) for size in sizes]
    heard: list[bytes] = []
    all_heard = asyncio.Event()

    def hear(message: Message) -> None:
        heard.append(message.payload)
        connection.acknowledge(message)
        if len(heard) == len(payloads):
            all_heard.set()

    async with asyncio.timeout(TIMEOUT_S):
        while True:
            opening = Connection.open("localhost", port, Hello("a", 15, "will", b""), hear, context)
            try:
                connection = await opening.__aenter__()
                break
            except MqttError:  # it still starts
                await asyncio.sleep(0.02)
        await connection.subscribe(["echo"])
        for payload in payloads:
            connection.publish("echo", payload, retain=False)
        await all_heard.wait()
        await opening.__aexit__(None, None, None)
    assert heard == payloads
