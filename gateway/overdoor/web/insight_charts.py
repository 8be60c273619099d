"""From values to charts with their words: what stands on the axes, and in the table below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from markupsafe import Markup

from overdoor import languages
from overdoor.insight import control
from overdoor.insight.cells import Cell
from overdoor.insight.intervals import only_dots
from overdoor.insight.measures import ARRIVAL_TIME, CALLS, Measure, Unit
from overdoor.insight.privacy import Shown
from overdoor.insight.readings import Reading, curves, glance, read
from overdoor.languages import gettext as _
from overdoor.store.numbers import Point
from overdoor.web import charts
from overdoor.web.charts import Line, Mark, Place, Words
from overdoor.web.charts.svg import ms_ticks, ticks
from overdoor.web.figures import around, calls, count, figure, hidden
from overdoor.web.words import span

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_LABELS = 6


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, the same as a table, and a line below it that says how to read it."""

    title: str
    svg: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[tuple[str, str]] = ()  # class, word
    rule: str = ""


def short_day(day: date) -> str:
    """A day without its year."""
    return str(format_date(day, "d MMM", languages.current().locale))


def long_day(day: date) -> str:
    """A day with its weekday."""
    return str(format_date(day, "EEE d MMM y", languages.current().locale))


def month(day: date) -> str:
    """A month and its year."""
    return str(format_date(day, "LLL y", languages.current().locale))


def scale(unit: Unit, most: float) -> list[float]:
    """Round values of a unit."""
    return ms_ticks(most) if unit is Unit.MS else ticks(most)


def arrival(cell: Cell, target: float) -> Chart:
    """How many were arrived at, and how many had given up, by each time; or each call as a dot."""
    arrived, abandoned = curves(cell)
    if only_dots(cell.calls):
        return _arrival_dots(cell, target)
    late = cell.arrival.quantile(0.95) or 0.0
    right = max(3 * target, min(late, 8 * target))
    at = ms_ticks(right)
    share = figure(Unit.SHARE, arrived.at(target))
    gone = figure(Unit.SHARE, abandoned.at(target))
    title = _("Arrived, and given up, by the time since the press")
    told = _(
        "Within the target of %(target)s somebody had arrived at %(share)s of the calls, and "
        "%(gone)s had been given up.",
        target=span(target),
        share=share,
        gone=gone,
    )
    svg = charts.curves(
        Words("arrival", title, told),
        [
            Line("arrived", _stepped(arrived.times, arrived.share), filled=True),
            Line("abandoned", _stepped(abandoned.times, abandoned.share), filled=True),
        ],
        across=(0, at[-1]),
        labels=[(ms, span(ms)) for ms in at],
        ticks=QUARTERS,
        say=lambda value: figure(Unit.SHARE, value),
        marks=[Mark(target, _("target %(time)s", time=span(target)))],
        height=220,
    )
    times = sorted({*at[1:], target})
    rows = [
        [
            span(ms),
            figure(Unit.SHARE, arrived.at(ms)),
            around(Unit.SHARE, arrived.interval(ms)),
            figure(Unit.SHARE, abandoned.at(ms)),
            around(Unit.SHARE, abandoned.interval(ms)),
        ]
        for ms in times
    ]
    head = [_("Within"), _("Arrived"), _("Range"), _("Given up"), _("Range")]
    legend = [("arrived", _("arrived")), ("abandoned", _("given up"))]
    rule = told + " " + _("Both curves are of all calls, so they add up (Aalen–Johansen).")
    return Chart(title, svg, head, rows, legend, rule)


def _arrival_dots(cell: Cell, target: float) -> Chart:
    title = _("Each arrival, by the time since the press")
    told = _(
        "%(calls)s, of which %(arrived)s were arrived at. So few are drawn one by one.",
        calls=calls(cell.calls),
        arrived=count(cell.arrived),
    )
    return _dots(title, told, read(ARRIVAL_TIME, cell), target, list(_each(cell)))


def _each(cell: Cell) -> list[float]:
    return [ms for ms, n in cell.arrival.values() for _n in range(n)]


def _dots(
    title: str, told: str, reading: Reading, target: float | None, values: Sequence[float]
) -> Chart:
    most = max([*values, (target or 0) * 1.5, 10_000.0])
    at = ms_ticks(most)
    svg = charts.dots(
        Words("dots", title, told),
        values,
        most=at[-1],
        labels=[(ms, span(ms)) for ms in at],
        target=target,
    )
    rows = [[count(number), span(ms)] for number, ms in enumerate(values, 1)]
    return Chart(
        title, svg, [_("No."), str(languages.gettext(reading.measure.name))], rows, rule=told
    )


def over_time(
    measure: Measure,
    points: Sequence[Point],
    *,
    now: tuple[date, date],
    by_month: bool,
    open_from: date,
    notes: Mapping[date, str],
) -> Chart:
    """A measure over days or months, with the limits of its control chart where it has some."""
    name = str(languages.gettext(measure.name))
    notes = _at_points(notes, points)
    readings = glances(measure, points)
    values = [_value(measure, point, one) for point, one in zip(points, readings, strict=True)]
    bounds = {} if by_month else limits(measure, points, readings, open_from, notes)
    say_day = month if by_month else long_day
    every = max(1, -(-len(points) // MOST_LABELS))
    places = []
    rows = []
    for index, (point, value) in enumerate(zip(points, values, strict=True)):
        limit = bounds.get(index)
        shown = figure(measure.unit, value)
        if value is None and point.group.hidden:
            shown = hidden(point.group.hidden)
        rules = rule_words(limit) if limit else ""
        note = notes.get(point.start, "")
        short = month(point.start) if by_month else short_day(point.start)
        places.append(
            Place(
                value,
                f"{say_day(point.start)}: {shown} {rules} {note}".strip(),
                label=short if index % every == every // 2 else "",
                centre=limit.centre if limit else None,
                low=limit.low if limit else None,
                high=limit.high if limit else None,
                fired=bool(limit and limit.rules),
                open=point.start >= open_from,
                now=now[0] <= point.start <= now[1],
                note=note,
            )
        )
        reading = readings[index]
        interval = around(measure.unit, reading.interval) if reading else ""
        rows.append([say_day(point.start), shown, interval, count(point.group.calls), rules, note])
    top = max([value for value in values if value is not None] or [0.0])
    top = max(
        [top, *(limit.high or 0.0 for limit in bounds.values() if (limit.high or 0) < 2 * top)]
    )
    fired = sum(bool(limit.rules) for limit in bounds.values())
    svg = charts.series(
        Words("series", name, _told(name, places, fired, bool(bounds))),
        places,
        ticks=scale(measure.unit, top),
        say=lambda value: figure(measure.unit, value),
        bars=measure is CALLS,
        height=220,
    )
    period = _("Month") if by_month else _("Day")
    head = [period, name, _("Range"), _("Calls"), _("Rule"), _("Note")]
    rule = _told(name, places, fired, bool(bounds))
    return Chart(name, svg, head, rows, rule=rule)


def _at_points(notes: Mapping[date, str], points: Sequence[Point]) -> Mapping[date, str]:
    """Notes of days without a point are drawn at the next one."""
    found: dict[date, str] = {}
    for day, text in notes.items():
        at = next((point.start for point in points if point.start >= day), None)
        if at is not None:
            found[at] = f"{found[at]}; {text}" if at in found else text
    return found


def _told(name: str, places: Sequence[Place], fired: int, limited: bool) -> str:
    known = sum(place.value is not None for place in places)
    if not known:
        return _("Nothing to draw: no day of these may be shown.")
    if not limited:
        return _("Too few days, or too unlike each other, for limits.")
    if not fired:
        return _("Band: what chance alone gives. No rule fired: these days do not differ.")
    return languages.ngettext(
        "Band: what chance alone gives. A rule fired at %(num)s point, which is filled.",
        "Band: what chance alone gives. A rule fired at %(num)s points, which are filled.",
        fired,
    )


def rule_words(point: control.Point) -> str:
    """Why a point is marked."""
    words = {
        control.Rule.OUTSIDE: _("beyond a limit"),
        control.Rule.NEAR: _("two of three near a limit"),
        control.Rule.SHIFT: _("a long run on one side"),
        control.Rule.TREND: _("seven in a row up or down"),
    }
    return ", ".join(words[rule] for rule in control.Rule if rule in point.rules)


def _value(measure: Measure, point: Point, reading: Reading | None) -> float | None:
    if measure is CALLS:  # how many calls there were is said of hidden groups, too
        return float(point.group.calls)
    return reading.value if reading else None


def glances(measure: Measure, points: Sequence[Point]) -> list[Reading | None]:
    """The measure at each point; None where it may not be shown."""
    cells = [point.group.cell for point in points]
    return [None if cell is None else glance(measure, cell) for cell in cells]


def limits(
    measure: Measure,
    points: Sequence[Point],
    readings: Sequence[Reading | None],
    open_from: date,
    notes: Mapping[date, str],
) -> dict[int, control.Point]:
    """The control chart of the days that are over and may be shown, by their index.

    Calls have none: weekdays differ, and that is no news.
    """
    if measure is CALLS:
        return {}
    known = [
        (index, reading)
        for index, (point, reading) in enumerate(zip(points, readings, strict=True))
        if point.start < open_from and reading is not None and reading.value is not None
    ]
    days = [points[index].start for index, _reading in known]
    phases = [next((i for i, day in enumerate(days) if day >= note), len(days)) for note in notes]
    if measure.unit is Unit.SHARE:
        hits = [(round((one.value or 0.0) * one.n), one.n) for _index, one in known]
        charted = control.p_chart(hits, phases)
    else:
        charted = control.xmr([one.value or 0.0 for _index, one in known], phases)
    return {
        index: point
        for (index, _reading), point in zip(known, charted, strict=True)
        if point.centre is not None
    }


def backlog(hours: Mapping[int, Shown], days: int) -> Chart | None:
    """Calls in and out at each hour of a day, and how many are open then; of several days the mean.

    None where the hours are hidden, or there is one only.
    """
    cells = {hour: shown.cell for hour, shown in hours.items() if shown.cell is not None}
    if len(cells) < 2:
        return None
    first, last = min(hours), max(hours)
    into, out, still, rows = [], [], [], []
    running = 0.0
    for hour in range(first, last + 1):
        cell = cells.get(hour)
        came = (hours[hour].calls if hour in hours else 0) / days
        went = cell.closed / days if cell else came
        running = max(0.0, running + came - went)
        into.append((float(hour), came))
        out.append((float(hour), went))
        still.append((float(hour), running))
        rows.append(
            [clock(hour), *(figure(Unit.PER_CALL, value) for value in (came, went, running))]
        )
    title = _("Calls in and out, by the hour")
    told = _(
        "At most %(most)s calls were open at the end of an hour.",
        most=figure(Unit.PER_CALL, max(v for _h, v in still)),
    )
    top = max(value for line in (into, out, still) for _hour, value in line)
    svg = charts.curves(
        Words("backlog", title, told),
        [Line("open", still, filled=True), Line("out", out), Line("in", into)],
        across=(float(first), float(last + 1)),
        labels=[(float(hour), clock(hour)) for hour in range(first, last + 1, 3)],
        ticks=ticks(max(top, 1.0)),
        say=lambda value: figure(Unit.CALLS if value == int(value) else Unit.SCORE, value),
        height=130,
    )
    head = [_("Hour"), _("In"), _("Out"), _("Still open")]
    legend = [("in", _("in")), ("out", _("out")), ("open", _("still open"))]
    return Chart(title, svg, head, rows, legend, told)


def clock(hour: int) -> str:
    """An hour of the day."""
    return f"{hour:02}:00"


def _stepped(times: Sequence[float], shares: Sequence[float]) -> list[tuple[float, float]]:
    return [(0.0, 0.0), *zip(times, shares, strict=True)]
