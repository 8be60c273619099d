"""The pages, made on the server. The stream pokes; the page fetches its fragment again."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import State
from starlette.responses import Response

from overdoor import __version__, authority, languages, storage
from overdoor.core.sentence import Sentence
from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.web import views
from overdoor.web.accounts import Accounts
from overdoor.web.address import own_path
from overdoor.web.api import DutyBody, begin_shift
from overdoor.web.language import COOKIE, COOKIE_S, chosen
from overdoor.web.problems import Problem, not_found
from overdoor.web.reaching import TheReach, by_person, reach_view, why_words
from overdoor.web.roles import MaybeWho, TheAccounts
from overdoor.web.session import MaybeSession, Session, TheEngine
from overdoor.web.story import story
from overdoor.web.waiting import Settled

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def render(
    request: Request, template: str, page: str, status: int = 200, **context: Any
) -> HTMLResponse:
    """A template with what every page gets."""
    state = request.app.state
    accounts: Accounts = state.accounts
    response: HTMLResponse = state.templates.TemplateResponse(
        request,
        template,
        {
            "shop_name": state.shop_name,
            "now": state.engine.clock(),
            "page": page,
            "demo": state.demo,
            "timezone": state.timezone.key,
            "version": __version__,
            "who": request.state.who,
            "accounts": accounts.required(),
            "language": languages.current(),
            "offered": languages.offered(),
            "path": request.url.path if request.method == "GET" else "/",
            **context,
        },
        status_code=status,
        headers={"Cache-Control": "no-store"},
    )
    return response


def problem(request: Request, said: Problem) -> HTMLResponse:
    """What went wrong, for who asked for a page."""
    if not hasattr(request.state, "who"):
        request.state.who = None  # it never came to a route
    words = {"title": said.body["title"], "detail": said.body["detail"], "code": said.status}
    return render(request, "problem.html", "problem", said.status, **words)


@router.get("/dashboard/live")
def dashboard_live(request: Request, engine: TheEngine) -> HTMLResponse:
    """What of the manager's page changes."""
    return render(request, "_live.html", "dashboard", live=live(request, engine))


@router.get("/calls/{call_id}")
def call(request: Request, engine: TheEngine, reach: TheReach, call_id: str) -> HTMLResponse:
    """One call and its story."""
    found = engine.store.call(call_id)
    if found is None:
        raise not_found(_("There is no such call."))
    page = views.call_page(engine, found)
    rows = reach.rows(call_id)
    return render(
        request,
        "call.html",
        "dashboard",
        call=page,
        story=story(engine, found, rows),
        reach=by_person(engine, rows),
        why_words=why_words,
    )


@router.get("/handheld", dependencies=[Settled])
def handheld(request: Request, engine: TheEngine, session: MaybeSession) -> HTMLResponse:
    """The associate's page, or the sign-on."""
    return render(request, "handheld.html", "handheld", **_duty(request, engine, session))


@router.get("/handheld/calls", dependencies=[Settled])
def handheld_calls(request: Request, engine: TheEngine, session: MaybeSession) -> HTMLResponse:
    """What of the associate's page changes."""
    return render(request, "_calls.html", "handheld", **_duty(request, engine, session))


@router.post("/handheld/sign-on")
async def handheld_sign_on(
    engine: TheEngine,
    accounts: TheAccounts,
    request: Request,
    zone: Annotated[str, Form(max_length=32)],
    name: Annotated[str | None, Form(max_length=40)] = None,
    pin: Annotated[str | None, Form(max_length=128)] = None,
) -> Response:
    """Signs on without JavaScript."""
    response = RedirectResponse("/handheld", status_code=303)
    said = DutyBody(name=name or None, zone=zone, pin=pin or None)
    await begin_shift(engine, accounts, request, response, said)
    return response


@router.post("/language")
async def choose_language(
    request: Request,
    accounts: TheAccounts,
    who: MaybeWho,
    language: Annotated[str, Form(max_length=8)],
    next: Annotated[str | None, Form(max_length=200)] = None,
) -> Response:
    """The reader's choice: kept with their account, or in this browser if they have none."""
    tag = chosen(language)
    if tag is None:
        raise Problem(422, _("Not understood"), _("The pages do not speak this language."))
    response = RedirectResponse(own_path(next) or "/", status_code=303)
    if who is not None and who.account is not None:
        await accounts.reads(who.account, tag)
    else:
        response.set_cookie(
            COOKIE,
            tag,
            max_age=COOKIE_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return response


def live(request: Request, engine: Engine) -> dict[str, Any]:
    """What of the manager's page is of this moment."""
    state = request.app.state
    reach = reach_view(engine, state.reach, len(state.hub.on_duty()))
    seen_to = warnings(state, engine)
    return views.live(engine, state.timezone) | {"reach": reach, "warnings": seen_to}


def warnings(state: State, engine: Engine) -> list[Sentence]:
    """What works still, and should be seen to."""
    said = (authority.warning(state.certificate), storage.slow(engine.write_ms))
    return [one for one in said if one is not None]


def zones(engine: Engine) -> list[dict[str, str]]:
    """The zones that one can be in."""
    return [{"id": zone.id, "name": zone.name} for zone in engine.committed.plan.zones.values()]


def _duty(request: Request, engine: Engine, session: Session | None) -> dict[str, Any]:
    if session is None:
        return {"duty": None, "zones": zones(engine), "seq": engine.seq}
    seq = engine.seq  # read first: what is shown may be newer than its number, never older
    duty = session.duty
    zone = engine.committed.plan.zones.get(duty.zone)
    state = request.app.state
    people = len(state.hub.on_duty() | state.reach.by_push())
    return views.for_duty(engine, duty, people) | {
        "zones": zones(engine),
        "seq": seq,
        "duty": {
            "id": duty.id,
            "name": session.name,
            "zone": duty.zone,
            "zone_name": zone.name if zone else duty.zone,
            "paused": duty.paused,
        },
    }
