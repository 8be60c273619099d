"""What a device's events mean.

A device sends raw gestures; what they mean depends on the call of its room (the table of the
first week in a real shop, `docs/week-one.md`, says why):

| the room's call | call pressed          | call held        | presence pressed or held    |
|-----------------|-----------------------|------------------|-----------------------------|
| none            | raises one            | raises one²      | nothing                     |
| raised          | pressed again         | cancels it¹      | arrived, A, by nobody known |
| acknowledged    | pressed again         | cancels it¹      | arrived, A, by its owner    |
| arrived < 10 s  | nothing³              | nothing          | nothing                     |
| arrived         | closes it, raises one | closes it        | closes it                   |

¹ On a call point without a presence button a hold is an arrival: A while acknowledged, C while
raised, because then it may be the shopper; so there it takes three seconds, and a shorter one is a
press again. A device that does not say how long is taken at its word.
³ Within 30 s of an arrival that nobody known made, the shopper's press says that it was none.
² Unless one closed just now: then the hold was meant for that one.
"""

from overdoor.core import ledger
from overdoor.core.changing import DARK_MS
from overdoor.core.escalation import Due, Timer
from overdoor.core.events import Fact
from overdoor.core.inputs import DeviceEvent
from overdoor.core.lifecycle import Move
from overdoor.core.model import Call, Device, Evidence, Kind, Millis, Room, Service, State
from overdoor.core.turn import NEED_KEPT_MS, Turn

DEMOTE_MS = 30_000  # a press this soon contradicts an arrival that nobody known made
DEAF_MS = 10_000  # after an arrival: a press or a second presence press is a reflex
JUST_CLOSED_MS = 2_000  # a hold that was meant for the call that closed meanwhile
LONG_HOLD_MS = 3_000
ORDER_SLACK_MS = 2_000  # how far the computed times of two events may be out of order


def device_event(turn: Turn, given: DeviceEvent) -> None:
    """Stores an event once, gives it its meaning once, and receipts it every time."""
    device = turn.shop.devices.get(given.device) or Device(given.device)
    boot = ledger.find(device.boots, given.boot)
    known = boot or given.ledger or ledger.Boot(given.boot)
    if known.has(given.n):
        low = given.low or 1
        if boot is None or boot.settle(low) != boot:
            data = {"low": low} | ({} if boot else _remembered(known))
            turn.record(Fact.SETTLED, device=given.device, boot=given.boot, data=data)
        turn.receipt(given.device)
        return
    if known.store(given.n, given.low or 1).full():
        return  # a hole that was never filled; the device says so with its next low
    at, estimated = _moment(turn, device, given)
    room = _home(turn, device, at)
    is_pager = given.device in turn.shop.plan.pagers
    stranger = room is None and not is_pager
    turn.record(
        Fact.HEARD,
        at=turn.now if at is None else at,
        device=given.device,
        boot=given.boot,
        n=given.n,
        data=_heard_data(turn, given, known, new=boot is None, stranger=stranger),
    )
    if stranger:
        turn.signal_device(given.device)
        turn.wake(Timer(turn.now + DARK_MS, Due.LIGHT_UP, given.device))
    elif given.fault is None:
        if given.type == "button" and room is not None:
            _button(turn, device, room, given, at, estimated)
        elif given.type == "need" and room is not None and given.need is not None:
            _need(turn, room, given.need, at)
        elif given.type == "answer" and is_pager:
            _pager_answer(turn, given)
    if room is not None and (given.type == "button" or given.fault is not None):
        turn.signal_room(room.id)
        if turn.shop.plan.room_of.get(given.device) != room.id:
            turn.signal_device(given.device)  # it was moved meanwhile
    turn.receipt(given.device)


def _need(turn: Turn, room: Room, need: str, at: Millis | None) -> None:
    """Said in time, it is for the open call, or for one that is raised soon."""
    call = turn.shop.calls.get(room.id)
    wanted_since = (call.raised_at if call else turn.now) - NEED_KEPT_MS
    if at is not None and at >= wanted_since:
        turn.need(room.id, call, need, at=min(at, turn.now))


def _heard_data(
    turn: Turn, given: DeviceEvent, known: ledger.Boot, *, new: bool, stranger: bool
) -> dict[str, object]:
    # Events come in the order of their numbers. So when a low cannot be understood, the first
    # one of a boot says that nothing came before it, and a later one says nothing.
    low = given.low or (given.n if new and not known.upto else 1)
    data: dict[str, object] = {"low": low, "type": given.type, "aged": given.age_ms is not None}
    if given.fault is not None:
        data |= {"fault": given.fault, "raw": given.raw}
    elif given.body:
        data |= {"said": given.body}
    if new:
        data |= _remembered(known)
    if stranger:
        data["dark_until"] = turn.now + DARK_MS
    return data


def _remembered(known: ledger.Boot) -> dict[str, object]:
    """The ledger of a boot that was forgotten, for the log to take it up again."""
    return {"upto": known.upto, "beyond": sorted(known.beyond)} if known.upto else {}


def _moment(turn: Turn, device: Device, given: DeviceEvent) -> tuple[Millis | None, bool]:
    """When it happened, and whether that is an estimate; None if nothing bounds its age.

    An event whose age was lost in a reboot happened, at the earliest, when the device last gave a
    sign of life before this boot; that moment is taken, so that no wait is made shorter.
    """
    if given.age_ms is not None:
        return turn.now - given.age_ms, False
    return device.heard_before if device.heard_before is not None else device.heard_at, True


def _home(turn: Turn, device: Device, at: Millis | None) -> Room | None:
    """The room in which the device hung at the time of the event."""
    room_id = turn.shop.plan.room_of.get(device.id)
    if at is not None and device.homes:
        room_id = device.homes[0][1]
        for since, home in device.homes:
            if since <= at:
                room_id = home
    return turn.shop.plan.rooms.get(room_id) if room_id is not None else None


def _button(
    turn: Turn, device: Device, room: Room, given: DeviceEvent, at: Millis | None, estimated: bool
) -> None:
    call = turn.shop.calls.get(room.id)
    if call is not None and (at is None or at + ORDER_SLACK_MS < call.raised_at):
        return  # it happened before this call was raised, so it is not about it
    when = turn.now if at is None else min(max(at, turn.shop.room(room.id).changed_at), turn.now)
    if call is None:
        if given.button == "call":
            _call_button_on_no_call(turn, room, given, at, when, estimated)
    elif call.state is State.ARRIVED:
        _button_while_arrived(turn, call, room, given, at, when, estimated)
    elif given.button == "presence":
        _arrive(turn, call, when, Evidence.A)
    elif given.button == "cancel":
        turn.move(call, Move.CANCEL, at=when)
    elif given.gesture == "hold":
        _hold(turn, call, room, given, when)
    elif call.kind is Kind.MYSTERY and not _is_stale(turn, at):
        # The room was not free after all: who presses gets a call of their own, that counts.
        turn.move(call, Move.CANCEL, at=when)
        _call_button_on_no_call(turn, room, given, at, when, estimated)
    else:
        _pressed_again(turn, call, given, when)


def _pressed_again(turn: Turn, call: Call, given: DeviceEvent, when: Millis) -> None:
    data = {"count": given.count}
    turn.record(Fact.PRESSED_AGAIN, at=when, room=call.room, call=call.id, data=data)
    soon = turn.now - (call.paged_at or 0) < call.policy.repage_ms
    if call.state is State.RAISED and not soon and not call.suspect:
        turn.page_again(call)


def _call_button_on_no_call(
    turn: Turn,
    room: Room,
    given: DeviceEvent,
    at: Millis | None,
    when: Millis,
    estimated: bool,
) -> None:
    state = turn.shop.room(room.id)
    if given.gesture == "hold" and when - state.changed_at < JUST_CLOSED_MS:
        return
    if _is_stale(turn, at):
        why = "too old"
    elif state.service is Service.OUT:
        why = "out of service"
    elif (hours := turn.shop.plan.hours) is not None and not hours.is_open(when):
        why = "closed"
    else:
        seed = f"{given.device}/{given.boot}/{given.n}"
        turn.raise_call(
            room, at=when, seed=seed, source="button", estimated=estimated, presses=given.count
        )
        return
    # Whoever pressed just now must not stay in the dark: the lights say that nobody comes.
    dark_until = None if why == "too old" else turn.now + DARK_MS
    turn.record(
        Fact.MISSED,
        at=when,
        room=room.id,
        device=given.device,
        data={"why": why, "dark_until": dark_until},
    )


def _is_stale(turn: Turn, at: Millis | None) -> bool:
    return at is None or turn.now - at > turn.shop.plan.policy.stale_press_ms


def _button_while_arrived(
    turn: Turn,
    call: Call,
    room: Room,
    given: DeviceEvent,
    at: Millis | None,
    when: Millis,
    estimated: bool,
) -> None:
    calls_again = given.button == "call" and given.gesture == "press"
    if calls_again and call.by is None and when - call.since < DEMOTE_MS:
        # Nobody known came, and the shopper still calls: somebody else pressed presence.
        turn.move(call, Move.DEMOTE, at=when)
        turn.escalate(room.id)
        return
    if when - call.since < DEAF_MS or given.button == "cancel":
        return
    if not (calls_again and _is_stale(turn, at)):
        turn.move(call, Move.CLOSE, at=when)
    if calls_again:
        _call_button_on_no_call(turn, room, given, at, when, estimated)


def _hold(turn: Turn, call: Call, room: Room, given: DeviceEvent, when: Millis) -> None:
    if _has_presence_button(turn, room):
        turn.move(call, Move.CANCEL, at=when)
    elif call.state is State.ACKNOWLEDGED:
        _arrive(turn, call, when, Evidence.A)
    elif given.held_ms is None or given.held_ms >= LONG_HOLD_MS:
        _arrive(turn, call, when, Evidence.C)
    else:
        _pressed_again(turn, call, given, when)


def _arrive(turn: Turn, call: Call, when: Millis, evidence: Evidence) -> None:
    """Somebody is there: whoever said that they would go, else nobody known."""
    data = {"evidence": evidence, "estimated": False}
    turn.move(call, Move.ARRIVE, at=when, by=call.by, data=data)


def _has_presence_button(turn: Turn, room: Room) -> bool:
    """Whether any device of the room has one; the default call point does, until it says else."""
    devices = [turn.shop.devices.get(device) or Device(device) for device in room.devices]
    described = [device for device in devices if device.caps]
    return not described or any("presence" in device.caps for device in described)


def _pager_answer(turn: Turn, given: DeviceEvent) -> None:
    """A key on a pager. It may have been pressed on a list that has changed meanwhile."""
    call = turn.shop.call(given.call or "")
    current = turn.shop.lists.get(given.device, 0)
    arriving = given.answer == "arrive"
    why = None
    if call is None:
        why = "closed"
    elif not arriving and (given.page_rev or 0) < current:
        why = "saw an older list"
    else:
        at = turn.now - (given.age_ms or 0)
        if arriving:
            done = turn.move(
                call,
                Move.ARRIVE,
                at=at,
                by=given.device,
                data={"evidence": Evidence.D, "estimated": call.asked},
            )
        elif given.answer == "acknowledge":
            done = turn.move(call, Move.ACKNOWLEDGE, at=at, by=given.device)
        else:
            done = call.state is State.RAISED
            if done:
                turn.record(Fact.DECLINED, room=call.room, call=call.id, duty=given.device)
                turn.reconsider()
        why = None if done else f"the call is {call.state}"
    if why is not None:
        turn.record(
            Fact.LATE,
            device=given.device,
            room=call.room if call else None,
            call=given.call,
            data={"answer": given.answer, "why": why},
        )
