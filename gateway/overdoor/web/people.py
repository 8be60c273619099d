"""The API of accounts: sessions, people, and what is held about oneself."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.reach import Reach
from overdoor.store.accounts import NAME_LIMIT, Account, Role
from overdoor.store.reach import PUSH
from overdoor.web import views
from overdoor.web.accounts import Accounts, Who
from overdoor.web.address import for_phones
from overdoor.web.problems import Problem
from overdoor.web.reaching import TheReach, own_channel
from overdoor.web.roles import MaybeWho, OnlyManager, TheAccounts
from overdoor.web.session import (
    MaybeSession,
    Session,
    TheEngine,
    drop_token,
    keep_token,
    sign_off,
    token_of,
)

router = APIRouter(prefix="/api/v1")

Word = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignInBody(_Body):
    """Who, and the PIN or password that they chose."""

    name: str = Field(min_length=1, max_length=NAME_LIMIT)
    pin: str = Field(min_length=1, max_length=128)


class PersonBody(_Body):
    """A new account; whoever it is for agrees to it with the link, and chooses the PIN."""

    name: str = Field(min_length=1, max_length=NAME_LIMIT)
    role: Literal["associate", "manager"] = "associate"
    languages: list[Word] = Field(default=[], max_length=16)
    departments: list[Word] = Field(default=[], max_length=16)


# -- sessions ------------------------------------------------------------------------------------


@router.post("/session")
async def open_session(
    body: SignInBody, accounts: TheAccounts, request: Request, response: Response
) -> dict[str, Any]:
    """Signs in without beginning a shift. 401 if it is not right, 429 after too many tries."""
    token = await accounts.sign_in(body.name, body.pin, address_of(request))
    keep_token(request, response, token)
    who = accounts.who(token)
    assert who is not None
    return {"token": token, "name": who.name, "role": who.role}


@router.delete("/session", status_code=204)
async def close_session(
    engine: TheEngine,
    accounts: TheAccounts,
    session: MaybeSession,
    request: Request,
    response: Response,
) -> None:
    """Signs out; a shift ends with it."""
    await leave(engine, accounts, session, request, response)


async def leave(
    engine: Engine,
    accounts: Accounts,
    session: Session | None,
    request: Request,
    response: Response,
) -> None:
    """Ends this browser's session, and its shift."""
    if session is not None:
        await sign_off(engine, session.duty.id)
    token = token_of(request)
    if token is not None:
        await accounts.sign_out(token)
    drop_token(request, response)


def address_of(request: Request) -> str:
    """Where a request comes from, for counting tries."""
    return request.client.host if request.client is not None else ""


# -- people --------------------------------------------------------------------------------------


@router.get("/people")
async def people(_: OnlyManager, accounts: TheAccounts) -> dict[str, Any]:
    """Everybody with an account."""
    return {"people": [_person(account) for account, _until in accounts.all()]}


@router.post("/people", status_code=201)
async def add(
    body: PersonBody, _: OnlyManager, accounts: TheAccounts, request: Request
) -> dict[str, Any]:
    """Adds somebody, and gives the link with which they agree and choose a PIN. Shown once."""
    account = await accounts.add(body.name, Role(body.role), body.languages, body.departments)
    return _person(account) | {"link": await new_link(accounts, account, request)}


@router.post("/people/{account_id}/link")
async def link(
    account_id: str, _: OnlyManager, accounts: TheAccounts, request: Request
) -> dict[str, Any]:
    """A new link, as for a forgotten PIN; the one before is void."""
    account = accounts.one(account_id)
    return _person(account) | {"link": await new_link(accounts, account, request)}


@router.post("/people/{account_id}/sign-out", status_code=204)
async def sign_out(account_id: str, _: OnlyManager, accounts: TheAccounts) -> None:
    """Signs somebody out everywhere, as for a lost phone."""
    await accounts.close_all(accounts.one(account_id))


@router.delete("/people/{account_id}", status_code=204)
async def remove(account_id: str, _: OnlyManager, accounts: TheAccounts) -> None:
    """Deletes an account and all that is held about it. 409 for the only manager."""
    await accounts.remove(accounts.one(account_id))


async def new_link(accounts: Accounts, account: Account, request: Request) -> str:
    """Where somebody joins, as a phone reaches it."""
    return f"{for_phones(request)}/join/{await accounts.invite(account)}"


def _person(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "languages": list(account.languages),
        "departments": list(account.departments),
        "agreed_at": views.iso(account.agreed_at),
    }


# -- oneself -------------------------------------------------------------------------------------


@router.get("/me")
async def me(
    who: MaybeWho,
    session: MaybeSession,
    accounts: TheAccounts,
    engine: TheEngine,
    reach: TheReach,
) -> dict[str, Any]:
    """What is held about whoever asks."""
    return held(engine, accounts, reach, who, session)


@router.delete("/me", status_code=204)
async def delete_me(
    who: MaybeWho,
    session: MaybeSession,
    accounts: TheAccounts,
    engine: TheEngine,
    request: Request,
    response: Response,
) -> None:
    """Deletes all of it: the account, its sessions, and the name on the shift, which ends."""
    await delete_all(engine, accounts, who, session, request, response)


async def delete_all(
    engine: Engine,
    accounts: Accounts,
    who: Who | None,
    session: Session | None,
    request: Request,
    response: Response,
) -> None:
    """Forgets whoever asks."""
    if who is not None and who.account is not None:
        await accounts.remove(who.account)
    await leave(engine, accounts, session, request, response)


def held(
    engine: Engine, accounts: Accounts, reach: Reach, who: Who | None, session: Session | None
) -> dict[str, Any]:
    """Everything that names this person, or leads to them while the shift lasts. 401 if nobody."""
    if who is None or who.role in (Role.INTEGRATION, Role.READER):
        raise Problem(
            401, _("Not signed in"), _("Nothing is held about you here: you are not signed in.")
        )
    account = who.account
    duty = engine.committed.duties.get(session.duty.id) if session is not None else None
    return {
        "account": None
        if account is None
        else _person(account) | {"since": views.iso(account.made_at), "language": account.language},
        "sessions": [{"since": views.iso(since)} for _, since in accounts.open_sessions(account)]
        if account is not None
        else [],
        "shift": None
        if duty is None or session is None
        else {
            "duty": duty.id,
            "name": session.name,
            "zone": duty.zone,
            "skills": list(duty.skills),
            "badge": duty.badge,
            "since": views.iso(duty.since),
            "browsers": len(reach.ways(duty.id, PUSH)),
            "channel": channel.target if (channel := own_channel(reach, duty.id)) else None,
        },
    }
