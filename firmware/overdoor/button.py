"""A push button on a pin: interrupt, debouncing, one event per press and per release."""

import asyncio

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Now, Pressed

_TAP_MS = const(5)
_RELEASE_MS = const(20)
_SLOTS = const(32)


class Debouncer:
    """Turns edges of a bouncing contact into presses and releases. Pure; times in ms.

    A press needs 5 ms of unbroken closure, so a shorter glitch is none; its time is that of the
    first edge, before any bounce. A release needs 20 ms of unbroken opening and has the time at
    which that opening began.
    """

    def __init__(self):
        self._closed = False  # the contact
        self._changed_at = 0  # its last edge
        self._pressed = False  # what has been reported
        self._first_edge = None  # of a press that is not reported yet

    def edge(self, closed: bool, at_ms: int) -> list:
        """The contact is `closed` or not since `at_ms`. Returns [(pressed, at_ms), ...]."""
        reports = self.settle(at_ms)
        if closed != self._closed:
            self._closed = closed
            self._changed_at = at_ms
            if closed and not self._pressed and self._first_edge is None:
                self._first_edge = at_ms
        return reports

    def settle(self, now_ms: int) -> list:
        """Nothing changed until `now_ms`. Returns [(pressed, at_ms), ...]."""
        lasted = now_ms - self._changed_at
        if self._closed and not self._pressed and lasted >= _TAP_MS:
            self._pressed = True
            at = self._first_edge
            self._first_edge = None
            return [(True, at)]
        if not self._closed and lasted >= _RELEASE_MS:
            self._first_edge = None  # it was a glitch
            if self._pressed:
                self._pressed = False
                return [(False, self._changed_at)]
        return []

    def settles_at(self):
        """When `settle` next has something to say, in ms, or None while the contact is at rest."""
        if self._closed and not self._pressed:
            return self._changed_at + _TAP_MS
        if not self._closed and (self._pressed or self._first_edge is not None):
            return self._changed_at + _RELEASE_MS
        return None


class Button:
    """A button between a pin and ground."""

    def __init__(self, name: str, pin, clock, ticks: "Now"):
        """`pin` is a `machine.Pin`, an input with pull-up. `ticks` is `time.ticks_ms`."""
        self.name = name
        self._pin = pin
        self._clock = clock
        self._ticks = ticks
        self._flag = asyncio.ThreadSafeFlag()
        self._debouncer = Debouncer()
        # An interrupt handler must not allocate: it fills these.
        self._edge_ticks = [0] * _SLOTS
        self._edge_level = bytearray(_SLOTS)
        self._head = 0
        self._tail = 0

    def poke(self) -> None:
        """Wake `run` for a turn."""
        self._flag.set()

    async def run(self, deliver: "Pressed", beat: "Beat") -> None:
        """Call `deliver(name, closed, at_ms)` for each press and release, for ever.

        `beat()` is called at each turn.
        """
        self._listen()
        while True:
            beat()
            await self._wait()
            reports = self._drain()
            for pressed, at_ms in reports:
                deliver(self.name, pressed, at_ms)

    def _listen(self) -> None:
        edges = self._pin.IRQ_FALLING | self._pin.IRQ_RISING
        try:
            # Caught even while something blocks.
            self._pin.irq(self._on_edge, edges, hard=True)
        except (TypeError, ValueError):  # an ESP32 has soft interrupts only: they wait meanwhile
            self._pin.irq(self._on_edge, edges)
        self._flag.set()  # it may have been closed before anybody listened

    def _on_edge(self, pin) -> None:
        following = (self._head + 1) % _SLOTS
        if following != self._tail:  # full: the level is read again when the slots are drained
            self._edge_ticks[self._head] = self._ticks()
            self._edge_level[self._head] = pin.value()
            self._head = following
        self._flag.set()

    async def _wait(self) -> None:
        settles_at = self._debouncer.settles_at()
        if settles_at is None:
            await self._flag.wait()
            return
        delay = max(0, settles_at - self._clock.now())
        try:
            await asyncio.wait_for(self._flag.wait(), delay / 1000)
        except asyncio.TimeoutError:
            return  # the contact came to rest

    def _drain(self) -> list:
        reports = []
        while self._tail != self._head:
            at_ms = self._clock.at(self._edge_ticks[self._tail])
            reports += self._debouncer.edge(not self._edge_level[self._tail], at_ms)
            self._tail = (self._tail + 1) % _SLOTS
        now = self._clock.now()
        reports += self._debouncer.edge(not self._pin.value(), now)
        return reports + self._debouncer.settle(now)
