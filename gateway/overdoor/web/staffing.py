"""How many people each hour needs, beside those who are planned, and how right the model was.

The hours of Monday to Friday are taken as alike, those of Saturdays and of Sundays each for
themselves. It takes a second to work out, so it is kept until there is another day, and the page
asks for it by itself.
"""

import threading
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from babel.numbers import format_decimal
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from overdoor import languages
from overdoor.config import StaffingPart
from overdoor.config.planning import DAYS
from overdoor.insight.measures import Unit
from overdoor.insight.staffing import (
    Backtest,
    Change,
    Demand,
    Needed,
    NotEnough,
    PastHour,
    Target,
    against_plan,
    backtest,
    people_needed,
)
from overdoor.languages import gettext as _
from overdoor.languages import ngettext
from overdoor.store.numbers import Numbers
from overdoor.web import figures
from overdoor.web.asking import TheNumbers
from overdoor.web.pages import render
from overdoor.web.session import TheEngine
from overdoor.web.words import span as length

router = APIRouter()

WEEKS = 8
HELD_BACK = 2  # weeks that the model is asked about before it knows them
WEEKDAYS_OF = {"mon-fri": 5, "sat": 1, "sun": 1}

Slot = tuple[str, str, int]  # zone, days, hour


@dataclass(frozen=True, slots=True)
class Told:
    """What is known about the people needed."""

    first: date
    last: date
    needed: Mapping[Slot, Needed | NotEnough]
    planned: Mapping[Slot, float]
    change: Change | None  # people-hours a week
    backtest: Backtest | NotEnough


class Staffing:
    """Works it out once a day."""

    def __init__(self, part: StaffingPart) -> None:
        self.part = part
        self._lock = threading.Lock()
        self._kept: tuple[object, Told] | None = None

    def told(self, numbers: Numbers, within_ms: int) -> Told:
        """For the target `within_ms`, from the last eight weeks that are over."""
        key = numbers.today(), numbers.pending(), within_ms
        with self._lock:
            if self._kept is None or self._kept[0] != key:
                self._kept = key, _work_out(numbers, self.part, within_ms)
            return self._kept[1]


def _work_out(numbers: Numbers, part: StaffingPart, within_ms: int) -> Told:
    last = numbers.today() - timedelta(1)
    first = last - timedelta(7 * WEEKS - 1)
    held_back = last - timedelta(7 * HELD_BACK - 1)
    known = _alike(numbers.past_hours(first, held_back - timedelta(1)))
    then = _alike(numbers.past_hours(held_back, last))
    slots: defaultdict[Slot, Demand] = defaultdict(Demand)
    for hour in (*known, *then):
        slots[cast("Slot", hour.slot)] += hour.demand
    target = Target(part.share, within_ms)
    needed = {slot: people_needed(demand, target) for slot, demand in sorted(slots.items())}
    planned: dict[Slot, float] = {
        (row.zone, row.days, hour): float(row.people) for row in part.plan for hour in row.each()
    }
    change = None
    if planned:
        known_of_slots = cast("Mapping[Hashable, Needed | NotEnough]", needed)
        each = {days: _of(planned, days) for days in DAYS}
        changes = [
            (WEEKDAYS_OF[days], against_plan(some, known_of_slots)) for days, some in each.items()
        ]
        change = Change(
            sum(n * one.low for n, one in changes),
            sum(n * one.likely for n, one in changes),
            sum(n * one.high for n, one in changes),
        )
    return Told(first, last, needed, planned, change, backtest(known, then, within_ms))


def _of(planned: Mapping[Slot, float], days: str) -> dict[Hashable, float]:
    return {slot: people for slot, people in planned.items() if slot[1] == days}


def _alike(hours: list[PastHour]) -> list[PastHour]:
    """With the days that are alike as one slot."""
    found = []
    for hour in hours:
        zone, weekday, at = cast("tuple[str, int, int]", hour.slot)
        days = "sun" if weekday == 6 else "sat" if weekday == 5 else "mon-fri"
        found.append(hour._replace(slot=(zone, days, at)))
    return found


@router.get("/numbers/staffing", include_in_schema=False)
def staffing_part(request: Request, engine: TheEngine, numbers: TheNumbers) -> HTMLResponse:
    """The part of the page."""
    return render(request, "_staffing.html", "dashboard", staffing=view(request, engine, numbers))


@router.get("/api/v1/insight/staffing")
def staffing(request: Request, engine: TheEngine, numbers: TheNumbers) -> dict[str, Any]:
    """People needed in each zone, kind of day and hour, from the last eight weeks, as a range."""
    kept: Staffing = request.app.state.staffing
    within = engine.committed.plan.policy.target_arrival_ms
    told = kept.told(numbers, within)
    return {
        "first": str(told.first),
        "last": str(told.last),
        "share": kept.part.share,
        "target_ms": within,
        "slots": [
            {
                "zone": zone,
                "days": days,
                "hour": hour,
                "planned": told.planned.get((zone, days, hour)),
            }
            | _as_json(need)
            for (zone, days, hour), need in told.needed.items()
        ],
        "hours_a_week_beyond_plan": told.change and _range(told.change),
        "backtest": _as_json(told.backtest),
    }


def _as_json(one: Needed | Backtest | NotEnough) -> dict[str, Any]:
    if isinstance(one, NotEnough):
        return {"not_enough": {"of": one.of, "have": one.have, "need": one.need}}
    names = ("low", "likely", "high") if isinstance(one, Needed) else Backtest.__slots__
    return {name: getattr(one, name) for name in names}


def _range(change: Change) -> list[float]:
    return [change.low, change.likely, change.high]


def view(request: Request, engine: TheEngine, numbers: Numbers) -> dict[str, Any]:
    """What the template shows."""
    kept: Staffing = request.app.state.staffing
    within = engine.committed.plan.policy.target_arrival_ms
    told = kept.told(numbers, within)
    names = {zone.id: zone.name for zone in engine.committed.plan.zones.values()}
    told_of = [slot for slot, need in told.needed.items() if isinstance(need, Needed)]
    hours = sorted({hour for _z, _d, hour in told_of})
    words = {"mon-fri": _("Mon–Fri"), "sat": _("Sat"), "sun": _("Sun")}
    enough = any(isinstance(need, Needed) for need in told.needed.values())
    return {
        "enough": enough,
        "said": _(
            "People needed so that %(share)s of the calls are arrived at within %(time)s, from "
            "%(first)s to %(last)s. The range is what the data leaves open.",
            share=figures.figure(Unit.SHARE, kept.part.share),
            time=length(within),
            first=languages.day(told.first),
            last=languages.day(told.last),
        ),
        "hours": [f"{hour:02}" for hour in hours],
        "rows": [
            {
                "zone": names.get(zone, zone),
                "days": words[days],
                "cells": [_cell(told, (zone, days, hour)) for hour in hours],
            }
            for zone in sorted({zone for zone, _d, _h in told.needed})
            for days in DAYS
            if any((zone, days, hour) in told.needed for hour in hours)
        ],
        "planned": bool(told.planned),
        "change": _money(told.change, kept.part) if told.change and enough else "",
        "backtest": _backtest(told.backtest),
    }


def _cell(told: Told, slot: Slot) -> dict[str, str]:
    need = told.needed.get(slot)
    planned = told.planned.get(slot)
    plan = "" if planned is None else _("planned: %(people)s", people=f"{planned:g}")
    if need is None:
        return {"said": "", "title": plan, "kind": ""}
    if isinstance(need, NotEnough):
        return {"said": "·", "title": _lacking(need), "kind": ""}
    if need.low is None or need.likely is None or need.high is None:
        return {"said": "–", "title": _("the walk alone takes longer than the target"), "kind": ""}
    said = str(need.low) if need.low == need.high else f"{need.low}–{need.high}"
    kind = ""
    if planned is not None:
        kind = "short" if planned < need.low else "over" if planned > need.high else "right"
    likely = _("most likely %(people)s", people=need.likely)
    return {"said": said, "title": f"{likely}; {plan}" if plan else likely, "kind": kind}


def _lacking(lack: NotEnough) -> str:
    return {
        "hours": _("not enough data: %(have)s of %(need)s hours", have=lack.have, need=lack.need),
        "handled": _("not enough data: %(have)s of %(need)s calls", have=lack.have, need=lack.need),
        "calls": _("not enough data: %(have)s of %(need)s calls", have=lack.have, need=lack.need),
    }[lack.of]


def _money(change: Change, part: StaffingPart) -> str:
    """What the people needed are more than the plan, in hours and money of a week."""
    hours = _(
        "Against the plan, %(low)s to %(high)s people-hours a week (most likely %(likely)s).",
        **{name: _signed(getattr(change, name)) for name in ("low", "high", "likely")},
    )
    if part.wage is None:
        return hours
    cost = change.cost(part.wage)
    return (
        hours
        + " "
        + _(
            "That costs %(low)s to %(high)s %(currency)s a week; below nought it saves.",
            low=_signed(cost.low),
            high=_signed(cost.high),
            currency=part.currency,
        )
    )


def _signed(value: float) -> str:
    return str(format_decimal(value, "+#,##0;−#,##0", languages.current().locale))


def _backtest(test: Backtest | NotEnough) -> str:
    if isinstance(test, NotEnough):
        return _("How right the model is cannot be told yet: %(why)s.", why=_lacking(test))
    said = ngettext(
        "Asked about %(num)s hour of the last two weeks that it did not know,",
        "Asked about %(num)s hours of the last two weeks that it did not know,",
        test.hours,
    )
    low, high = test.interval
    right = low is not None and high is not None and low <= test.predicted <= high
    told = _(
        "the model said %(predicted)s within the target; it was %(real)s (%(around)s).",
        predicted=figures.figure(Unit.SHARE, test.predicted),
        real=figures.figure(Unit.SHARE, test.real),
        around=figures.around(Unit.SHARE, test.interval),
    )
    verdict = _("It fits.") if right else _("It does not fit: take the range with care.")
    return f"{said} {told} {verdict}"
