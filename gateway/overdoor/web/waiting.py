"""Taps of signed tags that wait for somebody to sign on with the phone that made them."""

import secrets
from dataclasses import dataclass

from fastapi import Depends, Request

from overdoor.core.inputs import Answer, Verb
from overdoor.core.model import Evidence, Millis
from overdoor.web.session import MaybeSession, TheEngine

COOKIE = "overdoor_tap"
WAITS_MS = 60_000
REFUSAL_MS = 60_000  # of one tag, a refused tap is written down so often: it costs nothing to send
_WAITING_LIMIT = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: str
    at: Millis


class Taps:
    """Taps that wait for somebody to sign on. In memory: after a restart one taps again."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._refused: dict[str, Millis] = {}

    def wait(self, call: str, at: Millis) -> str:
        """Keeps a tap that was used up; the token under which its browser finds it."""
        self._waiting = {
            token: tap for token, tap in self._waiting.items() if at - tap.at <= WAITS_MS
        }
        while len(self._waiting) >= _WAITING_LIMIT:
            self._waiting.pop(next(iter(self._waiting)))
        token = secrets.token_urlsafe(16)
        self._waiting[token] = _Waiting(call, at)
        return token

    def take(self, token: str, now: Millis) -> _Waiting | None:
        """The tap, once, and for a minute."""
        tap = self._waiting.pop(token, None)
        return tap if tap is not None and now - tap.at <= WAITS_MS else None

    def is_worth_noting(self, tag: str, now: Millis) -> bool:
        """Whether this refusal goes to the record."""
        if now - self._refused.get(tag, now - REFUSAL_MS) < REFUSAL_MS:
            return False
        self._refused[tag] = now
        return True


async def settle(request: Request, engine: TheEngine, session: MaybeSession) -> None:
    """Somebody signed on: the tap that this browser made a moment ago counts."""
    token = request.cookies.get(COOKIE)
    if token is None or session is None:
        return
    now = engine.clock()
    tap = request.app.state.taps.take(token, now)
    if tap is not None:
        said = Answer(tap.call, Verb.ARRIVE, session.duty.id, now - tap.at, Evidence.B)
        await engine.do(said)


Settled = Depends(settle)
