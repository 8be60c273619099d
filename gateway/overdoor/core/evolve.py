"""What a fact changes: `evolve(shop, event) -> shop`.

The only place where a shop changes. The same function makes the step, and rebuilds the
projections from the log, so that both agree.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from overdoor.core import ledger
from overdoor.core.codec import plan_from, policy_from
from overdoor.core.dispatch import RECENT_PAGES_MS, of_people
from overdoor.core.events import Event, Fact
from overdoor.core.model import (
    Call,
    Closing,
    Device,
    DeviceStatus,
    Duty,
    Evidence,
    Kind,
    Millis,
    Outcome,
    Plan,
    RoomState,
    Service,
    Shop,
    State,
    changed,
)
from overdoor.core.told import answered, replied

PRANK_MS = 10 * 60_000
STRANGERS_LIMIT = 256
DARK_MS = 60_000  # how long `offline` is shown where nobody came

V = TypeVar("V")


def evolve(shop: Shop, event: Event) -> Shop:
    """The shop after this fact."""
    if event.fact in _OF_CALL and event.call is not None:
        return _evolve_call(shop, event)
    if event.fact is Fact.CONFIGURED:
        return _configure(shop, event)
    if event.fact is Fact.TAPPED:
        return changed(shop, tags=_put(shop.tags, event.data["tag"], event.data["counter"]))
    if event.fact is Fact.NEEDED and event.room is not None:
        return _set_room(shop, event.room, need=event.data["need"], need_at=event.at)
    if event.fact is Fact.MISSED and event.room is not None:
        until = event.data["dark_until"]
        return _darken(shop, event.room, until) if until else shop
    if event.device is not None:
        return _evolve_device(shop, event)
    if event.duty is not None:
        return _evolve_duty(shop, event)
    if event.fact is Fact.SERVICED and event.room is not None:
        return _set_room(
            shop,
            event.room,
            service=Service(event.data["service"]),
            service_until=event.data["until"],
        )
    return shop


# -- calls ---------------------------------------------------------------------------------------


def _raised(shop: Shop, event: Event) -> Shop:
    data = event.data
    assert event.room is not None and event.call is not None
    call = Call(
        id=event.call,
        room=event.room,
        zone=data["zone"],
        kind=Kind(data["kind"]),
        state=State.RAISED,
        since=event.at,
        raised_at=event.at,
        loop_at=event.at,
        policy=policy_from(data["policy"]),
        visit=data["visit"],
        need=data["need"],
        estimated=data["estimated"],
        suspect=data.get("suspect", False),  # an older log does not say this, nor what follows
        only=data.get("only"),
        presses=data.get("presses", 1),
    )
    shop = changed(shop, calls=_put(shop.calls, event.room, call))
    shop = _set_room(shop, event.room, need=None, closing=None, changed_at=event.at)
    return _darken(shop, event.room, until=0)


def _enter(call: Call, state: State, at: Millis, **changes: Any) -> Call:
    """The call in another state: every timer set for the old one is stale from here."""
    return changed(call, state=state, since=at, fence=call.fence + 1, unreached=False, **changes)


def _back(call: Call, at: Millis, **changes: Any) -> Call:
    """The call raised again: the policy starts over, the clock of the call goes on."""
    return _enter(
        call,
        State.RAISED,
        at,
        by=None,
        acknowledged_at=None,
        metres=None,
        reply=None,
        promised_until=None,
        nudged=False,
        asked=False,
        next_step=0,
        loop_at=at,
        paged=(),
        silent=(),
        **changes,
    )


def _pressed_again(call: Call, event: Event) -> Call:
    return changed(call, presses=call.presses + event.data["count"])


def _paged(call: Call, event: Event) -> Call:
    duties = tuple(event.data["duties"])
    return changed(
        call,
        next_step=event.data["next"],
        fence=call.fence + 1,
        paged=call.paged + tuple(duty for duty in duties if duty not in call.paged),
        declined=tuple(duty for duty in call.declined if duty not in duties),
        tried_at=event.at,
        reached=bool(duties) or not of_people(event.data["target"]),
        paged_at=event.at if duties else call.paged_at,
        manager=call.manager or event.data["target"] == "manager",
    )


def _unreached(call: Call, event: Event) -> Call:
    out = {"next_step": len(call.policy.steps), "reached": False} if event.data["out"] else {}
    return changed(
        call,
        fence=call.fence + 1,
        silent=tuple(event.data["who"]),
        unreached=event.data["out"],
        tried_at=event.at,
        **out,
    )


def _reached(call: Call, event: Event) -> Call:
    silent = tuple(duty for duty in call.silent if duty != event.data["who"])
    return changed(call, fence=call.fence + 1, silent=silent, unreached=False, reached=True)


def _declined(call: Call, event: Event) -> Call:
    return changed(call, declined=(*call.declined, event.duty or ""))


def _acknowledged(call: Call, event: Event) -> Call:
    return _enter(
        call,
        State.ACKNOWLEDGED,
        event.at,
        by=event.duty,
        acknowledged_at=event.at,
        metres=event.data.get("metres"),
    )


def _lapsed(call: Call, event: Event) -> Call:
    owner = () if call.by is None else (call.by,)
    return _back(call, event.at, lapses=call.lapses + 1, lapsed_by=(*call.lapsed_by, *owner))


def _demoted(call: Call, event: Event) -> Call:
    return _back(call, event.at, demotions=call.demotions + 1, arrived_at=None, evidence=None)


def _nudged(call: Call, _: Event) -> Call:
    return changed(call, nudged=True, fence=call.fence + 1)


def _asked(call: Call, _: Event) -> Call:
    return changed(call, asked=True, fence=call.fence + 1)


def _needed(call: Call, event: Event) -> Call:
    return changed(call, need=event.data["need"])


def _handed_off(call: Call, event: Event) -> Call:
    # Who hands it to others is not asked next; who merely leaves may be, when they are back.
    passes_on = event.duty is not None and not event.data["leaves"]
    declined = (*call.declined, event.duty or "") if passes_on else call.declined
    return _back(
        call,
        event.at,
        hand_offs=call.hand_offs + 1,
        asked_zone=event.data["zone"],
        asked_duty=event.data["to"],
        declined=declined,
    )


def _undone(call: Call, event: Event) -> Call:
    return _back(call, event.at)


def _arrived(call: Call, event: Event) -> Call:
    return _enter(
        call,
        State.ARRIVED,
        event.at,
        by=event.duty,
        arrived_at=event.at,
        evidence=Evidence(event.data["evidence"]),
        arrival_estimated=event.data.get("estimated", False),
        reply=None,
    )


def _closed(call: Call, event: Event) -> Call:
    return _enter(
        call,
        State.CLOSED,
        event.at,
        closed_at=event.at,
        outcome=Outcome(event.data["outcome"]),
        close_estimated=event.data["estimated"],
    )


_CHANGES = {
    Fact.PRESSED_AGAIN: _pressed_again,
    Fact.PAGED: _paged,
    Fact.UNREACHED: _unreached,
    Fact.REACHED: _reached,
    Fact.DECLINED: _declined,
    Fact.ACKNOWLEDGED: _acknowledged,
    Fact.NUDGED: _nudged,
    Fact.ASKED: _asked,
    Fact.NEEDED: _needed,
    Fact.REPLIED: replied,
    Fact.ANSWERED: answered,
    Fact.DEMOTED: _demoted,
    Fact.LAPSED: _lapsed,
    Fact.HANDED_OFF: _handed_off,
    Fact.UNDONE: _undone,
    Fact.ARRIVED: _arrived,
    Fact.CLOSED: _closed,
}
_OF_CALL = frozenset({Fact.RAISED, Fact.RATED, Fact.THANKED, Fact.VOIDED, *_CHANGES})
_KEEPS_ENTRY = frozenset(
    {
        Fact.PRESSED_AGAIN,
        Fact.PAGED,
        Fact.UNREACHED,
        Fact.REACHED,
        Fact.DECLINED,
        Fact.NUDGED,
        Fact.ASKED,
        Fact.NEEDED,
        Fact.REPLIED,
        Fact.ANSWERED,
    }
)


def _evolve_call(shop: Shop, event: Event) -> Shop:
    if event.fact is Fact.RAISED:
        return _raised(shop, event)
    assert event.room is not None
    if event.fact in (Fact.RATED, Fact.THANKED, Fact.VOIDED):
        return _said_afterwards(shop, event)
    if event.fact is Fact.UNDONE and event.room not in shop.calls:
        return _reopened(shop, event)
    before = shop.calls[event.room]
    call = _CHANGES[event.fact](before, event)
    if call.state is State.CLOSED:
        closing = _closing(shop.room(event.room), before, call, event)
        shop = changed(shop, calls=_without(shop.calls, event.room))
        shop = _set_room(shop, event.room, last=call, closing=closing, changed_at=event.at)
        if call.outcome in (Outcome.LEFT, Outcome.CANCELLED) and call.kind is Kind.NORMAL:
            gone = tuple(at for at in shop.room(event.room).gone if at > event.at - PRANK_MS)
            shop = _set_room(shop, event.room, gone=(*gone, event.at))
        if call.outcome is Outcome.UNANSWERED:
            shop = _darken(shop, event.room, event.noted_at + DARK_MS)
        return shop
    shop = changed(shop, calls=_put(shop.calls, event.room, call))
    if event.fact is Fact.PAGED:
        return _count_pages(shop, event)
    if event.fact is Fact.ARRIVED and event.duty is not None and event.duty in shop.duties:
        room = shop.plan.rooms.get(event.room)
        shop = _set_duty(shop, event.duty, place=room and room.at, place_at=event.at)
    return shop if event.fact in _KEEPS_ENTRY else _set_room(shop, event.room, changed_at=event.at)


def _said_afterwards(shop: Shop, event: Event) -> Shop:
    """The room's last call with what was said of it; and who was thanked."""
    assert event.room is not None
    said: Mapping[str, Any] = event.data
    if event.fact is Fact.VOIDED:
        said = {"voided": event.data["reason"]}
    elif event.fact is Fact.THANKED:
        said = {"thanked": True}
        if event.duty is not None and event.duty in shop.duties:
            thanks = (*shop.duties[event.duty].thanks, (event.at, event.room))
            shop = _set_duty(shop, event.duty, thanks=thanks)
    last = shop.room(event.room).last
    if last is None or last.id != event.call:
        return shop
    return _set_room(shop, event.room, last=changed(last, **said))


def _closing(room: RoomState, before: Call, call: Call, event: Event) -> Closing | None:
    if event.duty is None or call.outcome not in (Outcome.SERVED, Outcome.LEFT):
        return None
    return Closing(event.noted_at, event.duty, before.state, before.since, room.last, room.gone)


def _reopened(shop: Shop, event: Event) -> Shop:
    """The call that closed last as it was before, and the room as if it had never closed."""
    assert event.room is not None
    room = shop.room(event.room)
    last, closing = room.last, room.closing
    assert last is not None and closing is not None
    said_meanwhile = room.need is not None and room.need_at >= closing.noted_at
    call = changed(
        last,
        state=closing.state,
        since=closing.since,
        fence=last.fence + 1,
        closed_at=None,
        outcome=None,
        need=room.need if said_meanwhile else last.need,
    )
    shop = changed(shop, calls=_put(shop.calls, event.room, call))
    shop = _darken(shop, event.room, until=0)
    return _set_room(
        shop,
        event.room,
        changed_at=event.at,
        last=closing.before,
        gone=closing.gone,
        closing=None,
        need=None if said_meanwhile else room.need,
    )


def _count_pages(shop: Shop, event: Event) -> Shop:
    for duty_id in event.data["duties"]:
        duty = shop.duties.get(duty_id)
        if duty is not None:
            recent = tuple(at for at in duty.pages if at > event.at - RECENT_PAGES_MS)
            shop = _set_duty(shop, duty_id, pages=(*recent, event.at))
    return shop


def _darken(shop: Shop, room_id: str, until: Millis) -> Shop:
    room = shop.plan.rooms.get(room_id)
    for device_id in room.devices if room else ():
        if (shop.devices.get(device_id) or Device(device_id)).dark_until != until:
            shop = _set_device(shop, device_id, dark_until=until)
    return shop


# -- rooms, devices, duties ----------------------------------------------------------------------


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
    shop = _set_device(shop, event.device, **changes)
    return shop if known else _remember_few_strangers(shop)


def _remember_few_strangers(shop: Shop) -> Shop:
    """Anybody on the network can invent devices: the one heard longest ago makes room."""
    homes = shop.plan.homes
    strangers = [device for device in shop.devices.values() if device.id not in homes]
    if len(strangers) <= STRANGERS_LIMIT:
        return shop
    oldest = min(strangers, key=lambda device: (device.heard_at or 0, device.id))
    return changed(shop, devices=_without(shop.devices, oldest.id))


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
                return changed(shop, duties=_put(shop.duties, event.duty, duty))
            if shop.duties[event.duty].zone == zone:
                return _set_duty(shop, event.duty, paused=False, skills=skills)
            return _set_duty(
                shop, event.duty, zone=zone, skills=skills, paused=False, place=None, place_at=None
            )
        case Fact.DUTY_PAUSED:
            return _set_duty(shop, event.duty, paused=True)
        case Fact.DUTY_ENDED:
            worn = shop.duties[event.duty].badge
            seen = _without(shop.seen, worn) if worn is not None else shop.seen
            return changed(shop, duties=_without(shop.duties, event.duty), seen=seen)
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
            shop = _set_device(shop, device_id, homes=(*homes[-7:], home), dark_until=0)
    return shop


# -- small change --------------------------------------------------------------------------------


def _put(old: Mapping[str, V], key: str, value: V) -> dict[str, V]:
    return {**old, key: value}


def _without(old: Mapping[str, V], key: str) -> dict[str, V]:
    return {other: value for other, value in old.items() if other != key}


def _set_room(shop: Shop, room_id: str, **changes: Any) -> Shop:
    room: RoomState = changed(shop.room(room_id), **changes)
    return changed(shop, rooms=_put(shop.rooms, room_id, room))


def _set_device(shop: Shop, device_id: str, **changes: Any) -> Shop:
    device = changed(shop.devices.get(device_id) or Device(device_id), **changes)
    return changed(shop, devices=_put(shop.devices, device_id, device))


def _set_duty(shop: Shop, duty_id: str, **changes: Any) -> Shop:
    duty = changed(shop.duties[duty_id], **changes)
    return changed(shop, duties=_put(shop.duties, duty_id, duty))
