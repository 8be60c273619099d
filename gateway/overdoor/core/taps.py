"""What a signed tag proves: that a phone was held to it now, and not earlier.

A tag counts how often it is read, and signs the count. So a count that is not higher than all
before it is an address that somebody kept or passed on. It proves nothing, and stays on record.
"""

from overdoor.core.answers import answer
from overdoor.core.events import Fact
from overdoor.core.inputs import Answer, Tapped, Verb
from overdoor.core.model import Evidence
from overdoor.core.sentence import Sentence
from overdoor.core.turn import Turn

USED = Sentence("this tap was used before: hold the phone to the tag again")


def tapped(turn: Turn, tap: Tapped) -> None:
    """Uses the tap up, and lets whoever is signed on arrive at the open call of the tag's room."""
    last = turn.shop.tags.get(tap.tag)
    call = turn.shop.calls.get(tap.room)
    call_id = call.id if call else None
    said = {"tag": tap.tag, "counter": tap.counter}
    if last is not None and tap.counter <= last:
        said["last"] = last
        turn.record(Fact.TAP_REFUSED, room=tap.room, call=call_id, duty=tap.by, data=said)
        turn.refuse(USED)
        return
    turn.record(Fact.TAPPED, room=tap.room, call=call_id, duty=tap.by, data=said)
    if call is not None and tap.by is not None:
        answer(turn, Answer(call.id, Verb.ARRIVE, tap.by, evidence=Evidence.B))
