"""TLS of the real firmware on the real interpreter, with a real mosquitto and with worse peers."""

import asyncio
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from overdoor import authority as authority_files
from overdoor.authority import Authority as ShopAuthority
from tests.conftest import free_port

from .certificates import Authority
from .conftest import (
    DEVICE,
    PREFIX,
    TIMEOUT_S,
    Broker,
    Log,
    Room,
    a_task,
    is_dark,
    is_white,
    listening,
    open_room,
    room_config,
)

# A name is looked up after three failures, which may block for long: this one resolves at once.
HOST = "localhost"
UNKNOWN_HOST = "broker.shop.lan"  # nobody resolves it: the address is in the configuration
SECRET = "the device's own password"


class SecureBroker(Broker):
    """A mosquitto with TLS and a password for each device; rights are of its own topics only."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        super().__init__(folder)
        self.inner_port = free_port()  # for the test itself, without TLS
        passwords, rights = folder / "passwords", folder / "rights"
        program = shutil.which("mosquitto_passwd", path="/usr/bin:/usr/sbin:/usr/local/bin")
        if program is None:
            pytest.fail("mosquitto_passwd is missing: install it (apt install mosquitto)")
        subprocess.run([program, "-c", "-b", passwords, "cp-w1", SECRET], check=True)
        rights.write_text(
            "topic readwrite #\n\nuser cp-w1\n"
            f"topic readwrite {DEVICE}#\ntopic read {PREFIX}gateway/status\n"
        )
        self._config.write_text(
            "user root\n"  # where the tests run as root, it may still read these files
            "per_listener_settings true\n"
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {passwords}\nacl_file {rights}\n"
            f"certfile {certificate[0]}\nkeyfile {certificate[1]}\n"
            f"listener {self.inner_port} 127.0.0.1\nallow_anonymous true\n"
        )

    async def start(self) -> None:
        await super().start()
        await listening(self.inner_port)


def config(port: int, **broker: Any) -> dict[str, Any]:
    told = room_config(port)
    told["broker"] |= {"host": HOST, "ip": "127.0.0.1", "ca": "ca.der"}
    told["broker"] |= {"user": "cp-w1", "password": SECRET}
    told["broker"] |= broker
    return told


@asynccontextmanager
async def listening_to(port: int) -> AsyncIterator[Log]:
    log = Log()

    async def read(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            log.add((str(message.topic), message.payload))

    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(PREFIX + "#", qos=1)
        async with a_task(read(client)):
            yield log


async def told(room: Room, fault: str) -> None:
    """The room has logged this fault, and none of its secrets."""
    await room.lines.until(lambda line: line.get("log", "").startswith(f"link: {fault}:"))
    said = json.dumps(room.lines.items)
    assert SECRET not in said
    assert "secret" not in said


async def press_flashes(room: Room) -> None:
    room.do(do="press", button="call", ms=60)
    await room.ring(is_white)


async def test_a_press_comes_through_tls_with_the_device_own_password(tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.der").write_bytes(authority.der())
    broker = SecureBroker(tmp_path, authority.issue(tmp_path, [UNKNOWN_HOST]))
    await broker.start()
    try:
        async with (
            listening_to(broker.inner_port) as log,
            open_room(tmp_path, config(broker.port, host=UNKNOWN_HOST)) as room,
        ):
            await log.until(lambda message: message == (DEVICE + "status", b"online"))
            await press_flashes(room)
            await log.until(lambda message: message[0] == DEVICE + "event")
    finally:
        await broker.stop()


@pytest.mark.parametrize("host", [HOST, "127.0.0.1"])
async def test_a_device_takes_what_overdoor_ca_makes(tmp_path: Path, host: str) -> None:
    shop = ShopAuthority.of(tmp_path / "tls", "Demo", [HOST, "127.0.0.1"])
    shop.issue_for_broker([HOST, "127.0.0.1"])
    made = shop.folder / authority_files.BROKER, shop.folder / authority_files.BROKER_KEY
    (tmp_path / "ca.der").write_bytes(shop.certificate.public_bytes(Encoding.DER))
    broker = SecureBroker(tmp_path, made)
    await broker.start()
    try:
        async with (
            listening_to(broker.inner_port) as log,
            open_room(tmp_path, config(broker.port, host=host)),
        ):
            await log.until(lambda message: message == (DEVICE + "status", b"online"))
    finally:
        await broker.stop()


async def test_a_wrong_password_is_named(tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.der").write_bytes(authority.der())
    broker = SecureBroker(tmp_path, authority.issue(tmp_path, [HOST]))
    await broker.start()
    try:
        async with open_room(tmp_path, config(broker.port, password="another one")) as room:
            await told(room, "refused_rights")  # how mosquitto says it
    finally:
        await broker.stop()


@pytest.mark.parametrize("how", ["another CA", "another host", "expired", "not yet valid"])
async def test_a_bad_certificate_is_named_and_a_good_one_later_is_taken(
    tmp_path: Path, how: str
) -> None:
    authority = Authority()
    (tmp_path / "ca.der").write_bytes(authority.der())
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    certificate = {
        "another CA": lambda: Authority().issue(bad, [HOST]),
        "another host": lambda: authority.issue(bad, ["broker.elsewhere.lan"]),
        "expired": lambda: authority.issue(bad, [HOST], until=datetime(2001, 1, 1)),
        "not yet valid": lambda: authority.issue(bad, [HOST], since=datetime(2049, 1, 1)),
    }[how]()
    broker = SecureBroker(bad, certificate)
    await broker.start()
    try:
        async with open_room(tmp_path, config(broker.port)) as room:
            await told(room, "bad_certificate")
            await press_flashes(room)
            await broker.stop()
            better = SecureBroker(good, authority.issue(good, [HOST]))
            better._config.write_text(
                better._config.read_text().replace(str(better.port), str(broker.port))
            )
            better.port = broker.port
            broker = better
            await broker.start()
            async with listening_to(broker.inner_port) as log:
                await room.ring(is_dark)  # the finger is off the button since the first press
                await press_flashes(room)  # or it may rest for twenty seconds yet
                await log.until(lambda message: message == (DEVICE + "status", b"online"))
    finally:
        await broker.stop()


Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def speaks_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


def half_a_handshake(context: ssl.SSLContext) -> Peer:
    """Answers the ClientHello with the first bytes of a real answer, and then no more."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(await reader.read(4096))
        with suppress(ssl.SSLWantReadError):
            server.do_handshake()
        answer = outgoing.read()
        assert len(answer) > 200
        writer.write(answer[: len(answer) // 2])
        await reader.read()

    return peer


@asynccontextmanager
async def a_peer(peer: Peer) -> AsyncIterator[int]:
    talks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.CancelledError):
            await peer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def meet(folder: Path, peer: Peer, fault: str) -> None:
    """A room with this peer as its broker: it names the fault, and a press flashes meanwhile."""
    async with a_peer(peer) as port, open_room(folder, config(port)) as room:
        await room.lines.until(lambda line: "ready" in line)
        await press_flashes(room)  # in the middle of the handshake
        assert not [line for line in room.lines.items if fault in line.get("log", "")]
        await told(room, fault)


async def test_a_peer_that_does_not_finish_the_handshake(tmp_path: Path) -> None:
    authority = Authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue(tmp_path, [HOST]))
    meetings = []
    for name, peer in (("silent", silent), ("half", half_a_handshake(context))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.der").write_bytes(authority.der())
        meetings.append(meet(tmp_path / name, peer, "tls_silent"))
    await asyncio.gather(*meetings)


@pytest.mark.parametrize("peer", [hangs_up, speaks_plainly])
async def test_a_peer_that_spoils_the_handshake(tmp_path: Path, peer: Peer) -> None:
    (tmp_path / "ca.der").write_bytes(Authority().der())
    async with a_peer(peer) as port, open_room(tmp_path, config(port)) as room:
        await told(room, "no_tls")
        await press_flashes(room)


async def test_a_ca_that_is_no_certificate_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ca.der").write_bytes(b"\x30 and then anything")
    async with open_room(tmp_path, config(1)) as room:
        line = await room.lines.until(lambda line: "error" in line)
        assert line["error"] == "ca.der is no certificate in DER."
        assert await room.ended() == 2


async def test_a_ca_in_pem_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ca.der").write_bytes(b"-----BEGIN CERTIFICATE-----")
    async with open_room(tmp_path, config(1)) as room:
        line = await room.lines.until(lambda line: "error" in line, TIMEOUT_S)
        assert line["error"] == "ca.der is no certificate in DER."
