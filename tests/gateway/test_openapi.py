"""The OpenAPI document against what the API answers."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from overdoor.core.inputs import DeviceDescribed, DeviceSaid
from overdoor.core.model import DeviceStatus
from overdoor.store.telemetry import recording

from .api import Client, serving
from .house import House, settled


def closed(schema: Any) -> Any:
    """The schema with no key that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        result.setdefault("additionalProperties", False)
    return result


class Document:
    """The document; holds answers against it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.seen: set[str] = set()  # schemas that answers were held against
        self._components = {"schemas": closed(said["components"]["schemas"])}
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations)
            # What has fewer blanks is meant first, as in the router.
            for path, operations in sorted(said["paths"].items(), key=lambda one: one[0].count("{"))
        ]

    def wrong(self, answer: httpx.Response) -> str | None:
        """What the document does not say of this answer."""
        request = answer.request
        operation = next(
            operations[request.method.lower()]
            for path, operations in self._paths
            if path.fullmatch(request.url.path) and request.method.lower() in operations
        )
        answers = operation["responses"]
        fitting = answers.get(str(answer.status_code), answers["default"])
        if answer.status_code < 400 and fitting is answers["default"]:
            return f"{answer.status_code} is not in the document"
        if "content" not in fitting:
            return "a body that is not in the document" if answer.content else None
        kind = answer.headers["content-type"].partition(";")[0]
        if kind not in fitting["content"]:
            return f"{kind} is not in the document"
        schema = fitting["content"][kind].get("schema", {})
        self.seen.add(str(schema.get("$ref", "")).rpartition("/")[2])
        checked = Draft202012Validator(closed(schema) | {"components": self._components})
        error = next(checked.iter_errors(answer.json()), None)
        return None if error is None else f"{error.json_path}: {error.message}"


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Client]:
    async with serving(house) as client:
        yield client


async def walk(shop: Client) -> None:
    """Through the shop, as a program and an associate go."""
    engine = shop.engine
    engine.submit(DeviceSaid("cp-w1", DeviceStatus.ONLINE, False))
    engine.submit(DeviceDescribed("cp-w1", "callpoint", "one", "0.3.0", ("call", "lamp"), "ab" * 6))
    engine.telemetry["cp-w1"] = told = {"rssi": -60, "heap_free": 1, "uptime_s": 2, "outbox": 0}
    engine.keep(recording("cp-w1", engine.clock(), told))
    await settled(engine)
    ana = await shop.sign_on("Ana")
    boris = await shop.sign_on("Boris")
    call = await shop.raised()
    await shop.get("/rooms")
    await shop.post("/rooms/w1/need", need="another-size")
    await shop.post(f"{call}/acknowledge", ana)
    await shop.post(f"{call}/acknowledge", boris)  # 409: Ana has it
    await shop.post(f"{call}/reply", ana, phrase="size", missing="M", offer="L")
    await shop.post(f"{call}/arrive", ana)
    await shop.post(f"{call}/close", ana)
    await shop.post(f"{call}/void", reason="a trial")
    second = await shop.raised("w2")
    await shop.post("/rooms/w2/call")  # 409: there is one
    await shop.post("/rooms/w2/cancel")
    await shop.post("/rooms/w2/call", key="once")
    await shop.post("/rooms/w2/call", key="once")
    await shop.post("/rooms/w1/service", service="out")
    await shop.post("/rooms/w1/service", service="sideways")  # 422
    await shop.post("/duty", ana, paused=True)
    for path in (
        *("/rooms", "/rooms/w1", "/rooms/nowhere", "/calls", call, second, "/calls/none"),
        *("/devices", "/devices/cp-w1", "/devices/none", "/reach", "/duty", "/push", "/me"),
        *("/people", "/annotations", "/follow-ups", "/insight/summary", "/insight/measures"),
        *("/insight/numbers", "/insight/days", "/insight/hours", "/insight/zones"),
        *("/insight/arrival", "/insight/staffing"),
    ):
        await shop.get(path)
    await shop.get("/calls", state="open", limit="many")


async def test_every_answer_of_a_walk_is_as_the_document_says(shop: Client) -> None:
    document = Document((await shop.get("/openapi.json")).json())
    wrong = []

    async def check(answer: httpx.Response) -> None:
        await answer.aread()
        what = document.wrong(answer)
        if what is not None:
            request = answer.request
            wrong.append(f"{request.method} {request.url.path} ({answer.status_code}): {what}")

    shop.http.event_hooks = {"request": [], "response": [check]}
    await walk(shop)
    assert not wrong, "\n".join(wrong)
    shapes = {"Rooms", "Room", "Call", "Calls", "CallInFull", "Devices", "DeviceInFull", "Problem"}
    assert shapes <= document.seen


async def test_an_answer_that_is_not_in_the_document_is_noticed(shop: Client) -> None:
    document = Document((await shop.get("/openapi.json")).json())
    answer = await shop.get("/rooms/w1")
    assert document.wrong(answer) is None
    more = httpx.Response(200, json=answer.json() | {"colour": "red"}, request=answer.request)
    assert "colour" in str(document.wrong(more))
    less = {key: value for key, value in answer.json().items() if key != "online"}
    less_answer = httpx.Response(200, json=less, request=answer.request)
    assert "online" in str(document.wrong(less_answer))


async def test_every_error_is_a_problem(shop: Client) -> None:
    said = (await shop.get("/openapi.json")).json()
    for operations in said["paths"].values():
        for operation in operations.values():
            assert [*operation["responses"]["default"]["content"]] == ["application/problem+json"]
    assert "HTTPValidationError" not in str(said)


async def test_each_route_says_who_it_is_for(shop: Client) -> None:
    said = (await shop.get("/openapi.json")).json()
    schemes = said["components"]["securitySchemes"]
    open_to_all = set()
    for path, operations in said["paths"].items():
        for method, operation in operations.items():
            assert all(set(way) <= set(schemes) for way in operation.get("security", ()))
            answers = operation["responses"]
            if "security" not in operation:
                open_to_all.add((method, path, "401" in answers))
            else:
                assert {"401", "403"} <= set(answers), path
    assert open_to_all == {("post", "/api/v1/session", True), ("post", "/api/v1/duty", True)}
