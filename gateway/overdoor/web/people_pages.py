"""The pages of accounts: signing in, joining, and the manager's people.

Plain forms that need no script; the guard at the door refuses those of another site's page.
"""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from overdoor.languages import gettext as _
from overdoor.printing import Badge, badges
from overdoor.store.accounts import NAME_LIMIT, Role
from overdoor.web.accounts import PASSWORD_LEAST, PIN_LEAST
from overdoor.web.address import for_phones, is_here, own_path
from overdoor.web.pages import render
from overdoor.web.people import (
    address_of,
    new_link,
)
from overdoor.web.problems import Problem
from overdoor.web.roles import MaybeWho, OnlyManager, TheAccounts
from overdoor.web.session import keep_token

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Name = Annotated[str, Form(max_length=NAME_LIMIT)]
Secret = Annotated[str, Form(max_length=128)]
Words = Annotated[str, Form(max_length=400)]
_WORD = re.compile(r"[a-z0-9-]{1,32}")


def _to(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


# -- signing in and out ----------------------------------------------------------------------------


@router.get("/sign-in")
def sign_in_page(request: Request, next: str | None = None) -> HTMLResponse:
    """Name and PIN."""
    return render(request, "sign-in.html", "sign-in", next=own_path(next), problem=None, name="")


@router.post("/sign-in")
async def sign_in(
    request: Request,
    accounts: TheAccounts,
    name: Name,
    pin: Secret,
    next: Annotated[str | None, Form(max_length=200)] = None,
) -> Response:
    """Signs in, and goes on to where the reader wanted to be."""
    try:
        token = await accounts.sign_in(name, pin, address_of(request))
    except Problem as problem:
        page = render(
            request,
            "sign-in.html",
            "sign-in",
            problem.status,
            next=own_path(next),
            problem=problem.body["detail"],
            name=name,
        )
        page.headers.update(problem.headers)
        return page
    who = accounts.who(token)
    home = "/" if who is not None and who.role is Role.MANAGER else "/handheld"
    response = _to(own_path(next) or home)
    keep_token(request, response, token)
    return response


# -- joining -------------------------------------------------------------------------------------


def _join(
    request: Request, accounts: TheAccounts, token: str, status: int = 200, **said: str | None
) -> HTMLResponse:
    try:
        account = accounts.invitation(token).account
    except Problem as problem:
        return render(request, "join.html", "join", problem.status, ended=True)
    role = account.role if account is not None else Role.MANAGER
    least = PASSWORD_LEAST if role is Role.MANAGER else PIN_LEAST
    about = {"ended": False, "account": account, "role": role, "least": least, "token": token}
    return render(
        request, "join.html", "join", status, **{"problem": None, "name": ""} | said | about
    )


@router.get("/join/{token}")
def join_page(request: Request, accounts: TheAccounts, token: str) -> HTMLResponse:
    """What an account means, and the choice of a PIN. Looking at it uses nothing up."""
    return _join(request, accounts, token)


@router.post("/join/{token}")
async def join(
    request: Request,
    accounts: TheAccounts,
    token: str,
    pin: Secret,
    again: Secret,
    name: Name = "",
) -> Response:
    """Agrees, and signs in."""
    try:
        session = await accounts.join(token, name, _said_twice(pin, again))
    except Problem as problem:
        detail = str(problem.body["detail"])
        return _join(request, accounts, token, problem.status, problem=detail, name=name)
    who = accounts.who(session)
    response = _to("/people" if who is not None and who.role is Role.MANAGER else "/handheld")
    keep_token(request, response, session)
    return response


def _said_twice(pin: str, again: str) -> str:
    if pin != again:
        raise Problem(422, _("Not the same"), _("The two are not the same."))
    return pin


# -- the manager's people --------------------------------------------------------------------------


def _people(
    request: Request, accounts: TheAccounts, who: MaybeWho, status: int = 200, **said: str
) -> HTMLResponse:
    allowed = who is not None and who.role is Role.MANAGER
    return render(
        request,
        "people.html",
        "people",
        status,
        allowed=allowed,
        people=accounts.all() if allowed else [],
        said={"problem": "", "name": "", "languages": "", "departments": ""} | said,
    )


@router.get("/people")
def people(request: Request, accounts: TheAccounts, who: MaybeWho) -> Response:
    """Who has an account; in a shop without accounts, how it gets some."""
    if accounts.required() and (who is None or who.role is not Role.MANAGER):
        return _to("/sign-in?next=/people")
    return _people(request, accounts, who)


@router.post("/people")
async def add(
    request: Request,
    accounts: TheAccounts,
    who: OnlyManager,
    name: Name,
    role: Annotated[Literal["associate", "manager"], Form()] = "associate",
    languages: Words = "",
    departments: Words = "",
) -> Response:
    """Adds somebody; their card is printed next."""
    said = {"name": name, "languages": languages, "departments": departments}
    try:
        await accounts.add(_filled(name), Role(role), _words(languages), _words(departments))
    except Problem as problem:
        said["problem"] = str(problem.body["detail"])
        return _people(request, accounts, who, problem.status, **said)
    return _to("/people")


def _filled(name: str) -> str:
    if not name.strip():
        raise Problem(422, _("Not understood"), _("A name is missing."))
    return name


def _words(text: str) -> list[str]:
    words = [word for word in re.split(r"[\s,;]+", text.lower()) if word]
    for word in words:
        if not _WORD.fullmatch(word):
            detail = _(
                "%(word)s: a language or department has 1 to 32 of a-z, 0-9 and -.",
                word=repr(word),
            )
            raise Problem(422, _("Not understood"), detail)
    return words[:16]


@router.post("/people/{account_id}/card")
async def card(
    request: Request, accounts: TheAccounts, _: OnlyManager, account_id: str
) -> HTMLResponse:
    """A card to print, with a new link; the card before is void."""
    account = accounts.one(account_id)
    link = await new_link(accounts, account, request)
    return render(
        request,
        "card.html",
        "card",
        account=account,
        link=link,
        token=link.rpartition("/")[2],
        qr=segno.make(link, error="m").svg_inline(omitsize=True, light="#fff", border=3),
        only_here=is_here(urlsplit(for_phones(request)).hostname or ""),
    )


@router.post("/people/{account_id}/card.pdf")
async def print_card(
    request: Request,
    accounts: TheAccounts,
    _manager: OnlyManager,
    account_id: str,
    token: Annotated[str, Form(max_length=64)],
) -> Response:
    """The card that was just shown, as it is printed. Its link is known to nobody but its page."""
    account = accounts.one(account_id)
    if accounts.invitation(token).account != account:
        raise Problem(409, _("Not possible now"), _("This link is somebody else’s."))
    card = Badge(
        account.name,
        request.app.state.shop_name,
        f"{for_phones(request)}/join/{token}",
        _("Works once, for a week."),
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'inline; filename="join-card.pdf"',
    }
    return Response(badges([card]), media_type="application/pdf", headers=headers)


@router.post("/people/{account_id}/sign-out")
async def sign_out_one(accounts: TheAccounts, _: OnlyManager, account_id: str) -> Response:
    """Signs somebody out everywhere, as for a lost phone."""
    await accounts.close_all(accounts.one(account_id))
    return _to("/people")


@router.post("/people/{account_id}/remove")
async def remove(
    request: Request, accounts: TheAccounts, who: OnlyManager, account_id: str
) -> Response:
    """Deletes an account."""
    try:
        await accounts.remove(accounts.one(account_id))
    except Problem as problem:
        detail = str(problem.body["detail"])
        return _people(request, accounts, who, problem.status, problem=detail)
    return _to("/people")
