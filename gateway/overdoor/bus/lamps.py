"""Whether lights show what they were told: a signal that is not echoed by `shown` is a lamp fault.

Only devices that ever said `shown` are watched; a bare client need not.
"""

import json

from overdoor.core.inputs import Input, LampAnswers, LampSilent
from overdoor.core.model import Millis

PATIENCE_MS = 10_000


class LampWatch:
    """Revisions that were sent and not shown yet."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[int, Millis]] = {}  # device → revision, when it was sent
        self._speaks: set[str] = set()
        self._in_doubt: set[str] = set()

    def sent(self, device: str, rev: int, now: Millis) -> None:
        """A signal left for a device."""
        if device in self._speaks:
            since = self._waiting.get(device, (0, now))[1]
            self._waiting[device] = (rev, since)

    def shown(self, device: str, payload: bytes) -> Input | None:
        """A device says what its lights show."""
        try:
            rev = json.loads(payload)["rev"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        self._speaks.add(device)
        waiting = self._waiting.get(device)
        if waiting is None or not isinstance(rev, int) or rev < waiting[0]:
            return None
        del self._waiting[device]
        if device in self._in_doubt:
            self._in_doubt.discard(device)
            return LampAnswers(device)
        return None

    def overdue(self, now: Millis) -> list[Input]:
        """The devices that have been silent for too long, once each."""
        late = [
            device
            for device, (_, since) in self._waiting.items()
            if now - since > PATIENCE_MS and device not in self._in_doubt
        ]
        self._in_doubt.update(late)
        return [LampSilent(device) for device in late]

    def gone(self, device: str) -> None:
        """A device is away: nothing is expected of it until it is back."""
        self._waiting.pop(device, None)
        self._in_doubt.discard(device)
