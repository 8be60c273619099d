"""What can stand in a `shop.toml`, and what it means for the core."""

import re
import secrets
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    field_validator,
    model_validator,
)

from overdoor.config.planning import ReportPart, StaffingPart
from overdoor.config.programs import HomeAssistantPart, WebhookPart
from overdoor.core.hours import Hours
from overdoor.core.model import Mystery, Pager, Plan, Policy, Room, ShopperPage, Step, Zone
from overdoor.languages import offered, original

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
SIZE = r"^[0-9A-Za-z½/.+-]{1,8}$"
Need = Literal["another-size", "another-model", "question", "ready-to-pay", "other"]
Seconds = Annotated[float, Strict(), Field(ge=0, le=7 * 86400, allow_inf_nan=False)]
SomeSeconds = Annotated[float, Strict(), Field(gt=0, le=7 * 86400, allow_inf_nan=False)]
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be asked for, not bound
Metres = Annotated[float, Strict(), Field(ge=-10_000, le=10_000, allow_inf_nan=False)]
Place = tuple[Metres, Metres]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ShopPart(_Part):
    """`[shop]`: what it is called, and which language it speaks to who does not say."""

    id: Id
    name: str = Field(min_length=1, max_length=80)
    timezone: str = "UTC"
    language: str = original

    @field_validator("language")
    @classmethod
    def _spoken(cls, value: str) -> str:
        known = [one.tag for one in offered()]
        if value not in known:
            raise ValueError(
                f"{value!r} is not there, or not translated yet; there is {', '.join(known)}"
            )
        return value

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone; try one like 'Europe/Sofia'")
        return value

    def zone_info(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.timezone)


class MqttPart(_Part):
    """`[mqtt]`: the broker."""

    url: str = "embedded"
    port: int = Field(default=1883, ge=1, le=65535)  # of the embedded broker
    broker: Literal["auto", "mosquitto", "iotcore"] = "auto"  # which one is embedded
    ca: Path | None = None  # PEM: what vouches for an mqtts broker; None: what this machine trusts
    bind: str = "127.0.0.1"  # of the embedded broker; another one wants mosquitto and passwords
    tls_cert: Path | None = None  # PEM, of the embedded broker for devices; both or neither
    tls_key: Path | None = None

    @property
    def is_guarded(self) -> bool:
        """Whether devices reach the embedded broker from the network, with passwords."""
        return self.url == "embedded" and not ip_address(self.bind).is_loopback

    @field_validator("bind")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            ip_address(value)
        except ValueError:
            raise ValueError("it is an address of this machine, or '0.0.0.0'") from None
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        loopback = ip_address(self.bind).is_loopback
        if self.url != "embedded" and not (loopback and self.tls_cert is None):
            raise ValueError("bind and tls_cert are for the embedded broker, and this one is not")
        if not loopback and self.broker == "iotcore":
            raise ValueError(
                "iotcore has neither passwords nor an access list, so it cannot listen beyond "
                "127.0.0.1; mosquitto can"
            )
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_cert is not None and (self.ca is None or loopback):
            raise ValueError("tls_cert wants a ca that vouches for it, and a bind for devices")
        return self

    @field_validator("url")
    @classmethod
    def _usable(cls, value: str) -> str:
        if value == "embedded":
            return value
        try:
            url = urlsplit(value)
            usable = url.scheme in ("mqtt", "mqtts") and url.hostname and (url.port or 1)
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(
                "it is 'embedded', 'mqtt://host:1883' or 'mqtts://user:pass@host:8883'"
            )
        return value


class WebPart(_Part):
    """`[web]`: where the pages are served."""

    bind: str = "127.0.0.1:8080"
    names: tuple[str, ...] = ()  # what else people type to get here, like "overdoor.shop.lan"
    mdns: Id | None = None  # "overdoor": say in the network that overdoor.local is here
    url: str | None = None  # what phones open, if it does not follow from these
    tls_cert: Path | None = None  # PEM, with those that vouch for it; both or neither
    tls_key: Path | None = None

    @field_validator("bind")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError("it is an address and a port, like '127.0.0.1:8080'")
        return value

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        return self

    @property
    def scheme(self) -> str:
        """How browsers speak to it."""
        return "http" if self.tls_cert is None else "https"

    @property
    def here(self) -> str:
        """Where the pages are for this machine itself."""
        host = _EVERYWHERE.get(self.host, self.host)
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.bind.rpartition(":")[2])

    @field_validator("url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#@]+/?", value):
            raise ValueError("it is how a phone gets here, like 'http://overdoor.shop.lan:8080'")
        return value and value.rstrip("/")

    @property
    def all_names(self) -> tuple[str, ...]:
        """What the gateway answers to, beside the names of its machine."""
        found = self.names if self.mdns is None else (*self.names, f"{self.mdns}.local")
        return found if self.url is None else (*found, urlsplit(self.url).hostname or "")

    @property
    def origin(self) -> str:
        """What stands before the path in an address on a card."""
        if self.url is not None:
            return self.url
        host = self.bind.rpartition(":")[0]
        if self.names:
            host = self.names[0]
        elif self.mdns is not None:
            host = f"{self.mdns}.local"
        elif self.host in ("0.0.0.0", "::"):  # noqa: S104
            host = f"{socket.gethostname()}.local"
        return f"{self.scheme}://{host}:{self.port}"


class DataPart(_Part):
    """`[data]`: where the database is, and how far back it reaches."""

    path: Path = Path("data")
    keep_days: Annotated[int, Strict(), Field(ge=1, le=36_500)] = 30  # calls and their events


class PrivacyPart(_Part):
    """`[privacy]`: what a shop has agreed on with its staff, other than what is said of itself."""

    small_groups: bool = False  # numbers of fewer than five calls or three associates are shown


class ZonePart(_Part):
    """`[[zone]]`: a named part of the floor."""

    id: Id
    name: str = Field(min_length=1, max_length=80)


class RoomPart(_Part):
    """`[[room]]`: one room and its devices."""

    id: Id
    name: str = Field(min_length=1, max_length=80)
    zone: Id
    at: Place = (0.0, 0.0)
    device: Id | None = None
    devices: tuple[Id, ...] = ()
    skills: tuple[Id, ...] = ()  # languages and departments that help there
    training: bool = False  # pretend: its calls page only who raises them

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.device is not None and self.devices:
            raise ValueError("give either device or devices, not both")
        return self

    def all_devices(self) -> tuple[str, ...]:
        """The devices of the room, however they were written."""
        return (self.device,) if self.device is not None else self.devices


class ShopperPart(_Part):
    """`[shopper]`: what the page behind the card of a room says."""

    names: bool = False  # of who comes: agree on it with your staff
    sizes: tuple[Annotated[str, Field(pattern=SIZE)], ...] = Field(
        default=ShopperPage().sizes, max_length=24
    )


class PagerPart(_Part):
    """`[[pager]]`: a device carried by staff."""

    device: Id
    zone: Id | None = None


class NotifyPart(_Part):
    """`[notify]`: what of other people's services may be used to reach somebody."""

    contact: str | None = None  # whom a push service may turn to; none: no web push
    push_services: tuple[str, ...] = (
        "fcm.googleapis.com",
        "*.push.services.mozilla.com",
        "*.push.apple.com",
        "*.notify.windows.com",
    )
    personal: tuple[str, ...] = ()  # how the URL of an associate's own channel may begin

    @field_validator("contact")
    @classmethod
    def _as_apple_wants(cls, value: str | None) -> str | None:
        """Apple refuses what nobody elsewhere could write to, as `mailto:me@localhost`."""
        if value is not None and not re.fullmatch(
            r"(mailto:[^@\s<>]+@|https://)([a-z0-9-]+\.)+(?!local\b)[a-z]{2,}(/\S*)?",
            value,
            re.IGNORECASE,
        ):
            raise ValueError("it is like 'mailto:it@shop.example' or 'https://shop.example'")
        return value

    @field_validator("personal")
    @classmethod
    def _with_host(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(r"[a-z0-9+]+://[^/\s]+/\S*", value):
                raise ValueError("each is the beginning of a URL, like 'ntfy://192.168.1.10/'")
        return values


class ChannelPart(_Part):
    """`[[channel]]`: a place that a policy step can page, by its Apprise URL."""

    id: Id
    url: str

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        # It reads the definitions of some 130 services, which only a shop with a channel needs.
        from apprise import Apprise  # noqa: PLC0415

        if Apprise.instantiate(value, suppress_exceptions=True) is None:
            raise ValueError("Apprise does not know this kind of URL; try 'ntfy://host/topic'")
        return value


class StepPart(_Part):
    """`[[policy.step]]`: whom to page when."""

    after_s: Seconds
    page: str = Field(pattern=r"^(nearest|zone|shop|manager|channel:[a-z0-9-]{1,32})$")
    zones: tuple[Id, ...] = ()
    between: str | None = None  # "09:00-12:00": only for calls raised at this time of day

    @field_validator("between")
    @classmethod
    def _span(cls, value: str | None) -> str | None:
        _minutes(value)
        return value


class HoursPart(_Part):
    """`[hours]`: when the shop is open; a day that is not named is closed."""

    mon: str | None = None
    tue: str | None = None
    wed: str | None = None
    thu: str | None = None
    fri: str | None = None
    sat: str | None = None
    sun: str | None = None
    grace_min: Annotated[int, Strict(), Field(ge=0, le=240)] = 15

    @field_validator("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    @classmethod
    def _span(cls, value: str | None) -> str | None:
        _minutes(value)
        return value

    def spans(self) -> tuple[tuple[int, int] | None, ...]:
        """Minutes since midnight, Monday first."""
        days = (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun)
        return tuple(_minutes(day) for day in days)


class MysteryPart(_Part):
    """`[mystery]`: test calls that the clock raises in free rooms."""

    per_day: Annotated[int, Strict(), Field(ge=1, le=24)] | None = None
    times: tuple[str, ...] = ()
    rooms: tuple[Id, ...] = ()  # or
    zones: tuple[Id, ...] = ()  # neither: all rooms

    @field_validator("times")
    @classmethod
    def _of_day(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        for time in times:
            _minute(time)
        return times

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.per_day is None) is not bool(self.times):
            raise ValueError("give either per_day or times")
        if self.rooms and self.zones:
            raise ValueError("give either rooms or zones, not both")
        return self

    def minutes(self) -> tuple[int, ...]:
        """The times, in minutes since midnight."""
        return tuple(_minute(time) for time in self.times)


class WallPart(_Part):
    """`[[wall]]`: what one cannot walk through."""

    start: Place = Field(alias="from")
    end: Place = Field(alias="to")


class WaypointPart(_Part):
    """`[[waypoint]]`: where one turns on the way: a door, the end of a shelf."""

    at: Place


class PolicyPart(_Part):
    """`[policy]`: what the shop promises."""

    target_arrival_s: SomeSeconds = 60
    acknowledgement_lapses_s: SomeSeconds = 90
    close_after_s: Seconds = 300
    visit_gap_s: Seconds = 600
    stale_press_s: SomeSeconds = 120
    give_up_s: SomeSeconds = 900
    repage_s: Seconds = 20
    sightings: bool = False  # badges that call points hear; never stored
    offline_alarm_s: SomeSeconds = 300
    pages_per_10_min: Annotated[int, Strict(), Field(ge=1, le=1000)] = 10
    need_skills: dict[Need, tuple[Id, ...]] = Field(default_factory=dict)
    step: tuple[StepPart, ...] = Field(
        default=(
            StepPart(after_s=0, page="nearest"),
            StepPart(after_s=20, page="zone"),
            StepPart(after_s=60, page="shop"),
        ),
        min_length=1,
    )

    @field_validator("step")
    @classmethod
    def _in_order(cls, steps: tuple[StepPart, ...]) -> tuple[StepPart, ...]:
        times = [step.after_s for step in steps]
        if times != sorted(times):
            raise ValueError("the steps must be in the order of their after_s")
        return steps


class Config(_Part):
    """The whole file."""

    shop: ShopPart
    mqtt: MqttPart = MqttPart()
    web: WebPart = WebPart()
    data: DataPart = DataPart()
    privacy: PrivacyPart = PrivacyPart()
    policy: PolicyPart = PolicyPart()
    zone: tuple[ZonePart, ...] = Field(min_length=1)
    room: tuple[RoomPart, ...] = Field(min_length=1)
    hours: HoursPart | None = None
    mystery: MysteryPart | None = None
    wall: tuple[WallPart, ...] = ()
    waypoint: tuple[WaypointPart, ...] = ()
    pager: tuple[PagerPart, ...] = ()
    notify: NotifyPart = NotifyPart()
    channel: tuple[ChannelPart, ...] = ()
    shopper: ShopperPart = ShopperPart()
    staffing: StaffingPart = StaffingPart()
    report: ReportPart = ReportPart()
    webhook: tuple[WebhookPart, ...] = ()
    home_assistant: HomeAssistantPart | None = None

    @property
    def discovery(self) -> str | None:
        """Where the shop is announced to Home Assistant; None if it is not."""
        return self.home_assistant.prefix if self.home_assistant is not None else None

    def plan(self) -> Plan:
        """The shop as the core knows it."""
        policy = self.policy
        return Plan(
            zones={zone.id: Zone(zone.id, zone.name) for zone in self.zone},
            rooms={
                room.id: Room(
                    room.id,
                    room.name,
                    room.zone,
                    room.at,
                    room.all_devices(),
                    room.skills,
                    room.training,
                )
                for room in self.room
            },
            pagers={pager.device: Pager(pager.device, pager.zone) for pager in self.pager},
            policy=Policy(
                target_arrival_ms=_ms(policy.target_arrival_s),
                acknowledgement_lapses_ms=_ms(policy.acknowledgement_lapses_s),
                close_after_ms=_ms(policy.close_after_s),
                visit_gap_ms=_ms(policy.visit_gap_s),
                stale_press_ms=_ms(policy.stale_press_s),
                give_up_ms=_ms(policy.give_up_s),
                repage_ms=_ms(policy.repage_s),
                sightings=policy.sightings,
                offline_alarm_ms=_ms(policy.offline_alarm_s),
                pages_per_10_min=policy.pages_per_10_min,
                steps=tuple(
                    Step(_ms(step.after_s), step.page, step.zones, _minutes(step.between))
                    for step in policy.step
                ),
            ),
            timezone=self.shop.timezone,
            hours=(
                Hours(self.shop.timezone, self.hours.spans(), self.hours.grace_min * 60_000)
                if self.hours
                else None
            ),
            walls=tuple((wall.start, wall.end) for wall in self.wall),
            waypoints=tuple(point.at for point in self.waypoint),
            need_skills={str(need): skills for need, skills in policy.need_skills.items()},
            mystery=self._mystery(),
            shopper=ShopperPage(self.shopper.names, self.shopper.sizes),
        )

    def mystery_rooms(self) -> tuple[str, ...]:
        """The rooms in which mystery calls may be raised: only those that can tell who is there."""
        part = self.mystery or MysteryPart(per_day=1)
        return tuple(
            room.id
            for room in self.room
            if room.all_devices()
            and (not part.rooms or room.id in part.rooms)
            and (not part.zones or room.zone in part.zones)
        )

    def _mystery(self) -> Mystery | None:
        """With a new seed each time; the shop that runs keeps the one that it has."""
        part = self.mystery
        if part is None:
            return None
        return Mystery(
            secrets.token_hex(16), self.mystery_rooms(), part.per_day or 0, part.minutes()
        )


def _minutes(span: str | None) -> tuple[int, int] | None:
    """`"09:00-20:00"` as minutes since midnight. Raises `ValueError`."""
    if span is None:
        return None
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", span)
    if match is None:
        raise ValueError("it is a span of a day, like '09:00-20:00'")
    from_h, from_m, to_h, to_m = map(int, match.groups())
    opens, closes = from_h * 60 + from_m, to_h * 60 + to_m
    if not opens < closes <= 1440:
        raise ValueError("the span ends before it begins")
    return opens, closes


def _minute(time: str) -> int:
    """`"09:30"` as minutes since midnight. Raises `ValueError`."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", time)
    if match is None:
        raise ValueError("a time of day is written like '11:30'")
    return int(match[1]) * 60 + int(match[2])


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
