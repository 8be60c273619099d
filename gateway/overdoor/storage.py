"""How long the disk takes until a small write is safe: every press waits for one."""

import os
import statistics
import tempfile
import time
from pathlib import Path

from overdoor.core.sentence import Sentence

SLOW_MS = 50.0  # a good SD card needs a few; more than this is seen between press and light
_WRITES, _WRITING_S, _BYTES = 15, 1.5, 4096


def write_ms(folder: Path) -> float:
    """The median of how long a small write takes until it is safely on the disk, in ms.

    Takes 1.5 s at most, and one write more. Raises `OSError`.
    """
    took: list[float] = []
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".overdoor-write-") as file:
        until = time.perf_counter() + _WRITING_S
        while len(took) < _WRITES and time.perf_counter() < until:
            began = time.perf_counter()
            file.write(os.urandom(_BYTES))
            file.flush()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def slow(took_ms: float | None) -> Sentence | None:
    """What to say of a disk that takes so long; nothing if it is fast, or was not measured."""
    if took_ms is None or took_ms < SLOW_MS:
        return None
    return Sentence(
        "a write to the disk takes %(ms)s ms, and every press waits for one", ms=f"{took_ms:.0f}"
    )
