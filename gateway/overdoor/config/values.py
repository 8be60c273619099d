"""What the parts of a `shop.toml` have in common: what a value may be, and what it means."""

import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
SIZE = r"^[0-9A-Za-z½/.+-]{1,8}$"
Need = Literal["another-size", "another-model", "question", "ready-to-pay", "other"]
Seconds = Annotated[float, Strict(), Field(ge=0, le=7 * 86400, allow_inf_nan=False)]
SomeSeconds = Annotated[float, Strict(), Field(gt=0, le=7 * 86400, allow_inf_nan=False)]
Metres = Annotated[float, Strict(), Field(ge=-10_000, le=10_000, allow_inf_nan=False)]
Place = tuple[Metres, Metres]


class Part(BaseModel):
    """A table of the file: with no other keys than these, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def minutes_of(span: str | None) -> tuple[int, int] | None:
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


def minute_of(time: str) -> int:
    """`"09:30"` as minutes since midnight. Raises `ValueError`."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", time)
    if match is None:
        raise ValueError("a time of day is written like '11:30'")
    return int(match[1]) * 60 + int(match[2])


def ms(seconds: float) -> int:
    """In milliseconds, as the core counts."""
    return round(seconds * 1000)
