"""One climb: a page to one person, rung by rung, until a receipt proves that they have it. Pure.

    climb = begin(ways)                what to try first is in `climb.rung`
    climb = climb.next()               its patience ran out, or it failed
    climb = climb.heard(rung, state)   a receipt; `climb.proved` says that it is enough

What proves: a page that is on a screen, a notification that is displayed, an answer. That somebody
else's server took a message proves nothing; but a channel that cannot give receipts has done all
that it can by then, so such a climb ends `told`, and not as if nothing had been heard.
"""

from dataclasses import dataclass, replace

from overdoor.core.model import Millis
from overdoor.reach import PROOF, Rung, Told

# How long a receipt is waited for. Pushes were measured to take 1.3 s to 44 s.
PATIENCE_MS: dict[Rung, Millis] = {Rung.PAGE: 3_000, Rung.PUSH: 8_000, Rung.CHANNEL: 8_000}


@dataclass(frozen=True, slots=True)
class Climb:
    """`rung`: the one that is tried now, None once no rung is left. `rest`: those above it."""

    rung: Rung | None
    rest: tuple[Rung, ...]
    proved: Rung | None = None
    told: bool = False  # a channel took it

    def next(self) -> "Climb":
        """One rung up."""
        if self.rung is None:
            return self
        rung = self.rest[0] if self.rest else None
        return replace(self, rung=rung, rest=self.rest[1:])

    def heard(self, rung: Rung, state: Told) -> "Climb":
        """Something is known of this page. A proof counts on whichever rung it comes."""
        if state in PROOF:
            return replace(self, proved=self.proved or rung)
        if state is Told.SENT and rung is Rung.CHANNEL:
            return replace(self, told=True)
        return self

    @property
    def over(self) -> bool:
        """Whether nothing is left to wait for."""
        return self.rung is None or self.proved is not None


def begin(*, page: bool, push: bool, channel: bool) -> Climb:
    """The climb of somebody who has these.

    Without a page that is open its rung is left out; but if it is all that there is, it is waited
    for: a phone comes back from a tunnel, and a program may ask now and then.
    """
    rungs = [
        *([Rung.PAGE] if page or not (push or channel) else []),
        *([Rung.PUSH] if push else []),
        *([Rung.CHANNEL] if channel else []),
    ]
    return Climb(rungs[0], tuple(rungs[1:]))


def of_channel() -> Climb:
    """The climb of a channel that a policy step names."""
    return Climb(Rung.CHANNEL, ())
