"""One turn of the shop: facts are recorded as they are decided, wishes follow from what changed."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from ulid import ULID

from overdoor.core.codec import policy_data
from overdoor.core.dispatch import choose
from overdoor.core.effects import (
    Effect,
    Forget,
    Happened,
    PagerList,
    Receipt,
    Refused,
    RoomCall,
    Signal,
    Wake,
)
from overdoor.core.escalation import Due, Timer, policy_for, retry_due, sign_off, step_due, timers
from overdoor.core.events import WATCHED, Event, Fact
from overdoor.core.evolve import evolve
from overdoor.core.evolve_call import PRANK_MS
from overdoor.core.lifecycle import TABLE, Move
from overdoor.core.model import (
    Call,
    Device,
    DeviceStatus,
    Kind,
    Millis,
    Outcome,
    Pager,
    Room,
    Service,
    Shop,
    State,
    changed,
)
from overdoor.core.sentence import Sentence

LOST_CALL_SHOWN_MS = 10_000
OVERSLEPT_MS = 26 * 3_600_000  # a battery button wakes once a day by itself
NEED_KEPT_MS = 2 * 60_000  # what is needed may be said a little before the press
PRANKS_TOLERATED = 2  # calls of a room left or cancelled in ten minutes
_FACT = {
    Move.ACKNOWLEDGE: Fact.ACKNOWLEDGED,
    Move.LAPSE: Fact.LAPSED,
    Move.HAND_OFF: Fact.HANDED_OFF,
    Move.UNDO: Fact.UNDONE,
    Move.ARRIVE: Fact.ARRIVED,
    Move.DEMOTE: Fact.DEMOTED,
}


def call_id(at: Millis, seed: str) -> str:
    """A lowercase ULID whose random part is drawn from the seed: the same press, the same id."""
    tail = sha256(seed.encode()).digest()[:10]
    return str(ULID(at.to_bytes(6, "big") + tail)).lower()


class Turn:
    """Collects what one input causes. `shop` is always up to date with what was recorded."""

    def __init__(self, shop: Shop, now: Millis) -> None:
        self.before = shop
        self.shop = shop
        self.now = now
        self.events: list[Event] = []
        self._effects: list[Effect] = []
        self._signalled: dict[str, None] = {}  # rooms to signal whether or not they changed
        self._relist = False
        self._relist_again: set[str] = set()  # pagers that hear their last list once more
        self._restated = False

    # -- facts -----------------------------------------------------------------------------------

    def record(self, fact: Fact, *, at: Millis | None = None, **about: Any) -> None:
        """A fact happened, now unless said otherwise."""
        event = Event(fact, self.now if at is None else at, self.now, **about)
        self.events.append(event)
        self.shop = evolve(self.shop, event)

    def raise_call(
        self,
        room: Room,
        *,
        at: Millis,
        seed: str,
        source: str,
        kind: Kind = Kind.NORMAL,
        need: str | None = None,
        estimated: bool = False,
        trainee: str | None = None,
        presses: int = 1,
        key: str | None = None,
    ) -> None:
        """A new call in a room that has none, and its first page."""
        state = self.shop.room(room.id)
        if state.service is Service.TEST and kind is Kind.NORMAL:
            kind = Kind.TEST
        new_id = call_id(at, seed)
        suspect = sum(gone > at - PRANK_MS for gone in state.gone) >= PRANKS_TOLERATED
        policy = policy_for(self.shop.plan, room, at, once=suspect)
        if need is None and at - state.need_at <= NEED_KEPT_MS:
            need = state.need
        last = state.last
        same_visit = (
            last is not None
            and last.kind is kind  # a test is no part of anybody's visit
            and last.closed_at is not None
            and at - last.closed_at < policy.visit_gap_ms
        )
        self.record(
            Fact.RAISED,
            at=at,
            room=room.id,
            call=new_id,
            key=key,
            data={
                "zone": room.zone,
                "kind": kind,
                "need": need,
                "visit": last.visit if last is not None and same_visit else new_id,
                "estimated": estimated,
                "suspect": suspect,
                "only": trainee,
                "source": source,
                "presses": presses,
                "policy": policy_data(policy),
            },
        )
        self.escalate(room.id)

    def move(
        self,
        call: Call,
        move: Move,
        *,
        at: Millis,
        by: str | None = None,
        key: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> bool:
        """Moves a call if the lifecycle allows it; the time is never before its last move."""
        to = TABLE.get((call.state, move))
        if to is None:
            return False
        state, outcome = to
        # After an undo the call is as old as it was, and the room's time went on.
        at = min(max(at, call.since, self.shop.room(call.room).changed_at), self.now)
        said = dict(data or {})
        if state is State.CLOSED:
            said = {"outcome": outcome, "estimated": False} | said
            if call.kind is Kind.MYSTERY:
                said["kind"] = call.kind  # told only now
        fact = Fact.CLOSED if state is State.CLOSED else _FACT[move]
        self.record(fact, at=at, room=call.room, call=call.id, duty=by, key=key, data=said)
        return True

    def remove(self, call: Call) -> None:
        """Closes a call whose room is no more."""
        served = call.state is State.ARRIVED
        self.record(
            Fact.CLOSED,
            room=call.room,
            call=call.id,
            data={
                "outcome": Outcome.SERVED if served else Outcome.CANCELLED,
                "estimated": True,
                "why": "the room was removed",
            },
        )

    def escalate(self, room_id: str, *, start: int | None = None) -> None:
        """Runs the policy step that is due, or the step `start`, whether or not it ran before.

        A step that reaches nobody gives way to the next one at once.
        """
        call = self.shop.calls.get(room_id)
        if call is None or call.state is not State.RAISED:
            return
        give_up_at = call.raised_at + call.policy.give_up_ms
        if self.now >= give_up_at:
            self.move(call, Move.GIVE_UP, at=give_up_at)
            return
        first = step_due(call, self.now) if start is None else start
        if first is None and retry_due(call, self.now):
            first = 0
        if first is None:
            return
        for index in range(first, len(call.policy.steps)):
            target = call.policy.steps[index].page
            choice = choose(self.shop, call, target, self.now)
            if choice.anybody():
                break
        if start is None and not choice.anybody():
            # Time has passed, and nobody is left but who could not go: perhaps they can now.
            choice = choose(self.shop, changed(call, declined=()), target, self.now)
        self.record(
            Fact.PAGED,
            room=room_id,
            call=call.id,
            data={
                "step": index,
                "passed": list(range(first, index)),
                "next": max(call.next_step, index + 1),
                "target": target,
                "duties": list(choice.duties),
                "why": [candidate.why() for candidate in choice.considered],
            },
        )

    def page_again(self, call: Call) -> None:
        """Repeats the step that ran last."""
        self.escalate(call.room, start=max(call.next_step - 1, 0))

    def next_with_others(self, call: Call, tried: Iterable[str]) -> int | None:
        """Index of the next policy step that asks anybody but those who were tried."""
        known = {*tried}
        for index in range(call.next_step, len(call.policy.steps)):
            choice = choose(self.shop, call, call.policy.steps[index].page, self.now)
            if choice.manager or choice.channel is not None or not known.issuperset(choice.duties):
                return index
        return None

    def reconsider(self) -> None:
        """Who is on duty changed, or declined: calls that nobody has in hand begin anew."""
        duties = self.shop.duties
        for room_id, call in self.shop.calls.items():
            attended = any(
                duty in duties and not duties[duty].paused and duty not in call.declined
                for duty in call.paged
            )
            if call.state is State.RAISED and (call.unreached or not attended):
                self.escalate(room_id, start=0)

    def is_stranger(self, device_id: str) -> bool:
        """Whether neither the plan nor a press of its own ever told of this device."""
        return device_id not in self.shop.devices and device_id not in self.shop.plan.homes

    def let_go(self, duty_id: str) -> None:
        """Somebody leaves: what they were on the way to is raised again.

        They are still on duty here, so who is asked next is for `reconsider`, once they are gone.
        """
        left = {"zone": None, "to": None, "leaves": True}
        for call in self.shop.calls.values():
            if call.by == duty_id and call.state is State.ACKNOWLEDGED:
                self.move(call, Move.HAND_OFF, at=self.now, by=duty_id, data=left)

    def lost_owner(self, room_id: str) -> None:
        """Whoever was on the way to this room may have left while its call was closed."""
        call = self.shop.calls[room_id]
        duty = self.shop.duties.get(call.by or "")
        away = call.by not in self.shop.plan.pagers if duty is None else duty.paused
        if call.state is State.ACKNOWLEDGED and away:
            left = {"zone": None, "to": None, "leaves": True}
            self.move(call, Move.HAND_OFF, at=self.now, by=call.by, data=left)

    def need(self, room_id: str, call: Call | None, need: str, *, at: Millis | None = None) -> None:
        """The shopper said what they need, now unless said otherwise."""
        call_id, data = call.id if call else None, {"need": need}
        self.record(Fact.NEEDED, at=at, room=room_id, call=call_id, data=data)

    def end_day(self, moment: Millis) -> None:
        """The shop closed at `moment`: what was open then is closed, and everybody goes home."""
        ended = {"estimated": True, "why": "closing time"}
        for call in self.shop.calls.values():
            if call.raised_at >= moment:
                continue
            if call.state is State.ARRIVED:
                self.move(call, Move.CLOSE, at=moment, data=ended)
                continue
            if call.state is State.ACKNOWLEDGED:
                self.move(call, Move.LAPSE, at=moment)
            self.move(self.shop.calls[call.room], Move.GIVE_UP, at=moment, data=ended)
        for duty in self.shop.duties.values():
            if duty.since < moment:
                self.record(Fact.DUTY_ENDED, duty=duty.id)

    def tonight(self) -> None:
        """Ends the days that have ended, and asks to be woken for the next end."""
        hours = self.shop.plan.hours
        if hours is None:
            return
        self.end_day(hours.last_end(self.now))
        next_end = hours.next_end(self.now)
        if next_end is not None:
            self.wake(Timer(next_end, Due.DAY_END, ""))

    def service(self, room_id: str, service: Service, until: Millis | None) -> None:
        """Puts a room out of service, into test, or back."""
        self.record(Fact.SERVICED, room=room_id, data={"service": service, "until": until})
        if until is not None:
            self.wake(Timer(until, Due.REOPEN, room_id))

    # -- wishes ----------------------------------------------------------------------------------

    def refuse(self, why: Sentence, call: Call | None = None) -> None:
        """The input is not legal now; nothing changes."""
        self._effects.append(Refused(why, call))

    def wake(self, timer: Timer) -> None:
        """Come back with this timer."""
        self._effects.append(Wake(timer))

    def receipt(self, device_id: str) -> None:
        """Tell a device what is stored."""
        boots = self.shop.devices[device_id].boots
        self._effects.append(Receipt(device_id, tuple((boot.id, boot.upto) for boot in boots)))

    def signal_room(self, room_id: str) -> None:
        """Answer a button of this room with a signal, even where nothing changed."""
        self._signalled[room_id] = None

    def signal_device(self, device_id: str) -> None:
        """What the lights of one device shall show now, under a new revision."""
        room_id = self.shop.plan.room_of.get(device_id)
        call = self.shop.calls.get(room_id) if room_id is not None else None
        device = self.shop.devices.get(device_id)
        dark = device is not None and device.dark_until > self.now
        if call is None:
            state = "offline" if dark else "idle"
        else:
            # Nobody is known to have heard of it: the ring must not look as if somebody had.
            state = "offline" if call.unreached else call.state.value
        rev = self._next_rev()
        self._effects.append(Signal(device_id, rev, state, call.id if call else None))

    def watch(self, device_id: str) -> None:
        """Come back to a device that is away, to tell the manager if it stays away."""
        device = self.shop.devices[device_id]
        at = self.missed_at(device)
        if at is not None and device.alarm is None:
            self.wake(Timer(at, Due.ALARM, device_id))

    def missed_at(self, device: Device) -> Millis | None:
        """When a device has been away for too long; None while it is not away."""
        if not device.status_at:
            return None
        if device.status is DeviceStatus.OFFLINE:
            return device.status_at + self.shop.plan.policy.offline_alarm_ms
        if device.status is DeviceStatus.SLEEPING:
            return device.status_at + OVERSLEPT_MS
        return None

    def relist(self) -> None:
        """Pagers get a new list."""
        self._relist = True

    def relist_again(self, device: str) -> None:
        """A pager that just came hears its list as it is, with ages of now.

        Its revision stays, so that what was answered on this list while the link was down counts.
        """
        self._relist_again.add(device)

    def restate(self) -> None:
        """Everything retained, and every timer, once more; and nothing of what left the plan."""
        self.tonight()
        self._restated = True

    def _say_everything(self) -> None:
        for room in self.shop.plan.rooms.values():
            for device_id in room.devices:
                self.signal_device(device_id)
            state = self.shop.room(room.id)
            call = self.shop.calls.get(room.id)
            self._say_room(room.id)
            self._effects += [Wake(timer) for timer in timers(call)] if call else []
            if state.service_until is not None:
                self.wake(Timer(state.service_until, Due.REOPEN, room.id))
        homes = self.shop.plan.homes
        for room_id in self.shop.rooms.keys() - self.shop.plan.rooms.keys():
            self._effects.append(Forget(room=room_id))
        for device in self.shop.devices.values():
            if device.homes and device.id not in homes:
                self._effects.append(Signal(device.id, self._next_rev(), "idle", None))
                self._effects.append(Forget(device=device.id))
                continue
            if device.boots:
                self.receipt(device.id)
            if device.dark_until > self.now:
                self.wake(Timer(device.dark_until, Due.LIGHT_UP, device.id))
            self.watch(device.id)
        for duty in self.shop.duties.values():
            self.wake(sign_off(duty))
        self.relist()

    def finish(self) -> tuple[Shop, list[Event], list[Effect]]:
        """The turn's result; the wishes that follow from what changed come first."""
        derived: list[Effect] = []
        said, self._effects = self._effects, derived
        if self._restated:
            self._say_everything()
        else:
            for room_id in self._changed_rooms():
                self._speak_of(room_id)
        derived += [Happened(event) for event in self.events if event.fact in WATCHED]
        if self._relist or (self.shop.plan.pagers and self.shop.calls is not self.before.calls):
            zones = self._changed_zones()
            for pager in self.shop.plan.pagers.values():
                if self._relist or pager.zone is None or pager.zone in zones:
                    self._list(pager, self._next_rev())
                    self._relist_again.discard(pager.device)
        for device in self._relist_again:
            rev = self.shop.lists.get(device)
            self._list(self.shop.plan.pagers[device], self._next_rev() if rev is None else rev)
        return self.shop, self.events, derived + said

    def _changed_rooms(self) -> list[str]:
        rooms = dict(self._signalled)
        for event in self.events:
            room = event.room
            if event.fact is Fact.STATUS and event.device is not None:
                room = self.shop.plan.room_of.get(event.device)
            if room is not None:
                rooms[room] = None
        return list(rooms)

    def _changed_zones(self) -> set[str]:
        """The zones of the calls that something happened to."""
        rooms = {event.room for event in self.events if event.room is not None}
        calls = (shop.calls.get(room) for shop in (self.before, self.shop) for room in rooms)
        return {call.zone for call in calls if call is not None}

    def _speak_of(self, room_id: str) -> None:
        """Signals, room state and timers of a room that something happened in."""
        room = self.shop.plan.rooms.get(room_id)
        before, call = self.before.calls.get(room_id), self.shop.calls.get(room_id)
        was = (before.id, before.state, before.unreached) if before else None
        now_is = (call.id, call.state, call.unreached) if call else None
        if room and (was != now_is or room_id in self._signalled):
            for device_id in room.devices:
                self.signal_device(device_id)
                device = self.shop.devices.get(device_id)
                if call is None and device is not None and device.dark_until > self.now:
                    self.wake(Timer(device.dark_until, Due.LIGHT_UP, device_id))
        if was != now_is or self.before.degraded(room_id) != self.shop.degraded(room_id):
            self._say_room(room_id)
        if call and (before is None or call.fence != before.fence or call.id != before.id):
            self._effects += [Wake(timer) for timer in timers(call)]

    def _say_room(self, room_id: str) -> None:
        call = self.shop.calls.get(room_id) or self.shop.room(room_id).last
        self._effects.append(RoomCall(room_id, call, self.shop.degraded(room_id)))

    def _list(self, pager: Pager, rev: int) -> None:
        def shown(call: Call) -> bool:
            if pager.zone not in (None, call.zone):
                return False
            lost_for = self.now - call.since
            mine = call.by == pager.device
            return call.state is State.RAISED or mine or lost_for < LOST_CALL_SHOWN_MS

        calls = tuple(
            sorted(filter(shown, self.shop.calls.values()), key=lambda call: call.raised_at)
        )
        self.shop = changed(self.shop, lists={**self.shop.lists, pager.device: rev})
        self._effects.append(PagerList(pager.device, rev, calls, self.now))
        lost = [
            call.since
            for call in calls
            if call.state is not State.RAISED and call.by != pager.device
        ]
        if lost:
            self.wake(Timer(min(lost) + LOST_CALL_SHOWN_MS, Due.RELIST, pager.device))

    def _next_rev(self) -> int:
        rev = max(self.now, self.shop.rev + 1)
        self.shop = changed(self.shop, rev=rev)
        return rev
