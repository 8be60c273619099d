"""The API of the contract, `/api/v1`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from weakref import WeakValueDictionary

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from ulid import ULID

from overdoor.core import inputs
from overdoor.core.inputs import Answer, DutyPaused, DutyStarted, Raise, RoomServiced, Verb, Void
from overdoor.core.model import Call, Evidence, Kind, Room, Service
from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.store.projections import Statement
from overdoor.web import reaching, views
from overdoor.web.accounts import Accounts
from overdoor.web.people import address_of, leave
from overdoor.web.problems import Problem, not_found
from overdoor.web.reaching import TheReach
from overdoor.web.roles import MaybeWho, TheAccounts, manager
from overdoor.web.session import (
    MaybeSession,
    OnDuty,
    Session,
    TheEngine,
    keep_token,
    sign_on,
    token_of,
)
from overdoor.web.story import UNTOLD, story

router = APIRouter(prefix="/api/v1")

OUT_OF_SERVICE_MS = 30 * 60_000
SERVICE_LIMIT_MS = 366 * 86_400_000

Need = Literal["another-size", "another-model", "question", "ready-to-pay", "other"]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=128)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnswerBody(_Body):
    """What goes with an answer. `age_ms`: how long ago it was given, if it had to wait."""

    age_ms: int = Field(default=0, ge=0, le=86_400_000)
    evidence: Literal["C", "D"] = "D"
    zone: str | None = Field(default=None, max_length=32, description="hand-off: to this zone")
    to: str | None = Field(default=None, max_length=32, description="hand-off: to this duty")
    duty: str | None = Field(default=None, max_length=32, description="whose answer it is")


class VoidBody(_Body):
    """Why a call is taken out of the numbers."""

    reason: str = Field(min_length=1, max_length=200)


class RaiseBody(_Body):
    """What the shopper needs, if it is known. `mystery`: a test call that is never counted."""

    need: Need | None = None
    mystery: bool = False


class NeedBody(_Body):
    """What the shopper needs."""

    need: Need


class ServiceBody(_Body):
    """`out` of service, in `test`, or `open` again. Out of service ends by itself."""

    service: Service
    until: datetime | None = None


class DutyBody(_Body):
    """Signs on with a name and a zone; on duty, moves, takes a break, or comes back.

    Where the shop has accounts, signing on takes the `pin` too, or an open session and no name.
    """

    name: str | None = Field(default=None, min_length=1, max_length=40)
    pin: str | None = Field(default=None, min_length=1, max_length=128)
    zone: str | None = Field(default=None, max_length=32)
    paused: bool | None = None
    badge: str | None = Field(default=None, min_length=1, max_length=64)
    skills: list[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]] | None = Field(
        default=None, max_length=16, description="languages and departments"
    )


def room_of(engine: Engine, room_id: str) -> Room:
    room = engine.committed.plan.rooms.get(room_id)
    if room is None:
        raise not_found(_("There is no room %(name)s.", name=repr(room_id)))
    return room


# -- rooms ---------------------------------------------------------------------------------------


@router.get("/rooms")
async def rooms(engine: TheEngine) -> dict[str, Any]:
    """All rooms with their devices, liveness and open call."""
    plan = engine.committed.plan
    return {"rooms": [views.room_view(engine, room) for room in plan.rooms.values()]}


@router.get("/rooms/{room_id}")
async def one_room(room_id: str, engine: TheEngine) -> dict[str, Any]:
    """One room."""
    return views.room_view(engine, room_of(engine, room_id))


@router.post("/rooms/{room_id}/service")
async def service(room_id: str, body: ServiceBody, engine: TheEngine) -> dict[str, Any]:
    """Puts a room out of service or into test, with an end, or back."""
    room = room_of(engine, room_id)
    until = _millis(body.until)
    if body.service is Service.OUT and until is None:
        until = engine.clock() + OUT_OF_SERVICE_MS
    if until is not None and not 0 < until - engine.clock() <= SERVICE_LIMIT_MS:
        raise Problem(422, _("Not understood"), _("until: a moment within a year from now"))
    await engine.do(RoomServiced(room_id, body.service, until))
    return views.room_view(engine, room)


@router.post("/rooms/{room_id}/call", status_code=201)
async def raise_call(
    room_id: str,
    engine: TheEngine,
    request: Request,
    response: Response,
    session: MaybeSession,
    accounts: TheAccounts,
    who: MaybeWho,
    body: RaiseBody | None = None,
    key: Key = None,
) -> dict[str, Any]:
    """Raises a call without the button. 409 if the room has one. A mystery call is the manager's.

    In a training room it is a training call of whoever asks.
    """
    training = room_of(engine, room_id).training
    said = body or RaiseBody()
    if said.mystery and accounts.required():
        manager(who)
    kind = Kind.TRAINING if training else Kind.MYSTERY if said.mystery else Kind.NORMAL
    by = session.duty.id if session else None
    key = f"raise/{room_id}/{key}" if key is not None else None
    async with once(request, engine, key) as before:
        if before is not None:
            response.status_code = 200
            return views.call_view(engine, before)
        asked = Raise(room_id, str(ULID()), kind, need=said.need, by=by, key=key)
        done = await engine.do(asked)
    if done.refused is not None:
        raise conflict(engine, done.refused.why, done.refused.call)
    return views.call_view(engine, call_of(engine, done.events[0].call or ""))


@router.post("/rooms/{room_id}/need")
async def need(room_id: str, body: NeedBody, engine: TheEngine) -> dict[str, Any]:
    """What the shopper needs, said for the open call or shortly before the press."""
    room = room_of(engine, room_id)
    await engine.do(inputs.Need(room_id, body.need))
    return views.room_view(engine, room)


@router.post("/rooms/{room_id}/cancel")
async def cancel(
    room_id: str, engine: TheEngine, session: MaybeSession, request: Request, key: Key = None
) -> dict[str, Any]:
    """Cancels the open call of a room for the shopper."""
    room_of(engine, room_id)
    key = f"cancel/{room_id}/{key}" if key is not None else None
    async with once(request, engine, key) as before:
        if before is not None:
            return views.call_view(engine, before)
        call = engine.committed.calls.get(room_id)
        if call is None:
            raise Problem(409, _("No open call"), _("This room has no open call."))
        by = session.duty.id if session else None
        return await _apply(engine, Answer(call.id, Verb.CANCEL, by, key=key))


# -- calls ---------------------------------------------------------------------------------------


@router.get("/calls")
def calls(
    engine: TheEngine,
    state: Literal["raised", "acknowledged", "arrived", "closed", "open"] | None = None,
    since: Annotated[datetime | None, Query(alias="from")] = None,
    until: Annotated[datetime | None, Query(alias="to")] = None,
    zone: Annotated[str | None, Query(max_length=32)] = None,
    cursor: Annotated[str | None, Query(max_length=26)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Calls, the newest first. `cursor` is the `next` of the page before."""
    found = engine.store.calls(
        state=state,
        since=_millis(since),
        until=_millis(until),
        zone=zone,
        before=cursor,
        limit=limit + 1,
    )
    page = found[:limit]
    more = page[-1].id if len(found) > limit else None
    return {"calls": [views.call_view(engine, call) for call in page], "next": more}


@router.get("/calls/{call_id}")
def one_call(call_id: str, engine: TheEngine, reach: TheReach) -> dict[str, Any]:
    """One call with its events, why who was paged, and who was reached on which rung when."""
    call = call_of(engine, call_id)
    told = (event for event in engine.store.story(call_id) if event.fact not in UNTOLD)
    events = [views.event_view(call, event) for event in told]
    rows = reach.rows(call_id)
    return views.call_view(engine, call) | {
        "events": events,
        "reach": [reaching.row_view(engine, row) for row in rows],
        "story": [step | {"at": views.iso(step["at"])} for step in story(engine, call, rows)],
    }


@router.post("/calls/{call_id}/void")
async def void(
    call_id: str, body: VoidBody, engine: TheEngine, request: Request, key: Key = None
) -> dict[str, Any]:
    """Takes a closed call out of the numbers, with a reason; it stays in the record."""
    call = call_of(engine, call_id)
    key = f"void/{call_id}/{key}" if key is not None else None
    async with once(request, engine, key) as before:
        if before is None:
            done = await engine.do(Void(call_id, call.room, body.reason, key))
            if done.refused is not None:
                raise conflict(engine, done.refused.why, done.refused.call)
    return views.call_view(engine, call_of(engine, call_id))


@router.post("/calls/{call_id}/{verb}")
async def answer(
    call_id: str,
    verb: Literal["acknowledge", "decline", "hand-off", "arrive", "nobody-there", "close", "undo"],
    engine: TheEngine,
    session: OnDuty,
    request: Request,
    body: AnswerBody | None = None,
    key: Key = None,
) -> dict[str, Any]:
    """An answer of somebody on duty. Said again with the same key, it changes nothing."""
    call_of(engine, call_id)
    said = body or AnswerBody()
    of_this_shift(said.duty, session)
    key = f"{session.duty.id}/{verb}/{call_id}/{key}" if key is not None else None
    async with once(request, engine, key) as before:
        if before is not None:
            return views.call_view(engine, before)
        return await _apply(
            engine,
            Answer(
                call_id,
                Verb(verb),
                by=session.duty.id,
                age_ms=said.age_ms,
                evidence=Evidence(said.evidence),
                zone=said.zone,
                to=said.to,
                key=key,
            ),
        )


def of_this_shift(duty: str | None, session: Session) -> None:
    """Refuses what waited on a shared phone, where somebody else has signed on since."""
    if duty not in (None, session.duty.id):
        raise Problem(409, _("Not possible now"), _("This answer was given in another shift."))


async def _apply(engine: Engine, said: Answer) -> dict[str, Any]:
    done = await engine.do(said)
    if done.refused is not None:
        raise conflict(engine, done.refused.why, engine.store.call(said.call), said.by)
    return views.call_view(engine, call_of(engine, said.call))


@asynccontextmanager
async def once(request: Request, engine: Engine, key: str | None) -> AsyncIterator[Call | None]:
    """One request with this key at a time; gives the call of one that was applied before."""
    if key is None:
        yield None
        return
    locks: WeakValueDictionary[str, asyncio.Lock] = request.app.state.key_locks
    lock = locks.setdefault(key, asyncio.Lock())
    async with lock:
        call_id = engine.store.answered(key)
        yield engine.store.call(call_id) if call_id else None


def call_of(engine: Engine, call_id: str) -> Call:
    call = engine.store.call(call_id)
    if call is None:
        raise not_found(_("There is no such call."))
    return call


def conflict(engine: Engine, why: str, call: Call | None, asker: str | None = None) -> Problem:
    """409, and who has it: "Ana has it, 3 s ago"."""
    who = engine.name_of(call.by) if call else None
    if call is None:
        return Problem(409, _("Not possible now"), _whole(why))
    ago = max(0, engine.clock() - call.since) // 1000
    if who is not None and asker not in (None, call.by) and call.outcome is None:
        detail = _("%(who)s has it, %(seconds)s s ago", who=who, seconds=ago)
    else:
        detail = _whole(why)
    return Problem(409, _("Not possible now"), detail, call=call.id, state=call.state, who=who)


def _whole(why: str) -> str:
    """A reason as a sentence of its own."""
    said = _(why)
    return f"{said[0].upper()}{said[1:]}."


# -- duty ----------------------------------------------------------------------------------------


@router.post("/duty")
async def duty(
    body: DutyBody,
    engine: TheEngine,
    accounts: TheAccounts,
    session: MaybeSession,
    who: MaybeWho,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Signs on (name and zone), moves (zone), takes a break (paused), or comes back."""
    signed_in = session is None and who is not None and who.account is not None
    if body.name is not None or (signed_in and body.zone is not None):
        return await begin_shift(engine, accounts, request, response, body)
    if session is None:
        raise Problem(401, _("Not on duty"), _("Sign on first, with a name and a zone."))
    if body.paused and body.zone is None:
        done = await engine.do(DutyPaused(session.duty.id))
    else:
        skills = None if body.skills is None else tuple(body.skills)
        zone = body.zone or session.duty.zone
        done = await engine.do(DutyStarted(session.duty.id, zone, skills, body.badge))
    if done.refused is not None:
        raise Problem(422, _("Not understood"), _(done.refused.why))
    return _duty_view(engine, session)


@router.get("/duty")
async def my_duty(session: OnDuty, engine: TheEngine) -> dict[str, Any]:
    """Who is asking."""
    return _duty_view(engine, session)


@router.delete("/duty", status_code=204)
async def end_duty(
    session: OnDuty,
    engine: TheEngine,
    accounts: TheAccounts,
    request: Request,
    response: Response,
) -> None:
    """Signs off, and out: the phone may be the next one's. Who was behind the duty is forgotten."""
    await leave(engine, accounts, session, request, response)


async def begin_shift(
    engine: Engine, accounts: Accounts, request: Request, response: Response, said: DutyBody
) -> dict[str, Any]:
    """Signs on and gives the session to the browser. 401 and 429 as for signing in."""
    name = " ".join((said.name or "").split())
    zone, skills = said.zone, tuple(said.skills or ())
    if zone is None or zone not in engine.committed.plan.zones or not (name or said.name is None):
        raise Problem(
            422, _("Not understood"), _("Signing on takes a name and a zone of this shop.")
        )
    account, token, also = None, None, list[Statement]()
    if accounts.required():
        if said.name is None:
            token = token_of(request)
            who = accounts.who(token)
            account = who.account if who is not None else None
            if account is None:
                raise Problem(401, _("Not signed in"), _("Sign in first."))
        else:
            account = await accounts.check(name, said.pin or "", address_of(request))
            token, also = accounts.opening(account)
        name, skills = account.name, skills or account.skills
    duty_id, token = await sign_on(
        engine,
        name,
        zone,
        skills,
        said.badge,
        token=token,
        account=account.id if account is not None else None,
        also=also,
    )
    keep_token(request, response, token)
    session = Session(engine.committed.duties[duty_id], name)
    return _duty_view(engine, session) | {"token": token}


def _duty_view(engine: Engine, session: Session) -> dict[str, Any]:
    current = engine.committed.duties.get(session.duty.id, session.duty)
    return {
        "duty": current.id,
        "name": session.name,
        "zone": current.zone,
        "skills": list(current.skills),
        "paused": current.paused,
        "since": views.iso(current.since),
    }


# -- numbers and the stream ----------------------------------------------------------------------


@router.get("/insight/summary")
def insight_summary(
    engine: TheEngine,
    request: Request,
    since: Annotated[datetime | None, Query(alias="from")] = None,
    until: Annotated[datetime | None, Query(alias="to")] = None,
    zone: Annotated[str | None, Query(max_length=32)] = None,
) -> dict[str, Any]:
    """Counts and arrival times; of today, unless `from` says otherwise."""
    start = _millis(since)
    if start is None:
        start = views.midnight(engine.clock(), request.app.state.timezone)
    return views.summary(engine, start, _millis(until), zone)


@router.get("/stream", response_class=StreamingResponse)
async def stream(request: Request, session: MaybeSession) -> StreamingResponse:
    """Server-sent events: a sequence number and what changed. Ask for the rest."""
    return StreamingResponse(
        request.app.state.hub.watch(session.duty.id if session else None),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _millis(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
