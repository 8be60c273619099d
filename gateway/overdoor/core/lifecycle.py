"""The lifecycle of a call, as a table.

A call is raised by a press and is open until it is closed with one outcome. Five rules shape it:

- Acknowledged is not answered. An acknowledgement is a lease: it lapses, and then the call is
  raised again.
- Only an arrival stops the clock. Somebody may arrive who never acknowledged.
- The person who waits may cancel until somebody has arrived; then there is nothing to cancel.
- An arrival that nobody known made, and that the shopper contradicts, was none: the clock goes on.
- Nobody there is an outcome of its own, also after an arrival: who came found an empty room.

A press never appears here. What it means in each state is in `gestures`: on no call it raises
one, on an open one it reassures, on one that was arrived at it closes that and raises another.

Everything that moves a call is in `TABLE`; what is not in it is illegal and changes nothing.
"""

from enum import StrEnum

from overdoor.core.model import Outcome, State


class Move(StrEnum):
    """What can move a call."""

    ACKNOWLEDGE = "acknowledge"
    LAPSE = "lapse"
    DEMOTE = "demote"
    HAND_OFF = "hand off"
    UNDO = "undo"
    ARRIVE = "arrive"
    CANCEL = "cancel"
    NOBODY_THERE = "nobody there"
    GIVE_UP = "give up"
    CLOSE = "close"


TABLE: dict[tuple[State, Move], tuple[State, Outcome | None]] = {
    (State.RAISED, Move.ACKNOWLEDGE): (State.ACKNOWLEDGED, None),
    (State.RAISED, Move.ARRIVE): (State.ARRIVED, None),
    (State.RAISED, Move.CANCEL): (State.CLOSED, Outcome.CANCELLED),
    (State.RAISED, Move.NOBODY_THERE): (State.CLOSED, Outcome.LEFT),
    (State.RAISED, Move.GIVE_UP): (State.CLOSED, Outcome.UNANSWERED),
    (State.ACKNOWLEDGED, Move.LAPSE): (State.RAISED, None),
    (State.ACKNOWLEDGED, Move.HAND_OFF): (State.RAISED, None),
    (State.ACKNOWLEDGED, Move.UNDO): (State.RAISED, None),
    (State.ACKNOWLEDGED, Move.ARRIVE): (State.ARRIVED, None),
    (State.ACKNOWLEDGED, Move.CANCEL): (State.CLOSED, Outcome.CANCELLED),
    (State.ACKNOWLEDGED, Move.NOBODY_THERE): (State.CLOSED, Outcome.LEFT),
    (State.ARRIVED, Move.DEMOTE): (State.RAISED, None),
    (State.ARRIVED, Move.CLOSE): (State.CLOSED, Outcome.SERVED),
    (State.ARRIVED, Move.NOBODY_THERE): (State.CLOSED, Outcome.LEFT),
}


def diagram() -> str:
    """The table as a Mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", "    [*] --> raised : press"]
    for (state, move), (to, outcome) in TABLE.items():
        if outcome is None:
            lines.append(f"    {state} --> {to} : {move}")
        else:
            lines.append(f"    {state} --> {outcome} : {move}")
    lines += [f"    {outcome} --> [*]" for outcome in Outcome]
    return "\n".join(lines) + "\n"
