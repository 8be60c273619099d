"""Who is asking: a duty, known by the token that it got when it signed on.

The token travels as a cookie for people and as a bearer for programs. Only its hash is stored.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from overdoor.core.inputs import DutyEnded, DutyStarted
from overdoor.core.model import Duty
from overdoor.engine import Engine
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


def session_of(request: Request, engine: TheEngine) -> Session | None:
    """The duty behind the request's token, if it is still on."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    token = request.cookies.get(COOKIE) or bearer
    if not token:
        return None
    hashed = _hash(token)
    for duty_id, (name, token_hash) in engine.people.items():
        if secrets.compare_digest(token_hash, hashed):
            duty = engine.committed.duties.get(duty_id)
            return Session(duty, name) if duty is not None else None
    return None


MaybeSession = Annotated[Session | None, Depends(session_of)]


def on_duty(session: MaybeSession) -> Session:
    """The session, or 401."""
    if session is None:
        raise Problem(401, "Not on duty", "Sign on first, with a name and a zone.")
    return session


OnDuty = Annotated[Session, Depends(on_duty)]


async def sign_on(
    engine: Engine,
    name: str,
    zone: str,
    skills: tuple[str, ...] = (),
    badge: str | None = None,
) -> tuple[str, str]:
    """Begins a shift; returns the duty's id and the session's token.

    One name is one person: signing on again elsewhere ends the earlier shift.
    """
    duty_id, token = secrets.token_hex(8), secrets.token_urlsafe(24)
    async with engine.signing:
        for other_id, (other, _) in engine.people.items():
            if other.casefold() == name.casefold():
                await sign_off(engine, other_id)
        done = await engine.do(
            DutyStarted(duty_id, zone, skills, badge),
            also=(("INSERT INTO person VALUES (?, ?, ?)", (duty_id, name, _hash(token))),),
        )
    if done.refused is not None:
        raise Problem(422, "Not understood", done.refused.why)
    return duty_id, token


async def sign_off(engine: Engine, duty_id: str) -> None:
    """Ends a shift; who it was is forgotten in the same transaction."""
    await engine.do(DutyEnded(duty_id))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
