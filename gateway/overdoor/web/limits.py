"""How often somebody may do something: so many times within a span, by the shop's own clock."""

import threading
from collections import deque

from overdoor.core.model import Millis

REMEMBERED = 10_000  # whom; beyond, those who were quiet for a span are forgotten


class Limits:
    """Counts in memory only: a restart forgives."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], tuple[Millis, deque[Millis]]] = {}
        self._lock = threading.Lock()

    def allow(self, what: str, who: str, now: Millis, *, times: int, within_ms: Millis) -> bool:
        """Whether it is not too often yet; if so, it counts."""
        with self._lock:
            if len(self._taken) >= REMEMBERED:
                self._forget(now)
            _, taken = self._taken.setdefault((what, who), (within_ms, deque(maxlen=times)))
            if len(taken) == times and now - taken[0] < within_ms:
                return False
            taken.append(now)
            return True

    def _forget(self, now: Millis) -> None:
        quiet = [key for key, (span, taken) in self._taken.items() if now - taken[-1] >= span]
        for key in quiet or list(self._taken)[: REMEMBERED // 10]:
            del self._taken[key]
