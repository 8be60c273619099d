"""Somebody has the password of a program that listens on the broker. The broker is real."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from overdoor import firmware
from overdoor.config import read
from overdoor.device.provision import Bench
from tests.gateway.broker import HOST

from .guarded import NODELAY, PREFIX, Guarded, Witness, started, witness_of

LIMIT_S = 20
ANNOUNCED = "homeassistant/sensor/overdoor-demo/room-w1-call/config"
BIRTH = "homeassistant/status"
OPEN = [
    f"{PREFIX}/gateway/status",
    f"{PREFIX}/room/w1/call",
    f"{PREFIX}/room/w1/event",
    f"{PREFIX}/device/cp-w1/status",
    f"{PREFIX}/device/cp-w1/info",
    f"{PREFIX}/device/cp-w1/signal",
    f"{PREFIX}/device/cp-w1/shown",
]
CLOSED = [
    f"{PREFIX}/gateway/instance",
    f"{PREFIX}/device/cp-w1/event",
    f"{PREFIX}/device/cp-w1/receipt",
    f"{PREFIX}/device/cp-w1/command",
    f"{PREFIX}/device/cp-w1/result",
    f"{PREFIX}/device/cp-w1/page",
    f"{PREFIX}/device/cp-w1/sighting",
    f"{PREFIX}/device/cp-w1/piece",
]


class Shop:
    """A guarded broker with a program of each kind; `program` listens, `home` is Home Assistant."""

    def __init__(self, broker: Guarded) -> None:
        self.broker = broker
        self.bench = Bench(read(broker.file), broker.file, broker.devices)
        self.passwords = {
            "program": self.bench.add_program("program", home_assistant=False),
            "home": self.bench.add_program("home", home_assistant=True),
        }

    def read_again(self) -> None:
        """What `systemctl reload mosquitto` does."""
        self.broker.process.send_signal(signal.SIGHUP)

    def client(self, user: str, identifier: str | None = None) -> aiomqtt.Client:
        return aiomqtt.Client(
            HOST,
            self.broker.port,
            username=user,
            password=self.passwords[user],
            identifier=identifier,
            socket_options=NODELAY,
        )


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    broker = Guarded(tmp_path)
    shop = Shop(broker)
    async with started(broker):
        yield shop


@pytest.fixture
async def witness(shop: Shop) -> AsyncIterator[Witness]:
    async with witness_of(shop.broker) as one:
        yield one


@pytest.mark.parametrize(("user", "may"), [("program", []), ("home", [BIRTH])])
async def test_a_programs_password_writes_nothing_but_that_home_assistant_started(
    shop: Shop, witness: Witness, user: str, may: list[str]
) -> None:
    own = [f"{PREFIX}/device/{user}/{leaf}" for leaf in ("event", "status", "info", "sighting")]
    async with shop.client(user) as thief:
        for topic in (*OPEN, *CLOSED, *own, ANNOUNCED, BIRTH):
            await thief.publish(topic, b"forged", qos=1)
            await thief.publish(topic, b"forged", qos=1, retain=True)
    assert await witness.after("mark") == [(topic, b"forged") for topic in may for _ in range(2)]


@pytest.mark.parametrize(("user", "may"), [("program", []), ("home", [ANNOUNCED])])
async def test_a_programs_password_reads_nothing_that_says_who(
    shop: Shop, witness: Witness, user: str, may: list[str]
) -> None:
    closed = [*CLOSED, f"{PREFIX}/device/{user}/signal"]
    said = [*closed, ANNOUNCED, *OPEN]
    for topic in said:
        await witness.client.publish(topic, b"retained", qos=1, retain=True)
    heard: list[tuple[str, bytes]] = []
    async with asyncio.timeout(LIMIT_S), shop.client(user) as thief:
        for filter_ in (*closed, ANNOUNCED, "#", "$SYS/#"):
            await thief.subscribe(filter_, qos=1)
        for topic in said:
            await witness.client.publish(topic, b"live", qos=1)
        async for message in thief.messages:
            heard.append((str(message.topic), bytes(message.payload)))  # type: ignore[arg-type]
            if heard[-1] == (OPEN[-1], b"live"):
                break
    both = {(topic, when) for topic in (*OPEN, *may) for when in (b"retained", b"live")}
    assert set(heard) == both


async def test_the_will_of_a_programs_password_is_held_to_the_same(
    shop: Shop, witness: Witness
) -> None:
    packet = firmware.module("packet")
    for topic in (OPEN[1], f"{PREFIX}/device/cp-w1/event", f"{PREFIX}/device/home/event", BIRTH):
        will = topic, b"gone"
        reader, writer = await asyncio.open_connection(HOST, shop.broker.port)
        writer.write(packet.connect("x", 60, will, "home", shop.passwords["home"]))
        assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
        writer.close()  # without a word, so that the broker says the will
        await writer.wait_closed()
    await witness.hears(BIRTH)
    assert witness.heard == [(BIRTH, b"gone")]


@pytest.mark.parametrize("identifier", ["overdoor-demo-gateway", "overdoor-demo-cp-w1", "gateway"])
async def test_a_programs_password_keeps_nobody_else_away(
    shop: Shop, witness: Witness, identifier: str
) -> None:
    async with shop.broker.client("cp-w1", "overdoor-demo-cp-w1") as other:
        async with shop.client("program", identifier) as thief:
            await thief.publish("mark", b"", qos=1)
        await other.publish(f"{PREFIX}/device/cp-w1/event", b"still here", qos=1)
    assert (f"{PREFIX}/device/cp-w1/event", b"still here") in await witness.after("mark")
    assert not witness.ended


@pytest.mark.parametrize("how", ["removed", "renewed"])
async def test_who_has_the_old_password_of_a_program_is_put_out(shop: Shop, how: str) -> None:
    async with asyncio.timeout(LIMIT_S), shop.client("program") as thief:
        await thief.subscribe(OPEN[0], qos=1)
        if how == "removed":
            shop.bench.remove_program("program")
        else:
            again = shop.bench.renew_program("program")
        shop.read_again()
        with pytest.raises(aiomqtt.MqttError):
            async for _ in thief.messages:
                pass
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            async with shop.client("program"):
                pass
    if how == "renewed":
        shop.passwords["program"] = again
        async with shop.client("program"):
            pass
    async with shop.client("home"):
        pass
