"""A shop that burnt down stands again on a new machine: with its open call, and its devices."""

import asyncio
from pathlib import Path

from tests.system.conftest import OVERDOOR, Street, until


async def overdoor(*words: str | Path) -> None:
    done = await asyncio.create_subprocess_exec(
        str(OVERDOOR), *map(str, words), stdout=asyncio.subprocess.DEVNULL
    )
    assert await done.wait() == 0


async def test_a_restore_brings_the_shop_back_with_every_open_call(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    devices = [await street.device("cp-w1"), await street.device("cp-w2")]
    for device in devices:
        await device.press()
        await device.hears("receipt")
    before = {room: await gateway.call_of(room) for room in ("w1", "w2")}
    await overdoor("backup", tmp_path / "kept", "-c", gateway.config)
    await gateway.kill()

    # The new machine has the broker's address, the backup, and nothing else.
    gateway.config = tmp_path / "new" / "shop.toml"
    await overdoor("restore", tmp_path / "kept", "-c", gateway.config)
    (tmp_path / "data").rename(tmp_path / "burnt")
    for device in devices:
        device.forget()
    await gateway.start()

    for room, call in before.items():
        there = await gateway.call_of(room)
        assert call is not None
        assert there is not None
        assert (there["id"], there["state"]) == (call["id"], "raised")
    for device in devices:
        assert (await device.hears("signal"))["state"] == "raised"
    await devices[0].press("presence")

    async def arrived() -> bool:
        call = await gateway.call_of("w1")
        return call is not None and call["state"] == "arrived"

    await until(arrived, "the call of before goes on")
