"""What the manager sets right: rooms out of service or in test, calls that should not count.

Plain forms that need no script; what they do is the API's.
"""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from overdoor import languages
from overdoor.core.inputs import RoomServiced, Void
from overdoor.core.model import Millis, Service
from overdoor.languages import gettext as _
from overdoor.web import views
from overdoor.web.api import call_of, room_of
from overdoor.web.pages import render
from overdoor.web.problems import Problem
from overdoor.web.session import TheEngine

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MINUTE_MS = 60_000
SPANS_MIN = (30, 120, 480, 1440)  # how long a room is out, or in test, unless it is opened before


@router.get("/rooms")
def rooms(request: Request, engine: TheEngine) -> HTMLResponse:
    """All rooms, and what each is used for just now."""
    zone = request.app.state.timezone
    shown = [
        views.card(engine, room.id)
        | {"until": _clock(engine.committed.room(room.id).service_until, engine.clock(), zone)}
        for room in engine.committed.plan.rooms.values()
        if not room.training
    ]
    return render(request, "rooms.html", "rooms", rooms=shown, spans=SPANS_MIN)


def _clock(at: Millis | None, now: Millis, zone: ZoneInfo) -> str | None:
    """A time of day in the shop, with its date unless that is today. The page has no script."""
    if at is None:
        return None
    then, today = (datetime.fromtimestamp(moment / 1000, zone) for moment in (at, now))
    time = f"{then:%H:%M}"
    return time if then.date() == today.date() else f"{languages.day(then)}, {time}"


@router.post("/rooms/{room_id}/service")
async def service(
    room_id: str,
    engine: TheEngine,
    service: Annotated[Service, Form()],
    minutes: Annotated[int, Form(ge=1, le=SPANS_MIN[-1])] = SPANS_MIN[0],
) -> Response:
    """Puts a room out of service or into test for so long, or back."""
    room = room_of(engine, room_id)
    until: Millis | None = engine.clock() + minutes * MINUTE_MS
    await engine.do(RoomServiced(room.id, service, None if service is Service.OPEN else until))
    return RedirectResponse(f"/rooms#{room.id}", status_code=303)


@router.post("/calls/{call_id}/void")
async def void(
    call_id: str, engine: TheEngine, reason: Annotated[str, Form(max_length=200)]
) -> Response:
    """Takes a closed call out of the numbers; it stays in the record, with the reason."""
    call = call_of(engine, call_id)
    if not reason.strip():
        raise Problem(422, _("Not understood"), _("A reason is missing."))
    done = await engine.do(Void(call.id, call.room, reason.strip()))
    if done.refused is not None:
        raise Problem(409, _("Not possible now"), _(done.refused.why))
    return RedirectResponse(f"/calls/{call.id}", status_code=303)
