"""One look at the numbers: what was read, and each measure of it as a tile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from overdoor import languages
from overdoor.insight import change, measures
from overdoor.insight.change import Change
from overdoor.insight.intervals import ENOUGH
from overdoor.insight.measures import Measure, Unit
from overdoor.insight.privacy import Shown
from overdoor.insight.readings import Reading, read
from overdoor.languages import gettext as _
from overdoor.store.numbers import Numbers
from overdoor.web import figures
from overdoor.web.asking import Ask, Span
from overdoor.web.figures import figure
from overdoor.web.words import span as length

WITHOUT_CHART = (measures.REASONS, measures.BACKLOG)  # they have a place of their own


@dataclass(frozen=True, slots=True)
class Shot:
    """All that was read for one look at the numbers."""

    ask: Ask
    span: Span
    before: Span | None
    shown: Shown
    was: Shown | None
    change_of_calls: Change | None
    target_ms: int
    notes: Mapping[date, str]


def shoot(target_ms: int, numbers: Numbers, ask: Ask, notes: Mapping[date, str]) -> Shot:
    """Reads what every part of the page needs."""
    span, before = ask.span(numbers), ask.before(numbers)
    shown = numbers.between(span.first, span.last, ask.zone)
    was = numbers.between(before.first, before.last, ask.zone) if before else None
    calls = _change_of_calls(numbers, ask, span, before) if before else None
    return Shot(ask, span, before, shown, was, calls, target_ms, notes)


def compared(shot: Shot, measure: Measure) -> tuple[Reading | None, Change | None]:
    """A measure now, and how it differs from before."""
    if measure is measures.CALLS:
        calls = shot.shown.calls
        return Reading(measure, calls, float(calls)), shot.change_of_calls
    if shot.shown.cell is None:
        return None, None
    now = read(measure, shot.shown.cell)
    if shot.was is None or shot.was.cell is None:
        return now, None
    was = read(measure, shot.was.cell)
    without = now.interval == was.interval == (None, None)
    if without:  # nothing says how much chance there is in it
        return now, None
    return now, change.of_numbers(now.value, now.interval, was.value, was.interval)


def tile(shot: Shot, measure: Measure) -> dict[str, Any]:
    """One number: figure, interval, n, what changed, and where its chart is."""
    reading, moved = compared(shot, measure)
    why = shot.shown.hidden
    own_place = measure in WITHOUT_CHART
    return {
        "id": measure.id,
        "name": languages.gettext(measure.name),
        "definition": languages.gettext(measure.definition),
        "formula": languages.gettext(measure.formula),
        "source": measure.source,
        "unit": figures.per_what(measure.unit),
        "raw": reading.value if reading else None,
        "figure": figure(measure.unit, reading.value if reading else None),
        "n": figures.of_calls(reading) if reading else "",
        "of": figures.count(reading.of) if reading and reading.of is not None else "",
        "interval": figures.around(measure.unit, reading.interval) if reading else "",
        "p90": _p90(reading) if reading else "",
        "more": _more(reading) if reading else "",
        "why": figures.hidden(why) if reading is None and why else "",
        "changed": _calls_changed(shot) if measure is measures.CALLS else _moved(measure, moved),
        "tone": figures.tone(measure, moved),
        "href": f"#{measure.id}" if own_place else shot.ask.query(measure=measure),
        "current": shot.ask.measure is measure,
    }


def _moved(measure: Measure, moved: Change | None) -> str:
    return figures.changed(measure, moved) if moved else ""


def _p90(reading: Reading) -> str:
    """The 90th percentile, or why there is none."""
    if reading.measure.unit is not Unit.MS or reading.measure is measures.PATIENCE:
        return ""
    if reading.p90 is not None:
        said = figures.around(Unit.MS, reading.p90_interval)
        return _("nine of ten within %(p90)s (%(around)s)", p90=length(reading.p90), around=said)
    if reading.n < ENOUGH:
        return _("nine of ten: from %(needed)s calls on", needed=ENOUGH)
    return _("nine of ten: not known, too many gave up")


def _more(reading: Reading) -> str:
    """What the arrivals that nobody proved would change, and what was estimated."""
    if reading.anyhow is not None:
        other = figure(reading.measure.unit, reading.anyhow)
        if reading.measure is measures.SERVICE_LEVEL:
            return _("%(share)s by evidence A and B alone", share=other)
        return _("by evidence A and B; with C and D %(time)s", time=other)
    if reading.estimated:
        return languages.ngettext(
            "%(num)s more was estimated", "%(num)s more were estimated", reading.estimated
        )
    return ""


def _calls_changed(shot: Shot) -> str:
    if shot.before is None:
        return ""
    if shot.change_of_calls is None:
        if shot.was is None:
            return _("nothing to compare with")
        if shot.ask.level == "day" and shot.span.last == shot.ask.today:
            return _("so far; %(before)s on the whole day a week before", before=shot.was.calls)
        return _(
            "was %(before)s; too few days to tell from noise", before=figures.count(shot.was.calls)
        )
    a_day = figures.count(shot.change_of_calls.before)
    if shot.change_of_calls.beyond_noise:
        return _("changed beyond noise; was %(before)s a day", before=a_day)
    return _("no change beyond noise; was %(before)s a day", before=a_day)


def _change_of_calls(numbers: Numbers, ask: Ask, span: Span, before: Span) -> Change | None:
    """Of the days that are over, and had calls in either period."""
    now = numbers.calls_of_days(span.first, span.last, ask.zone)
    was = numbers.calls_of_days(before.first, before.last, ask.zone)
    if ask.level != "week":
        return change.of_days(
            [calls for day, calls in now.items() if day < ask.today], [*was.values()], paired=False
        )
    apart = span.first - before.first
    days = sorted(({*now} | {day + apart for day in was}) - {ask.today})
    return change.of_days(
        [now.get(day, 0) for day in days], [was.get(day - apart, 0) for day in days], paired=True
    )
