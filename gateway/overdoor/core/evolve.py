"""What a fact changes: `evolve(shop, event) -> shop`.

The only place where a shop changes. The same function makes the step, and rebuilds the
projections from the log, so that both agree.
"""

from typing import Any

from overdoor.core import ledger
from overdoor.core.changing import darken, put, set_device, set_duty, set_room, without
from overdoor.core.codec import plan_from
from overdoor.core.events import Event, Fact
from overdoor.core.evolve_call import OF_CALL, evolve_call
from overdoor.core.model import (
    Device,
    DeviceStatus,
    Duty,
    Plan,
    Service,
    Shop,
    changed,
)

STRANGERS_LIMIT = 256


def evolve(shop: Shop, event: Event) -> Shop:
    """The shop after this fact."""
    if event.fact in OF_CALL and event.call is not None:
        return evolve_call(shop, event)
    if event.fact is Fact.CONFIGURED:
        return _configure(shop, event)
    if event.fact is Fact.TAPPED:
        return changed(shop, tags=put(shop.tags, event.data["tag"], event.data["counter"]))
    if event.fact is Fact.NEEDED and event.room is not None:
        return set_room(shop, event.room, need=event.data["need"], need_at=event.at)
    if event.fact is Fact.MISSED and event.room is not None:
        until = event.data["dark_until"]
        return darken(shop, event.room, until) if until else shop
    if event.device is not None:
        return _evolve_device(shop, event)
    if event.duty is not None:
        return _evolve_duty(shop, event)
    if event.fact is Fact.SERVICED and event.room is not None:
        return set_room(
            shop,
            event.room,
            service=Service(event.data["service"]),
            service_until=event.data["until"],
        )
    return shop


def _evolve_device(shop: Shop, event: Event) -> Shop:
    assert event.device is not None
    device = shop.devices.get(event.device) or Device(event.device)
    data = event.data
    match event.fact:
        case Fact.HEARD:
            assert event.n is not None
            boot = _boot(device, event)
            changes: dict[str, Any] = {
                "boots": ledger.put(device.boots, boot.store(event.n, data["low"])),
            }
            if data.get("aged"):  # else of an earlier boot, and the bound of the next one like it
                changes["heard_at"] = event.noted_at
                if device.boot is not None and device.boot != event.boot:
                    # A new boot whose info was not stored, or is not here yet.
                    changes |= {"boot": event.boot, "heard_before": device.heard_at}
            if data["type"] in ("button", "need"):
                changes["used_at"] = max(device.used_at, event.at)
            if "dark_until" in data:
                changes["dark_until"] = data["dark_until"]
        case Fact.SETTLED:
            boot = _boot(device, event)
            changes = {"boots": ledger.put(device.boots, boot.settle(data["low"]))}
        case Fact.STATUS:
            status = DeviceStatus(data["status"])
            changes = {"status": status, "status_at": event.at, "heard_at": data["heard_at"]}
            if status is DeviceStatus.ONLINE:
                changes["alarm"] = None
                if device.boot is None and not data["retained"]:
                    # It never says which boot it is in: take each connection for a new one.
                    changes |= {"heard_before": data["heard_at"], "heard_at": event.at}
        case Fact.ALARMED:
            changes = {"alarm": data["what"]}
        case Fact.RELIEVED:
            changes = {"alarm": None}
        case Fact.DESCRIBED:
            changes = {
                "kind": data["kind"],
                "model": data["model"],
                "firmware": data["firmware"],
                "caps": tuple(data["caps"]),
                "boot": data["boot"],
            }
            if data["boot"] != device.boot:
                if not data.get("retained"):  # it was not said just now
                    changes["heard_at"] = event.at
                if device.boot is not None:
                    changes["heard_before"] = device.heard_at
        case _:
            return shop
    known = event.device in shop.devices
    shop = set_device(shop, event.device, **changes)
    return shop if known else _remember_few_strangers(shop)


def _remember_few_strangers(shop: Shop) -> Shop:
    """Anybody on the network can invent devices: the one heard longest ago makes room."""
    homes = shop.plan.homes
    strangers = [device for device in shop.devices.values() if device.id not in homes]
    if len(strangers) <= STRANGERS_LIMIT:
        return shop
    oldest = min(strangers, key=lambda device: (device.heard_at or 0, device.id))
    return changed(shop, devices=without(shop.devices, oldest.id))


def _boot(device: Device, event: Event) -> ledger.Boot:
    """The ledger of the event's boot; one that was forgotten is in the event."""
    assert event.boot is not None
    return ledger.find(device.boots, event.boot) or ledger.Boot(
        event.boot, event.data.get("upto", 0), frozenset(event.data.get("beyond", ()))
    )


def _evolve_duty(shop: Shop, event: Event) -> Shop:
    assert event.duty is not None
    match event.fact:
        case Fact.DUTY_STARTED:
            zone = event.data["zone"]
            skills = tuple(event.data.get("skills", ()))  # the first logs had none
            if event.duty not in shop.duties:
                duty = Duty(event.duty, zone, event.at, skills, event.data.get("badge"))
                return changed(shop, duties=put(shop.duties, event.duty, duty))
            if shop.duties[event.duty].zone == zone:
                return set_duty(shop, event.duty, paused=False, skills=skills)
            return set_duty(
                shop, event.duty, zone=zone, skills=skills, paused=False, place=None, place_at=None
            )
        case Fact.DUTY_PAUSED:
            return set_duty(shop, event.duty, paused=True)
        case Fact.DUTY_ENDED:
            worn = shop.duties[event.duty].badge
            seen = without(shop.seen, worn) if worn is not None else shop.seen
            return changed(shop, duties=without(shop.duties, event.duty), seen=seen)
        case _:
            return shop


def _configure(shop: Shop, event: Event) -> Shop:
    """A new plan: devices that changed their room remember since when."""
    plan: Plan = plan_from(event.data["plan"])
    before, after = shop.plan.homes, plan.homes
    shop = changed(shop, plan=plan)
    for device_id in sorted(before.keys() | after.keys()):
        if device_id not in before or before.get(device_id) != after.get(device_id):
            homes = (shop.devices.get(device_id) or Device(device_id)).homes
            home = (event.at, after.get(device_id))
            shop = set_device(shop, device_id, homes=(*homes[-7:], home), dark_until=0)
    return shop
