"""The story of a call in words: what happened, and why who was paged."""

from collections.abc import Mapping, Sequence
from typing import Any

from overdoor.core.dispatch import CHANNEL
from overdoor.core.events import Event, Fact
from overdoor.core.model import Call, Outcome, Phrase
from overdoor.core.sentence import Sentence
from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.languages import ngettext
from overdoor.reach import Rung, Told
from overdoor.store.reach import Row
from overdoor.web.reaching import who, why_words
from overdoor.web.views import EVIDENCE, kind_of

_RUNGS = {
    Rung.PAGER: Sentence("pager"),
    Rung.PAGE: Sentence("open page"),
    Rung.PUSH: Sentence("push"),
    Rung.CHANNEL: Sentence("channel"),
}
_SOURCES = {
    "button": Sentence("The button was pressed"),
    "page": Sentence("Asked for on the page behind the room's card"),
    "staff": Sentence("Raised by staff"),
    "schedule": Sentence("Raised by the clock, as a mystery call"),
}
_OUTCOMES = {
    Outcome.SERVED: Sentence("Closed: served"),
    Outcome.CANCELLED: Sentence("Closed: cancelled"),
    Outcome.LEFT: Sentence("Closed: left"),
    Outcome.UNANSWERED: Sentence("Closed: unanswered"),
}
_ENDED = {  # by what, if nobody closed it
    "closing time": Sentence("closing time"),
    "the room was removed": Sentence("the room was removed"),
}
_NEEDS = {
    "another-size": Sentence("Needed: another size"),
    "another-model": Sentence("Needed: another model"),
    "question": Sentence("Needed: a question"),
    "ready-to-pay": Sentence("Needed: ready to pay"),
    "other": Sentence("Needed: something else"),
}
_PLAIN = {
    Fact.PRESSED_AGAIN: Sentence("Pressed again"),
    Fact.LAPSED: Sentence("The acknowledgement lapsed: nobody arrived in time"),
    Fact.DEMOTED: Sentence("Pressed again: that was no arrival, and the clock goes on"),
    Fact.TAP_REFUSED: Sentence("A tap that was used before came again, and proves nothing"),
}


# One shopper's word, beside who it may be about; thanks are for who came alone.
UNTOLD = frozenset({Fact.RATED, Fact.THANKED})


def story(engine: Engine, call: Call, rows: Sequence[Row] = ()) -> list[dict[str, Any]]:
    """What happened to a call, in words: why who was paged, and how far each page came."""
    told = [
        (event.noted_at, event.at, _words(engine, call, event), _why(engine, event))
        for event in engine.store.story(call.id)
        if event.fact not in UNTOLD
    ]
    reached = ((row.at, _reach(engine, row)) for row in rows)
    told += [(at, at, text, []) for at, text in reached if text is not None]
    told.sort(key=lambda step: step[0])  # as it became known; it stays in order where that is equal
    return [{"at": at, "text": text, "why": why} for _, at, text, why in told]


def _reach(engine: Engine, row: Row) -> str | None:
    """How far a page came; that it is queued is not worth a line."""
    about = {"name": _name(engine, row.who), "rung": _RUNGS[Rung(row.rung)]}
    match Told(row.state):
        case Told.SENT:
            return _("%(name)s: sent by %(rung)s", **about)
        case Told.RECEIVED:
            return _("%(name)s: the phone has it (%(rung)s)", **about)
        case Told.SHOWN:
            return _("%(name)s: shown (%(rung)s)", **about)
        case Told.ACTED:
            return _("%(name)s: answered (%(rung)s)", **about)
        case Told.FAILED if row.detail:
            return _("%(name)s: not sent by %(rung)s (%(why)s)", why=why_words(row.detail), **about)
        case Told.FAILED:
            return _("%(name)s: not sent by %(rung)s", **about)
        case Told.WITHDRAWN:
            return _("%(name)s: taken back (%(rung)s)", **about)
        case Told.CHIMED:
            return _("%(name)s: it sounded (%(rung)s)", **about)
        case _:
            return None


def _replied(who: str, data: Mapping[str, Any]) -> str:
    match data["phrase"]:
        case Phrase.WAIT:
            return ngettext(
                "%(who)s told the shopper: one minute",
                "%(who)s told the shopper: %(num)s minutes",
                data["minutes"],
                who=who,
            )
        case Phrase.SIZE:
            sizes = {"missing": data["missing"], "offer": data["offer"]}
            return _("%(who)s told the shopper: not in %(missing)s; %(offer)s?", who=who, **sizes)
        case _:
            return _("%(who)s told the shopper: not there; another model?", who=who)


def _words(engine: Engine, call: Call, event: Event) -> str:  # noqa: PLR0911, PLR0912 - for each
    data, who = event.data, engine.name_of(event.duty) or _("somebody")
    match event.fact:
        case Fact.RAISED:
            return _raised(call, data)
        case Fact.UNREACHED | Fact.REACHED:
            return _of_reach(engine, event)
        case Fact.PAGED:
            return _paged(engine, event)
        case Fact.DECLINED:
            return _("%(who)s declined", who=who)
        case Fact.ACKNOWLEDGED:
            return _("%(who)s is coming", who=who)
        case Fact.HANDED_OFF:
            to = engine.committed.plan.zones.get(data["zone"] or "")
            if to is None:
                return _("%(who)s handed it off", who=who)
            return _("%(who)s handed it off to %(zone)s", who=who, zone=to.name)
        case Fact.UNDONE:
            if data.get("undid", "acknowledge") == "acknowledge":
                return _("%(who)s took the acknowledgement back", who=who)
            return _("%(who)s took the closing back: the call goes on", who=who)
        case Fact.NUDGED:
            return _("%(who)s was reminded: the target has passed", who=who)
        case Fact.ASKED:
            return _("%(who)s was asked: were you there?", who=who)
        case Fact.NEEDED:
            need: str = data["need"]
            return _(_NEEDS.get(need, need))
        case Fact.REPLIED:
            return _replied(who, data)
        case Fact.ANSWERED:
            return _("The shopper said yes") if data["yes"] else _("The shopper said no")
        case Fact.ARRIVED:
            return _arrived(event.duty and who, data)
        case Fact.CLOSED:
            said = _(_OUTCOMES[Outcome(data["outcome"])])
            if not data["estimated"]:
                return said
            how = _ENDED.get(data.get("why", ""))
            ended = _(how) if how else _("by itself")
            return f"{said} ({ended})"
        case Fact.TAPPED if event.duty:
            return _("%(who)s held a phone to the room's signed tag", who=who)
        case Fact.TAPPED:
            return _("Somebody not signed on held a phone to the room's signed tag")
        case Fact.VOIDED:
            return _("Taken out of the numbers: %(why)s", why=data["reason"])
        case _:
            plain = _PLAIN.get(event.fact)
            return _(plain) if plain else str(event.fact).replace("_", " ").capitalize()


def _raised(call: Call, data: Mapping[str, Any]) -> str:
    source = data["source"] if kind_of(call) is call.kind else "button"  # a mystery stays one
    said = _(_SOURCES[source])
    if data["estimated"]:
        said = _("%(what)s (the time is an estimate)", what=said)
    if data["suspect"]:
        third = _("The third of this room left or cancelled in 10 min")
        said = f"{said}. {third}"
    return said


def _arrived(who: str | None, data: Mapping[str, Any]) -> str:
    names = {"who": who, "evidence": EVIDENCE[data["evidence"]]}
    if who is None:
        said = _("Somebody arrived: %(evidence)s", **names)
    else:
        said = _("%(who)s arrived: %(evidence)s", **names)
    return _("%(what)s, said afterwards", what=said) if data["estimated"] else said


def _paged(engine: Engine, event: Event) -> str:
    data = event.data
    names = ", ".join(_name(engine, duty) for duty in data["duties"])
    target: str = data["target"]
    if target == "manager":
        names = _("the manager")
    elif target.startswith(CHANNEL):
        names = _name(engine, target)
    step = {"step": data["step"] + 1, "target": _target(target), "names": names}
    passed = ", ".join(str(index + 1) for index in data["passed"])
    if names:
        said = _("Step %(step)s, %(target)s: %(names)s paged", **step)
    else:
        said = _("Step %(step)s, %(target)s: nobody to page", **step)
    if passed:
        skipped = _("nobody to page at step %(step)s", step=passed)
        said = f"{said} ({skipped})"
    return said


def _target(target: str) -> str:
    """Whom a step asks for, as the policy names it."""
    known = {
        "nearest": _("the nearest"),
        "zone": _("the zone"),
        "shop": _("the shop"),
        "manager": _("the manager"),
    }
    return known.get(target) or _("channel %(name)s", name=target.removeprefix(CHANNEL))


def _of_reach(engine: Engine, event: Event) -> str:
    data = event.data
    if event.fact is Fact.REACHED:
        return _("%(who)s was reached after all", who=_name(engine, data["who"]))
    names = ", ".join(_name(engine, one) for one in data["who"])
    if data["out"]:
        return _("No receipt from %(names)s: the ring asks to call out", names=names)
    return _("No receipt from %(names)s: the next step at once", names=names)


def _name(engine: Engine, id_: str) -> str:
    return who(engine, id_) or _("somebody")


def _why(engine: Engine, event: Event) -> list[str]:
    if event.fact is not Fact.PAGED:
        return []
    somebody = _("somebody")
    return [
        f"{engine.name_of(one['duty']) or somebody}: {', '.join(_reasons(one))}"
        for one in event.data["why"]
    ]


def _reasons(candidate: Mapping[str, Any]) -> list[str]:
    """Why somebody was chosen, or not."""
    reasons = [_("free") if candidate["free"] else _("busy with another call")]
    if candidate["next_door"]:
        reasons = [_("next door already")]
    if candidate.get("silent"):
        reasons.append(_("gave no receipt before"))
    if candidate["lapsed"]:
        reasons.append(_("let it lapse before"))
    if candidate["same_visit"]:
        reasons.append(_("served this visit"))
    if candidate["missing"]:
        reasons.append(_("without %(skills)s", skills=", ".join(candidate["missing"])))
    metres = round(candidate["metres"])
    if candidate["doubt_m"]:
        doubt = round(candidate["doubt_m"])
        reasons.append(_("%(metres)s ± %(doubt)s m away", metres=metres, doubt=doubt))
    else:
        reasons.append(_("%(metres)s m away", metres=metres))
    pages = candidate["recent_pages"]
    return [*reasons, ngettext("%(num)s page in 15 min", "%(num)s pages in 15 min", pages)]
