"""PrusaSlicer: whether a part can be printed, in what time, from how much, with what support."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hardware.tools.files import HARDWARE

_COMMAND = "prusa-slicer"
_TIME = re.compile(
    r"estimated printing time \(normal mode\) = (?:(\d+)d )?(?:(\d+)h )?(?:(\d+)m )?"
)


class SliceError(RuntimeError):
    """The slicer refuses a part."""


@dataclass(frozen=True, slots=True)
class Sliced:
    """Minutes and grams of a part, and whether it stands on support."""

    minutes: int
    grams: float
    support: bool


def available() -> bool:
    """Whether the slicer is installed."""
    return shutil.which(_COMMAND) is not None


def version() -> str:
    """The slicer's version."""
    told = _run("--help")
    found = re.search(r"PrusaSlicer-(\S+)", told)
    return found[1] if found else "unknown"


def sliced(path: Path) -> Sliced:
    """Slices an STL file. Raises SliceError."""
    if "manifold = yes" not in _run("--info", str(path)):
        raise SliceError(f"{path.name}: PrusaSlicer finds it not manifold.")
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "part.gcode"
        ini = HARDWARE / "enclosure" / "print.ini"
        _run("--export-gcode", "--load", str(ini), "--output", str(to), str(path))
        if not to.exists():
            raise SliceError(f"{path.name}: PrusaSlicer writes nothing.")
        gcode = to.read_text(encoding="utf-8", errors="replace")
    time, grams = _TIME.search(gcode), re.search(r"total filament used \[g\] = ([\d.]+)", gcode)
    if time is None or grams is None:
        raise SliceError(f"{path.name}: PrusaSlicer tells no time or weight.")
    days, hours, minutes = (int(each or 0) for each in time.groups())
    return Sliced(
        1440 * days + 60 * hours + minutes, float(grams[1]), ";TYPE:Support material" in gcode
    )


def _run(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        [_COMMAND, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise SliceError((done.stdout + done.stderr).strip()[-500:])
    return done.stdout
