"""A call button on a battery: one waking after the other, with deep sleep between them."""

import asyncio

from .compat import const
from .nap import PRESS, Nap, woken_by

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Goodnight, Now, Unsent

_KEY = "naps"  # wakings in a row that left something unsent
_LOOK_S = 0.1


class Battery:
    """Puts the board to sleep when its `Nap` says so."""

    def __init__(self, machine, esp32, pin, numbers):
        """Modules `machine` and `esp32`, the button's `pin`, and `numbers`, an `nvs.Numbers`."""
        self.pressed = woken_by(machine) == PRESS
        self._machine = machine
        self._esp32 = esp32
        self._pin = pin
        self._numbers = numbers
        self._nap = Nap(numbers.get(_KEY))

    def stirred(self, now_ms: int) -> None:
        """Somebody pressed."""
        self._nap.stirred(now_ms)

    async def run(
        self, now: "Now", said: "Unsent", say_goodnight: "Goodnight", beat: "Beat"
    ) -> None:
        """Until it sleeps. `said()` gives (online, events without a receipt)."""
        while True:
            beat()
            online, unsent = said()
            before = self._nap.failures
            ms = self._nap.look(online, unsent, self._pin.value() == 0, now())
            if ms is not None:
                await say_goodnight()
                if self._nap.failures != before:
                    self._numbers.set(_KEY, self._nap.failures)
                self._sleep(ms)
            await asyncio.sleep(_LOOK_S)

    def _sleep(self, ms: int) -> None:
        level = self._esp32.WAKEUP_ALL_LOW
        if hasattr(self._esp32, "wake_on_ext0"):
            self._esp32.wake_on_ext0(self._pin, level)
        else:  # a C3: GPIO0 to 5
            self._esp32.wake_on_gpio((self._pin,), level)
        self._machine.deepsleep(ms)
