"""How much a request may bring, and how slowly.

A body is read in `BODY_S`, whole, and is at most `BODY_MOST` long; an update of the firmware is the
only large one. The head of a request is bounded where connections are taken (`overdoor.door`).
"""

import asyncio
import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overdoor.languages import gettext as _
from overdoor.web.problems import Problem

BODY_MOST = 256 * 1024
UPDATE_MOST = 4 * 1024 * 1024  # all of the firmware, in base64
BODY_S = 20.0
_UPDATE = re.compile(r"/api/v1/devices/[^/]+/update")


class Intake:
    """Plain ASGI, so that streams are not buffered."""

    body_s = BODY_S

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, and reads no more of it than may come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        update = scope["method"] == "PUT" and _UPDATE.fullmatch(scope["path"])
        most = UPDATE_MOST if update else BODY_MOST
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or len(said) > 12 or int(said) > most:
            await _too_large(most).response()(scope, receive, send)
            return
        until = asyncio.get_running_loop().time() + self.body_s
        size, whole = 0, False

        async def bounded() -> Message:
            nonlocal size, whole
            if whole:  # what is waited for from here on is that they go
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, _("The request did not come to its end.")) from None
            size += len(message.get("body", b""))
            if size > most:
                raise HTTPException(413, str(_too_large(most)))
            whole = not message.get("more_body", False)
            return message

        await self._app(scope, bounded, send)


def _too_large(most: int) -> Problem:
    detail = _("A request here has %(most)s KB at most.", most=most // 1024)
    return Problem(413, _("Too large"), detail)
