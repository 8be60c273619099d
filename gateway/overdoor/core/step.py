"""The step: what a shop does when something happens.

`step(shop, input, now) -> (shop, events, effects)`. Events are facts and go to the log; effects
are wishes and leave only once the facts are committed. What a press or a hold means is in
`gestures`, what a person may say in `answers`; here inputs find their rule, timers are weighed
against their fence, and effects are derived from what changed.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from overdoor.core import inputs, mystery
from overdoor.core.answers import answer
from overdoor.core.codec import plan_data
from overdoor.core.effects import Effect
from overdoor.core.escalation import SHIFT_MS, Due, Timer, sign_off
from overdoor.core.events import Event, Fact
from overdoor.core.gestures import device_event
from overdoor.core.lifecycle import Move
from overdoor.core.model import Device, DeviceStatus, Kind, Millis, Service, Shop, State, changed
from overdoor.core.replies import reply, shopper_answers
from overdoor.core.sentence import Sentence
from overdoor.core.shopper import shopper_asks, shopper_rates, shopper_thanks
from overdoor.core.sightings import sight
from overdoor.core.taps import tapped
from overdoor.core.turn import Turn

WILL_DELAY_MS = 45_000  # one and a half times the longest keep-alive of the contract


def step(shop: Shop, given: inputs.Input, now: Millis) -> tuple[Shop, list[Event], list[Effect]]:
    """What `given` changes at `now`: the new shop, the facts, the wishes."""
    turn = Turn(shop, now)
    _RULES[type(given)](turn, given)
    return turn.finish()


def _device_said(turn: Turn, said: inputs.DeviceSaid) -> None:
    if turn.is_stranger(said.device):
        return
    device = turn.shop.devices.get(said.device) or Device(said.device)
    news = said.status is not device.status
    connected = said.status is DeviceStatus.ONLINE and not said.retained
    if news or connected:
        turn.record(
            Fact.STATUS,
            device=said.device,
            data={
                "status": said.status,
                "retained": said.retained,
                "heard_at": _last_sign_of_life(turn, device, said),
            },
        )
        if said.device in turn.shop.plan.homes:
            turn.watch(said.device)
    if connected and said.device in turn.shop.plan.pagers:
        turn.relist_again(said.device)


def _last_sign_of_life(turn: Turn, device: Device, said: inputs.DeviceSaid) -> Millis | None:
    """When a device was surely alive, before what it says now.

    A broker speaks a will at the latest one and a half keep-alives after the last sign of life.
    """
    known = [] if device.heard_at is None else [device.heard_at]
    if said.status is DeviceStatus.OFFLINE and not said.retained:
        known.append(turn.now - WILL_DELAY_MS)
    return max(known, default=None)


def _device_described(turn: Turn, said: inputs.DeviceDescribed) -> None:
    if turn.is_stranger(said.device):
        return
    device = turn.shop.devices.get(said.device) or Device(said.device)
    if (device.kind, device.model, device.firmware, device.caps, device.boot) != (
        said.kind,
        said.model,
        said.firmware,
        said.caps,
        said.boot,
    ):
        turn.record(
            Fact.DESCRIBED,
            device=said.device,
            data={
                "kind": said.kind,
                "model": said.model,
                "firmware": said.firmware,
                "caps": list(said.caps),
                "boot": said.boot,
                "retained": said.retained,
            },
        )


def _raise(turn: Turn, asked: inputs.Raise) -> None:
    room = turn.shop.plan.rooms.get(asked.room)
    if room is None:
        turn.refuse(Sentence("there is no such room"))
    elif (call := turn.shop.calls.get(asked.room)) is not None:
        turn.refuse(Sentence("this room has an open call already"), call)
    elif room.training != (asked.kind is Kind.TRAINING):
        turn.refuse(Sentence("training calls are for training rooms, and only they"))
    elif asked.kind is Kind.TRAINING and asked.by not in turn.shop.duties:
        turn.refuse(Sentence("a training call needs somebody on duty who trains"))
    elif asked.kind is Kind.MYSTERY and (why := mystery.why_not(turn.shop, room, turn.now)):
        turn.refuse(why)
    else:
        turn.raise_call(
            room,
            at=turn.now,
            seed=asked.seed,
            source="staff",
            kind=asked.kind,
            need=asked.need,
            trainee=asked.by if asked.kind is Kind.TRAINING else None,
            key=asked.key,
        )


def _need(turn: Turn, said: inputs.Need) -> None:
    """What is needed belongs to the open call, or to one that is raised soon."""
    if said.room not in turn.shop.plan.rooms:
        turn.refuse(Sentence("there is no such room"))
        return
    call = turn.shop.calls.get(said.room)
    turn.need(said.room, call, said.need)


def _void(turn: Turn, asked: inputs.Void) -> None:
    if turn.shop.call(asked.call) is not None:
        turn.refuse(Sentence("close the call first"), turn.shop.call(asked.call))
        return
    turn.record(
        Fact.VOIDED,
        room=asked.room,
        call=asked.call,
        key=asked.key,
        data={"reason": asked.reason},
    )


def _timer_fired(turn: Turn, fired: inputs.TimerFired) -> None:
    """One transition per fence: a timer set before the last transition changes nothing."""
    timer = fired.timer
    if timer.at > turn.now:
        turn.wake(timer)
        return
    match timer.due:
        case Due.LIGHT_UP:
            device = turn.shop.devices.get(timer.subject)
            if device is not None and device.dark_until == timer.at:
                turn.signal_device(timer.subject)
            return
        case Due.SIGN_OFF:
            duty = turn.shop.duties.get(timer.subject)
            if duty is not None and duty.since + SHIFT_MS == timer.at:
                _duty_ended(turn, inputs.DutyEnded(timer.subject))
            return
        case Due.ALARM:
            _alarm(turn, timer)
            return
        case Due.DAY_END:
            turn.tonight()
            return
        case Due.MYSTERY:
            mystery.ring(turn, timer)
            return
        case Due.RELIST:
            turn.relist()
            return
        case Due.REOPEN:
            if turn.shop.room(timer.subject).service_until == timer.at:
                turn.service(timer.subject, Service.OPEN, None)
            return
    call = turn.shop.calls.get(timer.room)
    if call is None or call.id != timer.subject or call.fence != timer.fence:
        return
    match timer.due:
        case Due.GIVE_UP:
            turn.move(call, Move.GIVE_UP, at=timer.at)
        case Due.NUDGE:
            turn.record(Fact.NUDGED, room=call.room, call=call.id, duty=call.by)
        case Due.ASK:
            turn.record(Fact.ASKED, room=call.room, call=call.id, duty=call.by)
        case Due.LAPSE:
            turn.move(call, Move.LAPSE, at=timer.at)
            turn.escalate(timer.room)
        case Due.CLOSE:
            turn.move(call, Move.CLOSE, at=timer.at, data={"estimated": True})
        case Due.PAGE:
            turn.escalate(timer.room)


def _alarm(turn: Turn, timer: Timer) -> None:
    device = turn.shop.devices.get(timer.subject)
    if device is None or device.alarm == "offline":
        return  # told already: a restatement asks for every timer once more
    if turn.missed_at(device) == timer.at:
        turn.record(Fact.ALARMED, device=timer.subject, data={"what": "offline"})


def _lamp_silent(turn: Turn, said: inputs.LampSilent) -> None:
    device = turn.shop.devices.get(said.device)
    if device is not None and device.alarm is None and device.status is DeviceStatus.ONLINE:
        turn.record(Fact.ALARMED, device=said.device, data={"what": "lamp"})


def _lamp_answers(turn: Turn, said: inputs.LampAnswers) -> None:
    device = turn.shop.devices.get(said.device)
    if device is not None and device.alarm == "lamp":
        turn.record(Fact.RELIEVED, device=said.device)


def _sighting(turn: Turn, said: inputs.Sighting) -> None:
    """Kept in memory only, and only of badges that somebody on duty wears."""
    shop = turn.shop
    room = shop.plan.room_of.get(said.device)
    worn = any(duty.badge == said.badge for duty in shop.duties.values())
    if shop.plan.policy.sightings and room is not None and worn:
        now_seen = sight(shop.seen.get(said.badge), room, said.rssi, turn.now)
        turn.shop = changed(shop, seen={**shop.seen, said.badge: now_seen})


def _unreached(turn: Turn, said: inputs.Unreached) -> None:
    """Those who were paged cannot be reached: the next step does not wait for its time."""
    call = turn.shop.call(said.call)
    if call is None or call.state is not State.RAISED or call.fence != said.fence:
        return
    index = turn.next_with_others(call, said.who)
    if index is None and said.told:
        return
    data = {"who": list(said.who), "out": index is None}
    turn.record(Fact.UNREACHED, room=call.room, call=call.id, data=data)
    if index is not None:
        turn.escalate(call.room, start=index)


def _reached(turn: Turn, said: inputs.Reached) -> None:
    call = turn.shop.call(said.call)
    if call is not None and call.unreached:
        turn.record(Fact.REACHED, room=call.room, call=call.id, data={"who": said.who})


def _duty_started(turn: Turn, started: inputs.DutyStarted) -> None:
    if started.zone not in turn.shop.plan.zones:
        turn.refuse(Sentence("there is no zone '%(zone)s'", zone=started.zone))
        return
    known = turn.shop.duties.get(started.duty)
    skills = started.skills if started.skills is not None else known.skills if known else ()
    badge = started.badge or (known.badge if known else None)
    data = {"zone": started.zone, "skills": list(skills), "badge": badge}
    turn.record(Fact.DUTY_STARTED, duty=started.duty, data=data)
    turn.wake(sign_off(turn.shop.duties[started.duty]))
    turn.reconsider()


def _duty_paused(turn: Turn, paused: inputs.DutyPaused) -> None:
    if paused.duty not in turn.shop.duties:
        turn.refuse(Sentence("nobody with this id is on duty"))
        return
    turn.let_go(paused.duty)
    turn.record(Fact.DUTY_PAUSED, duty=paused.duty)
    turn.reconsider()


def _duty_ended(turn: Turn, ended: inputs.DutyEnded) -> None:
    if ended.duty not in turn.shop.duties:
        turn.refuse(Sentence("nobody with this id is on duty"))
        return
    turn.let_go(ended.duty)
    turn.record(Fact.DUTY_ENDED, duty=ended.duty)
    turn.reconsider()


def _room_serviced(turn: Turn, asked: inputs.RoomServiced) -> None:
    if asked.room not in turn.shop.plan.rooms:
        turn.refuse(Sentence("there is no such room"))
        return
    turn.service(asked.room, asked.service, asked.until)


def _configured(turn: Turn, given: inputs.Configured) -> None:
    """Takes the plan as it now is. What is gone is cleared up by the next `Restate`."""
    before, plan = turn.shop.plan, given.plan
    if before.mystery is not None and plan.mystery is not None:
        # A new seed each time would plan the rest of the day anew at each start.
        plan = replace(plan, mystery=replace(plan.mystery, seed=before.mystery.seed))
    if plan == before:
        return
    for room_id in before.rooms.keys() - plan.rooms.keys():
        call = turn.shop.calls.get(room_id)
        if call is not None:
            turn.remove(call)
    turn.record(Fact.CONFIGURED, data={"plan": plan_data(plan)})


def _restate(turn: Turn, _: inputs.Restate) -> None:
    turn.restate()
    mystery.look_ahead(turn)


_RULES = cast(
    "dict[type[Any], Callable[[Turn, Any], None]]",
    {
        inputs.DeviceEvent: device_event,
        inputs.DeviceSaid: _device_said,
        inputs.DeviceDescribed: _device_described,
        inputs.Sighting: _sighting,
        inputs.LampSilent: _lamp_silent,
        inputs.LampAnswers: _lamp_answers,
        inputs.Answer: answer,
        inputs.Tapped: tapped,
        inputs.Unreached: _unreached,
        inputs.Reached: _reached,
        inputs.Raise: _raise,
        inputs.Reply: reply,
        inputs.ShopperAsks: shopper_asks,
        inputs.ShopperAnswers: shopper_answers,
        inputs.ShopperRates: shopper_rates,
        inputs.ShopperThanks: shopper_thanks,
        inputs.Need: _need,
        inputs.Void: _void,
        inputs.TimerFired: _timer_fired,
        inputs.DutyStarted: _duty_started,
        inputs.DutyPaused: _duty_paused,
        inputs.DutyEnded: _duty_ended,
        inputs.RoomServiced: _room_serviced,
        inputs.Configured: _configured,
        inputs.Restate: _restate,
    },
)
