"""The shopper's page of one room, behind the code on the room's card.

Everything on it is a form, so it works without JavaScript; with it, the page follows by itself. The
address of a call says which one the browser follows, instead of a cookie: whoever scans the card
next sees a fresh page, not what the one before them asked for.
"""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response
from ulid import ULID

from overdoor import languages
from overdoor.cards import Cards
from overdoor.core.inputs import (
    Answer,
    Input,
    Need,
    ShopperAnswers,
    ShopperAsks,
    ShopperRates,
    ShopperThanks,
    Verb,
)
from overdoor.core.model import Call, Kind, Millis, Phrase, Room, Shop, State
from overdoor.core.shopper import RATED_WITHIN_MS, rateable, why_closed
from overdoor.engine import Engine, NotStored
from overdoor.insight.walks import Walk, remaining
from overdoor.store import Store
from overdoor.web import api
from overdoor.web.limits import Limits
from overdoor.web.session import MaybeSession, TheEngine

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MINUTE_MS = 60_000
WALKS_KEPT_MS = MINUTE_MS
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    # Not "no-referrer": then a browser hides where its own forms come from. Nothing leaves either.
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
        "form-action 'self'; base-uri 'none'"
    ),
}

CallId = Annotated[str | None, Query(max_length=26)]


class Walks:
    """The latest walks of the shop, read once a minute."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._walks: list[Walk] = []
        self._read_at: Millis | None = None

    def at(self, now: Millis) -> list[Walk]:
        """As they were at most a minute ago."""
        if self._read_at is None or now - self._read_at >= WALKS_KEPT_MS:
            self._walks, self._read_at = self._store.walks(), now
        return self._walks


@router.get("/s/{token}")
def page(
    request: Request, token: str, engine: TheEngine, session: MaybeSession, call: CallId = None
) -> Response:
    """The page of a room: its open call, or the one that the browser followed, or none."""
    room = _room(request, engine, token)
    if room is None:
        return _no_card(request, engine)
    shop, now = engine.committed, engine.clock()
    followed = _followed(engine, room, call, now)
    open_call = _open(shop, room.id)
    if followed is None and (call is not None or open_call is not None):
        return _to(token, open_call.id if open_call else None)
    context = {
        "why_closed": why_closed(shop, room, now),
        "call": None if followed is None else _call(request, engine, followed, now),
        "asks": followed is not None
        and rateable(shop.room(room.id).last, now)
        and shop.room(room.id).last == followed,
        "path": f"/s/{token}",
        "on_duty": session is not None,
    }
    return _render(request, room, context)


@router.post("/s/{token}")
async def say(
    request: Request,
    token: str,
    engine: TheEngine,
    do: Annotated[Literal["call", "cancel", "need", "answer", "rate", "thank"], Form()],
    call: Annotated[str | None, Form(max_length=26)] = None,
    need: Annotated[api.Need | None, Form()] = None,
    yes: Annotated[bool | None, Form()] = None,
    satisfied: Annotated[int | None, Form(ge=1, le=5)] = None,
    knew: Annotated[bool | None, Form()] = None,
) -> Response:
    """What a form of the page says. What is not possible any more changes nothing."""
    room = _room(request, engine, token)
    if room is None:
        return _no_card(request, engine)
    if not _in_measure(request, token, do, engine.clock()):
        return _sorry(request, room, "too-often", 429, {"Retry-After": "60"})
    shop = engine.committed
    open_call = _open(shop, room.id)
    mine = open_call is not None and open_call.id == call
    said: Input | None = None
    if do == "call":
        said = ShopperAsks(room.id, str(ULID()), need)
    elif do == "rate" and call is not None:
        said = ShopperRates(room.id, call, satisfied, knew)
    elif do == "thank" and call is not None:
        said = ShopperThanks(room.id, call)
    elif mine and call is not None:
        if do == "cancel":
            said = Answer(call, Verb.CANCEL, None)
        elif do == "need" and need is not None:
            said = Need(room.id, need)
        elif do == "answer" and yes is not None:
            said = ShopperAnswers(call, yes)
    try:
        if said is not None:
            await engine.do(said)
    except NotStored:
        return _sorry(request, room, "not-registered", 503, {})
    now_open = _open(engine.committed, room.id)
    follows_new = do == "call" and now_open is not None
    return _to(token, now_open.id if follows_new and now_open else call)


def _room(request: Request, engine: Engine, token: str) -> Room | None:
    cards: Cards = request.app.state.cards
    rooms = engine.committed.plan.rooms
    found = cards.room_of(token, (room.id for room in rooms.values() if not room.training))
    return rooms[found] if found is not None else None


def _open(shop: Shop, room_id: str) -> Call | None:
    """The open call of a room; a mystery call is nobody's, so the shopper is told of none."""
    call = shop.calls.get(room_id)
    return None if call is None or call.kind is Kind.MYSTERY else call


def _followed(engine: Engine, room: Room, call_id: str | None, now: Millis) -> Call | None:
    """The call that the address names, if it is of this room and not long over."""
    open_call = _open(engine.committed, room.id)
    if call_id is None or (open_call is not None and open_call.id == call_id):
        return open_call if call_id is not None else None
    last = engine.committed.room(room.id).last
    call = last if last is not None and last.id == call_id else engine.store.call(call_id)
    if call is None or call.room != room.id or call.kind is Kind.MYSTERY:
        return None
    return call if now - (call.closed_at or 0) <= RATED_WITHIN_MS else None


def _in_measure(request: Request, token: str, do: str, now: Millis) -> bool:
    """Enough for anybody in need, too little for a game.

    An address may be a whole shop's guest network, so it has room for many. The third call of a
    room that was cancelled or left pages once only, as with the button.
    """
    limits: Limits = request.app.state.limits
    return (
        limits.allow("page of address", _address(request), now, times=120, within_ms=MINUTE_MS)
        and limits.allow("page of room", token, now, times=30, within_ms=MINUTE_MS)
        and (
            do != "call"
            or limits.allow("call of room", token, now, times=6, within_ms=10 * MINUTE_MS)
        )
    )


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _call(request: Request, engine: Engine, call: Call, now: Millis) -> dict[str, Any]:
    """What the page says of a call."""
    names = engine.committed.plan.shopper.names
    person = engine.people.get(call.by or "") if names else None
    return {
        "id": call.id,
        "state": call.state,
        "outcome": call.outcome,
        "need": call.need,
        "reached": call.reached,
        "who": person.name if person is not None else None,
        "minutes": _minutes(request, call, now),
        "reply": call.reply,
        "again": call.lapses + call.hand_offs > 0,
        "satisfied": call.satisfied,
        "knew": call.knew,
        "thanked": call.thanked,
    }


def _minutes(request: Request, call: Call, now: Millis) -> tuple[int, int] | None:
    """From and to, in whole minutes from now; what somebody promised is for them to say."""
    told = call.reply is not None and call.reply.phrase is Phrase.WAIT
    if call.state is not State.ACKNOWLEDGED or told:
        return None
    walks: Walks = request.app.state.walks
    span = remaining(walks.at(now), call.metres, now - call.since)
    if span is None:
        return None
    low, high = span
    return max(1, round(low / MINUTE_MS)), max(1, -(-high // MINUTE_MS))


def _to(token: str, call: str | None) -> Response:
    where = f"/s/{token}" + (f"?call={call}" if call else "")
    return RedirectResponse(where, status_code=303, headers=_HEADERS)


def _no_card(request: Request, engine: Engine) -> Response:
    """Of no room, or of a room whose card has another address now: nobody is told which."""
    limits: Limits = request.app.state.limits
    allowed = limits.allow(
        "no card", _address(request), engine.clock(), times=60, within_ms=MINUTE_MS
    )
    if not allowed:
        return _sorry(request, None, "too-often", 429, {"Retry-After": "60"})
    return _sorry(request, None, "no-card", 404, {})


def _sorry(
    request: Request, room: Room | None, why: str, status: int, headers: dict[str, str]
) -> Response:
    response = _render(request, room, {"sorry": why, "call": None, "path": request.url.path})
    response.status_code = status
    response.headers.update(headers)
    return response


def _render(request: Request, room: Room | None, context: dict[str, Any]) -> Response:
    """The page; a browser that has just this one already is told so."""
    state = request.app.state
    response: Response = state.templates.TemplateResponse(
        request,
        "shopper.html",
        {
            "shop_name": state.shop_name,
            "room_name": room.name if room else None,
            "language": languages.current(),
            "offered": languages.offered(),
            **context,
        },
        headers=_HEADERS,
    )
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:20]}"'
    if request.method == "GET" and request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=_HEADERS | {"ETag": tag})
    response.headers["ETag"] = tag
    return response
