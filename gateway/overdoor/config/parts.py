"""What can stand in a `shop.toml`, and what it means for the core."""

import secrets
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    Field,
    field_validator,
)

from overdoor.config.calling import ChannelPart, HoursPart, MysteryPart, NotifyPart, PolicyPart
from overdoor.config.floor import PagerPart, RoomPart, ShopperPart, WallPart, WaypointPart, ZonePart
from overdoor.config.machine import DataPart, MqttPart, PrivacyPart, WebPart
from overdoor.config.planning import ReportPart, StaffingPart
from overdoor.config.programs import HomeAssistantPart, WebhookPart
from overdoor.config.values import Id, Part, minutes_of, ms
from overdoor.core.hours import Hours
from overdoor.core.model import Mystery, Pager, Plan, Policy, Room, ShopperPage, Step, Zone
from overdoor.languages import offered, original


class ShopPart(Part):
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


class Config(Part):
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
                target_arrival_ms=ms(policy.target_arrival_s),
                acknowledgement_lapses_ms=ms(policy.acknowledgement_lapses_s),
                close_after_ms=ms(policy.close_after_s),
                visit_gap_ms=ms(policy.visit_gap_s),
                stale_press_ms=ms(policy.stale_press_s),
                give_up_ms=ms(policy.give_up_s),
                repage_ms=ms(policy.repage_s),
                sightings=policy.sightings,
                offline_alarm_ms=ms(policy.offline_alarm_s),
                pages_per_10_min=policy.pages_per_10_min,
                steps=tuple(
                    Step(ms(step.after_s), step.page, step.zones, minutes_of(step.between))
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
