"""What the API's answers look like, for its document. Views make them; tests compare the two."""

from typing import Any

from pydantic import BaseModel, Field

from overdoor.core.model import DeviceStatus, Evidence, Kind, Outcome, Phrase, Service, State

Instant = str  # RFC 3339, UTC, with milliseconds


class Problem(BaseModel):
    """RFC 9457: what happened, in words that can be shown."""

    type: str
    title: str
    status: int
    detail: str
    call: str | None = Field(default=None, description="of 409: the call as it stands")
    state: State | None = Field(default=None, description="of 409: its state")
    who: str | None = Field(default=None, description="of 409: who has it")


class Reply(BaseModel):
    """What the shopper was told; `yes` is their answer."""

    phrase: Phrase
    at: Instant
    minutes: int | None
    missing: str | None
    offer: str | None
    yes: bool | None


class Call(BaseModel):
    """From the press to its close. `by` is a duty's random id, `who` a nickname while it lasts."""

    id: str
    room: str
    zone: str
    kind: Kind
    state: State
    since: Instant
    raised_at: Instant
    acknowledged_at: Instant | None
    arrived_at: Instant | None
    closed_at: Instant | None
    outcome: Outcome | None
    need: str | None
    by: str | None
    who: str | None
    evidence: Evidence | None
    estimated: bool
    arrival_estimated: bool
    suspect: bool
    close_estimated: bool
    presses: int
    reply: Reply | None
    lapses: int
    hand_offs: int
    unreached: bool
    visit: str
    voided: str | None


class Fact(BaseModel):
    """Something that happened to a call."""

    type: str
    at: Instant
    noted_at: Instant
    duty: str | None
    device: str | None
    data: dict[str, Any] = Field(default_factory=dict)


class Reached(BaseModel):
    """What is known of a page on one rung of the ladder."""

    who: str
    name: str | None
    rung: str
    state: str
    at: Instant
    detail: str | None


class Told(BaseModel):
    """A sentence of a call's story, and the reasons behind it."""

    at: Instant
    text: str
    why: list[str]


class CallInFull(Call):
    """A call with its facts, who was reached on which rung, and all of it in words."""

    events: list[Fact]
    reach: list[Reached]
    story: list[Told]


class Calls(BaseModel):
    """The newest first; `next` is the `cursor` of the next page."""

    calls: list[Call]
    next: str | None


class Device(BaseModel):
    """A device, and what it told last; what it never told is missing."""

    id: str
    status: DeviceStatus
    since: Instant | None
    heard: Instant | None
    kind: str | None
    model: str | None
    firmware: str | None
    caps: list[str]
    alarm: str | None
    rssi: int = Field(default_factory=int, description="dBm")
    heap_free: int = Field(default_factory=int, description="bytes")
    uptime_s: int = Field(default_factory=int)
    outbox: int = Field(default_factory=int, description="events that wait for a receipt")
    mode: str = Field(default_factory=str)
    trouble: list[str] = Field(default_factory=list)
    mpy: int = Field(default_factory=int)
    password_number: int = Field(default_factory=int, description="by which it is connected")
    update: dict[str, Any] = Field(default_factory=dict)


class Update(BaseModel):
    """How the last update of a device's firmware went."""

    version: str
    stage: str
    reason: str | None
    at: Instant


class Listed(Device):
    """A device, and where it hangs."""

    room: str | None
    pager: bool
    last_update: Update | None


class Devices(BaseModel):
    """Every device that is planned or was ever heard."""

    devices: list[Listed]


class Measured(BaseModel):
    """What a device told of itself at an instant."""

    at: Instant
    rssi: int | None
    heap_free: int | None
    uptime_s: int | None
    outbox: int | None


class DeviceInFull(Device):
    """A device with its last month, the newest first."""

    room: str | None
    last_update: Update | None
    reboots: int
    history: list[Measured]


class Last(BaseModel):
    """The call of a room that closed last."""

    call: str
    outcome: Outcome
    at: Instant


class Room(BaseModel):
    """A room with its devices, their liveness, and its open call."""

    id: str
    name: str
    zone: str
    at: list[float] = Field(description="metres on the floor plan")
    service: Service
    service_until: Instant | None
    online: bool
    degraded: bool
    devices: list[Device]
    call: Call | None
    last: Last | None


class Rooms(BaseModel):
    """All rooms, in the order of the file."""

    rooms: list[Room]
