"""Somebody took a device from the wall and has its password. The brokers are real."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from overdoor import firmware
from overdoor.bus.mosquitto import MAX_PACKET
from overdoor.checkup import network
from overdoor.config import read
from overdoor.device import DeviceError
from overdoor.device.provision import Bench

from .guarded import NODELAY, PREFIX, Guarded, Witness, guarded, set_up, witness_of

THIEF = "cp-w1"
DISCOVERY = "homeassistant/sensor/overdoor-demo/w1_call/config"
LIMIT_S = 60


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Guarded]:
    async with guarded(tmp_path) as running:
        yield running


@pytest.fixture
async def witness(shop: Guarded) -> AsyncIterator[Witness]:
    async with witness_of(shop) as one:
        yield one


async def test_a_stolen_password_writes_no_other_topic(shop: Guarded, witness: Witness) -> None:
    leaves = ("event", "status", "signal", "receipt", "command", "info", "result")
    theirs = [f"device/{other}/{leaf}" for other in ("cp-w2", "CP-W1") for leaf in leaves]
    shops = ("room/w1/call", "room/w2/event", "gateway/status", "gateway/instance")
    async with shop.client(THIEF) as thief:
        for topic in (*theirs, *shops):
            await thief.publish(f"{PREFIX}/{topic}", b"forged", qos=1, retain=True)
        await thief.publish(f"overdoor/1/other/device/{THIEF}/event", b"forged", qos=1)
        await thief.publish(DISCOVERY, b"forged", qos=1, retain=True)
        await thief.publish(f"{PREFIX}/device/{THIEF}/event", b"own", qos=1)
    assert await witness.after("mark") == [(f"{PREFIX}/device/{THIEF}/event", b"own")]


async def test_a_stolen_password_reads_no_other_topic(shop: Guarded, witness: Witness) -> None:
    said = [
        f"{PREFIX}/device/cp-w2/signal",
        f"{PREFIX}/device/cp-w2/command",
        f"{PREFIX}/room/w2/call",
        f"{PREFIX}/gateway/instance",
    ]
    for topic in said:
        await witness.client.publish(topic, b"secret", qos=1, retain=True)
    async with shop.client(THIEF) as thief:
        for filter_ in ("#", f"{PREFIX}/#", f"{PREFIX}/device/+/signal", "$SYS/#", *said):
            await thief.subscribe(filter_, qos=1)
        for topic in said:
            await witness.client.publish(topic, b"secret again", qos=1)
        await witness.client.publish(f"{PREFIX}/device/{THIEF}/signal", b"own", qos=1)
        async with asyncio.timeout(LIMIT_S):
            async for message in thief.messages:
                assert str(message.topic) == f"{PREFIX}/device/{THIEF}/signal"
                break


async def test_the_gateway_itself_may_announce_the_shop(shop: Guarded, witness: Witness) -> None:
    await witness.client.publish(DISCOVERY, b"{}", qos=1, retain=True)
    assert await witness.after("mark") == [(DISCOVERY, b"{}")]


async def test_the_will_of_a_stolen_password_is_held_to_its_branch_too(
    shop: Guarded, witness: Witness
) -> None:
    packet = firmware.module("packet")
    for branch in ("cp-w2", THIEF):
        will = f"{PREFIX}/device/{branch}/event", b"gone"
        reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
        writer.write(packet.connect("x", 60, will, THIEF, shop.secret(THIEF)))
        assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
        writer.close()  # without a word, so that the broker says the will
        await writer.wait_closed()
    await witness.hears(f"{PREFIX}/device/{THIEF}/event")
    assert witness.heard == [(f"{PREFIX}/device/{THIEF}/event", b"gone")]


@pytest.mark.parametrize("identifier", ["overdoor-demo-gateway", "overdoor-demo-cp-w2"])
async def test_a_stolen_password_keeps_nobody_else_away(
    shop: Guarded, witness: Witness, identifier: str
) -> None:
    """MQTT ends a connection when its client id comes again; so that follows from the user."""
    async with shop.client("cp-w2", "overdoor-demo-cp-w2") as other:
        async with shop.client(THIEF, identifier) as thief:
            await thief.publish(f"{PREFIX}/device/{THIEF}/event", b"own", qos=1)
        await other.publish(f"{PREFIX}/device/cp-w2/event", b"still here", qos=1)
    assert (f"{PREFIX}/device/cp-w2/event", b"still here") in await witness.after("mark")
    assert not witness.ended


async def test_a_payload_too_large_for_any_device_goes_nowhere(
    shop: Guarded, witness: Witness
) -> None:
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(aiomqtt.MqttError):  # the broker ends the connection
            async with shop.client(THIEF) as thief:
                await thief.publish(f"{PREFIX}/device/{THIEF}/event", b"x" * 2 * MAX_PACKET, qos=0)
                async for _ in thief.messages:
                    pass
    assert await witness.after("mark") == []


@pytest.mark.parametrize(("user", "password"), [(None, None), ("cp-w1", "guess"), ("admin", "")])
async def test_nobody_comes_in_without_a_password(
    shop: Guarded, user: str | None, password: str | None
) -> None:
    with pytest.raises(aiomqtt.MqttError, match="authori"):
        async with aiomqtt.Client("127.0.0.1", shop.port, username=user, password=password):
            pass


async def test_a_revoked_device_is_put_out_although_it_is_connected(shop: Guarded) -> None:
    async with asyncio.timeout(LIMIT_S), shop.client(THIEF, socket_options=NODELAY) as thief:
        await thief.subscribe(f"{PREFIX}/device/{THIEF}/signal", qos=1)
        stolen = shop.secret(THIEF)
        Bench(read(shop.file), shop.file, shop.devices).replace("w1", None, {})
        shop.process.send_signal(signal.SIGHUP)  # what systemctl reload does
        with pytest.raises(aiomqtt.MqttError):
            async for _ in thief.messages:
                pass
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            async with aiomqtt.Client("127.0.0.1", shop.port, username=THIEF, password=stolen):
                pass
    async with shop.client("cp-w1-2"):
        pass


def test_no_device_gets_the_gateways_user(shop: Guarded) -> None:
    with pytest.raises(DeviceError, match="the gateway's own user"):
        Bench(read(shop.file), shop.file, shop.devices).add(None, "gateway", {"model": "x"})
    assert set_up(shop.file).devices().keys() == {"cp-w1", "cp-w2"}


async def test_overdoor_check_does_not_put_the_gateway_out(shop: Guarded, witness: Witness) -> None:
    found = await asyncio.to_thread(lambda: list(network.broker(read(shop.file), None)))
    assert any("it is mosquitto version" in str(finding.what) for finding in found)
    assert await witness.after("mark") == []
    assert not witness.ended
