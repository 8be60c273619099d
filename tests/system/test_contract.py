"""The gateway from outside: `overdoor run`, an external mosquitto, and a bare MQTT client."""

import sqlite3

import aiomqtt

from tests.system.conftest import Street, until


async def test_a_press_is_receipted_and_raised_and_a_presence_arrives(street: Street) -> None:
    gateway = await street.gateway()
    device = await street.device("cp-w1")

    n = await device.press()

    raised = await device.hears("signal", lambda said: said["state"] == "raised")
    await device.hears("receipt", lambda said: said["boot"] == device.boot and said["n"] == n)
    call = await gateway.call_of("w1")
    assert call is not None
    assert (call["id"], call["state"]) == (raised["call"], "raised")

    await device.press("presence")

    arrived = await device.hears("signal", lambda said: said["state"] == "arrived")
    assert arrived["rev"] > raised["rev"]
    call = await gateway.call_of("w1")
    assert call is not None
    assert (call["state"], call["evidence"], call["by"]) == ("arrived", "A", None)


async def test_after_kill_9_everything_is_as_it_was(street: Street) -> None:
    gateway = await street.gateway()
    one, two = await street.device("cp-w1"), await street.device("cp-w2")
    await one.press()
    await one.hears("receipt")
    await two.press()
    await two.press(gesture="hold")
    await two.hears("receipt", lambda said: said["n"] == 2)
    before = await street.retained(), await gateway.get("/rooms"), await gateway.get("/calls")

    await gateway.kill()
    await gateway.start()

    after = await street.retained(), await gateway.get("/rooms"), await gateway.get("/calls")
    assert after == before
    assert before[0]["overdoor/1/t/room/w1/call"]["state"] == "raised"
    assert before[0]["overdoor/1/t/room/w2/call"]["outcome"] == "cancelled"


async def test_a_press_in_flight_at_kill_9_is_there_once(street: Street) -> None:
    gateway = await street.gateway()
    device = await street.device("cp-w1")
    await device.press("presence")
    await device.hears("receipt")
    lock = sqlite3.connect(gateway.folder / "data" / "overdoor.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")  # the gateway hears the next press and cannot store it

    n = await device.press()
    await device.client.publish(device.topic("shown"), "{}", qos=1)
    await gateway.kill()
    lock.execute("ROLLBACK")
    lock.close()
    device.forget()
    await gateway.start()
    assert await gateway.call_of("w1") is None

    for _ in range(2):  # no receipt came, so the device sends it again, and once more
        await device.send(n=n, button="call", gesture="press", age_ms=1500)
    await device.hears("receipt", lambda said: said["n"] == n)
    await device.hears("signal", lambda said: said["state"] == "raised")
    calls = (await gateway.get("/calls"))["calls"]
    assert [(call["state"], call["presses"]) for call in calls] == [("raised", 1)]


async def test_what_the_broker_lost_is_said_again(street: Street) -> None:
    await street.gateway()
    device = await street.device("cp-w1")
    await device.press()
    await device.hears("receipt")
    before = await street.retained()
    for topic in before:  # as a broker that lost what it retained would look
        if "/device/" not in topic or topic.endswith(("signal", "receipt")):
            await device.client.publish(topic, b"", qos=1, retain=True)
    # The gateway's own client id: the broker ends its connection, as a restart would.
    async with aiomqtt.Client("127.0.0.1", street.mqtt, identifier="overdoor-t-gateway"):
        pass
    await until(
        lambda: _same(street, before), "every retained topic is there again with what it held"
    )


async def _same(street: Street, before: dict[str, object]) -> bool:
    return await street.retained() == before
