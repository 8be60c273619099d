"""Errors as problem details (RFC 9457): what happened, in words that can be shown."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

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


def install(app: FastAPI) -> None:
    """Turns every error of the app into a problem."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        known = {404: _("There is nothing at this address."), 405: _("This cannot be done here.")}
        said = known.get(error.status_code, str(error.detail))
        response = Problem(error.status_code, said, said).response()
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        detail = f"{where}: {first['msg']}" if where else str(first["msg"])
        return Problem(422, _("Not understood"), detail).response()

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        with speaking(getattr(request.state, "language", original)):  # it is past the others' doors
            detail = _("This is a fault of Overdoor; its log says more.")
            return Problem(500, _("Something went wrong"), detail).response()

    @app.exception_handler(NotStored)
    async def _not_stored(request: Request, error: NotStored) -> JSONResponse:
        detail = _("Nothing was changed: %(why)s", why=error.args[0])
        return Problem(503, _("Not stored"), detail).response()
