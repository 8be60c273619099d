"""Proof that somebody stands in a room: a signed tag that their phone read, or the room's card.

A tag's address is opened by whatever reads tags, so opening it changes nothing: the page that it
shows sends the tap on by itself, or by its one button. Who is not signed on yet has a minute.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from overdoor.cards import Cards
from overdoor.core.inputs import Answer, Tapped, Verb
from overdoor.core.model import Evidence
from overdoor.core.taps import USED
from overdoor.engine import Engine
from overdoor.tags import Tags
from overdoor.web.pages import render
from overdoor.web.session import MaybeSession, TheEngine
from overdoor.web.waiting import COOKIE, WAITS_MS, Taps

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Hex = Annotated[str, Form(max_length=64)]


@router.get("/t")
def opened(request: Request, engine: TheEngine, e: str = "", c: str = "") -> Response:
    """What a tag's address shows first; the page sends itself on."""
    read = _tags(request).read(e, c)
    if read is None:
        return _say(request, "unknown", 404)
    return _say(request, "send", 200, _name(engine, read[0].room), to="/t", e=e, c=c)


@router.post("/t")
async def tap(
    request: Request, engine: TheEngine, session: MaybeSession, e: Hex, c: Hex
) -> Response:
    """A tap: counts once, for the open call of the tag's room."""
    read = _tags(request).read(e, c)
    if read is None:
        return _say(request, "unknown", 404)
    tag, counter = read
    taps: Taps = request.app.state.taps
    room, now = _name(engine, tag.room), engine.clock()
    used = counter <= engine.committed.tags.get(tag.id, -1)
    if used and not taps.is_worth_noting(tag.id, now):
        return _say(request, "used", 409, room)
    done = await engine.do(Tapped(tag.id, counter, tag.room, session.duty.id if session else None))
    if done.refused is not None and done.refused.why == USED:
        return _say(request, "used", 409, room)
    call = engine.committed.calls.get(tag.room)
    if call is None:
        return _say(request, "idle", 409, room)
    if session is None:
        answer = _say(request, "sign-on", 200, room)
        token = taps.wait(call.id, now)
        answer.set_cookie(COOKIE, token, max_age=WAITS_MS // 1000, httponly=True, samesite="strict")
        return answer
    return RedirectResponse("/handheld", 303)


@router.get("/s/{token}/here")
def at_the_card(request: Request, token: str, engine: TheEngine) -> Response:
    """For staff who scanned the card of a room."""
    room = _room_of_card(request, engine, token)
    if room is None:
        return _say(request, "no-card", 404)
    return _say(request, "card", 200, _name(engine, room), to=f"/s/{token}/here")


@router.post("/s/{token}/here")
async def scanned(
    request: Request, token: str, engine: TheEngine, session: MaybeSession
) -> Response:
    """Somebody on duty scanned the card of a room: they stand before it, or have its picture."""
    room = _room_of_card(request, engine, token)
    if room is None:
        return _say(request, "no-card", 404)
    if session is None:
        return _say(request, "sign-on-first", 401, _name(engine, room))
    call = engine.committed.calls.get(room)
    if call is None:
        return _say(request, "idle", 409, _name(engine, room))
    await engine.do(Answer(call.id, Verb.ARRIVE, session.duty.id, evidence=Evidence.C))
    return RedirectResponse("/handheld", 303)


def _say(request: Request, says: str, status: int, room: str = "", **more: Any) -> HTMLResponse:
    return render(request, "tap.html", "tap", status, says=says, room=room, **more)


def _tags(request: Request) -> Tags:
    tags: Tags = request.app.state.tags
    return tags


def _room_of_card(request: Request, engine: Engine, token: str) -> str | None:
    cards: Cards = request.app.state.cards
    rooms = engine.committed.plan.rooms.values()
    return cards.room_of(token, (room.id for room in rooms if not room.training))


def _name(engine: Engine, room_id: str) -> str:
    room = engine.committed.plan.rooms.get(room_id)
    return room.name if room else room_id
