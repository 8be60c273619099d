"""What a fact changes in the call that it belongs to, and in the room."""

from collections.abc import Mapping
from typing import Any

from overdoor.core.changing import DARK_MS, darken, put, set_duty, set_room, without
from overdoor.core.codec import policy_from
from overdoor.core.dispatch import RECENT_PAGES_MS, of_people
from overdoor.core.events import Event, Fact
from overdoor.core.model import (
    Call,
    Closing,
    Evidence,
    Kind,
    Millis,
    Outcome,
    RoomState,
    Shop,
    State,
    changed,
)
from overdoor.core.told import answered, replied

PRANK_MS = 10 * 60_000


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
    shop = changed(shop, calls=put(shop.calls, event.room, call))
    shop = set_room(shop, event.room, need=None, closing=None, changed_at=event.at)
    return darken(shop, event.room, until=0)


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
OF_CALL = frozenset({Fact.RAISED, Fact.RATED, Fact.THANKED, Fact.VOIDED, *_CHANGES})
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


def evolve_call(shop: Shop, event: Event) -> Shop:
    """The shop after a fact of a call."""
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
        shop = changed(shop, calls=without(shop.calls, event.room))
        shop = set_room(shop, event.room, last=call, closing=closing, changed_at=event.at)
        if call.outcome in (Outcome.LEFT, Outcome.CANCELLED) and call.kind is Kind.NORMAL:
            gone = tuple(at for at in shop.room(event.room).gone if at > event.at - PRANK_MS)
            shop = set_room(shop, event.room, gone=(*gone, event.at))
        if call.outcome is Outcome.UNANSWERED:
            shop = darken(shop, event.room, event.noted_at + DARK_MS)
        return shop
    shop = changed(shop, calls=put(shop.calls, event.room, call))
    if event.fact is Fact.PAGED:
        return _count_pages(shop, event)
    if event.fact is Fact.ARRIVED and event.duty is not None and event.duty in shop.duties:
        room = shop.plan.rooms.get(event.room)
        shop = set_duty(shop, event.duty, place=room and room.at, place_at=event.at)
    return shop if event.fact in _KEEPS_ENTRY else set_room(shop, event.room, changed_at=event.at)


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
            shop = set_duty(shop, event.duty, thanks=thanks)
    last = shop.room(event.room).last
    if last is None or last.id != event.call:
        return shop
    return set_room(shop, event.room, last=changed(last, **said))


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
    shop = changed(shop, calls=put(shop.calls, event.room, call))
    shop = darken(shop, event.room, until=0)
    return set_room(
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
            shop = set_duty(shop, duty_id, pages=(*recent, event.at))
    return shop
