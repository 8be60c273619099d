"""What a shopper may say on a room's page: what the button says, and two answers afterwards."""

from overdoor.core.events import Fact
from overdoor.core.gestures import DEAF_MS, DEMOTE_MS
from overdoor.core.inputs import ShopperAsks, ShopperRates, ShopperThanks
from overdoor.core.lifecycle import Move
from overdoor.core.model import Call, Kind, Millis, Outcome, Room, Service, Shop, State
from overdoor.core.sentence import Sentence
from overdoor.core.turn import Turn

RATED_WITHIN_MS = 30 * 60_000  # after the call was closed


def why_closed(shop: Shop, room: Room, now: Millis) -> Sentence | None:
    """Why nobody can be called to a room just now; None if somebody can."""
    if shop.plan.hours is not None and not shop.plan.hours.is_open(now):
        return Sentence("the shop is closed")
    if shop.room(room.id).service is Service.OUT:
        return Sentence("this room is out of service")
    return None


def shopper_asks(turn: Turn, asked: ShopperAsks) -> None:
    """As a press of the call button, but that asking twice changes nothing: the page says it all.

    What cannot be answered leaves no trace: anybody who ever saw the card can ask.
    """
    room = turn.shop.plan.rooms.get(asked.room)
    call = turn.shop.calls.get(asked.room)
    if room is None or room.training:
        turn.refuse(Sentence("there is no such room"))
    elif call is not None and call.kind is not Kind.MYSTERY and call.state is not State.ARRIVED:
        if asked.need is not None and asked.need != call.need:
            turn.need(room.id, call, asked.need)
    elif (why := why_closed(turn.shop, room, turn.now)) is not None:
        turn.refuse(why)
    elif call is not None and not _makes_way(turn, call):
        pass
    else:
        turn.raise_call(room, at=turn.now, seed=asked.seed, source="page", need=asked.need)


def _makes_way(turn: Turn, call: Call) -> bool:
    """Ends what is open, as a press would; whether a new call is wanted."""
    if call.kind is Kind.MYSTERY and call.state is not State.ARRIVED:
        turn.move(call, Move.CANCEL, at=turn.now)  # the room was not free after all
        return True
    age = turn.now - call.since
    if call.by is None and age < DEMOTE_MS:
        turn.move(call, Move.DEMOTE, at=turn.now)
        turn.escalate(call.room)
        return False
    if age < DEAF_MS:
        turn.refuse(Sentence("somebody is there"), call)
        return False
    return turn.move(call, Move.CLOSE, at=turn.now)


def rateable(call: Call | None, now: Millis) -> bool:
    """Whether the two questions are asked of a call: somebody came, a moment ago."""
    return (
        call is not None
        and call.outcome is Outcome.SERVED
        and call.kind is not Kind.MYSTERY
        and call.closed_at is not None
        and now - call.closed_at <= RATED_WITHIN_MS
    )


def shopper_rates(turn: Turn, said: ShopperRates) -> None:
    """Each question is answered once, and only of the room's last call."""
    last = turn.shop.room(said.room).last
    if last is None or last.id != said.call or not rateable(last, turn.now):
        turn.refuse(Sentence("this call can no longer be rated"))
        return
    given = {"satisfied": said.satisfied, "knew": said.knew}
    news = {
        key: value
        for key, value in given.items()
        if value is not None and getattr(last, key) is None
    }
    if news:
        turn.record(Fact.RATED, room=said.room, call=said.call, data=news)


def shopper_thanks(turn: Turn, said: ShopperThanks) -> None:
    """Once, and only of the room's last call. Who came hears of it while their shift lasts."""
    last = turn.shop.room(said.room).last
    if last is None or last.id != said.call or not rateable(last, turn.now):
        turn.refuse(Sentence("this call can no longer be rated"))
    elif not last.thanked:
        duty = last.by if last.by in turn.shop.duties else None
        turn.record(Fact.THANKED, room=said.room, call=said.call, duty=duty)
