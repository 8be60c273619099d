"""The words of the shop, as frozen values.

Times are integers of milliseconds since 1970-01-01 UTC, durations integers of milliseconds,
positions metres on the floor plan. Mappings are never changed in place: a new shop shares
whatever did not change with the old one, so a step that is not committed costs nothing to forget.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from overdoor.core.floor import Floor, Point, Wall
from overdoor.core.hours import Hours, Span
from overdoor.core.ledger import Boot
from overdoor.core.sightings import Seen

Millis: TypeAlias = int

INPUTS = frozenset({"call", "presence", "cancel", "need"})  # what of a device is pressed

V = TypeVar("V")


def changed(value: V, **changes: Any) -> V:
    """The value with some fields changed, as `dataclasses.replace`, several times as fast.

    Nothing is checked, so it is for the values here that have neither slots nor an `__init__`
    of their own. A call on its way through the shop is changed some twenty times.
    """
    new: V = object.__new__(type(value))
    new.__dict__.update(value.__dict__, **changes)
    return new


class State(StrEnum):
    """The states of a call."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    ARRIVED = "arrived"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a call ended. `LEFT`: nobody was there when staff came."""

    SERVED = "served"
    CANCELLED = "cancelled"
    LEFT = "left"
    UNANSWERED = "unanswered"


class Evidence(StrEnum):
    """How an arrival is known."""

    A = "A"  # presence button, or the call button held while acknowledged
    B = "B"  # signed NFC tap
    C = "C"  # static code or badge, or the call button held while raised
    D = "D"  # a tap in the app


class Kind(StrEnum):
    """Why a call exists; only normal ones are counted."""

    NORMAL = "normal"
    TEST = "test"
    MYSTERY = "mystery"
    TRAINING = "training"


class Service(StrEnum):
    """What a room is used for just now."""

    OPEN = "open"
    OUT = "out"
    TEST = "test"


class Phrase(StrEnum):
    """What an associate can tell a shopper with one tap."""

    WAIT = "wait"  # so many minutes
    SIZE = "size"  # this size is not there; would that one do?
    MODEL = "model"  # it is not there; would another model do?


class DeviceStatus(StrEnum):
    """What a device or its will last said of itself."""

    ONLINE = "online"
    OFFLINE = "offline"
    SLEEPING = "sleeping"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the policy: whom to page, `after_ms` since the call last became raised."""

    after_ms: Millis
    page: str  # nearest | zone | shop | manager | channel:<name>
    zones: tuple[str, ...] = ()  # only for calls of these zones; none: of all
    between: Span | None = None  # only for calls raised at this time of day, in minutes


@dataclass(frozen=True, slots=True)
class Policy:
    """What the shop promises and how it escalates. Frozen into a call when it is raised."""

    target_arrival_ms: Millis = 60_000
    acknowledgement_lapses_ms: Millis = 90_000
    close_after_ms: Millis = 300_000
    visit_gap_ms: Millis = 600_000
    stale_press_ms: Millis = 120_000
    give_up_ms: Millis = 900_000
    repage_ms: Millis = 20_000
    sightings: bool = False  # whether badges may be located; never stored
    offline_alarm_ms: Millis = 300_000
    pages_per_10_min: int = 10  # of one associate; beyond, the circle is widened instead
    steps: tuple[Step, ...] = (Step(0, "nearest"), Step(20_000, "zone"), Step(60_000, "shop"))


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of the floor."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Room:
    """One fitting room, table or counter, and the devices that hang there."""

    id: str
    name: str
    zone: str
    at: Point
    devices: tuple[str, ...]
    skills: tuple[str, ...] = ()  # who can help there: languages, departments
    training: bool = False  # pretend: pages only who raises its call


@dataclass(frozen=True, slots=True)
class Pager:
    """A device carried by staff. Shows the calls of one zone, or of the shop."""

    device: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Mystery:
    """Test calls that the clock raises. The seed makes their moments; it is drawn outside."""

    seed: str
    rooms: tuple[str, ...]
    per_day: int = 0  # at moments that nobody can guess
    times: tuple[int, ...] = ()  # or at these, in minutes since midnight


@dataclass(frozen=True, slots=True)
class ShopperPage:
    """What the page of a room may say. `names`: who comes, if the staff agreed to it."""

    names: bool = False
    sizes: tuple[str, ...] = ("XS", "S", "M", "L", "XL", "XXL")  # a tap away in a reply


@dataclass(frozen=True)
class Plan:
    """The shop as it is configured: a fact that changes only with the file."""

    zones: Mapping[str, Zone] = field(default_factory=dict)
    rooms: Mapping[str, Room] = field(default_factory=dict)
    pagers: Mapping[str, Pager] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    timezone: str = "UTC"
    hours: Hours | None = None  # None: always open
    walls: tuple[Wall, ...] = ()
    waypoints: tuple[Point, ...] = ()
    need_skills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mystery: Mystery | None = None
    shopper: ShopperPage = field(default_factory=ShopperPage)

    @cached_property
    def floor(self) -> Floor:
        """How far it is to walk."""
        return Floor(self.walls, self.waypoints)

    @cached_property
    def room_of(self) -> dict[str, str]:
        """Device id → room id."""
        return {device: room.id for room in self.rooms.values() for device in room.devices}

    @cached_property
    def homes(self) -> dict[str, str | None]:
        """Device id → room id, or None for a pager: all that belong to the shop."""
        return dict.fromkeys(self.pagers) | self.room_of

    def centre(self, zone: str) -> Point | None:
        """The middle of a zone's rooms, in metres; None for a zone without rooms."""
        points = [room.at for room in self.rooms.values() if room.zone == zone]
        if not points:
            return None
        return (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))


@dataclass(frozen=True)
class Replied:
    """What the shopper was told, and the answer: None while there is none."""

    phrase: Phrase
    at: Millis
    minutes: int | None = None
    missing: str | None = None  # sizes
    offer: str | None = None
    yes: bool | None = None


@dataclass(frozen=True)
class Call:
    """From the press to its close: one state, and once closed one outcome."""

    id: str
    room: str
    zone: str
    kind: Kind
    state: State
    since: Millis  # entry into the state
    raised_at: Millis
    policy: Policy
    visit: str  # id of the first call of the visit
    acknowledged_at: Millis | None = None
    arrived_at: Millis | None = None
    closed_at: Millis | None = None
    outcome: Outcome | None = None
    need: str | None = None
    suspect: bool = False  # the third one left or cancelled in ten minutes: a prank, perhaps
    only: str | None = None  # training: pages nobody but this duty
    by: str | None = None  # duty id, or device id of a pager
    evidence: Evidence | None = None
    estimated: bool = False  # the time of the press was reconstructed
    arrival_estimated: bool = False  # said afterwards, when asked
    close_estimated: bool = False  # nobody said that it was over
    presses: int = 1
    lapses: int = 0
    hand_offs: int = 0
    demotions: int = 0  # arrivals that turned out to be none
    nudged: bool = False  # since it was acknowledged
    asked: bool = False  # "were you there?", since it was acknowledged
    lapsed_by: tuple[str, ...] = ()  # who let it lapse: not asked first again
    fence: int = 0  # grows with every transition; a timer with another fence is stale
    next_step: int = 0  # index of the policy step to run next
    loop_at: Millis = 0  # when it last became raised: policy steps count from here
    tried_at: Millis = 0  # when a policy step last ran
    reached: bool = True  # whether it had anybody to page
    unreached: bool = False  # no step is left, and nothing proves that anybody knows
    silent: tuple[str, ...] = ()  # duties that no rung reached: not asked first again
    paged_at: Millis | None = None
    paged: tuple[str, ...] = ()  # duties paged since it last became raised
    asked_zone: str | None = None  # handed off to this zone
    asked_duty: str | None = None  # handed off to this person
    declined: tuple[str, ...] = ()
    manager: bool = False  # a step paged the manager
    metres: float | None = None  # how far it was to walk when it was acknowledged
    reply: Replied | None = None  # since it was acknowledged or arrived at
    promised_until: Millis | None = None  # by a reply: the acknowledgement lapses no sooner
    satisfied: int | None = None  # 1 to 5, said afterwards
    knew: bool | None = None  # whether they knew how long it would take, said afterwards
    thanked: bool = False  # whoever came, by the shopper
    voided: str | None = None


@dataclass(frozen=True)
class Closing:
    """What a person's closing of a call changed, to take it back within a few seconds."""

    noted_at: Millis
    by: str  # who closed it
    state: State  # the one that the call had, since when
    since: Millis
    before: Call | None  # the last call of the room until then
    gone: tuple[Millis, ...]


@dataclass(frozen=True)
class RoomState:
    """What a room remembers between calls."""

    changed_at: Millis = 0
    last: Call | None = None
    closing: Closing | None = None  # of the last call, by a person; until the next one
    gone: tuple[Millis, ...] = ()  # when its latest calls were left or cancelled
    need: str | None = None  # said before the press
    need_at: Millis = 0
    service: Service = Service.OPEN
    service_until: Millis | None = None


_NOTHING = RoomState()


@dataclass(frozen=True)
class Device:
    """What is known of a device, whether or not the plan has a room for it."""

    id: str
    status: DeviceStatus = DeviceStatus.UNKNOWN
    status_at: Millis | None = None
    boot: str | None = None  # the one it says that it is in
    heard_at: Millis | None = None  # its last sign of life
    heard_before: Millis | None = None  # the last one before this boot
    used_at: Millis = 0  # when somebody pressed a button of it, as far as is known
    kind: str | None = None
    model: str | None = None
    firmware: str | None = None
    caps: tuple[str, ...] = ()
    boots: tuple[Boot, ...] = ()  # newest first
    alarm: str | None = None  # what the manager was told: offline, lamp
    dark_until: Millis = 0  # shows `offline` until then: nobody came, or no room is paired
    homes: tuple[tuple[Millis, str | None], ...] = ()  # since when it hangs in which room


@dataclass(frozen=True)
class Duty:
    """One person's shift in a zone, known by a random id."""

    id: str
    zone: str
    since: Millis
    skills: tuple[str, ...] = ()
    badge: str | None = None  # what call points may hear of them, if the shop agreed to it
    paused: bool = False
    place: Point | None = None  # where they last arrived
    place_at: Millis | None = None
    pages: tuple[Millis, ...] = ()  # in the last quarter of an hour
    thanks: tuple[tuple[Millis, str], ...] = ()  # of shoppers: when, and in which room


@dataclass(frozen=True)
class Shop:
    """Everything a decision may depend on. `calls` holds open calls by room: one each."""

    plan: Plan = Plan()
    calls: Mapping[str, Call] = field(default_factory=dict)
    rooms: Mapping[str, RoomState] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    duties: Mapping[str, Duty] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)  # signed tag -> its highest counter
    # Only ever grow; given out anew at each start, so they are not in the log.
    rev: int = 0  # the highest revision of a signal or pager list
    lists: Mapping[str, int] = field(default_factory=dict)  # pager -> revision of its last list
    seen: Mapping[str, Seen] = field(default_factory=dict)  # badge -> where; in memory only

    def call(self, call_id: str) -> Call | None:
        """The open call with this id."""
        return next((call for call in self.calls.values() if call.id == call_id), None)

    def degraded(self, room_id: str) -> bool:
        """Whether a device that is pressed in this room cannot be reached."""
        room = self.plan.rooms.get(room_id)
        devices = [self.devices.get(device) for device in (room.devices if room else ())]
        return any(
            device is not None
            and device.status is DeviceStatus.OFFLINE
            and (not device.caps or not INPUTS.isdisjoint(device.caps))
            for device in devices
        )

    def room(self, room_id: str) -> RoomState:
        """What the room remembers; a room never heard of remembers nothing."""
        return self.rooms.get(room_id) or _NOTHING

    def busy(self, duty_id: str) -> Call | None:
        """The call this duty is on the way to, or inside of."""
        return next((call for call in self.calls.values() if call.by == duty_id), None)
