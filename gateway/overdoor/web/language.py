"""In which language a request is answered.

Whoever is signed in with an account: the one they chose, or the first of theirs that there is. Else
the one that was chosen in this browser, else what the browser asks for, else the shop's own.
"""

import re
from collections.abc import Iterable, Iterator

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overdoor import languages
from overdoor.languages.pseudo import PSEUDO
from overdoor.store.accounts import Account

COOKIE = "overdoor_language"
COOKIE_S = 366 * 86_400
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-\w{1,8})*|\*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")
_LONGEST = 512  # of the header that is read


def asked_for(header: str) -> Iterator[str]:
    """The languages of an Accept-Language header, the dearest first (RFC 9110, 12.5.4)."""
    ranges: list[tuple[float, int, str]] = []
    for part in header[:_LONGEST].split(","):
        match = _RANGE.fullmatch(part)
        if match is not None and float(match[2] or 1) > 0:
            ranges.append((-float(match[2] or 1), len(ranges), match[1]))
    return (tag for _, _, tag in sorted(ranges))


def first_offered(tags: Iterable[str]) -> str | None:
    """The first of these that there is; `de-AT` is spoken as `de`."""
    known = {one.tag for one in languages.offered()}
    return next((tag for one in tags if (tag := one.lower().partition("-")[0]) in known), None)


def chosen(cookie: str | None) -> str | None:
    """What a browser keeps, if there is such a language."""
    if cookie in PSEUDO:
        return cookie
    return first_offered([cookie]) if cookie else None


def of_account(account: Account) -> str | None:
    """The language of somebody with an account, as far as it says."""
    return first_offered([*([account.language] if account.language else ()), *account.languages])


def read_in(request: Request, language: str | None) -> None:
    """From here on the request is answered in this language, if it is known."""
    if language is not None:
        request.state.language = language
        languages.speak(language)


class Language:
    """Sets the language of each request, and says in the answer which it was. Plain ASGI."""

    def __init__(self, app: ASGIApp, language: str) -> None:
        self._app = app
        self._shops = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers in the reader's language."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        asked = asked_for(headers.get("accept-language", ""))
        language = chosen(cookie) or first_offered(asked) or self._shops
        scope.setdefault("state", {})["language"] = language

        async def with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = MutableHeaders(scope=message)
                said.setdefault("Content-Language", languages.current().tag)
                said.add_vary_header("Accept-Language, Cookie")
            await send(message)

        with languages.speaking(language):
            await self._app(scope, receive, with_language)
