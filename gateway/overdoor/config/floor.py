"""The floor: zones, rooms and what hangs in them, pagers, walls and places to stand."""

from typing import Annotated, Self

from pydantic import (
    Field,
    model_validator,
)

from overdoor.config.values import SIZE, Id, Part, Place
from overdoor.core.model import ShopperPage


class ZonePart(Part):
    """`[[zone]]`: a named part of the floor."""

    id: Id
    name: str = Field(min_length=1, max_length=80)


class RoomPart(Part):
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


class ShopperPart(Part):
    """`[shopper]`: what the page behind the card of a room says."""

    names: bool = False  # of who comes: agree on it with your staff
    sizes: tuple[Annotated[str, Field(pattern=SIZE)], ...] = Field(
        default=ShopperPage().sizes, max_length=24
    )


class PagerPart(Part):
    """`[[pager]]`: a device carried by staff."""

    device: Id
    zone: Id | None = None


class WallPart(Part):
    """`[[wall]]`: what one cannot walk through."""

    start: Place = Field(alias="from")
    end: Place = Field(alias="to")


class WaypointPart(Part):
    """`[[waypoint]]`: where one turns on the way: a door, the end of a shelf."""

    at: Place
