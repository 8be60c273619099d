"""A pager and badges, end to end: real firmware on every device, a real broker, the gateway."""

import json
from pathlib import Path
from typing import Any

import aiomqtt
import httpx

from tests.firmware.eyes import Eyes, NoTextError
from tests.system.conftest import Gateway, Street, until
from tests.system.test_firmware_and_gateway import room

UUID = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"


async def shop(street: Street, more: str) -> Gateway:
    """A gateway whose shop.toml says more."""
    gateway = await street.gateway(start=False)
    with gateway.config.open("a") as file:
        file.write(more)
    await gateway.start()
    return gateway


async def test_a_press_is_paged_taken_and_arrived_at_with_one_key(
    street: Street, tmp_path: Path
) -> None:
    gateway = await shop(street, '\n[[pager]]\ndevice = "pg-1"\n')
    eyes = Eyes()
    pager_config: dict[str, Any] = {"kind": "pager", "pins": {}}
    async with (
        room(tmp_path, street.mqtt, "cp-w1") as fitting_room,
        room(tmp_path, street.mqtt, "pg-1", **pager_config) as pager,
    ):

        def reads(*wanted: str) -> Any:
            def true(said: dict[str, Any]) -> bool:
                try:
                    lines = eyes.read(said["screen"]) if "screen" in said else []
                except NoTextError:
                    return False
                return all(any(text in line for line in lines) for text in wanted)

            return pager.reports(true, " and ".join(wanted))

        await reads("All quiet")

        async def online() -> bool:
            return bool((await gateway.get("/rooms"))["rooms"][0]["online"])

        await until(online, "the room is online")
        fitting_room.press("call")
        await reads("Women 1", "waiting", "0:01")
        pager.order(do="down", button="a")
        await fitting_room.shows(lambda lamp: lamp == 255, "steady once somebody comes")
        await reads("yours")
        pager.order(do="up", button="a")
        call = await gateway.call_of("w1")
        assert call is not None
        assert (call["state"], call["by"]) == ("acknowledged", "pg-1")

        pager.order(do="press", button="b")  # there is no other call: nothing happens
        await reads("yours", "0:03")
        pager.order(do="down", button="a")
        await fitting_room.shows(lambda lamp: lamp == 0, "off once somebody is there")
        await reads("you are there")
        call = await gateway.call_of("w1")
        assert call is not None
        assert (call["state"], call["evidence"]) == ("arrived", "D")


def advert(minor: int) -> str:
    """An iBeacon of the shop, as it is on the air."""
    body = "4c000215" + UUID.replace("-", "") + "0001" + f"{minor:04x}" + "c5"
    return "020106" + "1aff" + body


async def test_badges_name_the_associate_who_is_nearer(street: Street, tmp_path: Path) -> None:
    gateway = await shop(street, "\n[policy]\nsightings = true\n")
    duties = {}
    for name, badge in (("Ana", "1.17"), ("Boris", "1.18")):
        async with httpx.AsyncClient(base_url=gateway.http.base_url) as person:
            body = {"name": name, "zone": "women", "badge": badge}
            signed_on = await person.post("/api/v1/duty", json=body)
            signed_on.raise_for_status()
            duties[name] = signed_on.json()["duty"]
    async with (
        room(tmp_path, street.mqtt, "cp-w1", badges=UUID) as w1,
        room(tmp_path, street.mqtt, "cp-w2", badges=UUID) as w2,
        aiomqtt.Client("127.0.0.1", street.mqtt) as ear,
    ):
        await ear.subscribe("overdoor/1/t/device/+/sighting")
        heard: dict[tuple[str, str], int] = {}
        levels = (((w1, 17), -50), ((w1, 18), -82), ((w2, 17), -85), ((w2, 18), -48))

        async def listens(one: Any) -> bool:
            one.order(do="advert", data=advert(99), rssi=-90)
            await one.reports(lambda said: "heard" in said, "an advertisement")
            return bool(one.said["heard"])

        for one in (w1, w2):
            await until(lambda one=one: listens(one), "the call point listens")  # type: ignore[misc]
        for (one, minor), rssi in levels:
            one.order(do="advert", data=advert(minor), rssi=rssi)
        one.order(do="advert", data="0201060303aafe", rssi=-20)  # somebody's headphones
        async for message in ear.messages:
            said = json.loads(bytes(message.payload))  # type: ignore[arg-type]
            assert set(said) == {"v", "badge", "rssi"}
            heard[str(message.topic).split("/")[4], said["badge"]] = said["rssi"]
            if len([key for key in heard if key[1] != "1.99"]) == 4:
                break
        assert {key: rssi for key, rssi in heard.items() if key[1] != "1.99"} == {
            ("cp-w1", "1.17"): -50,
            ("cp-w1", "1.18"): -82,
            ("cp-w2", "1.17"): -85,
            ("cp-w2", "1.18"): -48,
        }

        for one, where, nearer in ((w1, "w1", "Ana"), (w2, "w2", "Boris")):
            one.press("call")

            async def paged(where: str = where) -> Any:
                call = await gateway.call_of(where)
                events = (await gateway.get(f"/calls/{call['id']}"))["events"] if call else []
                return next((event for event in events if event["type"] == "paged"), None)

            page = await until(paged, "somebody was paged")
            assert page["data"]["duties"] == [duties[nearer]], page


async def test_without_badges_in_its_config_a_call_point_does_not_listen(
    street: Street, tmp_path: Path
) -> None:
    async with room(tmp_path, street.mqtt, "cp-w1") as one:
        await one.reports(lambda said: "ready" in said or "lights" in said, "a start")
        one.order(do="advert", data=advert(17), rssi=-40)
        await one.reports(lambda said: "heard" in said, "an advertisement")
        assert one.said["heard"] is False
