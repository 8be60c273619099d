"""What is said in each topic: bytes to inputs, effects to bytes.

Nothing a device sends may raise: what cannot be understood is `Nonsense`, or, when its key is
valid, an event with a `fault`, which is stored and receipted so that the device can let go of it.
"""

import json
import re
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

from pydantic_core import to_json

from overdoor.core.effects import PagerList, Receipt, RoomCall, Signal
from overdoor.core.events import Event
from overdoor.core.inputs import DeviceDescribed, DeviceEvent, DeviceSaid, Sighting
from overdoor.core.model import Call, DeviceStatus, Millis, Plan, State
from overdoor.core.outside import told_of
from overdoor.core.times import rfc3339
from overdoor.orders import Answer, Order

VERSION = 1
RAW_KEPT = 1024
RESULT_LIMIT = 64 * 1024
SIZE_LIMIT = 2 * 1024 * 1024
_BOOT = re.compile(r"[0-9a-f]{12}")
_N_LIMIT = 2**53
_COUNT_LIMIT = 100_000
_AGE_LIMIT_MS = 10 * 366 * 86_400_000
_BUTTONS = ("call", "presence", "cancel")
_GESTURES = ("press", "hold")
NEEDS = ("another-size", "another-model", "question", "ready-to-pay", "other")
_ANSWERS = ("acknowledge", "decline", "arrive")
_STATUSES = (DeviceStatus.ONLINE, DeviceStatus.OFFLINE, DeviceStatus.SLEEPING)
_UNDERSTOOD = ("type", "need", "button", "gesture", "held_ms", "call", "answer", "rev", "age_ms")
_TEXT_LIMIT = 64
PAGE_CALLS = 10
PAGE_NAME = 24  # letters


@dataclass(frozen=True, slots=True)
class Nonsense:
    """A payload without a valid key. `why` is for the log."""

    why: str


def parse_event(device: str, payload: bytes) -> DeviceEvent | Nonsense:
    """An event of a device."""
    said = _object(payload)
    if isinstance(said, Nonsense):
        return said
    boot, n = said.get("boot"), said.get("n")
    if not (isinstance(boot, str) and _BOOT.fullmatch(boot)):
        return Nonsense("boot is not 12 hexadecimal digits")
    if not _whole(n, 1, _N_LIMIT):
        return Nonsense("n is not a whole number from 1")
    assert isinstance(n, int)
    low = said.get("low")
    low = low if isinstance(low, int) and _whole(low, 1, n) else None
    fault = _event_fault(said) if low else f"low is not a whole number from 1 to {n}"
    if fault is not None:
        return DeviceEvent(
            device,
            boot,
            n,
            low,
            type=_short(said.get("type")) or "?",
            fault=fault,
            raw=payload[:RAW_KEPT].decode("utf-8", "replace"),
        )
    return DeviceEvent(
        device,
        boot,
        n,
        low,
        type=said["type"],
        age_ms=said.get("age_ms"),
        button=said.get("button"),
        gesture=said.get("gesture"),
        held_ms=said.get("held_ms"),
        call=_short(said.get("call")),
        answer=said.get("answer"),
        page_rev=said.get("rev"),
        need=said.get("need"),
        count=said.get("count") or 1,
        body=_kept(said, len(payload)),
    )


def _event_fault(said: dict[str, Any]) -> str | None:
    """Why an event with a valid key cannot be understood."""
    age = said.get("age_ms")
    if age is not None and not _whole(age, 0, _AGE_LIMIT_MS):
        return "age_ms is neither null nor a whole number of milliseconds"
    if not _whole(said.get("count") or 1, 1, _COUNT_LIMIT):
        return f"count is not a whole number from 1 to {_COUNT_LIMIT}"
    match said.get("type"):
        case "button":
            if said.get("button") not in _BUTTONS:
                return f"button is none of {', '.join(_BUTTONS)}"
            if said.get("gesture") not in _GESTURES:
                return f"gesture is none of {', '.join(_GESTURES)}"
            held = said.get("held_ms")
            if held is not None and not _whole(held, 0, _AGE_LIMIT_MS):
                return "held_ms is not a whole number of milliseconds"
        case "answer":
            if said.get("answer") not in _ANSWERS:
                return f"answer is none of {', '.join(_ANSWERS)}"
            if _short(said.get("call")) is None:
                return "call is missing"
            if not _whole(said.get("rev"), 0, _N_LIMIT):
                return "rev is not a whole number"
        case "need":
            if said.get("need") not in NEEDS:
                return f"need is none of {', '.join(NEEDS)}"
        case "fault":
            return None
        case _:
            return "type is none of button, answer, need, fault"
    return None


def _kept(said: dict[str, Any], size: int) -> dict[str, Any]:
    """What is worth logging of an event beyond its key; of a large one, what is understood."""
    rest = {key: value for key, value in said.items() if key not in ("v", "boot", "n", "low")}
    if size <= RAW_KEPT:
        return rest
    understood = {key: rest[key] for key in _UNDERSTOOD if key in rest}
    return {
        key: value
        for key, value in understood.items()
        if value is None or _short(value) or _whole(value, 0, _N_LIMIT)
    }


def parse_status(device: str, payload: bytes, *, retained: bool) -> DeviceSaid | Nonsense:
    """A status of a device, or what its will said."""
    for status in _STATUSES:
        if payload == status.encode():
            return DeviceSaid(device, status, retained)
    return Nonsense("status is none of online, offline, sleeping")


def parse_info(
    device: str, payload: bytes, *, retained: bool = False
) -> tuple[DeviceDescribed, dict[str, Any]] | Nonsense:
    """What a device says it is, and its telemetry."""
    said = _object(payload)
    if isinstance(said, Nonsense):
        return said
    caps = said.get("caps")
    known = caps[:16] if isinstance(caps, list) else []
    description = DeviceDescribed(
        device,
        kind=_short(said.get("kind")),
        model=_short(said.get("model")),
        firmware=_short(said.get("firmware")),
        caps=tuple(cap for cap in known if _short(cap)),
        boot=_short(said.get("boot")),
        retained=retained,
    )
    numbers = ("rssi", "heap_free", "uptime_s", "outbox")
    telemetry = {key: said[key] for key in numbers if _whole(said.get(key), -(2**53), 2**53)}
    trouble = said.get("trouble")
    if said.get("mode") in ("normal", "safe") and isinstance(trouble, list):
        telemetry |= {"mode": said["mode"], "trouble": [t for t in trouble[:8] if _short(t)]}
    if _whole(said.get("mpy"), 0, 2**32):
        telemetry["mpy"] = said["mpy"]
    if _whole(said.get("password_number"), 0, 0xFFFF):
        telemetry["password_number"] = said["password_number"]
    update = said.get("update")
    if isinstance(update, dict) and _short(update.get("version")) and _short(update.get("state")):
        reason = update.get("reason")
        told = {"version": update["version"], "state": update["state"]}
        telemetry["update"] = told | ({"reason": reason[:200]} if isinstance(reason, str) else {})
    return description, telemetry


def parse_result(payload: bytes) -> Answer | Nonsense:
    """What a device answers to an order."""
    if len(payload) > RESULT_LIMIT:
        return Nonsense("a result is larger than 64 KiB")
    said = _object(payload)
    if isinstance(said, Nonsense):
        return said
    id_, status, data = said.get("id"), said.get("status"), said.get("data")
    # Halves of characters, which JSON allows, could not be shown to whoever asked.
    written = json.dumps(data, ensure_ascii=False).encode(errors="replace")
    told = json.loads(written) if isinstance(data, dict) else {}
    if not isinstance(id_, str) or status not in ("ok", "error"):
        return Nonsense("a result has the id of the command, and ok or error as status")
    refusal = (_short(told.get("reason")) or "no reason given") if status == "error" else None
    return Answer(id_, refusal, told)


def parse_sighting(device: str, payload: bytes) -> Sighting | Nonsense:
    """A badge that a device hears."""
    said = _object(payload)
    if isinstance(said, Nonsense):
        return said
    badge, rssi = _short(said.get("badge")), said.get("rssi")
    if badge is None or not (isinstance(rssi, int) and _whole(rssi, -200, 50)):
        return Nonsense("a sighting has a badge, and an rssi in dBm")
    return Sighting(device, badge, rssi)


def parse_shown(payload: bytes) -> int | None:
    """The revision of what a pager's screen shows; None if it does not say."""
    said = _object(payload)
    rev = None if isinstance(said, Nonsense) else said.get("rev")
    return rev if isinstance(rev, int) and _whole(rev, 0, 2**63) else None


def _object(payload: bytes) -> dict[str, Any] | Nonsense:
    if len(payload) > SIZE_LIMIT:
        return Nonsense("the payload is larger than 2 MiB")
    try:
        said = _DECODE(payload.decode(json.detect_encoding(payload), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        return Nonsense(f"the payload is not JSON: {str(error)[:80]}")
    return said if isinstance(said, dict) else Nonsense("the payload is not a JSON object")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _refuse(digits)


_DECODE = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).decode


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _short(value: object) -> str | None:
    """A text that is not too long and that can be written; JSON allows halves of characters."""
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_LIMIT:
        return None
    return None if any("\ud800" <= letter <= "\udfff" for letter in value) else value


# -- what the gateway says -----------------------------------------------------------------------


def _dump(said: dict[str, Any]) -> bytes:
    return to_json({"v": VERSION} | said)


def command(order: Order) -> bytes:
    """An order to a device."""
    return _dump({"id": order.id, "verb": order.verb, "args": dict(order.args)})


def signal(effect: Signal) -> bytes:
    """What the lights of a device shall show."""
    return _dump(
        {
            "rev": effect.rev,
            "state": effect.state,
            "call": effect.call,
            "text": None,
            "eta_s": None,
        }
    )


def receipt(effect: Receipt) -> bytes:
    """What is stored of a device."""
    (boot, n), *also = effect.boots
    return _dump({"boot": boot, "n": n, "also": [list(other) for other in also]})


def room_call(effect: RoomCall) -> bytes:
    """The open call of a room; between calls, the last one and how it ended."""
    call = effect.call
    said: dict[str, Any]
    if call is None:
        said = {"state": "idle", "call": None, "since": None, "need": None, "outcome": None}
    else:
        said = {
            "state": "idle" if call.state is State.CLOSED else call.state,
            "call": call.id,
            "since": rfc3339(call.since),
            "need": call.need,
            "outcome": call.outcome,
        }
    return _dump(said | {"degraded": effect.degraded})


def room_event(event: Event) -> bytes:
    """A transition, for those who watch. Who did it is not said."""
    return _dump(told_of(event))


def pager_list(effect: PagerList, plan: Plan) -> bytes:
    """The calls that a pager lists: its own, those that wait longest, and how many more there are.

    A pager takes 4 KB, so there are ten at most, with names cut to what a screen can show.
    """
    own = [call for call in effect.calls if call.by == effect.device]
    others = [call for call in effect.calls if call.by != effect.device]
    kept = (own + others)[:PAGE_CALLS]
    calls = [call for call in effect.calls if call in kept]
    said = {
        "v": VERSION,
        "rev": effect.rev,
        "calls": [_listed(call, plan, effect.at) for call in calls],
        "more": len(effect.calls) - len(calls),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _listed(call: Call, plan: Plan, now: Millis) -> dict[str, Any]:
    room, zone = plan.rooms.get(call.room), plan.zones.get(call.zone)
    return {
        "call": call.id,
        "room": call.room,
        "name": (room.name if room else call.room)[:PAGE_NAME],
        "zone": call.zone,
        "zone_name": (zone.name if zone else call.zone)[:PAGE_NAME],
        "state": call.state,
        "age_ms": max(0, now - call.raised_at),
        "need": call.need,
        "by": call.by,
    }
