"""Small changes of a shop, which is never changed but replaced."""

from collections.abc import Mapping
from typing import Any, TypeVar

from overdoor.core.model import (
    Device,
    Millis,
    RoomState,
    Shop,
    changed,
)

DARK_MS = 60_000  # how long `offline` is shown where nobody came

V = TypeVar("V")


def put(old: Mapping[str, V], key: str, value: V) -> dict[str, V]:
    """With this value under the key."""
    return {**old, key: value}


def without(old: Mapping[str, V], key: str) -> dict[str, V]:
    """With no value under the key."""
    return {other: value for other, value in old.items() if other != key}


def set_room(shop: Shop, room_id: str, **changes: Any) -> Shop:
    """With the room changed so."""
    room: RoomState = changed(shop.room(room_id), **changes)
    return changed(shop, rooms=put(shop.rooms, room_id, room))


def set_device(shop: Shop, device_id: str, **changes: Any) -> Shop:
    """With the device changed so; one that was unknown begins."""
    device = changed(shop.devices.get(device_id) or Device(device_id), **changes)
    return changed(shop, devices=put(shop.devices, device_id, device))


def set_duty(shop: Shop, duty_id: str, **changes: Any) -> Shop:
    """With the duty changed so."""
    duty = changed(shop.duties[duty_id], **changes)
    return changed(shop, duties=put(shop.duties, duty_id, duty))


def darken(shop: Shop, room_id: str, until: Millis) -> Shop:
    """With the lamps of the room dark until then; 0 for no longer."""
    room = shop.plan.rooms.get(room_id)
    for device_id in room.devices if room else ():
        if (shop.devices.get(device_id) or Device(device_id)).dark_until != until:
            shop = set_device(shop, device_id, dark_until=until)
    return shop
