"""The weekly page: what changed beyond noise, and what did not. On one A4, or as a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from overdoor import languages
from overdoor.insight import measures
from overdoor.insight.change import Change
from overdoor.insight.measures import MEASURES, Measure, Unit
from overdoor.insight.readings import Reading, flagged, read
from overdoor.languages import gettext as _
from overdoor.languages import ngettext
from overdoor.resources import folder
from overdoor.store import annotations, followups
from overdoor.store.numbers import Numbers, Point
from overdoor.store.store import ReadOnly, Store
from overdoor.web import figures
from overdoor.web import insight_charts as drawn
from overdoor.web.asking import Ask
from overdoor.web.insight_tiles import Shot, compared, shoot
from overdoor.web.words import speak_in

WATCHED = (measures.TO_BE_HELPED, measures.SERVICE_LEVEL, measures.ABANDONMENT)
WEEKS = 8  # of the charts


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the week: what it is, what it was, and what that means."""

    name: str
    value: str
    interval: str
    n: str
    was: str
    tone: str  # good | bad | other | same


@dataclass(frozen=True, slots=True)
class Report:
    """A week in words. `points` are the daily times to be helped of eight weeks."""

    shop: str
    title: str
    changed: tuple[Line, ...]
    same: tuple[Line, ...]
    alone: tuple[Line, ...]  # nothing to compare with
    told: tuple[str, ...]  # what else there is to say
    hidden: str
    charts: tuple[drawn.Chart, ...]
    points: tuple[Point, ...]
    phases: Mapping[date, str]  # what was noted, and when: the charts begin anew there


def week_of(text: str | None, today: date) -> date:
    """The Monday of `2026-W46`; of the last whole week for None. Raises `ValueError`."""
    if text is None:
        return today - timedelta(today.weekday() + 7)
    year, _sep, week = text.partition("-W")
    return date.fromisocalendar(int(year), int(week), 1)


def report(
    shop: str,
    store: Store | ReadOnly,
    numbers: Numbers,
    monday: date,
    target_ms: int,
    zones: Mapping[str, str],
) -> Report:
    """The report of the week of a Monday, in the language that is spoken."""
    today = numbers.today()
    ask = Ask("week", monday, max(today, monday), numbers.first_day() or today)
    shot = shoot(target_ms, numbers, ask, {})
    groups: dict[str, list[Line]] = {"changed": [], "same": [], "alone": []}
    for measure in MEASURES:
        reading, change = compared(shot, measure)
        if reading is None or reading.value is None or measure is measures.BACKLOG:
            continue
        line = _line(measure, reading, change)
        kind = "alone" if change is None else "changed" if change.beyond_noise else "same"
        groups[kind].append(line)
    first = monday - timedelta(7 * (WEEKS - 1))
    points = numbers.days(first, shot.span.last)
    notes = annotations.between(store, first, shot.span.last)
    by_day = {one.day: one.text for one in notes}
    told = [*_alarms(shot, points, by_day), *_reasons(shot), *_zones(numbers, shot, zones)]
    told += [
        _("Noted: %(text)s (%(day)s)", text=one.text, day=drawn.long_day(one.day))
        for one in notes
        if one.day >= monday
    ]
    told += _to_look_into(store)
    cell = shot.shown.cell
    charts = [drawn.arrival(cell, target_ms)] if cell else []
    charts.append(
        drawn.over_time(
            measures.TO_BE_HELPED,
            points,
            now=(monday, shot.span.last),
            by_month=False,
            open_from=today,
            notes=by_day,
        )
    )
    return Report(
        shop,
        _("The week from %(first)s to %(last)s", first=_day(monday), last=_day(shot.span.last)),
        tuple(groups["changed"]),
        tuple(groups["same"]),
        tuple(groups["alone"]),
        tuple(told),
        figures.hidden(shot.shown.hidden) if shot.shown.hidden else "",
        tuple(charts),
        tuple(points),
        by_day,
    )


def _day(day: date) -> str:
    return languages.day(day)


def _line(measure: Measure, reading: Reading, change: Change | None) -> Line:
    per = figures.per_what(measure.unit)
    value = figures.figure(measure.unit, reading.value)
    if reading.of is not None:
        value = _("%(found)s of %(calls)s", found=value, calls=figures.count(reading.of))
    unit = Unit.SCORE if measure is measures.CALLS else measure.unit
    was = figures.figure(unit, change.before) if change else ""
    if was and measure is measures.CALLS:
        was = _("%(calls)s a day", calls=was)
    return Line(
        languages.gettext(measure.name),
        f"{value} {per}".strip(),
        figures.around(measure.unit, reading.interval),
        figures.of_calls(reading),
        was,
        figures.tone(measure, change),
    )


def _alarms(shot: Shot, points: list[Point], notes: Mapping[date, str]) -> list[str]:
    """The days of the week that a rule of the control chart marks."""
    found = []
    for measure in WATCHED:
        limits = drawn.limits(
            measure, points, drawn.glances(measure, points), shot.ask.today, notes
        )
        days = [
            drawn.short_day(points[index].start)
            for index, limit in limits.items()
            if limit.rules and points[index].start >= shot.span.first
        ]
        if days:
            name = languages.gettext(measure.name)
            found.append(
                _("%(measure)s stood out on %(days)s.", measure=name, days=", ".join(days))
            )
    return found


def _reasons(shot: Shot) -> list[str]:
    if shot.shown.cell is None:
        return []
    words = {"question": _("a question"), "other": _("something else")}
    return [
        _(
            "%(share)s of the calls that said why were %(reason)s: perhaps a sign answers it.",
            share=figures.figure(Unit.SHARE, part.share),
            reason=words[part.id],
        )
        for part in read(measures.REASONS, shot.shown.cell).parts
        if flagged(part)
    ]


def _zones(numbers: Numbers, shot: Shot, names: Mapping[str, str]) -> list[str]:
    """How each zone kept the target; no ranking: in the order of their names."""
    found = []
    for id_, shown in numbers.zones(shot.span.first, shot.span.last).items():
        level = read(measures.SERVICE_LEVEL, shown.cell) if shown.cell else None
        if level is not None and level.value is not None:
            told = figures.figure(Unit.SHARE, level.value)
            around = figures.around(Unit.SHARE, level.interval)
            found.append(
                _(
                    "%(zone)s: %(calls)s, %(share)s within the target (%(around)s).",
                    zone=names.get(id_, id_),
                    calls=figures.calls(shown.calls),
                    share=told,
                    around=around,
                )
            )
    return found if len(found) > 1 else []


def _to_look_into(store: Store | ReadOnly) -> list[str]:
    waiting = sum(one.dealt_with_at is None for one in followups.of_shop(store))
    if not waiting:
        return []
    return [
        ngettext(
            "%(num)s call waits to be looked into.",
            "%(num)s calls wait to be looked into.",
            waiting,
        )
    ]


def as_text(told: Report) -> str:
    """For a terminal or a message."""
    parts: list[str] = []
    if told.hidden:
        parts.append(_("The week's numbers are not shown: %(why)s.", why=told.hidden))
    for head, lines in (
        (_("Changed beyond noise"), told.changed),
        (_("No change beyond noise"), told.same),
        (_("Not compared"), told.alone),
    ):
        if lines:
            parts += ["", head, *(f"- {_sentence(line)}" for line in lines)]
    if told.told:
        parts += ["", _("Also"), *(f"- {line}" for line in told.told)]
    return "\n".join(parts).strip()


def _sentence(line: Line) -> str:
    around = f" ({line.interval})" if line.interval else ""
    was = "; " + _("was %(before)s", before=line.was) if line.was else ""
    mark = {"good": _("better"), "bad": _("worse")}.get(line.tone, "")
    return f"{line.name}: {line.value}{around}{was}{f', {mark}' if mark else ''}"


def as_html(told: Report) -> str:
    """A page that is complete in itself."""
    dashboard = folder("dashboard")
    env = Environment(
        loader=FileSystemLoader(dashboard / "templates"), autoescape=select_autoescape()
    )
    speak_in(env)
    styles = "".join((dashboard / "static" / name).read_text() for name in _STYLES)
    return env.get_template("report.html").render(
        told=told,
        language=languages.current(),
        styles=Markup(styles),  # noqa: S704 - our own files
    )


_STYLES = ("overdoor.css", "numbers.css", "report.css")
