"""A shop that can be hurt: broker, disk, gateway and rooms, each a process of its own."""

import asyncio
import json
import os
import re
import secrets
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from overdoor.demo.rooms import RESET_STATUS
from tests.conftest import free_port, tool
from tests.system.conftest import OVERDOOR, mosquitto_config

FIRMWARE = Path(__file__).parents[2] / "firmware"
READY_LIMIT_S = 30.0
ANSWER_LIMIT_S = 5.0
RESTART_S = 0.5
SEEN = 400  # changes of a room's lights that are remembered
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Broker:
    """A mosquitto that keeps nothing, so that a killed one forgets everything."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(mosquitto_config(self.port))
        self._process: Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            tool("mosquitto"), "-c", str(self._config), stderr=DEVNULL
        )

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()


class Disk:
    """A small disk that can be filled: a tmpfs in a mount namespace of its own."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        self._size_mb = size_mb
        self._keeper: Process | None = None

    async def start(self) -> None:
        """Makes it. Exits with a sentence where the system does not allow that."""
        unshare = shutil.which("unshare")
        nsenter = shutil.which("nsenter")
        mount = f'mount -t tmpfs -o size={self._size_mb}m tmpfs "$0" && echo made && exec cat'
        if unshare is not None and nsenter is not None:
            self._keeper = await asyncio.create_subprocess_exec(
                *(unshare, "-Urm", "sh", "-c", mount, str(self.folder)),
                stdin=PIPE,
                stdout=PIPE,
            )
            assert self._keeper.stdout is not None
            if await self._keeper.stdout.readline() == b"made\n":
                return
        sys.exit("No disk can be made here that may run full: leave it out with --disk 0.")

    def inside(self, *command: str) -> list[str]:
        """The command, as one that sees this disk."""
        assert self._keeper is not None
        enter = ["nsenter", "-t", str(self._keeper.pid), "-U", "-m", "--preserve-credentials"]
        return [*enter, *command]

    async def fill(self) -> None:
        await self._run("sh", "-c", 'cat /dev/zero > "$0" 2>/dev/null', f"{self.folder}/ballast")

    async def free(self) -> None:
        await self._run("rm", "-f", f"{self.folder}/ballast")

    async def end(self) -> None:
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            await self._keeper.wait()

    async def _run(self, *command: str) -> None:
        process = await asyncio.create_subprocess_exec(*self.inside(*command))
        await process.wait()


class Gateway:
    """`overdoor run`, which may be killed at any moment."""

    def __init__(self, folder: Path, config: Path, web: int, disk: Disk | None) -> None:
        self._folder = folder
        self._config = config
        self._disk = disk
        self._backups = 0
        self._log = (folder / "gateway.log").open("ab")
        self._process: Process | None = None
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{web}", timeout=5)

    async def start(self) -> None:
        self._process = await self._overdoor("run")

    async def ready(self) -> None:
        """Returns once it says so. Exits with what it printed last if it does not."""
        try:
            async with asyncio.timeout(READY_LIMIT_S):
                while not await self._says_ready():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            said = Path(self._log.name).read_text(encoding="utf-8", errors="replace")
            sys.exit(f"The gateway is not ready after {READY_LIMIT_S:.0f} s:\n{said[-2000:]}")

    async def backup(self) -> Path:
        """A copy of its database, taken while it runs."""
        self._backups += 1
        to = self._folder / f"backup-{self._backups}.db"
        await (await self._overdoor("backup", "--database", to)).wait()
        return to

    async def update(self) -> bool:
        """Rolls the firmware out under the next number. Whether every room has it then.

        `--steady 2`: no room here is online for the usual 15 s on end.
        """
        init = (FIRMWARE / "overdoor" / "__init__.py").read_text(encoding="utf-8")
        major, minor, _ = re.findall(r'VERSION = "(\d+)\.(\d+)\.(\d+)"', init)[0]
        words = ("--all", "--canary", "1", "--steady", "2", "--config", self._config)
        running = await asyncio.create_subprocess_exec(
            OVERDOOR, "device", "update", *words, "--version", f"{major}.{int(minor) + 1}.0"
        )
        return await running.wait() == 0

    async def _overdoor(self, *command: str | Path) -> Process:
        whole = [str(one) for one in (OVERDOOR, *command, "--config", self._config)]
        if self._disk is not None:
            whole = self._disk.inside(*whole)
        return await asyncio.create_subprocess_exec(*whole, stdout=self._log, stderr=self._log)

    async def _says_ready(self) -> bool:
        try:
            return (await self.http.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def rooms(self) -> list[dict[str, Any]]:
        response = await self.http.get("/api/v1/rooms")
        response.raise_for_status()
        rooms: list[dict[str, Any]] = response.json()["rooms"]
        return rooms

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def end(self) -> None:
        """Lets it say its last words, then waits for its end."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        await self.http.aclose()
        self._log.close()


class Room:
    """The real firmware on simulated contacts, lights and radio; started again when it ends."""

    def __init__(self, number: int, folder: Path, port: int) -> None:
        self.id = f"r{number}"
        self.device = f"cp-{number}"
        self.presses = 0
        self.doubtful = 0  # of these: a restart came before the finger had left the button
        self.restarts = 0
        self.resets = 0  # of these: not by a power cut
        self.lamp: deque[tuple[float, int]] = deque([(0.0, 0)], maxlen=SEEN)
        self._config = folder / "devices" / f"{self.device}.json"
        self._config.parent.mkdir(mode=0o700, exist_ok=True)
        config = {
            "shop": "drill",
            "device": self.device,
            "model": "simulated",
            "broker": {"host": "127.0.0.1", "port": port},
            "wifi": {"ssid": "simulated", "password": "simulated"},
            "pins": {"call": 32, "presence": 14, "ring": 4, "lamp": 33},
            "update_key": secrets.token_hex(32),
        }
        self._config.write_text(json.dumps(config))
        self._process: Process | None = None
        self._fingers = 0  # presses that are not over
        self._heap: asyncio.Future[int] | None = None

    async def run(self) -> None:
        """Keeps it going until cancelled."""
        environment = os.environ | {"MICROPYPATH": f"{FIRMWARE / 'sim'}:{FIRMWARE}:.frozen"}
        cause = "power_on"
        while True:
            self._process = await asyncio.create_subprocess_exec(
                tool("micropython"),
                str(FIRMWARE / "sim" / "room.py"),
                str(self._config),
                cause,
                stdin=PIPE,
                stdout=PIPE,
                env=environment,
            )
            try:
                await self._read(self._process)
                ended = await self._process.wait()
            finally:
                if self._process.stdin is not None:
                    self._process.stdin.close()
                await self._process.wait()
            self.restarts += 1
            self.resets += ended != -signal.SIGKILL
            self.doubtful += self._fingers
            self._fingers = 0
            cause = "hard" if ended == RESET_STATUS else "power_on"
            await asyncio.sleep(RESTART_S)

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            said = json.loads(line)
            if "lights" in said:
                now = asyncio.get_running_loop().time()
                self.lamp.append((now, said["lights"]["lamp"]))
            elif "pressed" in said:
                self._fingers -= 1
            elif "memory" in said and self._heap is not None and not self._heap.done():
                self._heap.set_result(said["memory"])

    def press(self, button: str) -> None:
        if self._order(do="press", button=button, ms=80):
            self.presses += 1
            self._fingers += 1

    def wifi(self, *, up: bool) -> None:
        self._order(do="wifi", up=up)

    async def cut_power(self) -> None:
        """As a pulled plug does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def heap_used(self) -> int:
        """Bytes of the interpreter's heap that are in use after a collection."""
        async with asyncio.timeout(READY_LIMIT_S):
            while True:
                self._heap = asyncio.get_running_loop().create_future()
                if self._order(do="memory"):
                    with suppress(TimeoutError):  # its power went before it could answer
                        return await asyncio.wait_for(self._heap, ANSWER_LIMIT_S)
                await asyncio.sleep(0.1)

    def resident_bytes(self) -> int:
        """Memory of the process."""
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * _PAGE_BYTES

    def _order(self, **order: object) -> bool:
        """Whether there is somebody to obey."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            return False
        process.stdin.write(json.dumps(order).encode() + b"\n")
        return True


def write_config(folder: Path, rooms: int, broker: int, web: int, data: Path) -> Path:
    """A `shop.toml` of that many rooms in two zones."""
    lines = [
        '[shop]\nid = "drill"\nname = "Drill"\n',
        f'[mqtt]\nurl = "mqtt://127.0.0.1:{broker}"\n',
        f'[web]\nbind = "127.0.0.1:{web}"\n',
        f'[data]\npath = "{data}"\n',
        "[policy]\nclose_after_s = 20\n",
        '[[zone]]\nid = "z0"\nname = "Left"\n',
        '[[zone]]\nid = "z1"\nname = "Right"\n',
    ]
    lines += [
        f'[[room]]\nid = "r{number}"\nname = "Room {number}"\nzone = "z{number % 2}"\n'
        f'at = [{number}.0, 2.0]\ndevice = "cp-{number}"\n'
        for number in range(rooms)
    ]
    path = folder / "shop.toml"
    path.write_text("\n".join(lines))
    return path
