"""What can happen to a shop: everything that `step` takes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from overdoor.core.escalation import Timer
from overdoor.core.ledger import Boot
from overdoor.core.model import DeviceStatus, Evidence, Kind, Phrase, Plan, Service


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """A device says that something happened. `(device, boot, n)` is its key.

    `fault` is a sentence when the payload has a valid key but could not be understood; `raw`
    then holds what was sent. `ledger` is what the log knows of this boot, for a boot that is no
    longer in memory. `count` presses that had no connection came as this one. `room` is not said:
    the device's place at the time of the event decides.
    """

    device: str
    boot: str
    n: int
    low: int | None  # None: it could not be understood
    type: str
    age_ms: int | None = None
    button: str | None = None
    gesture: str | None = None
    held_ms: int | None = None  # a hold: at least so long; None: the device does not say
    call: str | None = None
    answer: str | None = None
    need: str | None = None
    page_rev: int | None = None
    count: int = 1
    body: dict[str, Any] | None = None
    fault: str | None = None
    raw: str | None = None
    ledger: Boot | None = None


@dataclass(frozen=True, slots=True)
class DeviceSaid:
    """A status of a device. `retained`: the broker repeated an old one."""

    device: str
    status: DeviceStatus
    retained: bool = False


@dataclass(frozen=True, slots=True)
class DeviceDescribed:
    """What a device says it is. `retained`: the broker repeated what it once said."""

    device: str
    kind: str | None
    model: str | None
    firmware: str | None
    caps: tuple[str, ...]
    boot: str | None = None
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device hears a badge, at `rssi` dBm."""

    device: str
    badge: str
    rssi: int


@dataclass(frozen=True, slots=True)
class LampSilent:
    """A device took a signal and did not say in time that its lights show it."""

    device: str


@dataclass(frozen=True, slots=True)
class LampAnswers:
    """A device whose lights were in doubt says what they show."""

    device: str


class Verb(StrEnum):
    """What staff can say of a call."""

    ACKNOWLEDGE = "acknowledge"
    DECLINE = "decline"
    HAND_OFF = "hand-off"
    ARRIVE = "arrive"
    NOBODY_THERE = "nobody-there"
    CLOSE = "close"
    UNDO = "undo"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Answer:
    """A person says something of an open call. `age_ms`: how long ago, for queued answers."""

    call: str
    verb: Verb
    by: str | None
    age_ms: int = 0
    evidence: Evidence = Evidence.D
    zone: str | None = None  # hand-off: to this zone
    to: str | None = None  # hand-off: to this duty
    key: str | None = None  # idempotency key


@dataclass(frozen=True, slots=True)
class Tapped:
    """A phone was held to a signed tag, which counts how often it was read.

    The signature was checked; `by` is who was signed on with that phone, if anybody was.
    """

    tag: str
    counter: int
    room: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """No rung of the ladder has a receipt from anybody who was paged for a raised call.

    `fence` is the call's when that was found out: what happened since makes it stale.
    """

    call: str
    fence: int
    who: tuple[str, ...]  # duties and channels that were tried
    told: bool = False  # a pager shows it, or a channel took it: nobody answers for that


@dataclass(frozen=True, slots=True)
class Reached:
    """A receipt came from somebody for a call of which nobody seemed to know."""

    call: str
    who: str  # duty, pager or channel


@dataclass(frozen=True, slots=True)
class Raise:
    """Staff or the system raise a call without the button. `seed` makes the call's id."""

    room: str
    seed: str
    kind: Kind = Kind.NORMAL
    need: str | None = None
    by: str | None = None  # training: the trainee
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Who has a call tells its shopper something. The blanks are those of the phrase."""

    call: str
    by: str
    phrase: Phrase
    minutes: int | None = None
    missing: str | None = None
    offer: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ShopperAsks:
    """The shopper of a room asks for somebody on its page. `seed` makes the call's id."""

    room: str
    seed: str
    need: str | None = None


@dataclass(frozen=True, slots=True)
class ShopperAnswers:
    """The shopper says yes or no to a reply."""

    call: str
    yes: bool


@dataclass(frozen=True, slots=True)
class ShopperRates:
    """One of the two questions afterwards, answered: `satisfied` from 1 to 5, or `knew`."""

    room: str
    call: str
    satisfied: int | None = None
    knew: bool | None = None


@dataclass(frozen=True, slots=True)
class ShopperThanks:
    """The shopper thanks whoever came."""

    room: str
    call: str


@dataclass(frozen=True, slots=True)
class Need:
    """What the shopper of a room needs, said before or after the press."""

    room: str
    need: str


@dataclass(frozen=True, slots=True)
class Void:
    """The manager takes a closed call out of the numbers."""

    call: str
    room: str
    reason: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A moment that `step` asked to be woken for has come."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class DutyStarted:
    """Somebody signs on, or moves to another zone, or comes back from a break."""

    duty: str
    zone: str
    skills: tuple[str, ...] | None = None  # None: as before
    badge: str | None = None  # None: as before


@dataclass(frozen=True, slots=True)
class DutyPaused:
    """Somebody takes a break."""

    duty: str


@dataclass(frozen=True, slots=True)
class DutyEnded:
    """Somebody signs off."""

    duty: str


@dataclass(frozen=True, slots=True)
class RoomServiced:
    """A room goes out of service, into test, or back; `until` ends it by itself."""

    room: str
    service: Service
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """The shop's file was read: at every start, and when it changes."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Restate:
    """Say every retained thing again: the broker may have lost it."""


Input: TypeAlias = (
    DeviceEvent
    | DeviceSaid
    | DeviceDescribed
    | Sighting
    | LampSilent
    | LampAnswers
    | Answer
    | Tapped
    | Unreached
    | Reached
    | Raise
    | Reply
    | ShopperAsks
    | ShopperAnswers
    | ShopperRates
    | ShopperThanks
    | Need
    | Void
    | TimerFired
    | DutyStarted
    | DutyPaused
    | DutyEnded
    | RoomServiced
    | Configured
    | Restate
)
