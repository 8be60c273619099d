"""What passes between an associate and the shopper who waits: a quick reply, and yes or no to it.

A reply is a phrase with its blanks filled in, never free text: each page says it in its reader's
language, and nobody writes to a shopper what the shop would not print on a card.
"""

from overdoor.core.events import Fact
from overdoor.core.inputs import Reply, ShopperAnswers
from overdoor.core.model import Call, Phrase, State
from overdoor.core.sentence import Sentence
from overdoor.core.turn import Turn

QUESTIONS = frozenset({Phrase.SIZE, Phrase.MODEL})  # what a shopper can say yes or no to


def may_reply(call: Call, by: str) -> bool:
    """Who has the call replies; where nobody known arrived, anybody may."""
    if call.state is State.ARRIVED and call.by is None:
        return True
    return call.by == by and call.state in (State.ACKNOWLEDGED, State.ARRIVED)


def reply(turn: Turn, said: Reply) -> None:
    """Tells the shopper something.

    "Two minutes" renews the acknowledgement until then, once: a second promise on top of the first
    one would make it a lease without an end.
    """
    call = turn.shop.call(said.call)
    if call is None:
        turn.refuse(Sentence("this call is closed"))
    elif not may_reply(call, said.by):
        turn.refuse(Sentence("only who has the call can reply to the shopper"), call)
    elif said.phrase is Phrase.WAIT and call.promised_until is not None:
        turn.refuse(Sentence("the shopper was told a time already"), call)
    else:
        data = {
            "phrase": said.phrase,
            "minutes": said.minutes,
            "missing": said.missing,
            "offer": said.offer,
        }
        turn.record(
            Fact.REPLIED, room=call.room, call=call.id, duty=said.by, key=said.key, data=data
        )


def shopper_answers(turn: Turn, said: ShopperAnswers) -> None:
    """Yes or no to a reply that asks; the last word counts."""
    call = turn.shop.call(said.call)
    if call is None or call.reply is None or call.reply.phrase not in QUESTIONS:
        turn.refuse(Sentence("nothing was asked"), call)
    elif call.reply.yes is not said.yes:
        turn.record(Fact.ANSWERED, room=call.room, call=call.id, data={"yes": said.yes})
