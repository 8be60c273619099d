"""The OpenAPI document: FastAPI's own, and what it cannot know. Part of the contract.

Views give plain data, so FastAPI knows neither what stands in it nor that every error is a problem
(RFC 9457). Both are added here; answers are not checked against it as they leave, but by tests.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from overdoor.web import shapes

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
_PROBLEM = {
    "description": "What happened, in words that can be shown",
    "content": {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}},
}


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
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            answers.pop("422", None)
            answers["default"] = _PROBLEM
            model = _ANSWERS.get((method, path.removeprefix(_PREFIX)))
            if model is not None:
                content = {"application/json": {"schema": {"$ref": f"{_REF}{model.__name__}"}}}
                for status in ("200", "201"):
                    if status in answers:
                        answers[status]["content"] = content
                if "201" in answers:  # said again with the same Idempotency-Key
                    answers["200"] = {"description": "It was done before", "content": content}
    return document
