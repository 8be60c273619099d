"""How long somebody who guesses has to wait."""

from dataclasses import dataclass

from overdoor.core.model import Millis

FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 900_000
KEYS = 10_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: Millis = 0
    until: Millis = 0


class Backoff:
    """After `free` failures a wait of 30 s, doubled with each further one, up to 15 min.

    Failures are forgotten `forget_ms` after the last. A name that nobody has waits as well, so
    that waiting tells nothing.
    """

    def __init__(self, free: int, forget_ms: Millis) -> None:
        self._free, self._forget_ms = free, forget_ms
        self._known: dict[str, _Failures] = {}

    def left_ms(self, key: str, now: Millis) -> Millis:
        """How long to wait yet; 0: try."""
        known = self._known.get(key)
        return max(0, known.until - now) if known is not None else 0

    def failed(self, key: str, now: Millis) -> None:
        """One more."""
        known = self._known.pop(key, None)
        if known is None or now - known.last > self._forget_ms:
            known = _Failures()
        self._known[key] = known  # the latest last
        if len(self._known) > KEYS:
            del self._known[next(iter(self._known))]
        known.count, known.last = known.count + 1, now
        over = known.count - self._free
        if over >= 0:
            known.until = now + min(FIRST_WAIT_MS << min(over, 8), LONGEST_WAIT_MS)

    def take_back(self, key: str) -> None:
        """The last one was none."""
        known = self._known.get(key)
        if known is not None:
            known.count -= 1
            if known.count < self._free:
                known.until = 0

    def forget(self, key: str) -> None:
        """It was right, or is another secret now."""
        self._known.pop(key, None)
