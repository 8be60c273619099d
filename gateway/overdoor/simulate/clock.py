"""Time that passes only when the world says so.

True time is an integer of milliseconds since midnight of the first day. A gateway's clock, a
device's ticks and the wall clock all follow from it, each with its own faults.
"""

import heapq
import zlib
from collections.abc import Callable, Coroutine
from typing import Any

EPOCH_MS = 1_795_219_200_000  # midnight of 2026-11-21, UTC
MOMENTS_WITHOUT_TIME = 20_000  # so many things at one instant: somebody turns in circles

Guard = Callable[[Callable[[], None]], None]


class Luck:
    """Chance without a memory: what happens to a message depends on the seed and the moment only.

    So when something is left out of a script, everything else still meets the same fate, and a
    failing script can be made small.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def __call__(self, what: str, below: int) -> int:
        """A number from 0, always the same for the same question."""
        return zlib.crc32(f"{self._seed}/{what}".encode()) % below


class Handle:
    """Something that will happen, unless it is cancelled."""

    __slots__ = ("_do",)

    def __init__(self, do: Callable[[], None]) -> None:
        self._do: Callable[[], None] | None = do

    def cancel(self) -> None:
        """It will not happen."""
        self._do = None

    def happen(self) -> None:
        """It happens, once."""
        do, self._do = self._do, None
        if do is not None:
            do()


class Endless(Exception):  # noqa: N818 - it is what time became
    """Things happen for ever without time passing."""


class Timeline:
    """What will happen, in order; what is set for the same instant happens in the order set."""

    def __init__(self) -> None:
        self.now = 0
        self._coming: list[tuple[int, int, Handle]] = []
        self._count = 0
        self._same_instant = 0

    def at(self, at: int, do: Callable[[], None]) -> Handle:
        """Does something at an instant, or now if that has passed."""
        handle = Handle(do)
        self._count += 1
        heapq.heappush(self._coming, (max(at, self.now), self._count, handle))
        return handle

    def after(self, ms: int, do: Callable[[], None]) -> Handle:
        """Does something in a while."""
        return self.at(self.now + ms, do)

    def run(self, until: int, after_each: Callable[[], None]) -> None:
        """Lets time pass. Raises `Endless`."""
        while self._coming and self._coming[0][0] <= until:
            at, _, handle = heapq.heappop(self._coming)
            self._same_instant = self._same_instant + 1 if at == self.now else 0
            if self._same_instant > MOMENTS_WITHOUT_TIME:
                raise Endless(f"things happen for ever at {clock_time(at)}")
            self.now = at
            handle.happen()
            after_each()
        self.now = max(self.now, until)


class Loop:
    """As much of an event loop as the engine and the writer use, in virtual time.

    `guard` runs each callback in the process that it belongs to: if that has died, not at all.
    """

    def __init__(self, timeline: Timeline, guard: Guard) -> None:
        self._timeline = timeline
        self._guard = guard

    def call_later(self, delay_s: float, do: Callable[..., object], *args: Any) -> Handle:
        """As asyncio's."""
        return self._timeline.after(
            max(0, round(delay_s * 1000)), lambda: self._guard(lambda: _call(do, args))
        )

    def call_soon(self, do: Callable[..., object], *args: Any) -> Handle:
        """As asyncio's."""
        return self.call_later(0, do, *args)

    call_soon_threadsafe = call_soon

    def create_task(self, work: Coroutine[Any, Any, None], **_: Any) -> None:
        """As asyncio's, for work that waits for nothing here."""
        try:
            work.send(None)
        except StopIteration:
            return
        raise AssertionError("the work waits for something that is not simulated")


def _call(do: Callable[..., object], args: tuple[Any, ...]) -> None:
    do(*args)


class GatewayClock:
    """The gateway's clock: the wall clock at its start, then monotonic, as `engine.Clock`."""

    def __init__(self, timeline: Timeline, wall: int, floor: int) -> None:
        self._timeline = timeline
        self._start = max(wall, floor)
        self._began = timeline.now

    def __call__(self) -> int:
        """Now."""
        return self._start + self._timeline.now - self._began

    @property
    def offset(self) -> int:
        """What to take from an instant of this clock to get the true one."""
        return self._start - self._began


def clock_time(at: int) -> str:
    """`09:30:05`; from the second day on with the day before it."""
    days, seconds = divmod(at // 1000, 86_400)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"day {days + 1} {text}" if days else text
