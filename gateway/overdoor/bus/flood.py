"""One device that talks without end must not hold up the others.

Each device may say `RATE` messages a second, and `BURST` at once: an outbox that was full says 64
events when its link is back. What is beyond is dropped before it is read, so it is stored nowhere
and not receipted; a device that means it says its events again. Pieces of an update are asked for
faster, and have a measure of their own.
"""

from dataclasses import dataclass

from overdoor.core.model import Millis

RATE, BURST = 20, 100
PIECES_RATE, PIECES_BURST = 200, 400
COMPLAIN_EVERY_MS = 60_000
REMEMBERED = 10_000  # devices; beyond, all of them begin anew


@dataclass(slots=True)
class _Measure:
    left: float
    at: Millis
    dropped: int = 0
    complained: Millis | None = None


class Flood:
    """How much each device may still say."""

    def __init__(self, rate: int = RATE, burst: int = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._known: dict[str, _Measure] = {}
        self._retained: set[str] = set()

    def takes(self, device: str, now: Millis) -> bool:
        """Whether this message is heard; if so, it counts."""
        known = self._known.get(device)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[device] = _Measure(self._burst, now)
        passed = max(0, now - known.at)
        known.left = min(self._burst, known.left + passed * self._rate / 1000)
        known.at = now
        if known.left < 1:
            known.dropped += 1
            return False
        known.left -= 1
        return True

    def complaint(self, device: str, now: Millis) -> int | None:
        """How many were dropped since this was last said; None if it was within a minute."""
        known = self._known[device]
        if known.complained is not None and now - known.complained < COMPLAIN_EVERY_MS:
            return None
        known.complained, dropped, known.dropped = now, known.dropped, 0
        return dropped

    def missed(self, device: str) -> None:
        """Something that the broker retains was dropped: it can be asked for again."""
        self._retained.add(device)

    def to_ask(self) -> list[str]:
        """Devices of which something retained was dropped, each once."""
        found = sorted(self._retained)
        self._retained.clear()
        return found
