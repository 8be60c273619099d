"""What is measured, brought up: a mosquitto, a gateway and the script, each a process."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.conftest import free_port, tool
from tests.system.conftest import OVERDOOR, mosquitto_config, process

_TICKS = os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def broker(folder: Path, more: str = "") -> AsyncIterator[int]:
    """A mosquitto with `TCP_NODELAY`; its port."""
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(mosquitto_config(port) + more)
    async with process(tool("mosquitto"), "-c", config, stderr=DEVNULL):
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield port


@asynccontextmanager
async def gateway(config: Path, env: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """`overdoor run`, ready."""
    command = (OVERDOOR, "run", "--config", config)
    async with process(*command, stdout=PIPE, stderr=DEVNULL, env=env) as started:
        assert started.stdout is not None
        while b"Ctrl-C" not in (line := await started.stdout.readline()):
            if not line:
                sys.exit("The gateway did not start.")
        yield started


@asynccontextmanager
async def script(port: int, folder: Path) -> AsyncIterator[Process]:
    """The script of an hour, ready."""
    file = Path(__file__).with_name("baseline.py")
    command = (sys.executable, file, str(port), folder / "script.db")
    async with process(*command, stdout=PIPE) as started:
        assert started.stdout is not None
        await started.stdout.readline()
        yield started


def shop(folder: Path, port: int, rooms: int, *, per_zone: int = 4, pagers: bool = True) -> Path:
    """A `shop.toml` in which a call closes by itself once somebody arrived."""
    zones = range((rooms + per_zone - 1) // per_zone)
    lines = [
        '[shop]\nid = "bench"\nname = "Bench"\n',
        f'[mqtt]\nurl = "mqtt://127.0.0.1:{port}"\n',
        f'[web]\nbind = "127.0.0.1:{free_port()}"\n',
        "[data]\nkeep_days = 36500\n",  # nothing goes unless that is what is measured
        "[policy]\nclose_after_s = 0.001\n",
    ]
    lines += [f'[[zone]]\nid = "z{zone}"\nname = "Zone {zone}"\n' for zone in zones]
    lines += [
        f'[[room]]\nid = "r{number}"\nname = "Room {number}"\nzone = "z{number // per_zone}"\n'
        f'at = [{number % 100}.0, {number // 100}.0]\ndevice = "cp-{number}"\n'
        for number in range(rooms)
    ]
    if pagers:
        lines += [f'[[pager]]\ndevice = "pg-{zone}"\nzone = "z{zone}"\n' for zone in zones]
    path = folder / "shop.toml"
    path.write_text("\n".join(lines))
    return path


def cpu_s(of: Process) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{of.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(of: Process) -> float:
    """Resident memory."""
    pages = int(Path(f"/proc/{of.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
