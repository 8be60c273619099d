"""The manager's desk on the page: notes beside the numbers, and calls to look into. Plain forms."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.store import annotations, followups
from overdoor.store.accounts import Role
from overdoor.store.annotations import TEXT_LIMIT, Annotation
from overdoor.store.followups import FollowUp, Why
from overdoor.web import desk, views
from overdoor.web.accounts import Accounts
from overdoor.web.session import TheEngine

router = APIRouter(include_in_schema=False)

DEALT_WITH = 10  # of the latest that are shown still

Back = Annotated[str, Form(alias="query", max_length=300)]


def is_manager(request: Request) -> bool:
    """Whether the reader may see the desk: the manager, or anybody where there is none."""
    accounts: Accounts = request.app.state.accounts
    who = request.state.who
    return not accounts.required() or (who is not None and who.role is Role.MANAGER)


def noted(engine: Engine, first: date, last: date, zone: str | None) -> list[Annotation]:
    """The notes of these days."""
    return annotations.between(engine.store, first, last, zone)


def by_day(notes: list[Annotation]) -> Mapping[date, str]:
    """For the charts: what was noted on each day."""
    days: dict[date, str] = {}
    for note in notes:
        days[note.day] = f"{days[note.day]}; {note.text}" if note.day in days else note.text
    return days


def to_look_into(engine: Engine) -> dict[str, Any]:
    """Calls that the manager should look into, and the latest that somebody did."""
    found = followups.of_shop(engine.store)
    waiting = [one for one in found if one.dealt_with_at is None]
    done = [one for one in found if one.dealt_with_at is not None][:DEALT_WITH]
    return {
        "open": [_item(engine, one) for one in waiting],
        "done": [_item(engine, one) for one in done],
    }


def _item(engine: Engine, one: FollowUp) -> dict[str, Any]:
    why = {Why.LOW_RATING: _("rated low"), Why.UNANSWERED: _("nobody came")}[one.why]
    return {
        "call": one.call,
        "room": views.room_name(engine, one.room),
        "why": why,
        "raised_at": one.raised_at,
        "dealt_with_at": one.dealt_with_at,
    }


@router.post("/notes")
async def note(
    engine: TheEngine,
    day: Annotated[date, Form()],
    text: Annotated[str, Form(min_length=1, max_length=TEXT_LIMIT, pattern=r"\S")],
    back: Back = "",
    zone: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Notes something beside the numbers, from a day on."""
    await desk.annotate(desk.AnnotationBody(day=day, text=text, zone=zone or None), engine)
    return _back(back)


@router.post("/notes/{annotation_id}/remove")
async def remove(annotation_id: str, engine: TheEngine, back: Back = "") -> Response:
    """Takes a note away."""
    await desk.remove_annotation(annotation_id, engine)
    return _back(back)


@router.post("/follow-ups/{call_id}/dealt-with")
async def deal_with(call_id: str, engine: TheEngine, back: Back = "") -> Response:
    """Somebody looked into it."""
    await desk.deal_with(call_id, engine)
    return _back(back)


@router.post("/follow-ups/{call_id}/open-again")
async def open_again(call_id: str, engine: TheEngine, back: Back = "") -> Response:
    """It is to be looked into after all."""
    await desk.open_again(call_id, engine)
    return _back(back)


def _back(query: str) -> Response:
    """To the numbers that were looked at."""
    kept = query if re.fullmatch(r"\?[\w=&-]*", query, re.ASCII) else ""
    return RedirectResponse(f"/{kept}#desk", 303)
