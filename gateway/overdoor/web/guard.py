"""At the door of the web: whom the pages answer, and with which headers.

A page from elsewhere must not be able to speak for the browser that shows it, which may be signed
in, or stand in a shop without accounts: neither across sites (the request says where it comes
from), nor by giving its own name to the gateway's address (the request says which host it was
meant for).
"""

import ipaddress
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overdoor.languages import gettext as _
from overdoor.web.problems import Problem

_SAFE = ("GET", "HEAD", "OPTIONS")
_ANSWER_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OVER_TLS = {"Cross-Origin-Opener-Policy": "same-origin"}  # elsewhere a browser complains of it


class Guard:
    """Plain ASGI, so that streams are not buffered. `names`: what the gateway is called."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        machine = socket.gethostname().lower()
        self._names = {"localhost", machine, f"{machine}.local", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                more = _OVER_TLS if scope["scheme"] == "https" else {}
                for name, value in (_ANSWER_HEADERS | more).items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        problem = self._objection(scope["method"], Headers(scope=scope))
        answer: ASGIApp = self._app if problem is None else problem.response()
        await answer(scope, receive, with_headers)

    def _objection(self, method: str, headers: Headers) -> Problem | None:
        host = headers.get("host", "").lower()
        if not self._is_ours(host):
            detail = _("This address is not called that. Add the name to [web] names in shop.toml.")
            return Problem(421, _("Not here"), detail)
        if method in _SAFE:
            return None
        origin = headers.get("origin")
        foreign = origin is not None and origin.lower().partition("://")[2] != host
        if foreign or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return Problem(403, _("Not from there"), _("Another site's page cannot do this."))
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether a host, with or without a port, is one of our names or a plain address."""
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
