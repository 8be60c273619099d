"""Updates over the real gateway and a real broker, to rooms that run the real firmware."""

import asyncio
import hashlib
import hmac
import json
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

from overdoor.device import bundle
from tests.conftest import tool
from tests.system.conftest import Gateway, Street, until
from tests.system.test_firmware_and_gateway import FIRMWARE, Room

KEY = bytes(range(32))
LIMIT_S = 60


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
    config = folder / f"{device}.json"
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
