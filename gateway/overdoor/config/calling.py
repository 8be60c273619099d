"""How a call goes: whom it reaches and when, during which hours, and calls that are a test."""

import re
from typing import Annotated, Self

from pydantic import (
    Field,
    Strict,
    field_validator,
    model_validator,
)

from overdoor.config.values import (
    Id,
    Need,
    Part,
    Seconds,
    SomeSeconds,
    minute_of,
    minutes_of,
)


class NotifyPart(Part):
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


class ChannelPart(Part):
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


class StepPart(Part):
    """`[[policy.step]]`: whom to page when."""

    after_s: Seconds
    page: str = Field(pattern=r"^(nearest|zone|shop|manager|channel:[a-z0-9-]{1,32})$")
    zones: tuple[Id, ...] = ()
    between: str | None = None  # "09:00-12:00": only for calls raised at this time of day

    @field_validator("between")
    @classmethod
    def _span(cls, value: str | None) -> str | None:
        minutes_of(value)
        return value


class HoursPart(Part):
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
        minutes_of(value)
        return value

    def spans(self) -> tuple[tuple[int, int] | None, ...]:
        """Minutes since midnight, Monday first."""
        days = (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun)
        return tuple(minutes_of(day) for day in days)


class MysteryPart(Part):
    """`[mystery]`: test calls that the clock raises in free rooms."""

    per_day: Annotated[int, Strict(), Field(ge=1, le=24)] | None = None
    times: tuple[str, ...] = ()
    rooms: tuple[Id, ...] = ()  # or
    zones: tuple[Id, ...] = ()  # neither: all rooms

    @field_validator("times")
    @classmethod
    def _of_day(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        for time in times:
            minute_of(time)
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
        return tuple(minute_of(time) for time in self.times)


class PolicyPart(Part):
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
