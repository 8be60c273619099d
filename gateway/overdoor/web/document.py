"""The OpenAPI document: FastAPI's own, and what it cannot know. Part of the contract.

Views give plain data, so FastAPI knows neither what stands in it nor that every error is a problem
(RFC 9457), nor who may use a route. All of it is added here; answers are not checked against it as
they leave, but by tests.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from overdoor.web import shapes
from overdoor.web.roles import ACCESS, For
from overdoor.web.session import COOKIE

_ANSWERS: dict[tuple[str, str], type[BaseModel]] = {
    ("get", "/rooms"): shapes.Rooms,
    ("get", "/rooms/{room_id}"): shapes.Room,
    ("post", "/rooms/{room_id}/service"): shapes.Room,
    ("post", "/rooms/{room_id}/need"): shapes.Room,
    ("post", "/rooms/{room_id}/call"): shapes.Call,
    ("post", "/rooms/{room_id}/cancel"): shapes.Call,
    ("get", "/calls"): shapes.Calls,
    ("get", "/calls/{call_id}"): shapes.CallInFull,
    ("post", "/calls/{call_id}/{verb}"): shapes.Call,
    ("post", "/calls/{call_id}/void"): shapes.Call,
    ("get", "/devices"): shapes.Devices,
    ("get", "/devices/{device_id}"): shapes.DeviceInFull,
}
_PREFIX = "/api/v1"
_REF = "#/components/schemas/"
_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Of a program, by overdoor token add; or what signing in gave.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
# The first: a shop that has no manager's account asks nobody.
_SECURITY: list[dict[str, list[str]]] = [{}, {"token": []}, {"session": []}]
_SIGNING_IN = {("post", "/duty"), ("post", "/session")}


def _problem(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}}
    return {"description": description, "content": content}


_PROBLEM = _problem("What happened, in words that can be shown")


def complete(app: FastAPI) -> None:
    """Has the app give the whole document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    models: set[type[BaseModel]] = {shapes.Problem, *_ANSWERS.values()}
    wanted = [(model, "serialization") for model in sorted(models, key=lambda one: one.__name__)]
    _, shaped = models_json_schema(wanted, ref_template=f"{_REF}{{model}}")  # type: ignore[arg-type]
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= shaped["$defs"]
    document["components"]["securitySchemes"] = _SCHEMES
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            answers.pop("422", None)
            answers["default"] = _PROBLEM
            needed = ACCESS.get(f"{method.upper()} {path}", For.MANAGER)
            if needed is not For.ANYBODY:
                operation["security"] = _SECURITY
                answers["401"] = _problem("Nobody is signed in")
                answers["403"] = _problem(str(needed.value))
            elif (method, path.removeprefix(_PREFIX)) in _SIGNING_IN:
                answers["401"] = _problem("The name or the PIN is not right")
            model = _ANSWERS.get((method, path.removeprefix(_PREFIX)))
            if model is not None:
                content = {"application/json": {"schema": {"$ref": f"{_REF}{model.__name__}"}}}
                for status in ("200", "201"):
                    if status in answers:
                        answers[status]["content"] = content
                if "201" in answers:  # said again with the same Idempotency-Key
                    answers["200"] = {"description": "It was done before", "content": content}
    return document
