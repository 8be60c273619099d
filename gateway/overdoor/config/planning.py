"""`[staffing]` and `[report]`: what the shop plans, and to whom its week is told."""

from typing import Annotated, Literal

from pydantic import Field, Strict, field_validator

from overdoor.config.values import Part

Days = Literal["mon-fri", "sat", "sun"]
DAYS: tuple[Days, ...] = ("mon-fri", "sat", "sun")


class PlannedPart(Part):
    """`[[staffing.plan]]`: so many people in a zone, at these hours of these days."""

    zone: str
    days: Days
    hours: str  # "10-14": from 10:00 to 14:00
    people: Annotated[float, Field(ge=0, le=500, allow_inf_nan=False)]

    @field_validator("hours")
    @classmethod
    def _whole(cls, value: str) -> str:
        first, _, last = value.partition("-")
        if not (first.isdigit() and last.isdigit() and 0 <= int(first) < int(last) <= 24):
            raise ValueError("it is from one whole hour to another, like '10-14'")
        return value

    def each(self) -> range:
        """The hours, each by its beginning."""
        first, _, last = self.hours.partition("-")
        return range(int(first), int(last))


class StaffingPart(Part):
    """`[staffing]`: how well the shop wants to serve, and whom it plans for that."""

    share: Annotated[float, Strict(), Field(gt=0, lt=1)] = 0.8  # of calls, within the target
    wage: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | None = None  # an hour
    currency: str = Field(default="", max_length=8)
    plan: tuple[PlannedPart, ...] = ()


class ReportPart(Part):
    """`[report]`: the week in words, on Monday morning, by Apprise."""

    to: tuple[str, ...] = ()  # Apprise URLs; none: nobody
    hour: Annotated[int, Strict(), Field(ge=0, le=23)] = 7

    @field_validator("to")
    @classmethod
    def _known(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if values:
            # It reads the definitions of some 130 services, which only such a shop needs.
            from apprise import Apprise  # noqa: PLC0415

            for value in values:
                if Apprise.instantiate(value, suppress_exceptions=True) is None:
                    raise ValueError("Apprise does not know this kind of URL; try 'mailto://…'")
        return values
