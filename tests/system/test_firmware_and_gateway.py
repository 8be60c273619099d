"""The real firmware on the real interpreter, against the gateway, with the power cut between."""

import asyncio
import json
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import tool
from tests.system.conftest import LIMIT_S, OVERDOOR, Street, process, until

FIRMWARE = Path(__file__).parents[2] / "firmware"


class Room:
    """A room process; `lights` is what can be seen of it."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self.lights: dict[str, Any] = {"ring": [], "lamp": 0}
        self.said: dict[str, Any] = {}  # the last report
        self._running = running
        self._changed = asyncio.Event()

    async def read(self) -> None:
        assert self._running.stdout is not None
        async for line in self._running.stdout:
            self.said = said = json.loads(line)
            self.lights = said.get("lights", self.lights)
            self._changed.set()

    def press(self, button: str) -> None:
        self.order(do="press", button=button, ms=80)

    def order(self, **order: Any) -> None:
        assert self._running.stdin is not None
        self._running.stdin.write(json.dumps(order).encode() + b"\n")

    async def reports(self, true: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Waits for a report, from the last one on."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not true(self.said):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pytest.fail(f"no report of {what}: {self.said}")

    async def ended(self, status: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            assert await self._running.wait() == status

    async def cut_power(self) -> None:
        self._running.kill()
        await self._running.wait()

    async def shows(self, true: Callable[[int], bool], what: str) -> None:
        """Waits until the lamp over the door is as wanted."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not true(self.lights["lamp"]):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pytest.fail(f"the lamp was not {what}: {self.lights}")


@asynccontextmanager
async def room(folder: Path, mqtt: int, device: str, **more: Any) -> AsyncIterator[Room]:
    config = folder / f"{device}.json"
    config.write_text(
        json.dumps(
            {
                "shop": "t",
                "device": device,
                "model": "simulated",
                "broker": {"host": "127.0.0.1", "port": mqtt},
                "wifi": {"ssid": "simulated", "password": "simulated"},
                "pins": {"call": 32, "presence": 14, "ring": 4, "lamp": 33},
                **more,
            }
        )
    )
    async with process(
        tool("micropython"),
        FIRMWARE / "sim" / "room.py",
        config,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"MICROPYPATH": f"{FIRMWARE / 'sim'}:{FIRMWARE}:.frozen"},
    ) as running:
        one = Room(running)
        reading = asyncio.create_task(one.read())
        try:
            yield one
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_a_press_survives_the_gateways_death(street: Street, tmp_path: Path) -> None:
    gateway = await street.gateway()
    async with room(tmp_path, street.mqtt, "cp-w1") as fitting_room:

        async def online() -> bool:
            return bool((await gateway.get("/rooms"))["rooms"][0]["online"])

        await until(online, "the room is online")
        lock = sqlite3.connect(gateway.folder / "data" / "overdoor.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")  # the gateway hears the press and cannot store it
        fitting_room.press("call")
        await fitting_room.shows(lambda lamp: lamp > 0, "showing that nobody confirmed the press")
        await gateway.kill()
        lock.execute("ROLLBACK")
        lock.close()
        await gateway.start()

        async def raised() -> bool:
            return await gateway.call_of("w1") is not None

        await until(raised, "the press reached the gateway that came back")
        calls = (await gateway.get("/calls"))["calls"]
        assert [call["presses"] for call in calls] == [1]

        fitting_room.press("presence")

        async def arrived() -> bool:
            call = await gateway.call_of("w1")
            return call is not None and call["state"] == "arrived"

        await until(arrived, "the presence button records the arrival")
        await fitting_room.shows(lambda lamp: lamp == 0, "off after the arrival")


async def test_orders_reach_the_device_and_its_answers_come_back(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()

    async def order(verb: str, device: str = "cp-w1") -> tuple[int, str]:
        command = await asyncio.create_subprocess_exec(
            *map(str, (OVERDOOR, "device", verb, device, "--config", gateway.config)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await command.communicate()
        return command.returncode or 0, said.decode()

    async with room(tmp_path, street.mqtt, "cp-w1") as fitting_room:

        async def online() -> bool:
            return bool((await gateway.get("/rooms"))["rooms"][0]["online"])

        await until(online, "the room is online")
        assert await order("identify") == (0, "cp-w1 blinks.\n")
        await fitting_room.shows(lambda lamp: lamp == 255, "blinking")
        status, report = await order("report")
        assert status == 0
        assert re.search(r"^worst_delay_ms +\d+$", report, re.MULTILINE)
        assert re.search(r"^ +\d+\.\d  boot 1, after power_on$", report, re.MULTILINE)
        assert await order("restart") == (0, "cp-w1 starts anew.\n")
        await fitting_room.ended(3)

    async def offline() -> bool:
        return not (await gateway.get("/rooms"))["rooms"][0]["online"]

    await until(offline, "the room is offline")
    assert await order("identify") == (2, "overdoor: cp-w1 is not connected.\n")
    assert await order("identify", "nobody") == (2, "overdoor: There is no device 'nobody'.\n")
    await gateway.kill()
    status, said = await order("identify")
    assert (status, said) == (2, "overdoor: The gateway does not run, or does not answer.\n")


async def test_a_press_with_the_broker_down_survives_the_rooms_death_and_counts_once(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()

    async def online() -> bool:
        return bool((await gateway.get("/rooms"))["rooms"][0]["online"])

    async with room(tmp_path, street.mqtt, "cp-w1") as fitting_room:
        await until(online, "the room is online")
        await street.broker_dies()
        fitting_room.press("call")
        await fitting_room.shows(lambda lamp: lamp > 0, "showing that nobody confirmed the press")
        await fitting_room.cut_power()
    async with room(tmp_path, street.mqtt, "cp-w1"):
        await street.broker_returns()

        async def raised() -> bool:
            return await gateway.call_of("w1") is not None

        await until(raised, "the press reached the gateway")
    async with room(tmp_path, street.mqtt, "cp-w1") as fitting_room:
        # What it says again comes before what is new, and changes nothing.
        fitting_room.press("call")

        async def pressed_again() -> bool:
            call = await gateway.call_of("w1")
            return call is not None and call["presses"] > 1

        await until(pressed_again, "the second press reached the gateway")
    calls = (await gateway.get("/calls"))["calls"]
    assert [(call["presses"], call["estimated"]) for call in calls] == [(2, True)]
    with sqlite3.connect(gateway.folder / "data" / "overdoor.db") as database:
        heard = database.execute(
            "SELECT json_extract(data, '$.aged') FROM event WHERE fact = 'heard' ORDER BY seq"
        ).fetchall()
    assert heard == [(0,), (1,)]  # one press whose age the power cut took, and one that has its own
