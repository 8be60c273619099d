"""What the ring in the room and the lamp over the door do. `patterns.py` has the patterns."""

import asyncio

from .compat import const
from .fault import blinks
from .patterns import (
    COLOURS,
    FLASH_MS,
    FRAME_MS,
    TAKEN_MS,
    FlashGuard,
    blinking,
    brightness,
    steady_for,
)

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Now

_IDENTIFY_MS = const(5000)


class Lights:
    """The ring in the room and the lamp over the door.

    `ring` has the interface of `neopixel.NeoPixel`, `lamp` that of `machine.PWM`. Either is written
    only when it changes: each write of a NeoPixel holds up interrupts.
    """

    def __init__(self, ring, lamp, now: "Now"):
        """`now() -> int` gives ms."""
        self._ring = ring
        self._lamp = lamp
        self._now = now
        self._pattern = "idle"
        self._stays = False
        self._began = 0
        self._flash_began = None
        self._taken_began = None
        self._taken = 0
        self._identify_began = None
        self._fault = None
        self._fault_edges = None
        self._ring_guard = FlashGuard()
        self._lamp_guard = FlashGuard()
        self._ring_shows = None
        self._lamp_level = None
        self._changed = asyncio.Event()

    def show(self, pattern: str) -> None:
        """Begin a pattern: idle, raised, acknowledged, arrived or offline."""
        if self._stays:
            return
        self._pattern = pattern
        self._began = self._now()
        self._restart()

    def stay_degraded(self) -> None:
        """Show the degraded pattern from now on, whatever comes."""
        self.show("offline")
        self._stays = True

    def flash(self) -> None:
        """A press was felt: light the ring at once, for a moment."""
        self._flash_began = self._now()
        self._restart()

    def taken(self, number: int) -> None:
        """Light so many LEDs of the ring, steadily, for a moment: a choice was felt.

        No state of a call lights a part of the ring. On a ring of one LED the number cannot show.
        """
        self._taken_began = self._now()
        self._taken = number
        self._restart()

    def identify(self) -> None:
        """Blink ring and lamp for five seconds, so that somebody finds the device."""
        self._identify_began = self._now()
        self._restart()

    def diagnose(self, fault) -> None:
        """Let an idle ring tell a fault of `fault.py`; None ends it."""
        if fault != self._fault:
            self._fault = fault
            self._fault_edges = None if fault is None else blinks(fault)
            self._began = self._now() if self._pattern == "idle" else self._began
            self._restart()

    def poke(self) -> None:
        """Wake `run` for a turn."""
        self._changed.set()

    async def run(self, beat: "Beat") -> None:
        """Animate for ever, with `beat()` at each turn. Sleeps while nothing changes."""
        while True:
            beat()
            self._changed.clear()
            delay = self.frame()
            try:
                if delay is None:
                    await self._changed.wait()
                elif delay <= FRAME_MS:
                    await asyncio.sleep(delay / 1000)
                else:
                    await asyncio.wait_for(self._changed.wait(), delay / 1000)
            except asyncio.TimeoutError:
                continue  # time for the next frame

    def frame(self):
        """Bring the outputs up to date. Returns the ms until that is needed again, or None."""
        now = self._now()
        if self._identify_began is not None and now - self._identify_began >= _IDENTIFY_MS:
            self._identify_began = None
        if self._flash_began is not None and now - self._flash_began >= FLASH_MS:
            self._flash_began = None
        if self._taken_began is not None and now - self._taken_began >= TAKEN_MS:
            self._taken_began = None
        if self._identify_began is not None:
            pattern, began = "identify", self._identify_began
        else:
            pattern, began = self._pattern, self._began
        over_door = "idle" if pattern == "arrived" else pattern  # the goodbye is the shopper's
        delays = [steady_for(over_door, now - began)]
        self._write_lamp(self._lamp_guard.limit(brightness(over_door, now - began), now))
        if self._flash_began is not None:
            pattern, began = "flash", self._flash_began
        elif self._taken_began is not None:
            pattern, began = "taken", self._taken_began
        if pattern == "idle" and self._fault_edges is not None:
            pattern = "fault"
            level, steady = blinking(self._fault_edges, now - began)
        else:
            level, steady = brightness(pattern, now - began), steady_for(pattern, now - began)
        delays.append(steady)
        level = self._ring_guard.limit(level, now)
        if pattern == "flash" and self._ring_guard.holding:
            self._flash_began = now  # a press is felt as soon as the ring may flash again
        lit = self._taken if pattern == "taken" else 0
        self._write_ring(tuple([part * level // 255 for part in COLOURS[pattern]]), lit)
        if self._ring_guard.holding or self._lamp_guard.holding:
            delays.append(FRAME_MS)
        delays = [delay for delay in delays if delay is not None]
        return min(delays) if delays else None

    def _restart(self) -> None:
        self.frame()  # now, not when the loop comes round
        self._changed.set()

    def _write_ring(self, colour: tuple, lit: int) -> None:
        """All of the ring in a colour, or only the first `lit` of its LEDs."""
        if (colour, lit) != self._ring_shows:
            self._ring_shows = (colour, lit)
            self._ring.fill((0, 0, 0) if lit else colour)
            for index in range(min(lit, len(self._ring))):
                self._ring[index] = colour
            self._ring.write()

    def _write_lamp(self, level: int) -> None:
        if level != self._lamp_level:
            self._lamp_level = level
            self._lamp.duty_u16(level * 257)
