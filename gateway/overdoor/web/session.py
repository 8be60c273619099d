"""Who is asking: a duty, known by the token that it got when it signed on.

The token travels as a cookie for people and as a bearer for programs. Only its hash is stored.
With accounts it is also the token of the account's session, which may begin before the duty.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from overdoor.core.escalation import SHIFT_MS
from overdoor.core.inputs import DutyEnded, DutyStarted
from overdoor.core.model import Duty
from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.store.accounts import hashed, new_token, of_session
from overdoor.store.projections import Statement
from overdoor.web.problems import Problem

COOKIE = "overdoor_session"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody on duty."""

    duty: Duty
    name: str


def engine_of(request: Request) -> Engine:
    """The engine that this app is for."""
    engine: Engine = request.app.state.engine
    return engine


TheEngine = Annotated[Engine, Depends(engine_of)]


def token_of(request: Request) -> str | None:
    """The token that a request carries."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return request.cookies.get(COOKIE) or bearer or None


def keep_token(request: Request, response: Response, token: str) -> None:
    """Gives a session to the browser: no script reads it, no other site sends it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=SHIFT_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def drop_token(request: Request, response: Response) -> None:
    """Takes it back."""
    secure = request.url.scheme == "https"
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure)


def session_of(request: Request, engine: TheEngine) -> Session | None:
    """The duty behind the request's token, if it is still on."""
    token = token_of(request)
    if not token:
        return None
    mine = hashed(token)
    for duty_id, person in engine.people.items():
        if secrets.compare_digest(person.token_hash, mine):
            if person.account is not None and not _still_open(engine, token):
                return None  # the account was deleted beside the gateway
            duty = engine.committed.duties.get(duty_id)
            return Session(duty, person.name) if duty is not None else None
    return None


def _still_open(engine: Engine, token: str) -> bool:
    return of_session(engine.store.reader(), token, engine.clock()) is not None


MaybeSession = Annotated[Session | None, Depends(session_of)]


def on_duty(session: MaybeSession) -> Session:
    """The session, or 401."""
    if session is None:
        raise Problem(401, _("Not on duty"), _("Sign on first, with a name and a zone."))
    return session


OnDuty = Annotated[Session, Depends(on_duty)]


async def sign_on(
    engine: Engine,
    name: str,
    zone: str,
    skills: tuple[str, ...] = (),
    badge: str | None = None,
    token: str | None = None,
    account: str | None = None,
    also: Sequence[Statement] = (),
) -> tuple[str, str]:
    """Begins a shift; returns the duty's id and the session's token.

    One name is one person: signing on again elsewhere ends the earlier shift. `token`: of a
    session of `account` that is open, or that `also` opens in the same transaction.
    """
    duty_id, token = secrets.token_hex(8), token or new_token()
    async with engine.signing:
        for other_id, other in engine.people.items():
            if other.name.casefold() == name.casefold():
                await sign_off(engine, other_id)
        done = await engine.do(
            DutyStarted(duty_id, zone, skills, badge),
            also=(
                *also,
                ("INSERT INTO person VALUES (?, ?, ?, ?)", (duty_id, name, hashed(token), account)),
            ),
        )
    if done.refused is not None:
        raise Problem(422, _("Not understood"), _(done.refused.why))
    return duty_id, token


async def sign_off(engine: Engine, duty_id: str) -> None:
    """Ends a shift; who it was is forgotten in the same transaction."""
    await engine.do(DutyEnded(duty_id))
