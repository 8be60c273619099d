"""A new button is paired by pressing it, and a broken one replaced, while the gateway runs."""

import asyncio
from pathlib import Path

from tests.system.conftest import OVERDOOR, Gateway, Street, until


async def overdoor(gateway: Gateway, *words: str | Path) -> str:
    command = await asyncio.create_subprocess_exec(
        *map(str, (OVERDOOR, *words, "--config", gateway.config)),
        stdout=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        env={"OVERDOOR_WIFI_PASSWORD": "geheim"},
    )
    said, _ = await command.communicate()
    assert command.returncode == 0
    return said.decode()


async def test_a_button_that_nobody_knows_is_shown_paired_and_rings(street: Street) -> None:
    gateway = await street.gateway()
    device = await street.device("cp-9")
    await device.press()
    await device.hears("signal", lambda said: said["state"] == "offline")
    page = (await gateway.http.get("/")).text
    assert "overdoor device pair cp-9 ROOM" in page

    await overdoor(gateway, "device", "pair", "cp-9", "w2")

    await until(lambda: paired(gateway, "cp-9", "w2"), "the gateway took the file up")
    await device.press()
    raised = await device.hears("signal", lambda said: said["state"] == "raised")
    call = await gateway.call_of("w2")
    assert call is not None
    assert call["id"] == raised["call"]
    assert "cp-9" not in (await gateway.http.get("/")).text
    listed = (await overdoor(gateway, "device", "list")).splitlines()
    assert ["cp-9", "w2", "online", "now"] in [line.split() for line in listed]


async def test_a_room_keeps_its_call_when_its_board_is_replaced(street: Street) -> None:
    gateway = await street.gateway()
    old = await street.device("cp-w1")
    await old.press()
    raised = await old.hears("signal", lambda said: said["state"] == "raised")

    options = ("--broker", "192.168.1.10", "--wifi", "shop")
    said = await overdoor(gateway, "device", "replace", "w1", *options)
    assert "cp-w1-2 takes the place of cp-w1" in said

    await until(lambda: paired(gateway, "cp-w1-2", "w1"), "the gateway took the file up")
    new = await street.device("cp-w1-2")
    assert (await new.hears("signal"))["call"] == raised["call"]
    await new.press("presence")
    await new.hears("signal", lambda said: said["state"] == "arrived")


async def paired(gateway: Gateway, device: str, room: str) -> bool:
    listed = (await gateway.get("/devices"))["devices"]
    return any(each["id"] == device and each["room"] == room for each in listed)
