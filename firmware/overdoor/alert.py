"""What a pager sounds and feels like. Each pattern ends by itself, within two seconds.

A pattern is a run of (Hz, ms); 0 Hz is a pause. The motor runs whenever something sounds.
"""

import asyncio

PATTERNS = {
    "call": ((2400, 150), (0, 80), (3000, 150), (0, 80), (2400, 150)),
    "taken": ((3200, 60),),
    "late": ((900, 250), (0, 120), (900, 250)),
    "link": ((600, 500),),
    "identify": ((2000, 200), (0, 200), (2000, 200), (0, 200), (2000, 200)),
}
_HALF_LOUD = 32768


class Alerts:
    """The buzzer and the motor, either of which may be missing."""

    def __init__(self, buzzer, motor):
        """`buzzer` is a `machine.PWM`, `motor` a `machine.Pin`, or None."""
        self._buzzer = buzzer
        self._motor = motor
        self._wanted = None
        self._woken = asyncio.Event()

    def play(self, name: str) -> None:
        """Begin a pattern, once the one that sounds has ended; the newest counts."""
        self._wanted = PATTERNS[name]
        self._woken.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            pattern, self._wanted = self._wanted, None
            try:
                for hertz, ms in pattern or ():
                    self._sound(hertz)
                    await asyncio.sleep(ms / 1000)
            finally:
                self._sound(0)

    def _sound(self, hertz: int) -> None:
        if self._buzzer is not None:
            if hertz:
                self._buzzer.freq(hertz)
            self._buzzer.duty_u16(_HALF_LOUD if hertz else 0)
        if self._motor is not None:
            self._motor.value(1 if hertz else 0)
