"""The shop as it is shown: plain data for pages and the API, made from what is committed."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from overdoor.core.answers import UNDO_MS, undoable
from overdoor.core.dispatch import distance
from overdoor.core.events import Event
from overdoor.core.model import Call, Device, DeviceStatus, Duty, Kind, Millis, Room, State
from overdoor.core.replies import may_reply
from overdoor.core.sentence import Sentence
from overdoor.core.times import rfc3339
from overdoor.engine import Engine
from overdoor.insight.intervals import ENOUGH
from overdoor.insight.summary import CallRow, summarise
from overdoor.languages import gettext as _
from overdoor.store import telemetry, updates

EVIDENCE = {
    "A": Sentence("presence button in the room"),
    "B": Sentence("signed tag"),
    "C": Sentence("code or badge, or the button held while raised"),
    "D": Sentence("a tap in the app"),
}
RULE = Sentence(
    "Raised to arrived, over the calls that somebody arrived at. Wrong presses (cancelled within "
    "5 s), tests and voided calls are left out; abandoned calls are counted beside it."
)
LATEST_CALLS = 12
DAY_MS = 86_400_000


def iso(at: Millis | None) -> str | None:
    """RFC 3339 with milliseconds."""
    return None if at is None else rfc3339(at)


def midnight(now: Millis, zone: ZoneInfo) -> Millis:
    """When today began in the shop."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    return round(datetime(today.year, today.month, today.day, tzinfo=zone).timestamp() * 1000)


def kind_of(call: Call) -> Kind:
    """A mystery call looks like any other until it is over, or it would be none."""
    hidden = call.kind is Kind.MYSTERY and call.state is not State.CLOSED
    return Kind.NORMAL if hidden else call.kind


# -- the API's shapes ----------------------------------------------------------------------------


def retention_view(engine: Engine) -> dict[str, Any] | None:
    """How far back the record goes, when that was last seen to, and how many facts went."""
    retention = engine.retention
    if retention is None:
        return None
    return {
        "keep_days": retention.keep_ms // DAY_MS,
        "ran_at": iso(retention.ran_at),
        "removed": retention.removed,
        "trouble": retention.trouble,
    }


def call_view(engine: Engine, call: Call) -> dict[str, Any]:
    """A call, as the API says it. People are named while their shift lasts."""
    return {
        "id": call.id,
        "room": call.room,
        "zone": call.zone,
        "kind": kind_of(call),
        "state": call.state,
        "since": iso(call.since),
        "raised_at": iso(call.raised_at),
        "acknowledged_at": iso(call.acknowledged_at),
        "arrived_at": iso(call.arrived_at),
        "closed_at": iso(call.closed_at),
        "outcome": call.outcome,
        "need": call.need,
        "by": call.by,
        "who": engine.name_of(call.by),
        "evidence": call.evidence,
        "estimated": call.estimated,
        "arrival_estimated": call.arrival_estimated,
        "suspect": call.suspect,
        "close_estimated": call.close_estimated,
        "presses": call.presses,
        "reply": reply_view(call),
        "lapses": call.lapses,
        "hand_offs": call.hand_offs,
        "unreached": call.unreached,
        "visit": call.visit,
        "voided": call.voided,
    }


def reply_view(call: Call) -> dict[str, Any] | None:
    """What the shopper was told, and what they said to it."""
    reply = call.reply
    return None if reply is None else asdict(reply) | {"at": iso(reply.at)}


def event_view(call: Call, event: Event) -> dict[str, Any]:
    """A fact of a call, as the API says it."""
    data = {key: value for key, value in event.data.items() if key != "policy"}
    if "kind" in data and kind_of(call) is not call.kind:
        data |= {"kind": kind_of(call), "source": "button"}
    return {
        "type": event.fact,
        "at": iso(event.at),
        "noted_at": iso(event.noted_at),
        "duty": event.duty,
        "device": event.device,
        **({"data": data} if data else {}),
    }


def room_view(engine: Engine, room: Room) -> dict[str, Any]:
    """A room with its devices, their liveness, and its open call."""
    shop = engine.committed
    state, call = shop.room(room.id), shop.calls.get(room.id)
    devices = [shop.devices.get(device, Device(device)) for device in room.devices]
    last = state.last
    return {
        "id": room.id,
        "name": room.name,
        "zone": room.zone,
        "at": list(room.at),
        "service": state.service,
        "service_until": iso(state.service_until),
        "online": _online(devices),
        "degraded": shop.degraded(room.id),
        "devices": [_device_view(engine, device) for device in devices],
        "call": call_view(engine, call) if call else None,
        "last": (
            {"call": last.id, "outcome": last.outcome, "at": iso(last.closed_at)} if last else None
        ),
    }


def _device_view(engine: Engine, device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "status": device.status,
        "since": iso(device.status_at),
        "heard": iso(device.heard_at),
        "kind": device.kind,
        "model": device.model,
        "firmware": device.firmware,
        "caps": list(device.caps),
        "alarm": device.alarm,
        **engine.telemetry.get(device.id, {}),
    }


def devices(engine: Engine) -> list[dict[str, Any]]:
    """Every device that is planned or was ever heard, with its room."""
    shop = engine.committed
    plan = shop.plan
    ids = [*plan.room_of, *plan.pagers]
    ids += sorted(shop.devices.keys() - set(ids))
    kept = updates.every(engine.store)
    return [
        _device_view(engine, shop.devices.get(id_, Device(id_)))
        | {"room": plan.room_of.get(id_), "pager": id_ in plan.pagers}
        | {"last_update": _last_update(kept.get(id_))}
        for id_ in ids
    ]


def _last_update(kept: updates.Kept | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    told = {"version": kept.version, "stage": kept.stage, "reason": kept.reason}
    return told | {"at": iso(kept.at)}


def device_page(engine: Engine, device: Device) -> dict[str, Any]:
    """A device with what it told of itself over the last month."""
    since = engine.clock() - telemetry.KEPT_MS
    told = telemetry.history(engine.store, device.id)
    return _device_view(engine, device) | {
        "room": engine.committed.plan.room_of.get(device.id),
        "last_update": _last_update(updates.last(engine.store, device.id)),
        "reboots": telemetry.reboots(engine.store, device.id, since),
        "history": [row | {"at": iso(row["at"])} for row in told],
    }


def summary(
    engine: Engine, since: Millis, until: Millis | None, zone: str | None
) -> dict[str, Any]:
    """The numbers of a span of time, with the rule behind them."""
    rows = (CallRow(*row) for row in engine.store.counted(since, until, zone))
    return asdict(summarise(rows)) | {"p90_needs": ENOUGH, "rule": _(RULE)}


def _online(devices: list[Device]) -> bool:
    """Whether the room's devices can be reached; one that sleeps will wake by itself."""
    reachable = (DeviceStatus.ONLINE, DeviceStatus.SLEEPING)
    return bool(devices) and all(device.status in reachable for device in devices)


# -- the pages' contexts -------------------------------------------------------------------------


def live(engine: Engine, zone: ZoneInfo) -> dict[str, Any]:
    """The manager's page: who waits, the day's numbers, who is on duty."""
    shop, now = engine.committed, engine.clock()
    rooms = cards(engine)
    rooms.sort(key=_urgency)
    latest = engine.store.calls(since=midnight(now, zone), limit=LATEST_CALLS)
    homes = shop.plan.room_of
    return {
        "waiting": sum(call.arrived_at is None for call in shop.calls.values()),
        "rooms": rooms,
        "target_ms": shop.plan.policy.target_arrival_ms,
        "staff": [_staff(engine, duty) for duty in shop.duties.values()],
        "empty": not latest,
        "reasons": engine.reasons(),
        "alarms": _alarms(engine),
        "strangers": sorted(
            device.id
            for device in shop.devices.values()
            if device.id not in homes and device.id not in shop.plan.pagers
        ),
        "recent": [_recent(engine, call) for call in latest],
    }


def _alarms(engine: Engine) -> list[str]:
    """What the manager should see to, in words."""
    shop = engine.committed
    sentences = []
    for device in shop.devices.values():
        room = shop.plan.rooms.get(shop.plan.room_of.get(device.id, ""))
        names = {"place": room.name if room else device.id, "device": device.id}
        if device.alarm == "offline":
            said = _(
                "%(place)s: %(device)s does not answer. Is it powered, is the Wi-Fi up?", **names
            )
            sentences.append(said)
        elif device.alarm == "lamp":
            said = _(
                "%(place)s: %(device)s does not say what its lights show. Look at them.", **names
            )
            sentences.append(said)
        elif engine.telemetry.get(device.id, {}).get("mode") == "safe":
            said = _(
                "%(place)s: %(device)s is in safe mode, because ten starts did not last. "
                "See overdoor device report %(device)s.",
                **names,
            )
            sentences.append(said)
    return sentences


def cards(engine: Engine) -> list[dict[str, Any]]:
    """The rooms as their cards show them, in the order of the file."""
    now = engine.clock()
    return [_card(engine, room, now) for room in engine.committed.plan.rooms.values()]


def card(engine: Engine, room_id: str) -> dict[str, Any]:
    """One of them."""
    return _card(engine, engine.committed.plan.rooms[room_id], engine.clock())


def _card(engine: Engine, room: Room, now: Millis) -> dict[str, Any]:
    shop = engine.committed
    state, call = shop.room(room.id), shop.calls.get(room.id)
    devices = [shop.devices.get(device, Device(device)) for device in room.devices]
    zone = shop.plan.zones.get(room.zone)
    offline = [device.status_at for device in devices if device.status is DeviceStatus.OFFLINE]
    waited = now - call.raised_at if call and call.arrived_at is None else 0
    return {
        "id": room.id,
        "name": room.name,
        "zone_name": zone.name if zone else room.zone,
        "state": call.state if call else "idle",
        "since": call.since if call else None,
        "raised_at": call.raised_at if call else None,
        "call": call.id if call else None,
        "need": call.need if call else None,
        "who": engine.name_of(call.by) if call else None,
        "late": waited > shop.plan.policy.target_arrival_ms,
        "manager": bool(call and call.manager and call.arrived_at is None),
        "unreached": bool(call and call.unreached),
        "online": _online(devices),
        "offline_since": min(filter(None, offline), default=None),
        "no_device": not devices,
        "training": room.training,
        "service": state.service,
        "last_outcome": state.last.outcome if state.last else None,
        "last_at": state.last.closed_at if state.last else None,
    }


def _urgency(card: dict[str, Any]) -> tuple[int, int]:
    """Who waits first, the longest wait in front; then what is broken; then the rest as listed."""
    order = {"raised": 0, "acknowledged": 1, "arrived": 3}
    trouble = 2 if not card["online"] else 4
    return order.get(card["state"], trouble), card["raised_at"] or 0


def _staff(engine: Engine, duty: Duty) -> dict[str, Any]:
    shop = engine.committed
    busy = shop.busy(duty.id)
    zone = shop.plan.zones.get(duty.zone)
    room = shop.plan.rooms.get(busy.room) if busy else None
    return {
        "name": engine.name_of(duty.id) or _("somebody"),
        "zone_name": zone.name if zone else duty.zone,
        "paused": duty.paused,
        "busy_room": room.name if room else None,
    }


def _recent(engine: Engine, call: Call) -> dict[str, Any]:
    room = engine.committed.plan.rooms.get(call.room)
    # Who is there now helps to run the shop; who was how fast is nobody's table.
    there = call.state is State.ARRIVED
    return {
        "id": call.id,
        "room_name": room.name if room else call.room,
        "raised_at": call.raised_at,
        "state": call.state,
        "outcome": call.outcome,
        "arrival_ms": call.arrived_at - call.raised_at if call.arrived_at is not None else None,
        "who": engine.name_of(call.by) if there else None,
        "evidence": call.evidence,
        "kind": kind_of(call),
        "voided": call.voided is not None,
    }


def for_duty(engine: Engine, duty: Duty, people: int) -> dict[str, Any]:
    """The associate's page: the calls for this duty, and a quiet line when there are none.

    `people`: how many on the floor can be reached by a page that is open, or by a push.
    """
    shop, now = engine.committed, engine.clock()
    mine = [call for call in shop.calls.values() if _is_for(call, duty)]
    mine.sort(key=lambda call: (call.by != duty.id, call.raised_at))
    others = [
        call
        for call in shop.calls.values()
        if duty.id in call.paged and call.state is State.ACKNOWLEDGED and call.by != duty.id
    ]
    pagers = [shop.devices.get(device) for device in shop.plan.pagers]
    lasts = [state.last.closed_at for state in shop.rooms.values() if state.last]
    lasts += [call.raised_at for call in shop.calls.values()]
    return {
        "calls": [_task(engine, call, duty, now) for call in mine],
        "others": [
            {
                "room_name": room_name(engine, call.room),
                "who": engine.name_of(call.by),
                "since": call.since,
            }
            for call in others
        ],
        "closings": _closings(engine, duty, now),
        "thanks": _thanks(engine, duty),
        "reasons": engine.reasons(),
        "colleagues": [
            {"duty": other.id, "name": engine.name_of(other.id), "zone": other.zone}
            for other in shop.duties.values()
            if other.id != duty.id and not other.paused
        ],
        "quiet": {
            "rooms_listening": sum(
                _online([shop.devices.get(device, Device(device)) for device in room.devices])
                for room in shop.plan.rooms.values()
            ),
            "devices_reachable": people
            + sum(pager is not None and pager.status is DeviceStatus.ONLINE for pager in pagers),
            "last_call_at": max(filter(None, lasts), default=None),
        },
    }


def _thanks(engine: Engine, duty: Duty) -> dict[str, Any] | None:
    """How often shoppers thanked this duty, and in which room last. Nobody else is told."""
    if not duty.thanks:
        return None
    at, room_id = duty.thanks[-1]
    room = engine.committed.plan.rooms.get(room_id)
    name = room.name if room else room_id
    return {"count": len(duty.thanks), "room_name": name, "at": at}


def _closings(engine: Engine, duty: Duty, now: Millis) -> list[dict[str, Any]]:
    """What this duty closed a moment ago, and may still take back."""
    shop, found = engine.committed, []
    for room_id in shop.plan.rooms:
        room = shop.room(room_id)
        closing = undoable(room, now) if room_id not in shop.calls else None
        if closing is not None and closing.by == duty.id and room.last is not None:
            found.append(
                {
                    "id": room.last.id,
                    "room_name": room_name(engine, room_id),
                    "outcome": room.last.outcome,
                    "undo_until": closing.noted_at + UNDO_MS,
                }
            )
    return found


def _is_for(call: Call, duty: Duty) -> bool:
    if call.by == duty.id:
        return True
    return call.state is State.RAISED and duty.id in call.paged and duty.id not in call.declined


def _task(engine: Engine, call: Call, duty: Duty, now: Millis) -> dict[str, Any]:
    metres, _ = distance(engine.committed, call.room, duty, now)
    acknowledged = call.state is State.ACKNOWLEDGED
    fresh = engine.committed.room(call.room).changed_at == call.since  # not itself an undo
    ends = call.since + UNDO_MS
    undo_until = ends if acknowledged and fresh and ends > now else None
    actions = {
        State.RAISED: ["acknowledge", "arrive", "decline"],
        State.ACKNOWLEDGED: ["arrive", "hand-off", "nobody-there"],
        State.ARRIVED: ["close", "nobody-there"],
    }[call.state]
    if may_reply(call, duty.id):
        actions.append("reply")
    zone = engine.committed.plan.zones.get(call.zone)
    waited = now - call.raised_at if call.arrived_at is None else 0
    return {
        "id": call.id,
        "room_name": room_name(engine, call.room),
        "zone": call.zone,
        "zone_name": zone.name if zone else call.zone,
        "state": call.state,
        "since": call.since,
        "raised_at": call.raised_at,
        "late": waited > call.policy.target_arrival_ms,
        "need": call.need,
        "mine": call.by == duty.id,
        "who": engine.name_of(call.by),
        "metres": round(metres),
        "presses": call.presses,
        "reply": call.reply,
        "promised": call.promised_until is not None,
        "sizes": engine.committed.plan.shopper.sizes,
        "lapses": call.lapses,
        "nudged": acknowledged and call.nudged,
        "asked": acknowledged and call.asked,
        "kind": kind_of(call),
        "actions": actions + (["undo"] if undo_until is not None else []),
        "undo_until": undo_until,
    }


def room_name(engine: Engine, room_id: str) -> str:
    room = engine.committed.plan.rooms.get(room_id)
    return room.name if room else room_id


def call_page(engine: Engine, call: Call) -> dict[str, Any]:
    """One call with its story in words."""
    zone = engine.committed.plan.zones.get(call.zone)
    times = ("raised_at", "acknowledged_at", "arrived_at", "closed_at", "since")
    return (
        call_view(engine, call)
        | {name: getattr(call, name) for name in times}
        | {
            "room_name": room_name(engine, call.room),
            "zone_name": zone.name if zone else call.zone,
            "evidence_text": _(EVIDENCE[call.evidence]) if call.evidence else None,
        }
    )
