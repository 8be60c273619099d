"""Errors as problem details (RFC 9457): what happened, in words that can be shown."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from overdoor.engine import NotStored
from overdoor.languages import gettext as _
from overdoor.languages import original, speaking


class Problem(Exception):  # noqa: N818 - the word of the RFC
    """An answer that is no success. `more` are members beside the standard ones."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        self.body |= more
        self.headers: dict[str, str] = {}

    def response(self) -> JSONResponse:
        """The problem as it is sent."""
        media_type = "application/problem+json"
        return JSONResponse(self.body, self.status, self.headers, media_type)


def not_found(detail: str) -> Problem:
    """There is no such thing."""
    return Problem(404, _("Not found"), detail)


def install(app: FastAPI, page: Callable[[Request, Problem], Response]) -> None:
    """Turns every error of the app into a problem; into a `page` for who reads pages."""

    def said(request: Request, problem: Problem) -> Response:
        api = request.url.path.startswith("/api/")
        if api or "text/html" not in request.headers.get("accept", ""):
            return problem.response()
        response = page(request, problem)
        response.headers.update(problem.headers)
        return response

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return said(request, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        known = {404: _("There is nothing at this address."), 405: _("This cannot be done here.")}
        detail = known.get(error.status_code, str(error.detail))
        titles = {404: _("Not found")}
        problem = Problem(error.status_code, titles.get(error.status_code, detail), detail)
        problem.headers = dict(error.headers or {})
        return said(request, problem)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        detail = f"{where}: {first['msg']}" if where else str(first["msg"])
        return said(request, Problem(422, _("Not understood"), detail))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        with speaking(getattr(request.state, "language", original)):  # it is past the others' doors
            detail = _("This is a fault of Overdoor; its log says more.")
            return Problem(500, _("Something went wrong"), detail).response()

    @app.exception_handler(NotStored)
    async def _not_stored(request: Request, error: NotStored) -> Response:
        detail = _("Nothing was changed: %(why)s", why=error.args[0])
        return said(request, Problem(503, _("Not stored"), detail))
