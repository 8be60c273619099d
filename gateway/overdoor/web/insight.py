"""The numbers: as JSON for programs, and as a part of the manager's page."""

import io
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from overdoor import export as tables
from overdoor.engine import Engine
from overdoor.insight.change import Change
from overdoor.insight.intervals import Interval
from overdoor.insight.measures import BY_ID, MEASURES, Measure
from overdoor.insight.privacy import Shown
from overdoor.insight.readings import Reading, curves, read
from overdoor.languages import gettext as _
from overdoor.store.numbers import Numbers
from overdoor.web import desk_page
from overdoor.web.asking import Ask, Asked, TheNumbers
from overdoor.web.insight_charts import long_day
from overdoor.web.insight_page import page
from overdoor.web.insight_tiles import Shot, compared, shoot
from overdoor.web.pages import live, render
from overdoor.web.problems import Problem
from overdoor.web.session import TheEngine

router = APIRouter(prefix="/api/v1/insight")
pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MOST_POINTS = 400  # of a curve: more are thinned out


@pages.get("/")
def dashboard(request: Request, engine: TheEngine, numbers: TheNumbers, ask: Asked) -> HTMLResponse:
    """The manager's page: what happens now, then the numbers."""
    return render(
        request,
        "dashboard.html",
        "dashboard",
        live=live(request, engine),
        **context(request, engine, numbers, ask),
    )


@pages.get("/numbers")
def numbers_part(
    request: Request, engine: TheEngine, numbers: TheNumbers, ask: Asked
) -> HTMLResponse:
    """The numbers alone: what the page fetches when another period is picked."""
    return render(request, "_numbers.html", "dashboard", **context(request, engine, numbers, ask))


def context(request: Request, engine: Engine, numbers: Numbers, ask: Ask) -> dict[str, Any]:
    """What the template of the numbers shows; the desk to the manager only."""
    zones = {zone.id: zone.name for zone in engine.committed.plan.zones.values()}
    span = ask.chart(numbers)
    notes = desk_page.noted(engine, span.first, span.last, ask.zone)
    desk = None
    if desk_page.is_manager(request):
        desk = {
            "follow_ups": desk_page.to_look_into(engine),
            "notes": [(long_day(one.day), one, zones.get(one.zone or "")) for one in notes],
            "zones": zones,
            "today": ask.today,
        }
    shot = shoot(_target(engine), numbers, ask, desk_page.by_day(notes))
    return {"numbers": page(numbers, shot, zones), "desk": desk}


@router.get("/measures")
def all_measures() -> dict[str, Any]:
    """Every measure: its name, unit, definition, formula and source."""
    return {"measures": [_definition(measure) for measure in MEASURES]}


@router.get("/numbers")
def all_numbers(engine: TheEngine, numbers: TheNumbers, ask: Asked) -> dict[str, Any]:
    """All measures of a period, each with n and interval, and how it differs from before."""
    shot = shoot(_target(engine), numbers, ask, {})
    return _head(shot) | {
        "measures": [
            {"id": one.id, "unit": one.unit, **_reading(*compared(shot, one))} for one in MEASURES
        ]
    }


@router.get("/days")
def by_day(
    numbers: TheNumbers,
    ask: Asked,
    measure: Annotated[str, Query(max_length=32)],
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> dict[str, Any]:
    """One measure, day by day: of the period, or `from` a day `to` another."""
    one = BY_ID[measure]  # `asked` knows that it is there
    span = ask.span(numbers)
    points = numbers.days(first or span.first, last or span.last, ask.zone)
    return {
        "measure": one.id,
        "unit": one.unit,
        "days": [{"day": str(point.start), **_group(one, point.group)} for point in points],
    }


@router.get("/hours")
def by_hour(numbers: TheNumbers, ask: Asked) -> dict[str, Any]:
    """Each hour of each weekday (Monday is 0) of a period: its calls, and the measure if named."""
    span = ask.span(numbers)
    found = numbers.hours_of_week(span.first, span.last, ask.zone)
    return {
        "first": str(span.first),
        "last": str(span.last),
        "hours": [
            {"weekday": weekday, "hour": hour, **_group(ask.measure, shown)}
            for (weekday, hour), shown in found.items()
        ],
    }


@router.get("/zones")
def by_zone(numbers: TheNumbers, ask: Asked) -> dict[str, Any]:
    """Each zone in a period: its calls, and the measure if one is named."""
    span = ask.span(numbers)
    found = numbers.zones(span.first, span.last)
    return {"zones": [{"zone": id_, **_group(ask.measure, shown)} for id_, shown in found.items()]}


@router.get("/arrival")
def arrival(engine: TheEngine, numbers: TheNumbers, ask: Asked) -> dict[str, Any]:
    """The shares arrived at, and given up, by the time since the press (Aalen–Johansen)."""
    shot = shoot(_target(engine), numbers, ask, {})
    if shot.shown.cell is None:
        return _head(shot) | {"curves": None}
    both = zip(("arrived", "given_up"), curves(shot.shown.cell), strict=True)
    return _head(shot) | {
        "curves": {
            name: [
                {"ms": round(ms), "share": share}
                for ms, share in zip(curve.times, curve.share, strict=True)
            ][:: max(1, len(curve.times) // MOST_POINTS)]
            for name, curve in both
        }
    }


def _target(engine: Engine) -> int:
    return engine.committed.plan.policy.target_arrival_ms


def _head(shot: Shot) -> dict[str, Any]:
    before = shot.before
    return {
        "period": shot.ask.level,
        "first": str(shot.span.first),
        "last": str(shot.span.last),
        "zone": shot.ask.zone,
        "calls": shot.shown.calls,
        "hidden": shot.shown.hidden,
        "target_ms": shot.target_ms,
        "before": {"first": str(before.first), "last": str(before.last)} if before else None,
    }


def _group(measure: Measure | None, shown: Shown) -> dict[str, Any]:
    head = {"calls": shown.calls, "hidden": shown.hidden}
    if measure is None:
        return head
    reading = read(measure, shown.cell) if shown.cell else None
    return head | {"value": reading.value if reading else None, **_interval(reading)}


def _interval(reading: Reading | None) -> dict[str, Any]:
    return {"n": reading.n, "interval": _ends(reading.interval)} if reading else {}


def _ends(interval: Interval) -> list[float | None]:
    return [interval.low, interval.high]


def _reading(reading: Reading | None, moved: Change | None) -> dict[str, Any]:
    if reading is None:
        return {"n": None, "value": None}
    found: dict[str, Any] = {
        "n": reading.n,
        "of": reading.of,
        "value": reading.value,
        "interval": _ends(reading.interval),
        "p90": reading.p90,
        "p90_interval": _ends(reading.p90_interval),
        "anyhow": reading.anyhow,
        "parts": [
            {"id": part.id, "count": part.count, "of": part.of, "interval": _ends(part.interval)}
            for part in reading.parts
        ],
        "change": None,
    }
    if moved is not None:
        found["change"] = {
            "before": moved.before,
            "estimate": moved.estimate,
            "interval": _ends(moved.interval),
            "beyond_noise": moved.beyond_noise,
        }
    return found


def _definition(measure: Measure) -> dict[str, Any]:
    return {name: str(value) for name, value in asdict(measure).items()} | {"needs": measure.needs}


@router.get("/export.{kind}", response_class=Response)
def export(
    engine: TheEngine,
    numbers: TheNumbers,
    kind: Literal["csv", "parquet"],
    table: Literal["calls", "days", "hours"] = "days",
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    zone: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """A table as a file: `calls`, `days` or `hours`; without a person, a shift or a name."""
    today, plan = numbers.today(), engine.committed.plan
    since = first or numbers.first_day() or today
    asked = tables.Asked(since, last or today, plan.timezone, zone)
    what = tables.TABLES[table]
    rows = what.rows(engine.store, numbers, asked)
    named = {"Content-Disposition": f'attachment; filename="{table}.{kind}"'}
    if kind == "csv":
        text = "".join(tables.as_csv(what, rows))
        return Response(text, media_type="text/csv; charset=utf-8", headers=named)
    out = io.BytesIO()
    try:
        tables.as_parquet(what, rows, out)
    except tables.ExportError as error:
        raise Problem(501, _("Not installed"), str(error)) from None
    return Response(out.getvalue(), media_type="application/vnd.apache.parquet", headers=named)
