"""Updates over the real gateway and a real broker, to rooms that run the real firmware."""

import asyncio
import hashlib
import hmac
import json
import os
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from overdoor.device import bundle
from tests.conftest import tool
from tests.system.conftest import OVERDOOR, Gateway, Street, process, until
from tests.system.test_firmware_and_gateway import FIRMWARE, Room

KEY = bytes(range(32))
LIMIT_S = 120
COMMAND_LIMIT_S = 200
TEN_SECONDS = "_SETTLED_MS = const(10000)"


def version(number: str, broken: bool = False) -> dict[str, Any]:
    """The body of the request: today's firmware under another number."""
    made = {path: content for path, content in bundle.make(None).items() if "/" in path}
    init = made["overdoor/__init__.py"].replace(
        b'VERSION = "0.1.0"', b'VERSION = "%s"' % number.encode()
    )
    assert number.encode() in init
    made["overdoor/__init__.py"] = init
    if broken:
        made["overdoor/link.py"] = b"import nothing_of_this_name\n"
    lines = ["overdoor-firmware 1", f"version {number}"]
    paths = sorted(made)
    lines += [f"{hashlib.sha256(made[p]).hexdigest()} {len(made[p])} {p}" for p in paths]
    manifest = "\n".join(lines) + "\n"
    mac = hmac.new(KEY, manifest.encode(), "sha256").hexdigest()
    return {"manifest": manifest, "mac": mac, "files": [b64encode(made[p]).decode() for p in paths]}


async def lives(rooms: dict[str, Room], folder: Path, mqtt: int, device: str) -> None:
    """A board: started again whenever it resets. `rooms` has the process that runs now."""
    config = folder / "devices" / f"{device}.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(
        json.dumps(
            {
                "shop": "t",
                "device": device,
                "model": "simulated",
                "broker": {"host": "127.0.0.1", "port": mqtt},
                "wifi": {"ssid": "simulated", "password": "simulated"},
                "update_key": KEY.hex(),
            }
        )
    )
    while True:
        running = await asyncio.create_subprocess_exec(
            tool("micropython"),
            str(FIRMWARE / "sim" / "room.py"),
            str(config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"MICROPYPATH": f"{FIRMWARE / 'sim'}:{FIRMWARE}:.frozen"},
        )
        room = Room(running)
        try:
            rooms[device] = room
            await room.read()
            await running.wait()
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()


@asynccontextmanager
async def boards(street: Street, folder: Path, *devices: str) -> AsyncIterator[dict[str, Room]]:
    """Rooms with power; `lives` begins each again after its resets."""
    rooms: dict[str, Room] = {}
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lives(rooms, folder, street.mqtt, each)) for each in devices]
        yield rooms
        for task in tasks:
            task.cancel()


def firmware(folder: Path, *, broken: bool = False) -> Path:
    """A copy of today's, as somebody has it who changed it: one that is sure of itself at once."""
    copy = folder / "changed"
    shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    trial = copy / "overdoor" / "trial.py"
    text = trial.read_text()
    assert TEN_SECONDS in text
    trial.write_text(text.replace(TEN_SECONDS, TEN_SECONDS.replace("10000", "500")))
    if broken:
        (copy / "overdoor" / "link.py").write_text("import nothing_of_this_name\n")
    return copy


async def update(gateway: Gateway, *words: str | Path) -> tuple[int, str]:
    """`overdoor device update`; its exit status and all that it said."""
    async with process(
        *(OVERDOOR, "device", "update", "--config", gateway.config, *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    ) as running:
        said, _ = await asyncio.wait_for(running.communicate(), COMMAND_LIMIT_S)
        assert running.returncode is not None
        return running.returncode, said.decode()


async def firmwares(gateway: Gateway) -> dict[str, str]:
    return {each["id"]: each["firmware"] for each in (await gateway.get("/devices"))["devices"]}


async def online(gateway: Gateway) -> None:
    async def all_online() -> bool:
        return all(room["online"] for room in (await gateway.get("/rooms"))["rooms"])

    await until(all_online, "both rooms are online")


async def test_the_command_brings_a_version_onto_every_device(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    few = ("--firmware", firmware(tmp_path), "--steady", "1")
    async with boards(street, tmp_path, "cp-w1", "cp-w2"):
        await online(gateway)
        status, said = await update(gateway, "--all", "--version", "0.2.0", *few)
        assert status == 0, said
        assert "2 of 2 run 0.2.0" in said
        assert await firmwares(gateway) == {"cp-w1": "0.2.0", "cp-w2": "0.2.0"}
        assert said.index("cp-w1  done") < said.index("cp-w2  offered")  # the canary first
        status, said = await update(gateway, "cp-w1", "--version", "0.1.5")
        assert status == 2
        assert "--back-from 0.2.0" in said
        back = ("--version", "0.1.5", "--back-from", "0.2.0")
        status, said = await update(gateway, "cp-w1", *back, *few)
        assert status == 0, said
        kept = (await gateway.get("/devices/cp-w1"))["last_update"]
        assert (kept["version"], kept["stage"]) == ("0.1.5", "confirmed")
        assert await firmwares(gateway) == {"cp-w1": "0.1.5", "cp-w2": "0.2.0"}


async def test_a_canary_that_rolls_back_ends_it(street: Street, tmp_path: Path) -> None:
    gateway = await street.gateway()
    broken = firmware(tmp_path, broken=True)
    async with boards(street, tmp_path, "cp-w1", "cp-w2"):
        await online(gateway)
        status, said = await update(gateway, "--all", "--version", "0.3.0", "--firmware", broken)
        assert status == 1, said
        assert "Stopped: cp-w1 went back to 0.1.0: it does not start:" in said
        assert "nothing_of_this_name" in said
        assert "Left: cp-w2: its turn did not come" in said
        assert (await gateway.http.get("/api/v1/devices/cp-w2/update")).status_code == 404
        await online(gateway)
        assert await firmwares(gateway) == {"cp-w1": "0.1.0", "cp-w2": "0.1.0"}


async def test_a_device_that_is_away_gets_it_when_it_comes_back(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    async with boards(street, tmp_path, "cp-w1"):

        async def one_online() -> bool:
            return any(room["online"] for room in (await gateway.get("/rooms"))["rooms"])

        await until(one_online, "one room is online")
        (tmp_path / "devices" / "cp-w2.json").write_text(json.dumps({"update_key": KEY.hex()}))
        few = ("--all", "--version", "0.2.0", "--steady", "1", "--firmware", firmware(tmp_path))
        status, said = await update(gateway, *few, "--patience", "0")
        assert status == 1, said
        assert "Left: cp-w2: offline." in said
        assert "1 of 2 run 0.2.0." in said
        later = asyncio.create_task(update(gateway, *few))
        async with boards(street, tmp_path, "cp-w2"):
            status, said = await later
        assert status == 0, said
        assert await firmwares(gateway) == {"cp-w1": "0.2.0", "cp-w2": "0.2.0"}


async def test_a_battery_button_is_named_and_is_no_failure(street: Street, tmp_path: Path) -> None:
    gateway = await street.gateway()
    (tmp_path / "devices").mkdir()
    asleep = {"power": "battery", "update_key": KEY.hex()}
    (tmp_path / "devices" / "cp-w2.json").write_text(json.dumps(asleep))
    async with boards(street, tmp_path, "cp-w1"):
        few = ("--firmware", firmware(tmp_path), "--steady", "1")
        status, said = await update(gateway, "--all", "--version", "0.2.0", *few)
        assert status == 0, said
        assert "1 of 1 run 0.2.0." in said
        assert "By cable: cp-w2, a battery button: overdoor device flash cp-w2." in said
        status, said = await update(gateway, "cp-w2", "--version", "0.2.0")
        assert status == 2
        assert "updated by cable" in said


async def test_the_gateway_restarts_in_the_middle(street: Street, tmp_path: Path) -> None:
    gateway = await street.gateway()
    async with boards(street, tmp_path, "cp-w1", "cp-w2"):
        await online(gateway)
        words = ("cp-w1", "--version", "0.2.0", "--steady", "1")
        running = asyncio.create_task(update(gateway, *words))

        async def on_trial() -> bool:
            answer = await gateway.http.get("/api/v1/devices/cp-w1/update")
            return answer.status_code == 200 and answer.json()["stage"] == "trial"

        await until(on_trial, "the canary is tried")
        await gateway.kill()
        await gateway.start()
        status, said = await running
        assert status == 0, said
        assert await firmwares(gateway) == {"cp-w1": "0.2.0", "cp-w2": "0.1.0"}


async def ends(gateway: Gateway, device: str) -> dict[str, Any]:
    async def ended() -> Any:
        told = await gateway.get(f"/devices/{device}/update")
        return told if told["stage"] in ("confirmed", "refused", "rolled-back") else None

    found: dict[str, Any] = await until(ended, f"the update of {device} ends", LIMIT_S)
    return found


async def test_rooms_are_updated_and_a_broken_version_rolls_back(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    rooms: dict[str, Room] = {}
    async with asyncio.TaskGroup() as boards:
        tasks = [
            boards.create_task(lives(rooms, tmp_path, street.mqtt, device))
            for device in ("cp-w1", "cp-w2")
        ]

        async def online() -> bool:
            return all(room["online"] for room in (await gateway.get("/rooms"))["rooms"])

        await until(online, "both rooms are online")
        for device, body in (("cp-w1", version("0.2.0")), ("cp-w2", version("0.3.0", broken=True))):
            answer = await gateway.http.put(f"/api/v1/devices/{device}/update", json=body)
            assert answer.status_code == 200, answer.text

        async def fetching() -> bool:
            return bool((await gateway.get("/devices/cp-w1/update"))["stage"] == "fetching")

        await until(fetching, "the update began")
        rooms["cp-w1"].press("call")

        async def raised() -> bool:
            return await gateway.call_of("w1") is not None

        await until(raised, "the press came through in the middle of it")
        told = await gateway.get("/devices/cp-w1/update")
        assert told["stage"] == "fetching"  # it rests while the shopper waits
        await gateway.http.post("/api/v1/rooms/w1/cancel")
        assert (await ends(gateway, "cp-w1"))["stage"] == "confirmed"
        broken = await ends(gateway, "cp-w2")
        assert broken["stage"] == "rolled-back"
        assert "nothing_of_this_name" in broken["reason"]
        known = {
            each["id"]: each["firmware"] for each in (await gateway.get("/devices"))["devices"]
        }
        assert (known["cp-w1"], known["cp-w2"]) == ("0.2.0", "0.1.0")
        await until(online, "both rooms are online again")
        for task in tasks:
            task.cancel()
