"""Which route is for whom, once the shop has a manager. A route that is not named is the manager's.

Before that, everything is for everybody on the shop's network, except what makes accounts.
"""

from enum import Enum
from typing import Annotated

from fastapi import Depends, Request

from overdoor.core.sentence import Sentence
from overdoor.languages import gettext as _
from overdoor.store.accounts import Role
from overdoor.web.accounts import Accounts, Who
from overdoor.web.language import of_account, read_in
from overdoor.web.problems import Problem
from overdoor.web.session import token_of


class For(Enum):
    """Who may use a route; what is said to others."""

    ANYBODY = Sentence("This is for anybody.")
    STAFF_OR_PROGRAM = Sentence("This is for associates, managers, and programs with a token.")
    PERSON = Sentence("This is for associates and managers.")
    MANAGER = Sentence("This is for managers.")


ACCESS: dict[str, For] = {
    # Is it alive; the signing on itself; what has a secret of its own.
    "GET /healthz": For.ANYBODY,
    "GET /readyz": For.ANYBODY,
    "GET /metrics": For.ANYBODY,
    "GET /sign-in": For.ANYBODY,
    "POST /sign-in": For.ANYBODY,
    "GET /join/{token}": For.ANYBODY,
    "POST /join/{token}": For.ANYBODY,
    "GET /handheld": For.ANYBODY,
    "GET /handheld/calls": For.ANYBODY,
    "POST /handheld/sign-on": For.ANYBODY,
    "GET /t": For.ANYBODY,  # a tap and a scan count for who is on duty, and wait for who signs on
    "POST /t": For.ANYBODY,
    "GET /s/{token}": For.ANYBODY,  # the card is the key
    "POST /s/{token}": For.ANYBODY,
    "GET /s/{token}/here": For.ANYBODY,
    "POST /s/{token}/here": For.ANYBODY,
    "POST /language": For.ANYBODY,
    "GET /manifest/{language}.json": For.ANYBODY,
    "GET /handheld/shell": For.ANYBODY,
    "GET /sw.js": For.ANYBODY,
    "GET /trust": For.ANYBODY,
    "GET /trust/ca.crt": For.ANYBODY,
    "POST /api/v1/duty": For.ANYBODY,
    "POST /api/v1/session": For.ANYBODY,
    "GET /me": For.ANYBODY,  # says that nothing is held, also to who just deleted it
    "GET /people": For.ANYBODY,  # says how one becomes a manager
    # The floor: what one sees, and what helps the shopper.
    "GET /": For.PERSON,
    "GET /dashboard/live": For.PERSON,
    "GET /numbers": For.PERSON,
    "GET /numbers/staffing": For.PERSON,
    "GET /wall": For.PERSON,
    "GET /wall/live": For.PERSON,
    "GET /plan": For.PERSON,
    "GET /plan/live": For.PERSON,
    "GET /calls/{call_id}": For.PERSON,
    "GET /api/v1/rooms": For.STAFF_OR_PROGRAM,
    "GET /api/v1/rooms/{room_id}": For.STAFF_OR_PROGRAM,
    "POST /api/v1/rooms/{room_id}/call": For.STAFF_OR_PROGRAM,
    "POST /api/v1/rooms/{room_id}/need": For.STAFF_OR_PROGRAM,
    "POST /api/v1/rooms/{room_id}/cancel": For.STAFF_OR_PROGRAM,
    "GET /api/v1/calls": For.STAFF_OR_PROGRAM,
    "GET /api/v1/calls/{call_id}": For.STAFF_OR_PROGRAM,
    "GET /api/v1/devices": For.STAFF_OR_PROGRAM,
    "GET /api/v1/devices/{device_id}": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/summary": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/measures": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/numbers": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/days": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/hours": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/zones": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/arrival": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/export.{kind}": For.STAFF_OR_PROGRAM,
    "GET /api/v1/insight/staffing": For.STAFF_OR_PROGRAM,
    "GET /api/v1/stream": For.STAFF_OR_PROGRAM,
    "GET /api/v1/reach": For.STAFF_OR_PROGRAM,
    # One's own.
    "POST /api/v1/calls/{call_id}/{verb}": For.PERSON,
    "POST /api/v1/calls/{call_id}/receipt": For.PERSON,
    "GET /api/v1/push": For.PERSON,
    "POST /api/v1/duty/push": For.PERSON,
    "POST /api/v1/duty/channel": For.PERSON,
    "POST /api/v1/calls/{call_id}/reply": For.PERSON,
    "GET /api/v1/duty": For.PERSON,
    "DELETE /api/v1/duty": For.PERSON,
    "DELETE /api/v1/session": For.PERSON,
    "POST /me/sign-out": For.PERSON,
    "POST /me/sign-out-everywhere": For.PERSON,
    "POST /me/delete": For.PERSON,
    "POST /me/channel": For.PERSON,
    "GET /api/v1/me": For.PERSON,
    "DELETE /api/v1/me": For.PERSON,
    # The manager's.
    "POST /api/v1/rooms/{room_id}/service": For.MANAGER,
    "POST /api/v1/calls/{call_id}/void": For.MANAGER,
    "POST /api/v1/devices/{device_id}/command": For.MANAGER,
    "GET /api/v1/devices/{device_id}/update": For.MANAGER,
    "PUT /api/v1/devices/{device_id}/update": For.MANAGER,
    "DELETE /api/v1/devices/{device_id}/update": For.MANAGER,
    "GET /check": For.MANAGER,
    "GET /rooms": For.MANAGER,
    "POST /rooms/{room_id}/service": For.MANAGER,
    "POST /calls/{call_id}/void": For.MANAGER,
    "GET /api/v1/annotations": For.MANAGER,
    "POST /api/v1/annotations": For.MANAGER,
    "DELETE /api/v1/annotations/{annotation_id}": For.MANAGER,
    "GET /api/v1/follow-ups": For.MANAGER,
    "POST /api/v1/follow-ups/{call_id}/dealt-with": For.MANAGER,
    "DELETE /api/v1/follow-ups/{call_id}/dealt-with": For.MANAGER,
    "POST /notes": For.MANAGER,
    "POST /notes/{annotation_id}/remove": For.MANAGER,
    "POST /follow-ups/{call_id}/dealt-with": For.MANAGER,
    "POST /follow-ups/{call_id}/open-again": For.MANAGER,
    "GET /cards.pdf": For.MANAGER,
    "POST /people": For.MANAGER,
    "POST /people/{account_id}/card": For.MANAGER,
    "POST /people/{account_id}/card.pdf": For.MANAGER,
    "POST /people/{account_id}/sign-out": For.MANAGER,
    "POST /people/{account_id}/remove": For.MANAGER,
    "GET /api/v1/people": For.MANAGER,
    "POST /api/v1/people": For.MANAGER,
    "POST /api/v1/people/{account_id}/link": For.MANAGER,
    "POST /api/v1/people/{account_id}/sign-out": For.MANAGER,
    "DELETE /api/v1/people/{account_id}": For.MANAGER,
}

_MAY = {
    For.STAFF_OR_PROGRAM: {Role.ASSOCIATE, Role.MANAGER, Role.INTEGRATION, Role.READER},
    For.PERSON: {Role.ASSOCIATE, Role.MANAGER},
    For.MANAGER: {Role.MANAGER},
}


def may(role: Role, needed: For, method: str) -> bool:
    """Whether this role may use a route, in a shop that has accounts."""
    if needed is For.ANYBODY:
        return True
    return role in _MAY[needed] and (role is not Role.READER or method == "GET")


class SignInFirst(Exception):  # noqa: N818 - an instruction, not an error
    """A page that its reader may not see: they are shown the way to the sign-in."""


async def permitted(request: Request) -> None:
    """Lets a request pass to its route, or not: 401 without a session, 403 with the wrong role."""
    route = request.scope["route"].path
    accounts: Accounts = request.app.state.accounts
    who = request.state.who = accounts.who(token_of(request))
    if who is not None and who.account is not None:
        read_in(request, of_account(who.account))
    needed = ACCESS.get(f"{request.method} {route}", For.MANAGER)
    if request.app.state.demo and route.startswith("/demo"):
        return  # the simulated shop's own controls
    if needed is For.ANYBODY or not accounts.required():
        return
    if who is not None and may(who.role, needed, request.method):
        return
    if request.method == "GET" and not route.startswith("/api/"):
        raise SignInFirst
    if who is None:
        raise Problem(401, _("Not signed in"), _("Sign in first."))
    raise Problem(403, _("Not yours to do"), _(needed.value))


def who_asks(request: Request) -> Who | None:
    """Who it is, if it is known."""
    who: Who | None = request.state.who
    return who


MaybeWho = Annotated[Who | None, Depends(who_asks)]


def accounts_of(request: Request) -> Accounts:
    """The accounts of this shop."""
    accounts: Accounts = request.app.state.accounts
    return accounts


TheAccounts = Annotated[Accounts, Depends(accounts_of)]


def manager(who: MaybeWho) -> Who:
    """A manager, also in a shop that has none yet: nobody makes accounts there."""
    if who is None or who.role is not Role.MANAGER:
        detail = _(
            "There is no manager yet, or it is not you. The link of the first one is printed when "
            "the gateway starts."
        )
        raise Problem(403, _("Not yours to do"), detail)
    return who


OnlyManager = Annotated[Who, Depends(manager)]
