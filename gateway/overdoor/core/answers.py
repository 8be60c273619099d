"""What staff may say of a call, and when.

Whoever acknowledged, closed, or found nobody may take that back for five seconds. A closing is
final after that by the gateway's clock, however old an undo says that it is: who was told that a
call is over may rely on it.
"""

from overdoor.core.dispatch import distance
from overdoor.core.events import Fact
from overdoor.core.inputs import Answer, Verb
from overdoor.core.lifecycle import Move
from overdoor.core.model import Call, Closing, Millis, Outcome, RoomState, State
from overdoor.core.sentence import Sentence
from overdoor.core.turn import Turn

UNDO_MS = 5_000
_STANDS = {
    State.RAISED: Sentence("the call is raised"),
    State.ACKNOWLEDGED: Sentence("the call is acknowledged"),
    State.ARRIVED: Sentence("the call is arrived"),
    State.CLOSED: Sentence("the call is closed"),
}


def answer(turn: Turn, said: Answer) -> None:
    """Applies an answer, or refuses it in words that can be shown to who gave it."""
    call = turn.shop.call(said.call)
    if call is None:
        why_not = _reopen(turn, said) if said.verb is Verb.UNDO else Sentence("this call is closed")
        if why_not is not None:
            turn.refuse(why_not)
        return
    at = turn.now - max(said.age_ms, 0)
    done = False
    match said.verb:
        case Verb.ACKNOWLEDGE:
            done = call.by == said.by and call.state is State.ACKNOWLEDGED  # said twice
            done = done or turn.move(
                call, Move.ACKNOWLEDGE, at=at, by=said.by, key=said.key, data=_way(turn, call, said)
            )
        case Verb.ARRIVE:
            # Said when asked "were you there?", the moment is anybody's guess.
            data = {"evidence": said.evidence, "estimated": call.asked and call.by == said.by}
            by = said.by or call.by
            done = turn.move(call, Move.ARRIVE, at=at, by=by, key=said.key, data=data)
        case Verb.DECLINE:
            done = _decline(turn, call, said)
        case Verb.HAND_OFF:
            done = _hand_off(turn, call, said)
        case Verb.UNDO:
            done = _undo(turn, call, said, at)
        case Verb.CLOSE:
            done = turn.move(call, Move.CLOSE, at=at, by=said.by, key=said.key)
        case Verb.NOBODY_THERE:
            done = turn.move(call, Move.NOBODY_THERE, at=at, by=said.by, key=said.key)
        case Verb.CANCEL:
            done = turn.move(call, Move.CANCEL, at=at, by=said.by, key=said.key)
    if not done:
        turn.refuse(_why_not(call, said), call)


def _way(turn: Turn, call: Call, said: Answer) -> dict[str, float]:
    """How far it is to walk, for what is told of the next one who waits."""
    duty = turn.shop.duties.get(said.by or "")
    if duty is None:
        return {}
    return {"metres": round(distance(turn.shop, call.room, duty, turn.now)[0], 1)}


def _decline(turn: Turn, call: Call, said: Answer) -> bool:
    """Not me: somebody else is asked when nobody is left who was."""
    if call.state is not State.RAISED or said.by is None:
        return False
    if said.by not in call.declined:
        turn.record(Fact.DECLINED, room=call.room, call=call.id, duty=said.by, key=said.key)
        turn.reconsider()
    return True


def _hand_off(turn: Turn, call: Call, said: Answer) -> bool:
    known_zone = said.zone is None or said.zone in turn.shop.plan.zones
    known_person = said.to is None or (said.to in turn.shop.duties and said.to != said.by)
    if call.by != said.by or not known_zone or not known_person:
        return False
    data = {"zone": said.zone, "to": said.to, "leaves": False}
    if not turn.move(call, Move.HAND_OFF, at=turn.now, by=said.by, key=said.key, data=data):
        return False
    turn.escalate(call.room, start=0)
    return True


def _undo(turn: Turn, call: Call, said: Answer, at: Millis) -> bool:
    """A wrong tap is taken back by who made it, for five seconds."""
    if call.by != said.by or not 0 <= at - call.since <= UNDO_MS:
        return False
    if turn.shop.room(call.room).changed_at != call.since:
        return False  # the last thing that was said is undone already: one tap, one step back
    data = {"undid": "acknowledge"}
    if not turn.move(call, Move.UNDO, at=turn.now, by=said.by, key=said.key, data=data):
        return False
    turn.escalate(call.room, start=0)
    return True


def undoable(room: RoomState, now: Millis) -> Closing | None:
    """The closing of the room's last call, while it can be taken back."""
    closing = room.closing
    voided = room.last is not None and room.last.voided is not None
    return closing if closing and now - closing.noted_at <= UNDO_MS and not voided else None


def _reopen(turn: Turn, said: Answer) -> Sentence | None:
    """Takes a closing back: the call goes on as if it had never been. Else says why not."""
    shop = turn.shop
    room_id = next(
        (id_ for id_, room in shop.rooms.items() if room.last and room.last.id == said.call), ""
    )
    room = shop.room(room_id)
    if room.last is None or room_id not in shop.plan.rooms:
        return Sentence("this call is closed")
    if room_id in shop.calls:
        return Sentence("another call was raised in this room meanwhile")
    closing = undoable(room, turn.now)
    if closing is None or closing.by != said.by:
        return Sentence("it can be undone for five seconds, by who closed it")
    hours = shop.plan.hours
    if hours is not None and hours.last_end(turn.now) > room.last.raised_at:
        return Sentence("the shop has closed meanwhile")
    undid = Verb.NOBODY_THERE if room.last.outcome is Outcome.LEFT else Verb.CLOSE
    turn.record(
        Fact.UNDONE,
        room=room_id,
        call=said.call,
        duty=said.by,
        key=said.key,
        data={"undid": undid},
    )
    turn.lost_owner(room_id)
    turn.reconsider()
    return None


def _why_not(call: Call, said: Answer) -> Sentence:
    if said.verb is Verb.UNDO:
        return Sentence("it can be undone for five seconds, by who acknowledged it")
    if said.verb is Verb.ACKNOWLEDGE and call.state is State.ACKNOWLEDGED:
        return Sentence("somebody else has it")
    if said.verb is Verb.HAND_OFF and call.state is State.ACKNOWLEDGED:
        mine = call.by == said.by
        if mine:
            return Sentence("there is no such zone or person")
        return Sentence("only who has it can hand it off")
    return _STANDS[call.state]
