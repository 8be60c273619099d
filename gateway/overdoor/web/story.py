"""The story of a call in words: what happened, and why who was paged."""

from collections.abc import Mapping, Sequence
from typing import Any

from overdoor.core.dispatch import CHANNEL
from overdoor.core.events import Event, Fact
from overdoor.core.model import Call, Phrase
from overdoor.engine import Engine
from overdoor.reach import Rung, Told
from overdoor.store.reach import Row
from overdoor.web.reaching import who
from overdoor.web.views import EVIDENCE, kind_of

_RUNGS = {
    Rung.PAGER: "pager",
    Rung.PAGE: "open page",
    Rung.PUSH: "push",
    Rung.CHANNEL: "channel",
}
_REACH = {  # what is worth a line; queued is not
    Told.SENT: "{name}: sent by {rung}",
    Told.RECEIVED: "{name}: the phone has it ({rung})",
    Told.SHOWN: "{name}: shown ({rung})",
    Told.ACTED: "{name}: answered ({rung})",
    Told.FAILED: "{name}: not sent by {rung}",
    Told.WITHDRAWN: "{name}: taken back ({rung})",
    Told.CHIMED: "{name}: it sounded ({rung})",
}
_SOURCES = {
    "button": "The button was pressed",
    "page": "Asked for on the page behind the room's card",
    "staff": "Raised by staff",
    "schedule": "Raised by the clock, as a mystery call",
}

_PLAIN = {
    Fact.PRESSED_AGAIN: "Pressed again",
    Fact.LAPSED: "The acknowledgement lapsed: nobody arrived in time",
    Fact.DEMOTED: "Pressed again: that was no arrival, and the clock goes on",
    Fact.TAP_REFUSED: "A tap that was used before came again, and proves nothing",
}


def story(engine: Engine, call: Call, rows: Sequence[Row] = ()) -> list[dict[str, Any]]:
    """What happened to a call, in words: why who was paged, and how far each page came."""
    told = [
        (event.noted_at, event.at, _words(engine, call, event), _why(engine, event))
        for event in engine.store.story(call.id)
        if event.fact is not Fact.RATED  # one shopper's word, beside who it may be about
    ]
    told += [(row.at, row.at, _reach(engine, row), []) for row in rows if row.state in _REACH]
    told.sort(key=lambda step: step[0])  # as it became known; it stays in order where that is equal
    return [{"at": at, "text": text, "why": why} for _, at, text, why in told]


def _reach(engine: Engine, row: Row) -> str:
    name = _name(engine, row.who)
    text = _REACH[Told(row.state)].format(name=name, rung=_RUNGS[Rung(row.rung)])
    return f"{text} ({row.detail})" if row.state == Told.FAILED and row.detail else text


def _told(data: Mapping[str, Any]) -> str:
    """A reply in words."""
    match data["phrase"]:
        case Phrase.WAIT:
            return "one minute" if data["minutes"] == 1 else f"{data['minutes']} minutes"
        case Phrase.SIZE:
            return f"not in {data['missing']}; {data['offer']}?"
        case _:
            return "not there; another model?"


def _words(engine: Engine, call: Call, event: Event) -> str:
    data, who = event.data, engine.name_of(event.duty) or ("somebody" if event.duty else None)
    match event.fact:
        case Fact.RAISED:
            hidden = kind_of(call) is not call.kind
            source = _SOURCES["button" if hidden else data["source"]]
            notes = " (the time is an estimate)" if data["estimated"] else ""
            notes += (
                ". The third of this room left or cancelled in 10 min" if data["suspect"] else ""
            )
            return source + notes
        case Fact.UNREACHED | Fact.REACHED:
            return _of_reach(engine, event)
        case Fact.PAGED:
            return _paged(engine, event)
        case Fact.DECLINED:
            return f"{who} declined"
        case Fact.ACKNOWLEDGED:
            return f"{who} is coming"
        case Fact.HANDED_OFF:
            to = engine.committed.plan.zones.get(data["zone"] or "")
            return f"{who} handed it off" + (f" to {to.name}" if to else "")
        case Fact.UNDONE:
            if data.get("undid", "acknowledge") == "acknowledge":
                return f"{who} took the acknowledgement back"
            return f"{who} took the closing back: the call goes on"
        case Fact.NUDGED:
            return f"{who} was reminded: the target has passed"
        case Fact.ASKED:
            return f"{who} was asked: were you there?"
        case Fact.NEEDED:
            return f"Needed: {data['need'].replace('-', ' ')}"
        case Fact.REPLIED:
            return f"{who} told the shopper: {_told(data)}"
        case Fact.ANSWERED:
            return "The shopper said yes" if data["yes"] else "The shopper said no"
        case Fact.ARRIVED:
            said = ", said afterwards" if data["estimated"] else ""
            return f"{who or 'Somebody'} arrived: {EVIDENCE[data['evidence']]}{said}"
        case Fact.CLOSED:
            how = f" ({data.get('why', 'by itself')})" if data["estimated"] else ""
            return f"Closed: {data['outcome']}{how}"
        case Fact.TAPPED:
            return f"{who or 'Somebody not signed on'} held a phone to the room's signed tag"
        case Fact.VOIDED:
            return f"Taken out of the numbers: {data['reason']}"
        case _:
            return _PLAIN.get(event.fact) or str(event.fact).replace("_", " ").capitalize()


def _paged(engine: Engine, event: Event) -> str:
    data = event.data
    names = ", ".join(_name(engine, duty) for duty in data["duties"])
    if data["target"] == "manager":
        names = "the manager"
    elif data["target"].startswith(CHANNEL):
        names = _name(engine, data["target"])
    step = f"Step {data['step'] + 1}, {data['target']}: "
    passed = ", ".join(str(index + 1) for index in data["passed"])
    skipped = f" (nobody to page at step {passed})" if passed else ""
    return f"{step}{names} paged{skipped}" if names else f"{step}nobody to page{skipped}"


def _of_reach(engine: Engine, event: Event) -> str:
    data = event.data
    if event.fact is Fact.REACHED:
        return f"{_name(engine, data['who'])} was reached after all"
    names = ", ".join(_name(engine, one) for one in data["who"])
    if data["out"]:
        return f"No receipt from {names}: the ring asks to call out"
    return f"No receipt from {names}: the next step at once"


def _name(engine: Engine, id_: str) -> str:
    return who(engine, id_) or "somebody"


def _why(engine: Engine, event: Event) -> list[str]:
    if event.fact is not Fact.PAGED:
        return []
    lines = []
    for candidate in event.data["why"]:
        reasons = ["free" if candidate["free"] else "busy with another call"]
        if candidate["next_door"]:
            reasons = ["next door already"]
        if candidate.get("silent"):
            reasons.append("gave no receipt before")
        if candidate["lapsed"]:
            reasons.append("let it lapse before")
        if candidate["same_visit"]:
            reasons.append("served this visit")
        if candidate["missing"]:
            reasons.append(f"without {', '.join(candidate['missing'])}")
        doubt = f" ± {candidate['doubt_m']:.0f} m" if candidate["doubt_m"] else ""
        reasons.append(f"{candidate['metres']:.0f} m away{doubt}")
        reasons.append(f"{candidate['recent_pages']} pages in 15 min")
        lines.append(f"{engine.name_of(candidate['duty']) or 'somebody'}: {', '.join(reasons)}")
    return lines
