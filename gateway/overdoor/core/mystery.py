"""Mystery calls: unannounced tests, raised by the clock in rooms where they disturb nobody.

The moments of a day follow from a seed that nobody in the shop sees, so they cannot be guessed and
are the same after a restart. Only moments to come are waited for: what passed while the gateway
was down is skipped. Each is spread evenly over the hours in which the shop is open, independent of
the others, because an even gap would tell when the next one is due.
"""

from hashlib import sha256

from overdoor.core.escalation import Due, Timer
from overdoor.core.hours import Hours
from overdoor.core.model import Device, DeviceStatus, Kind, Millis, Plan, Room, Service, Shop
from overdoor.core.sentence import Sentence
from overdoor.core.turn import Turn

LATE_MS = 60_000  # a moment that could not be kept is let go
_ALWAYS = ((0, 24 * 60),) * 7


def look_ahead(turn: Turn) -> None:
    """Asks to be woken for the next mystery call."""
    at = next_due(turn.shop.plan, turn.now)
    if at is not None:
        turn.wake(Timer(at, Due.MYSTERY, ""))


def ring(turn: Turn, timer: Timer) -> None:
    """Raises a mystery call in a room that is known to be free, if there is one."""
    plan = turn.shop.plan
    planned = next_due(plan, timer.at - 1) == timer.at  # the file may have changed since
    if planned and turn.now - timer.at <= LATE_MS:
        for room in _in_turn(plan, timer.at):
            if why_not(turn.shop, room, turn.now) is None:
                turn.raise_call(
                    room,
                    at=turn.now,
                    seed=f"mystery/{room.id}/{timer.at}",
                    source="schedule",
                    kind=Kind.MYSTERY,
                )
                break
    look_ahead(turn)


def next_due(plan: Plan, now: Millis) -> Millis | None:
    """The next planned moment after `now`; None if none is planned for a week."""
    mystery = plan.mystery
    if mystery is None:
        return None
    moments = []
    for day, opens, closes in (plan.hours or Hours(plan.timezone, _ALWAYS)).spans(now):
        for index in range(mystery.per_day):
            share = _draw(f"{mystery.seed}/{day}/{index}") / 2**64
            moments.append(opens + int(share * (closes - opens)))
        fixed = (day.at(minute) for minute in mystery.times)
        moments += [at for at in fixed if opens <= at < closes]
    return min((at for at in moments if at > now), default=None)


def why_not(shop: Shop, room: Room, now: Millis) -> Sentence | None:
    """Why a mystery call would disturb somebody; None if the room is known to be free."""
    state, hours = shop.room(room.id), shop.plan.hours
    devices = [shop.devices.get(device) or Device(device) for device in room.devices]
    used_at = max([state.changed_at, state.need_at, *(device.used_at for device in devices)])
    if room.id in shop.calls:
        return Sentence("this room has an open call already")
    if hours is not None and not hours.is_open(now):
        return Sentence("the shop is closed")
    if state.service is not Service.OPEN:
        return Sentence("the room is not in service")
    if not devices or any(device.status is not DeviceStatus.ONLINE for device in devices):
        return Sentence("a device of the room is not online, so nobody knows whether it is free")
    if now - used_at < shop.plan.policy.visit_gap_ms:
        return Sentence("the room was in use a moment ago")
    return None


def _in_turn(plan: Plan, at: Millis) -> list[Room]:
    """The rooms in which the call of this moment may be raised, in an order of its own."""
    assert plan.mystery is not None
    seed = plan.mystery.seed
    rooms = [plan.rooms[room] for room in plan.mystery.rooms if room in plan.rooms]
    return sorted(rooms, key=lambda room: _draw(f"{seed}/{at}/{room.id}"))


def _draw(seed: str) -> int:
    """A number below 2^64 that follows from the seed."""
    return int.from_bytes(sha256(seed.encode()).digest()[:8])
