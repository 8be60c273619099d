"""The numbers of a period as the page shows them: four on top, one as a chart, and the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from overdoor import languages
from overdoor.insight import measures
from overdoor.insight.cells import NO_REASON, Cell
from overdoor.insight.histogram import Histogram
from overdoor.insight.measures import MEASURES, Measure, Unit
from overdoor.insight.privacy import Shown
from overdoor.insight.readings import Part, flagged, read
from overdoor.languages import gettext as _
from overdoor.store.numbers import Numbers
from overdoor.web import charts, figures
from overdoor.web import insight_charts as drawn
from overdoor.web.asking import LEVELS, Ask, Span
from overdoor.web.figures import figure
from overdoor.web.insight_tiles import WITHOUT_CHART, Shot, tile
from overdoor.web.words import span as length

TOP = (measures.TO_BE_HELPED, measures.SERVICE_LEVEL, measures.ABANDONMENT, measures.CALLS)
FLAGS = (
    measures.FAR_AWAY,
    measures.NO_DWELL,
    measures.QUICK_CANCEL,
    measures.PRESSED_AFTER_CLOSE,
)
BUDGET = (measures.PAGES_PER_CALL, measures.PAGES_PER_HOUR, measures.OCCUPANCY)
HEAT = 5  # shades
FEWEST = 5


def page(numbers: Numbers, shot: Shot, zones: Mapping[str, str]) -> dict[str, Any]:
    """Everything for the template."""
    ask, cell = shot.ask, shot.shown.cell
    hours = numbers.hours(shot.span.first, shot.span.last, ask.zone)
    return {
        "query": ask.query(),
        "live": ask.unfinished(numbers),
        "nav": _nav(numbers, ask, shot.span, zones),
        "calls": shot.shown.calls,
        "hidden": figures.hidden(shot.shown.hidden) if shot.shown.hidden else "",
        "agreed": numbers.shows_all,
        "ever": ask.query(level="ever", measure=None),
        "pending": numbers.pending(),
        "against": _against(ask, shot.before),
        "tiles": [tile(shot, measure) for measure in TOP],
        "all": [tile(shot, measure) for measure in MEASURES],
        "picked": ask.measure and tile(shot, ask.measure),
        "chart": _chart(numbers, shot),
        "unpick": ask.query(measure=None),
        "heat": _heat(numbers, ask),
        "zones": _zones(numbers, shot, zones),
        "reasons": _reasons(cell) if cell else None,
        "evidence": _evidence(cell) if cell else None,
        "flags": [tile(shot, measure) for measure in FLAGS] if cell else [],
        "backlog": drawn.backlog(hours, shot.span.days) if cell else None,
        "budget": [tile(shot, measure) for measure in BUDGET] if cell else [],
        "apart": _apart(cell) if cell else [],
        "noted": [(drawn.long_day(day), text) for day, text in shot.notes.items()],
    }


def _nav(numbers: Numbers, ask: Ask, span: Span, zones: Mapping[str, str]) -> dict[str, Any]:
    names = {
        "day": _("Day"),
        "week": _("Week"),
        "month": _("Month"),
        "year": _("Year"),
        "ever": _("All"),
    }
    earlier, later = ask.step(numbers, -1), ask.step(numbers, 1)
    return {
        "periods": [
            {"key": key, "name": names[key], "href": ask.query(level=key), "on": key == ask.level}
            for key in LEVELS
        ],
        "said": _span_words(ask, span),
        "earlier": earlier and earlier.query(),
        "later": later and later.query(),
        "zones": [
            {"name": name, "href": ask.query(zone=id_), "on": id_ == ask.zone}
            for id_, name in [(None, _("All zones")), *zones.items()]
        ],
    }


def _span_words(ask: Ask, span: Span) -> str:
    match ask.level:
        case "day":
            if span.first == ask.today:
                return _("Today, %(day)s", day=drawn.long_day(span.first))
            return drawn.long_day(span.first)
        case "month":
            return drawn.month(span.first)
        case "year":
            return str(span.first.year)
        case _:
            return _both(span)


def _both(span: Span) -> str:
    return _(
        "%(first)s to %(last)s", first=languages.day(span.first), last=languages.day(span.last)
    )


def _against(ask: Ask, before: Span | None) -> str:
    """With what it is compared."""
    if before is None:
        return _("There is nothing before to compare with.")
    if ask.level == "day":
        return _("Compared with %(day)s, a week before.", day=drawn.long_day(before.first))
    return _("Compared with %(span)s.", span=_both(before))


def _chart(numbers: Numbers, shot: Shot) -> drawn.Chart | None:
    """The curve of arrivals; or the measure that was picked, over time."""
    ask, cell = shot.ask, shot.shown.cell
    if ask.measure is None:
        return drawn.arrival(cell, shot.target_ms) if cell else None
    if ask.measure in WITHOUT_CHART:
        return None
    span = ask.chart(numbers)
    by_month = ask.level == "ever" and span.days > 400
    series = numbers.months if by_month else numbers.days
    points = series(span.first, span.last, ask.zone)
    if not points:
        return None
    open_from = ask.today.replace(day=1) if by_month else ask.today
    return drawn.over_time(
        ask.measure,
        points,
        now=(shot.span.first, shot.span.last),
        by_month=by_month,
        open_from=open_from,
        notes=shot.notes,
    )


def _heat(numbers: Numbers, ask: Ask) -> dict[str, Any] | None:
    """Hours and weekdays, of some weeks: the calls of an hour, or the measure that was picked."""
    span = ask.chart(numbers) if ask.level in ("day", "week") else ask.span(numbers)
    span = replace(span, first=max(span.first, ask.earliest))
    groups = numbers.hours_of_week(span.first, span.last, ask.zone)
    groups = {key: shown for key, shown in groups.items() if shown.calls}
    if not groups:
        return None
    measure = ask.measure if ask.measure not in (None, *WITHOUT_CHART) else measures.CALLS
    weeks = max(1.0, span.days / 7)
    values = {key: _hot(measure, shown, weeks) for key, shown in groups.items()}
    known = [value for value in values.values() if value is not None]
    most = max(known, default=0.0)
    # Shades tell hours apart, but do not make much of little.
    least = 0.0 if measure is measures.CALLS else min(min(known, default=0.0), most / 2)
    hours = range(min(hour for _d, hour in groups), max(hour for _d, hour in groups) + 1)
    unit = Unit.SCORE if measure is measures.CALLS and weeks > 1 else measure.unit
    return {
        "name": _("Calls in an hour")
        if measure is measures.CALLS
        else _("%(measure)s by the hour", measure=languages.gettext(measure.name)),
        "span": _both(span),
        "hours": [f"{hour:02}" for hour in hours],
        "days": [
            {
                "name": name,
                "cells": [
                    _hot_cell(groups.get((day, hour)), values.get((day, hour)), (least, most), unit)
                    for hour in hours
                ],
            }
            for day, name in enumerate(weekdays())
            if any((day, hour) in groups for hour in hours)
        ],
    }


def _hot(measure: Measure, shown: Shown, weeks: float) -> float | None:
    if measure is measures.CALLS:
        return shown.calls / weeks
    return read(measure, shown.cell).value if shown.cell else None


def _hot_cell(
    shown: Shown | None, value: float | None, between: tuple[float, float], unit: Unit
) -> dict[str, Any]:
    if shown is None:
        return {"level": 0, "said": "", "title": _("no calls")}
    if value is None:
        why = figures.hidden(shown.hidden) if shown.hidden else _("too few to tell")
        return {"level": 0, "said": "·", "title": why}
    least, most = between
    level = min(HEAT, 1 + int(HEAT * (value - least) / (most - least))) if most > least else 1
    said = str(round(value / 1000)) if unit is Unit.MS else figure(unit, value)
    return {
        "level": level,
        "said": said,
        "title": f"{figure(unit, value)}, {figures.calls(shown.calls)}",
    }


def weekdays() -> Sequence[str]:
    """Their short names, from Monday on."""
    names = languages.current().locale.days["stand-alone"]["abbreviated"]
    return [str(names[day]) for day in range(7)]


def _zones(numbers: Numbers, shot: Shot, names: Mapping[str, str]) -> list[dict[str, Any]]:
    found = numbers.zones(shot.span.first, shot.span.last)
    rows = []
    for id_, shown in found.items():
        of_zone = replace(shot, shown=shown, was=None, before=None)
        rows.append(
            {
                "name": names.get(id_, id_),
                "href": shot.ask.query(zone=id_) if id_ in names else None,
                "calls": figures.count(shown.calls),
                "why": figures.hidden(shown.hidden) if shown.hidden else "",
                "numbers": [tile(of_zone, measure) for measure in (*TOP[:3], measures.OCCUPANCY)],
            }
        )
    return rows


def _bar(part: Part) -> Markup:
    return charts.bar(part.share, *part.interval)


def _reasons(cell: Cell) -> dict[str, Any] | None:
    reading = read(measures.REASONS, cell)
    if not reading.parts:
        return None
    unsaid = cell.reasons[NO_REASON].calls if NO_REASON in cell.reasons else 0
    rows = []
    for part in reading.parts:
        reason = cell.reasons[part.id]
        enough = reason.handled >= FEWEST
        rows.append(
            {
                "id": part.id,
                "share": figure(Unit.SHARE, part.share),
                "interval": figures.around(Unit.SHARE, part.interval),
                "n": figures.count(part.count),
                "bar": _bar(part),
                "flagged": flagged(part),
                "time": length(reason.handled_ms / reason.handled) if enough else "",
            }
        )
    return {"rows": rows, "n": figures.of_calls(reading), "unsaid": unsaid}


def _evidence(cell: Cell) -> list[dict[str, Any]]:
    return [
        {
            "grade": part.id,
            "share": figure(Unit.SHARE, part.share),
            "interval": figures.around(Unit.SHARE, part.interval),
            "n": figures.count(part.count),
            "bar": _bar(part),
        }
        for part in read(measures.EVIDENCE, cell).parts
    ]


def _apart(cell: Cell) -> list[tuple[str, str]]:
    """What is in no other number, or has a number of its own."""
    return [
        (_("Mystery calls"), _mystery(cell)),
        (_("Voided by the manager"), figures.count(cell.voided)),
        (_("Wrong presses"), figures.count(cell.quick_cancel)),
        (_("Shoppers said thank you"), figures.count(cell.thanks)),
    ]


def _mystery(cell: Cell) -> str:
    said = _(
        "%(arrived)s of %(calls)s arrived at",
        arrived=figures.count(cell.mystery_arrived),
        calls=figures.count(cell.mystery),
    )
    middle = cell.mystery_arrival.quantile(0.5) if _enough(cell.mystery_arrival) else None
    return said if middle is None else f"{said}, {length(middle)}"


def _enough(times: Histogram) -> bool:
    return times.count >= FEWEST
