"""A new password without a visit: the real firmware in a shop with the gateway's own broker."""

import asyncio
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import pytest

from overdoor.config import read
from overdoor.device.folder import Folder
from overdoor.device.provision import Bench
from tests.firmware.conftest import Room, open_room
from tests.system.conftest import OVERDOOR, process, until

from .test_own_broker import OwnBroker, running


class Shop(OwnBroker):
    """One of its devices is a real one."""

    def room(self, **more: Any) -> Any:
        """The board in room w1, as it was flashed by cable when this was made."""
        board = self.folder / "board"
        if not board.exists():
            board.mkdir()
            shutil.copy(self.folder / "devices" / "ca.der", board)
            self.by_cable = json.loads((self.folder / "devices" / "cp-w1.json").read_text())
        return open_room(board, self.by_cable | more)

    def http(self) -> httpx.AsyncClient:
        """To the gateway. One for many questions: making it takes longer than an answer."""
        return httpx.AsyncClient(base_url=f"{read(self.file).web.here}/api/v1")

    async def comes_in(self, number: int) -> None:
        """Waits until the board is connected by its password of this number."""
        async with self.http() as http:

            async def is_in() -> bool:
                devices = (await http.get("/devices")).json()["devices"]
                (told,) = (each for each in devices if each["id"] == "cp-w1")
                return told["status"] == "online" and told.get("password_number") == number

            await until(is_in, f"cp-w1 is in by its password {number}", 60)

    async def passwords_read(self) -> None:
        """Waits until the broker was told to read the new ones."""

        async def is_told() -> bool:
            return b"has the devices' passwords as they are now" in self.log.read_bytes()

        await until(is_told, "the broker was told of the passwords", 60)

    def bench(self) -> Bench:
        return Bench(read(self.file), self.file, Folder(self.file))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@asynccontextmanager
async def rotating(shop: Shop, *words: str) -> AsyncIterator[Any]:
    """`overdoor device rotate` while the block runs; then its exit status and what it said."""
    ended: dict[str, Any] = {}
    async with process(
        *(OVERDOOR, "device", "rotate", "--config", shop.file, *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    ) as command:
        yield ended
        said, _ = await asyncio.wait_for(command.communicate(), 60)
        ended |= {"status": command.returncode, "said": said.decode()}


async def refused(shop: Shop, password: str) -> bool:
    try:
        async with shop.client("cp-w1", password):
            return False
    except aiomqtt.MqttError as error:
        return "authori" in str(error)


async def link_ends(room: Room) -> None:
    await room.lines.until(lambda line: str(line.get("log", "")).startswith("link: closed"))


async def test_a_connected_device_follows_and_a_press_meanwhile_counts_once(shop: Shop) -> None:
    old = shop.secret("cp-w1")
    async with running(shop), shop.room() as room:
        await shop.comes_in(1)
        async with rotating(shop, "cp-w1") as ended:
            await link_ends(room)
            room.do(do="press", button="call", ms=60)
        assert re.fullmatch(r"cp-w1: new password in use after \d+\.\d s\n", ended["said"])
        assert ended["status"] == 0
        assert await refused(shop, old)

        async with shop.http() as http:

            async def raised() -> Any:
                return (await http.get("/calls")).json()["calls"]

            calls = await until(raised, "the press came through")
        assert [call["presses"] for call in calls] == [1]
        new = shop.secret("cp-w1")
        assert new != old
        assert new not in json.dumps(room.lines.items) + shop.log.read_text()


async def test_a_device_that_was_away_comes_back_by_its_new_password(shop: Shop) -> None:
    old = shop.secret("cp-w1")
    async with running(shop):
        async with shop.room():
            await shop.comes_in(1)
        async with rotating(shop, "--all") as ended:
            pass
        assert ended["status"] == 1
        assert "cp-w1: the old password is void; away, it takes the new one later" in ended["said"]
        assert "Left: cp-w2: not heard since the gateway started" in ended["said"]
        await shop.passwords_read()
        await until(lambda: refused(shop, old), "the old password is void")
        async with shop.room() as room:
            await shop.comes_in(2)
            tried = [line for line in room.lines.items if "refuse" in str(line.get("log"))]
            assert tried
        async with shop.room() as room:  # it knows it now
            await shop.comes_in(2)
            assert not [line for line in room.lines.items if "refuse" in str(line.get("log"))]


async def test_neither_a_killed_gateway_nor_a_restored_backup_locks_a_device_out(
    shop: Shop,
) -> None:
    backup = shop.folder / "backup"
    shutil.copytree(shop.folder / "devices", backup)
    async with shop.room() as room:
        async with running(shop) as pid:
            await shop.comes_in(1)
            os.kill(pid, signal.SIGKILL)
        shop.bench().rotate("cp-w1")  # as much as the command had done by then
        async with running(shop):
            room.do(do="press", button="call", ms=60)  # or it waits for up to 20 s
            await shop.comes_in(2)
            room.lines.skip()
            shutil.copytree(backup, shop.folder / "devices", dirs_exist_ok=True)
            await link_ends(room)
            room.do(do="press", button="call", ms=60)
            await shop.comes_in(1)
