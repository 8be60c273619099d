"""Errors as problem details (RFC 9457): what happened, in words that can be shown."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from overdoor.engine import NotStored


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


def not_found(what: str) -> Problem:
    """There is no such thing."""
    return Problem(404, "Not found", f"There is no {what}.")


def install(app: FastAPI) -> None:
    """Turns every error of the app into a problem."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        response = Problem(error.status_code, str(error.detail), str(error.detail)).response()
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        detail = f"{where}: {first['msg']}" if where else str(first["msg"])
        return Problem(422, "Not understood", detail).response()

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, __: Exception) -> JSONResponse:
        detail = "This is a fault of Overdoor; its log says more."
        return Problem(500, "Something went wrong", detail).response()

    @app.exception_handler(NotStored)
    async def _not_stored(_: Request, error: NotStored) -> JSONResponse:
        return Problem(503, "Not stored", f"Nothing was changed: {error}").response()
