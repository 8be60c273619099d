"""What a message says. Its words are all here."""

from collections.abc import Mapping
from dataclasses import dataclass

from overdoor.core.model import Call, Plan

NEEDS = {
    "another-size": "Another size",
    "another-model": "Another model",
    "question": "A question",
    "ready-to-pay": "Ready to pay",
    "other": "Something else",
}
_RAISED = "Somebody calls"
_TAKEN = "{who} has it"
_ACTIONS = (("acknowledge", "I’m going"),)
_OVER = "No longer waiting"


class NotSent(Exception):  # noqa: N818 - a fact in the past tense reads better where it is raised
    """It did not leave; the message says why."""


class Gone(Exception):  # noqa: N818
    """The browser's subscription is no more."""


@dataclass(frozen=True, slots=True)
class Message:
    """One page, or that it is over. `tag`: one for each call, so that it is shown once."""

    tag: str
    title: str
    body: str
    silent: bool = False
    over: bool = False
    actions: tuple[tuple[str, str], ...] = ()  # what can be said on the notification itself


def page_of(call: Call, plan: Plan, *, silent: bool) -> Message:
    """Somebody calls from a room."""
    zone = plan.zones.get(call.zone)
    parts: Mapping[str, None] = dict.fromkeys(
        [NEEDS.get(call.need or "", _RAISED), zone.name if zone else call.zone]
    )
    return Message(call.id, _room(call, plan), " · ".join(parts), silent, actions=_ACTIONS)


def taken(call: Call, plan: Plan, who: str | None) -> Message:
    """The page is withdrawn."""
    body = _TAKEN.format(who=who) if who else _OVER
    return Message(call.id, _room(call, plan), body, silent=True, over=True)


def _room(call: Call, plan: Plan) -> str:
    room = plan.rooms.get(call.room)
    return room.name if room else call.room
