"""What a light does in each pattern, as pure functions of the ms since it began.

Rhythm carries the meaning, colour only helps. `FlashGuard` sits in front of each output: nothing
here flashes more than three times a second, whatever is asked of it.
"""

import math

from .compat import const

FRAME_MS = const(40)
TAKEN_MS = const(1500)
FLASH_MS = const(250)  # with a dark gap, so that it shows on a lit ring too
_BREATH_MS = const(1667)  # 0.6 Hz
_BLINK_MS = const(2000)  # two blinks, then a pause
_BLINK_EDGES = (150, 400, 550, _BLINK_MS)  # on, off, on, off until
_GOODBYE_MS = const(1000)
_FLASH_ON_MS = const(120)

COLOURS = {
    "idle": (0, 0, 0),
    "raised": (255, 160, 40),
    "acknowledged": (60, 255, 90),
    "arrived": (60, 255, 90),
    "offline": (70, 130, 255),
    "identify": (255, 255, 255),
    "flash": (255, 255, 255),
    "taken": (255, 255, 255),
    "fault": (170, 60, 255),
}


def brightness(pattern: str, ms: int) -> int:
    """Brightness 0..255 of a pattern, `ms` milliseconds after it began."""
    if pattern == "acknowledged":
        return 255
    if pattern == "raised":
        wave = (1 - math.cos(2 * math.pi * ms / _BREATH_MS)) / 2
        return 16 + int(239 * wave * wave)  # squared: the eye sees it as even
    if pattern == "offline":
        return blinking(_BLINK_EDGES, ms)[0]
    if pattern == "arrived":
        return max(0, 255 - 255 * ms // _GOODBYE_MS)
    if pattern == "identify":
        return 255 if ms % 1000 < 500 else 0
    if pattern == "taken":
        return 255 if ms < TAKEN_MS else 0
    if pattern == "flash":
        return 255 if ms < _FLASH_ON_MS else 0
    return 0


def blinking(edges, ms: int) -> tuple:
    """(brightness, ms that it stays so) of a rhythm: lit at 0, changing at each edge, again."""
    at = ms % edges[-1]
    level = 255
    for edge in edges:
        if at < edge:
            return level, edge - at
        level = 255 - level
    raise ValueError("edges that do not grow")


def steady_for(pattern: str, ms: int):
    """How many ms the brightness stays as it is at `ms`, at least; None for ever."""
    if pattern == "raised":
        return FRAME_MS
    if pattern == "offline":
        return blinking(_BLINK_EDGES, ms)[1]
    if pattern == "arrived":
        return FRAME_MS if ms < _GOODBYE_MS else None
    if pattern == "identify":
        return 500 - ms % 500
    if pattern == "taken":
        return TAKEN_MS - ms if ms < TAKEN_MS else None
    if pattern == "flash":
        return (_FLASH_ON_MS if ms < _FLASH_ON_MS else FLASH_MS) - ms
    return None


class FlashGuard:
    """Passes brightness through, but never lets it rise a fourth time within one second.

    Flashing light can cause seizures; the usual limit is three flashes a second. A flash is a
    rise and fall of a tenth of full brightness.
    """

    def __init__(self):
        self.holding = False  # a rise is being held back: ask again soon
        self._risen = False
        self._extreme = 0  # the brightest since the last rise, or the darkest since the last fall
        self._rises = [-1000, -1000, -1000]

    def limit(self, level: int, now_ms: int) -> int:
        """The brightness that may be shown now."""
        self.holding = False
        if self._risen:
            self._extreme = max(self._extreme, level)
            if self._extreme - level >= 26:
                self._risen = False
                self._extreme = level
            return level
        self._extreme = min(self._extreme, level)
        if level - self._extreme >= 26:
            if now_ms - self._rises[0] < 1000:
                self.holding = True
                return self._extreme
            self._rises = [self._rises[1], self._rises[2], now_ms]
            self._risen = True
            self._extreme = level
        return level
