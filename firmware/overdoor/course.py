"""Where the way to the broker stands, and what comes next. Pure.

States: waiting (for Wi-Fi), resolving, opening, securing, greeting, up, resting. Each fault of
`fault.py` leads to resting and from there to a new try, with full jitter.
"""

import random

from .compat import const
from .wifi import backoff_ms

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Rand

_FIRST_BACKOFF_MS = const(500)
_MAX_BACKOFF_MS = const(20000)
_STABLE_MS = const(10000)  # a session that lived so long was no part of a storm
_RESOLVE_AGAIN = const(3)  # failures after which a host name is looked up again
_RESOLVE_BY_MS = const(60000)  # ... even if presses wait: in a busy shop one always does
_RESOLVE_FIRST_BY_MS = const(5000)  # the same while there is no address at all

_REFUSALS = {
    1: "refused_version",
    2: "refused_id",
    3: "refused_busy",
    4: "refused_login",
    5: "refused_rights",
}


def refusal(code: int) -> str:
    """The fault that a return code of CONNACK, or 0x80 of SUBACK, stands for."""
    return _REFUSALS.get(code, "refused_rights" if code == 0x80 else "not_mqtt")


class Course:
    """One device's way to its broker. Times in ms."""

    def __init__(self, now_ms: int, rand: "Rand" = random.random):
        self.state = "waiting"
        self.fault = None  # the last one, until the next session
        self.sessions = 0
        self.down_since = now_ms  # None while up
        self._rand = rand
        self._failures = 0
        self._unresolved = 0  # failures since the name was looked up
        self._wanted_since = None  # when looking it up became desirable
        self._up_at = None

    def enter(self, state: str) -> None:
        """The next part of the way begins: resolving, opening, securing or greeting."""
        self.state = state

    def may_resolve(self, has_address: bool, press_waits: bool, now_ms: int) -> bool:
        """Whether to look the broker's name up now, although that blocks the device."""
        if has_address and self._unresolved < _RESOLVE_AGAIN:
            self._wanted_since = None
            return False
        if self._wanted_since is None:
            self._wanted_since = now_ms
        patience = _RESOLVE_BY_MS if has_address else _RESOLVE_FIRST_BY_MS
        return not press_waits or now_ms - self._wanted_since >= patience

    def resolved(self) -> None:
        """The name was looked up, with success or without."""
        self._unresolved = 0
        self._wanted_since = None

    def came_up(self, now_ms: int) -> None:
        """The broker took us."""
        self.state = "up"
        self.fault = None
        self.sessions += 1
        self.down_since = None
        self._up_at = now_ms
        self._unresolved = 0

    def failed(self, fault: str, now_ms: int) -> int:
        """What was tried, or the session, is over. Returns how many ms to rest."""
        stable = self._up_at is not None and now_ms - self._up_at >= _STABLE_MS
        self._failures = 0 if stable else self._failures + 1
        self._unresolved += 1
        self._up_at = None
        self.state = "resting"
        self.fault = fault
        if self.down_since is None:
            self.down_since = now_ms
        return backoff_ms(self._failures, _FIRST_BACKOFF_MS, _MAX_BACKOFF_MS, self._rand)
