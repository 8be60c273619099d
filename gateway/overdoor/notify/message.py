"""What a message says. Its words are all here."""

from collections.abc import Mapping
from dataclasses import dataclass

from overdoor.core.model import Call, Plan
from overdoor.core.sentence import Sentence
from overdoor.languages import gettext as _
from overdoor.languages import speaking

_NEEDS = {
    "another-size": Sentence("Another size"),
    "another-model": Sentence("Another model"),
    "question": Sentence("A question"),
    "ready-to-pay": Sentence("Ready to pay"),
    "other": Sentence("Something else"),
}


class NotSent(Exception):  # noqa: N818 - a fact in the past tense reads better where it is raised
    """It did not leave; the message says why: a `Sentence`, or another library's own words."""


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
    language: str = "en"


def page_of(call: Call, plan: Plan, language: str, *, silent: bool) -> Message:
    """Somebody calls from a room."""
    zone = plan.zones.get(call.zone)
    with speaking(language):
        what = _(_NEEDS[call.need]) if call.need in _NEEDS else _("Somebody calls")
        going = _("I’m going")
    parts: Mapping[str, None] = dict.fromkeys([what, zone.name if zone else call.zone])
    return Message(
        call.id,
        _room(call, plan),
        " · ".join(parts),
        silent,
        actions=(("acknowledge", going),),
        language=language,
    )


def taken(call: Call, plan: Plan, language: str, who: str | None) -> Message:
    """The page is withdrawn."""
    with speaking(language):
        body = _("%(who)s has it", who=who) if who else _("No longer waiting")
    return Message(call.id, _room(call, plan), body, silent=True, over=True, language=language)


def trial(language: str) -> Message:
    """That somebody's own channel works, as far as this message comes."""
    with speaking(language):
        body = _("A trial, as you asked for: calls of your shift come here, too.")
    return Message("trial", "Overdoor", body, language=language)


def _room(call: Call, plan: Plan) -> str:
    room = plan.rooms.get(call.room)
    return room.name if room else call.room
