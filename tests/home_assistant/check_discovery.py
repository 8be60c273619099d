"""The shop as a real Home Assistant discovers it, from a real broker. `make home-assistant`.

Home Assistant runs in an environment of its own (`.venv-home-assistant`), with its MQTT integration
and nothing else; `hass.py` tells what it knows.
"""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests.attack.test_own_broker import OwnBroker, running
from tests.system.conftest import Device, Street, a_street, process
from tests.system.test_firmware_and_gateway import room

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-home-assistant" / "bin" / "python"
LIMIT_S = 60.0
pytestmark = pytest.mark.timeout(400)
SECTION = """
[home_assistant]
prefix = "homeassistant"
"""
TWO_DEVICES = """
[[room]]
id = "m1"
name = "Män 1"
zone = "women"
devices = ["button-m1", "lamp-m1"]

[[pager]]
device = "pg-1"
"""


class HomeAssistant:
    """What it knows, as it told last."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self.entities: dict[str, dict[str, Any]] = {}
        self.version = ""
        self._running = running
        self._told = asyncio.Event()

    async def read(self) -> None:
        assert self._running.stdout is not None
        async for line in self._running.stdout:
            said = json.loads(line)
            self.version = said.pop("version", self.version)
            self.entities = said
            self._told.set()

    async def until(self, true: Callable[[dict[str, dict[str, Any]]], bool], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not true(self.entities):
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            pytest.fail(f"Home Assistant never had {what}; it has {self.states()}")

    async def shows(self, entity: str, state: str) -> None:
        await self.until(
            lambda known: known.get(entity, {}).get("state") == state, f"{entity} {state}"
        )

    def states(self) -> dict[str, str]:
        return {id_: about["state"] for id_, about in sorted(self.entities.items())}


@asynccontextmanager
async def home_assistant(port: int, folder: Path, **access: str) -> AsyncIterator[HomeAssistant]:
    """One that starts now. `access`: what its MQTT integration is given beside the address."""
    folder.mkdir()
    broker = {"broker": "127.0.0.1", "port": port, **access}
    (folder / "broker.json").write_text(json.dumps(broker))
    (folder / "configuration.yaml").touch()
    if not PYTHON.exists():
        pytest.fail("make home-assistant installs it first", pytrace=False)
    with (folder / "log").open("w") as log:
        async with process(
            PYTHON,
            "-E",  # it has numpy, unlike the shop: see tests/conftest.py
            HERE / "hass.py",
            folder,
            stdout=subprocess.PIPE,
            stderr=log,
            limit=2**22,
        ) as running:
            one = HomeAssistant(running)
            reading = asyncio.create_task(one.read())
            try:
                yield one
                wrong = [
                    line
                    for line in (folder / "log").read_text().splitlines()
                    if "mqtt" in line.lower() and "dependencies" not in line
                ]
                assert not wrong, "Home Assistant complained"
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with a_street(tmp_path) as place:
        yield place


async def test_it_discovers_a_shop_and_lives_with_it(street: Street, tmp_path: Path) -> None:
    gateway = await street.gateway(start=False)
    with gateway.config.open("a") as file:
        file.write(SECTION + TWO_DEVICES)
    await gateway.start()
    async with (
        room(tmp_path, street.mqtt, "cp-w1") as fitting_room,
        home_assistant(street.mqtt, tmp_path / "hass") as home,
    ):
        await home.shows("binary_sensor.overdoor_t_gateway_online", "on")
        await home.shows("sensor.overdoor_t_w1_call", "idle")
        await home.shows("binary_sensor.overdoor_t_w1_cp_w1_lamp", "off")
        await home.shows("binary_sensor.overdoor_t_w1_cp_w1_online", "on")
        await home.until(
            lambda known: (
                known["sensor.overdoor_t_w1_cp_w1_rssi"]["state"] not in ("unknown", None)
            ),
            "a signal strength",
        )
        print(f"\nHome Assistant {home.version}:", json.dumps(home.states(), indent=1))

        # A press, as it is seen there; not a trace of it before.
        assert home.entities["event.overdoor_t_w1_button"]["state"] == "unknown"
        fitting_room.press("call")
        await home.shows("sensor.overdoor_t_w1_call", "raised")
        await home.shows("binary_sensor.overdoor_t_w1_cp_w1_lamp", "on")
        button = home.entities["event.overdoor_t_w1_button"]
        assert button["attributes"]["event_type"] == "raised"
        assert home.entities["sensor.overdoor_t_w1_call"]["attributes"]["degraded"] is False
        fitting_room.press("presence")
        await home.shows("sensor.overdoor_t_w1_call", "arrived")
        await home.shows("binary_sensor.overdoor_t_w1_cp_w1_lamp", "off")

        # Names, areas, what belongs to what.
        call = home.entities["sensor.overdoor_t_w1_call"]
        assert (call["name"], call["device"], call["area"]) == ("Women 1 Call", "Women 1", "Women")
        assert call["model"] == "simulated"
        assert home.entities["sensor.overdoor_t_m1_call"]["device"] == "Män 1"
        online = home.entities["binary_sensor.overdoor_t_m1_lamp_m1_online"]
        assert (online["device"], online["category"]) == ("Män 1 lamp-m1", "diagnostic")
        assert (
            home.entities["binary_sensor.overdoor_t_device_pg_1_online"]["device"] == "Pager pg-1"
        )

        # A call that staff raise is no press.
        await gateway.http.post("/api/v1/rooms/w2/call", json={})
        await home.shows("sensor.overdoor_t_w2_call", "raised")
        assert "event.overdoor_t_w2_button" not in home.entities, "nothing is pressed there yet"

        # The gateway goes, and nothing pretends to be known; it comes back.
        await gateway.kill()
        await home.shows("binary_sensor.overdoor_t_gateway_online", "off")
        await home.shows("sensor.overdoor_t_w1_call", "unavailable")
        await gateway.start()
        await home.shows("sensor.overdoor_t_w1_call", "arrived")

        # The room loses its power.
        await fitting_room.cut_power()
        await home.shows("binary_sensor.overdoor_t_w1_cp_w1_online", "off")
        await home.shows("binary_sensor.overdoor_t_w1_cp_w1_lamp", "unavailable")
        await home.shows("sensor.overdoor_t_w1_call", "arrived")

        # A room is closed for good while the gateway is down.
        await gateway.stop()
        text = gateway.config.read_text()
        gateway.config.write_text(text.replace(TWO_DEVICES, ""))
        await gateway.start()
        await home.until(
            lambda known: not any("m1" in id_ or "pg" in id_ for id_ in known),
            "forgotten the room that is gone",
        )
        assert "sensor.overdoor_t_w1_call" in home.entities

    # The broker forgot everything, and Home Assistant starts anew: its birth brings it back.
    async with aiomqtt.Client("127.0.0.1", street.mqtt) as client:
        await client.subscribe("homeassistant/#", qos=1)
        await client.subscribe("mark", qos=1)
        await client.publish("mark", b"", qos=1)
        async for message in client.messages:
            if str(message.topic) == "mark":
                break
            await client.publish(str(message.topic), b"", qos=1, retain=True)
    async with home_assistant(street.mqtt, tmp_path / "again") as home:
        await home.shows("sensor.overdoor_t_w1_call", "arrived")


async def test_discovery_false_takes_everything_back(street: Street, tmp_path: Path) -> None:
    gateway = await street.gateway(start=False)
    with gateway.config.open("a") as file:
        file.write(SECTION)
    await gateway.start()
    async with home_assistant(street.mqtt, tmp_path / "hass") as home:
        await home.shows("sensor.overdoor_t_w1_call", "idle")
        await gateway.stop()
        gateway.config.write_text(gateway.config.read_text() + "discovery = false\n")
        await gateway.start()
        await home.until(lambda known: not known, "forgotten the shop")


async def test_with_a_user_of_its_own_on_the_gateways_own_broker(tmp_path: Path) -> None:
    shop = OwnBroker(tmp_path)
    password = shop.command("broker", "user", "add", "home-assistant", "--home-assistant")
    witness = shop.command("broker", "user", "add", "witness", "--home-assistant")
    access = {
        "username": "home-assistant",
        "password": password.strip(),
        "certificate": (tmp_path / "tls" / "ca.pem").read_text(),
    }
    async with running(shop), shop.client("witness", witness.strip()) as listening:
        announced = "homeassistant/binary_sensor/overdoor-t/gateway-online/config"
        await listening.subscribe(announced, qos=1)
        async with (
            home_assistant(shop.port, tmp_path / "hass", **access) as home,
            shop.client("cp-w1", shop.secret("cp-w1")) as client,
        ):
            call_point = Device(client, "cp-w1")
            await client.publish(call_point.topic("status"), "online", qos=1, retain=True)
            await call_point.describe(caps=["call", "lamp"], rssi=-61)
            await home.shows("binary_sensor.overdoor_t_gateway_online", "on")
            await home.shows("binary_sensor.overdoor_t_w1_cp_w1_online", "on")
            await home.shows("sensor.overdoor_t_w1_cp_w1_rssi", "-61")
            await home.shows("sensor.overdoor_t_w1_call", "idle")
            await call_point.press()
            await home.shows("sensor.overdoor_t_w1_call", "raised")
            await home.shows("binary_sensor.overdoor_t_w1_cp_w1_lamp", "on")
            button = home.entities["event.overdoor_t_w1_button"]
            assert button["attributes"]["event_type"] == "raised"
            async with asyncio.timeout(LIMIT_S):
                async for message in listening.messages:
                    if not message.retain:  # again, because Home Assistant said that it started
                        break
