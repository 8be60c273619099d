"""What the firmware takes of a board, as far as a PC can tell: the budget."""

import asyncio
import json
import statistics
import tempfile
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from overdoor.device import bundle
from tests.bench import place
from tests.conftest import tool

FIRMWARE = Path(__file__).parents[2] / "firmware"
RIG = Path(__file__).with_name("firmware_rig.py")
HEAPS_KB = (160, 192, 224, 256)  # 64-bit objects: an ESP32 needs about half for the same
PRESSES = 5


async def budget(folder: Path, port: int) -> None:
    """Prints sizes, then what the firmware does in heaps of several sizes, then under load."""
    _sizes()
    print(
        "\nThe firmware on MicroPython's unix port, compiled as for an ESP32, with a real broker, "
        "all of these at once.\nIts objects are 64-bit, about twice those of an ESP32, and TLS has "
        "memory of its own there: heap figures are for\ncomparing versions; what a board has left "
        "is for firmware/BOARD_TESTS.md."
    )
    print(
        f"  {'heap KB':>9}{'used KB':>9}{'free KB':>9}{'garbage KB/min':>16}"
        f"{'press->ring ms':>17}{'->publish ms':>15}{'worst loop ms':>15}"
    )
    names = [*map(str, HEAPS_KB), f"{HEAPS_KB[-1]} *"]
    runs = [_run(folder, port, heap, load=False) for heap in HEAPS_KB]
    runs.append(_run(folder, port, HEAPS_KB[-1], load=True))
    for name, told in zip(names, await asyncio.gather(*runs), strict=True):
        _row(name, told)
    print("  * while the Wi-Fi comes and goes every second: published when it is back")


def _board(folder: Path, port: int) -> Path:
    """A new board's files."""
    home = Path(tempfile.mkdtemp(dir=folder))
    (home / bundle.PACKAGE).mkdir()
    for path, content in bundle.make("xtensawin").items():
        (home / path).write_bytes(content)
    config = {
        "shop": "bench",
        "device": f"cp-{home.name[3:].replace('_', '-').lower()}",
        "model": "bench",
        "broker": {"host": "127.0.0.1", "port": port},
        "wifi": {"ssid": "shop", "password": ""},
    }
    (home / bundle.CONFIG).write_text(json.dumps(config))
    return home


def _sizes() -> None:
    made = {"ESP32, S3": bundle.make("xtensawin"), "C3": bundle.make("rv32imc")}
    source = bundle.make(None)
    print("\nThe firmware in bytes, as it goes onto a board:")
    print(f"  {'':14}{'source':>9}" + "".join(f"{name:>12}" for name in made))
    total = [0] * (1 + len(made))
    for path in sorted(source):
        compiled = path.replace(".py", ".mpy")
        row = [source[path], *(each.get(compiled, source[path]) for each in made.values())]
        total = [sum_ + len(content) for sum_, content in zip(total, row, strict=True)]
        name = path.removeprefix(f"{bundle.PACKAGE}/").removesuffix(".py")
        shown = "main.py" if path == bundle.MAIN else name
        print(f"  {shown:14}{len(row[0]):9}" + "".join(f"{len(each):12}" for each in row[1:]))
    print(f"  {'together':14}{total[0]:9}" + "".join(f"{each:12}" for each in total[1:]))


async def _run(folder: Path, port: int, heap_kb: int, *, load: bool) -> dict[str, list[Any]] | None:
    """What the rig measured; None if the heap was too small."""
    home = _board(folder, port)
    command = (tool("micropython"), "-X", f"heapsize={heap_kb}k", RIG, PRESSES, int(load))
    paths = (FIRMWARE / "sim", home, FIRMWARE, ".frozen")
    environment = {"PATH": "/usr/bin:/bin", "MICROPYPATH": ":".join(map(str, paths))}
    async with place.process(*command, stdout=PIPE, stderr=PIPE, cwd=home, env=environment) as rig:
        said, wrong = await rig.communicate()
    if b"MemoryError" in said + wrong:
        return None
    told: dict[str, list[Any]] = {}
    for line in said.splitlines():
        if line.startswith(b"{"):
            for name, value in json.loads(line).items():
                told.setdefault(name, []).append(value)
    if "worst_delay" not in told:
        raise RuntimeError(f"The firmware did not finish: {(said + wrong).decode()[-400:]}")
    return told


def _row(heap: str, told: dict[str, list[Any]] | None) -> None:
    if told is None:
        print(f"  {heap:>9}  too small")
        return
    used, free = told["heap_used"][0] / 1024, told["heap_free"][0] / 1024
    garbage = told["garbage_per_minute"][0] / 1024
    cells = [
        f"{statistics.median(told[name]):g} ({max(told[name])})" for name in ("flash", "publish")
    ]
    print(
        f"  {heap:>9}{used:9.0f}{free:9.0f}{garbage:16.0f}{cells[0]:>17}{cells[1]:>15}"
        f"{told['worst_delay'][0]:15}"
    )
