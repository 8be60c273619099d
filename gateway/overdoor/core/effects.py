"""Wishes: what should leave the house once the facts are committed.

Each carries all it says, so that nothing that is not yet committed can leak into a message.
"""

from dataclasses import dataclass
from typing import TypeAlias

from overdoor.core.escalation import Timer
from overdoor.core.events import Event
from overdoor.core.model import Call, Millis
from overdoor.core.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Signal:
    """What the lights of a device shall show."""

    device: str
    rev: int
    state: str  # idle | raised | acknowledged | arrived | offline
    call: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that a device still holds of these boots, up to n, is stored. Newest boot first."""

    device: str
    boots: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RoomCall:
    """The open call of a room, or the last one."""

    room: str
    call: Call | None
    degraded: bool  # what is pressed there cannot be heard


@dataclass(frozen=True, slots=True)
class PagerList:
    """The calls that a pager lists, and the calls it just lost to somebody else."""

    device: str
    rev: int
    calls: tuple[Call, ...]
    at: Millis


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact about a call or a room, for those who watch."""

    event: Event


@dataclass(frozen=True, slots=True)
class Forget:
    """A device or a room left the plan: clear what was retained for it."""

    device: str | None = None
    room: str | None = None


@dataclass(frozen=True, slots=True)
class Wake:
    """Come back with this timer when it is due."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer is not legal now. `call` is as it stands, if there is one."""

    why: Sentence
    call: Call | None = None


Effect: TypeAlias = Signal | Receipt | RoomCall | PagerList | Happened | Forget | Wake | Refused
