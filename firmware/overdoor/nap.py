"""When a battery button goes to sleep, and for how long. Pure.

It wakes by a press, or by its timer: after a press that nobody receipted, at growing intervals,
else once a day, so that staff see that it lives. What it could not send is in the journal.
"""

from .compat import const

_SHOWN_MS = const(3400)  # two breaths of "raised", or a few double blinks
_GIVE_UP_MS = const(15000)  # Wi-Fi, DHCP and TLS take three or four seconds when all is well
_DAY_MS = const(86400000)
_AGAIN_MS = (60000, 300000, 1800000)  # after the first, second and every later failure

TIMER = "timer"
PRESS = "press"
POWER = "power"


class Nap:
    """One waking. Times in ms since it began."""

    def __init__(self, failures: int):
        """`failures`: wakings in a row that left something unsent."""
        self.failures = failures
        self._stirred_at = 0  # the last press, or the start
        self._settled_at = None  # since when everything is said

    def stirred(self, now_ms: int) -> None:
        """Somebody pressed."""
        self._stirred_at = now_ms
        self._settled_at = None

    def look(self, online: bool, unsent: int, pressed: bool, now_ms: int):
        """For how many ms to sleep now, or None to stay awake.

        `unsent`: events without a receipt; `pressed`: the contact is closed, and would wake it.
        """
        if online and not unsent:
            if self._settled_at is None:
                self._settled_at = now_ms
        else:
            self._settled_at = None
        if pressed and now_ms - self._stirred_at < 4 * _GIVE_UP_MS:
            return None
        if self._settled_at is not None and now_ms - self._settled_at >= _SHOWN_MS:
            self.failures = 0
            return _DAY_MS
        if now_ms - self._stirred_at >= _GIVE_UP_MS and self._settled_at is None:
            self.failures += 1
            if not unsent:
                return _DAY_MS  # only the daily word was not heard; there is another tomorrow
            return _AGAIN_MS[min(self.failures, len(_AGAIN_MS)) - 1]
        return None


def woken_by(machine) -> str:
    """What woke the chip: a press, its timer, or power.

    A short press is over before Python runs, so the cause itself is the press.
    """
    if machine.reset_cause() != machine.DEEPSLEEP_RESET:
        return POWER
    return TIMER if machine.wake_reason() == machine.TIMER_WAKE else PRESS
