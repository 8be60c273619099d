"""Wakes what decides at the moment that it named."""

import asyncio

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Do, Now


class Alarm:
    """Calls `tick` when `wake_at` says so."""

    def __init__(self, decider, now: "Now", do: "Do"):
        """`decider` is a CallPoint or a Pager; `now() -> int` gives ms; `do(actions)` does them."""
        self._decider = decider
        self._now = now
        self._do = do
        self._changed = asyncio.Event()
        self.poke = self._changed.set  # something was decided: `wake_at` may say otherwise

    async def run(self, beat: "Beat") -> None:
        """For ever, with `beat()` at each turn."""
        while True:
            beat()
            self._changed.clear()
            wake_at = self._decider.wake_at()
            if wake_at is None:
                await self._changed.wait()
                continue
            delay = wake_at - self._now()
            try:
                if delay > 0:
                    await asyncio.wait_for(self._changed.wait(), delay / 1000)
                    continue
            except asyncio.TimeoutError:
                delay = 0
            self._do(self._decider.tick(self._now()))
