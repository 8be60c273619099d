"""One ever-growing clock in whole milliseconds.

The ticks of an ESP32 wrap at 2**30 ms (12.4 days). Everything that decides sees plain integers that
only grow, so nothing else in the firmware knows about wrapping.
"""

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Now, TicksDiff


class Clock:
    """Milliseconds since it was made. Must be read at least once in six days to follow the wrap."""

    def __init__(self, ticks: "Now", ticks_diff: "TicksDiff"):
        """`ticks() -> int` and `ticks_diff(end, start) -> int` are those of the `time` module."""
        self._ticks = ticks
        self._diff = ticks_diff
        self._last = ticks()
        self._elapsed = 0

    def now(self) -> int:
        """Milliseconds since the clock was made."""
        ticks = self._ticks()
        step = self._diff(ticks, self._last)
        if step > 0:
            self._elapsed += step
            self._last = ticks
        return self._elapsed

    def at(self, ticks: int) -> int:
        """The time of `ticks`, which an interrupt captured a moment ago."""
        now = self.now()
        return now + self._diff(ticks, self._last)
