"""One device that talks without end must not hold up the others.

Each device may say `RATE` messages a second, and `BURST` at once: an outbox that was full says 64
events when its link is back, and hears as many signals, each of which it says it shows. What is
beyond is dropped before it is read, so it is stored nowhere and not receipted; a device that means
it says its events again. Pieces of an update are asked for faster, and have a measure of their own.
"""

from dataclasses import dataclass

import structlog

from overdoor.core.model import Millis

RATE, BURST = 20, 160
_PIECES_RATE, _PIECES_BURST = 200, 400
COMPLAIN_EVERY_MS = 60_000
REMEMBERED = 10_000  # devices; beyond, all of them begin anew
_RETAINED = ("status", "info")

log = structlog.get_logger()


@dataclass(slots=True)
class _Measure:
    left: float
    at: Millis
    dropped: int = 0
    complained: Millis | None = None


class Measures:
    """How much each device may still say."""

    def __init__(self, rate: int, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._known: dict[str, _Measure] = {}

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


class Flood:
    """What is dropped, what is said of it, and what has to be asked for again."""

    def __init__(self) -> None:
        self._usual = Measures(RATE, BURST)
        self._pieces = Measures(_PIECES_RATE, _PIECES_BURST)
        self._to_ask: set[str] = set()

    def drops(self, device: str, leaf: str, now: Millis) -> bool:
        """Whether this message is too much."""
        measures = self._pieces if leaf == "want" else self._usual
        if measures.takes(device, now):
            return False
        if leaf in _RETAINED:
            self._to_ask.add(device)
        dropped = measures.complaint(device, now)
        if dropped is not None:
            log.warning(
                "a device says too much: what is beyond is dropped, and not receipted",
                device=device,
                topic=leaf,
                dropped_since_last_time=dropped,
            )
        return True

    def to_ask(self) -> list[str]:
        """Devices of which something that the broker retains was dropped, each once."""
        found = sorted(self._to_ask)
        self._to_ask.clear()
        return found
