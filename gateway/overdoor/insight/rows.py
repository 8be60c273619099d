"""What of a shop's record the numbers are made of. Instants are ms since 1970 UTC."""

from dataclasses import dataclass

from overdoor.core.model import Evidence, Kind, Outcome


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody had a call in hand, from the acknowledgement on; `until` None: still has it."""

    by: str  # duty, or device of a pager
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Stint:
    """Somebody was on duty in a zone, and not on a break; `until` None: still is."""

    by: str
    zone: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call, as the numbers see it."""

    room: str
    zone: str
    raised_at: int
    target_ms: int  # in which somebody should have arrived: as the shop promised at that time
    visit: str  # the same for all calls of a visit
    kind: Kind = Kind.NORMAL
    voided: bool = False
    acknowledged_at: int | None = None  # what held; an acknowledgement that lapsed is none
    arrived_at: int | None = None
    closed_at: int | None = None
    outcome: Outcome | None = None  # None while it is open
    evidence: Evidence | None = None
    close_estimated: bool = False
    reason: str | None = None  # what was needed
    presses: int = 1
    lapses: int = 0
    hand_offs: int = 0
    pages: int = 0  # how many times somebody was paged
    metres: float | None = None  # to walk, when it was acknowledged
    satisfied: int | None = None  # 1 to 5
    knew: bool | None = None  # how long it would take
    thanked: bool = False
    holds: tuple[Hold, ...] = ()
