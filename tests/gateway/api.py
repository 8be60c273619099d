"""A client of the HTTP API, over a real engine and a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from overdoor.config import ShopPart
from overdoor.engine import Engine
from overdoor.resources import folder
from overdoor.web import create_app

from .house import TIMEOUT_S, House

API = "/api/v1"


class Client:
    """Speaks JSON with the API; `as_` speaks as somebody on duty."""

    def __init__(self, http: httpx.AsyncClient, engine: Engine, app: Any) -> None:
        self.http, self.engine, self.app = http, engine, app

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(API + path, params=params)

    async def post(self, path: str, token: str = "", key: str = "", **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        return await self.http.post(API + path, json=body, headers=headers)

    async def sign_on(self, name: str, zone: str = "women") -> str:
        """Begins a shift; its token."""
        answer = await self.post("/duty", name=name, zone=zone)
        self.http.cookies.clear()
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    async def raised(self, room: str = "w1") -> str:
        """A new call; its path."""
        answer = await self.post(f"/rooms/{room}/call")
        assert answer.status_code == 201, answer.text
        return f"/calls/{answer.json()['id']}"

    @asynccontextmanager
    async def stream(self, token: str = "") -> AsyncIterator["asyncio.Queue[str]"]:
        """The live stream, message by message, until the block ends; "" is its end."""
        said, gone = asyncio.Queue[str](), asyncio.Event()
        scope = {"type": "http", "method": "GET", "path": f"{API}/stream", "query_string": b""}
        scope |= {"asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1"}
        bearer = [(b"authorization", f"Bearer {token}".encode())] if token else []
        scope |= {"headers": [(b"host", b"127.0.0.1"), *bearer]}
        scope |= {"scheme": "http", "server": ("shop", 80), "client": None, "root_path": ""}

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                said.put_nowait(message["body"].decode())

        streaming = asyncio.create_task(self.app(scope, receive, send))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                yield said
        finally:
            gone.set()
            await streaming


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[Client]:
    async with house.open() as engine:
        shop = ShopPart(id="demo", name="Demo Shop")
        app = create_app(engine, shop, folder("dashboard"))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield Client(http, engine, app)
        app.state.hub.close()


def assert_problem(answer: httpx.Response, status: int, says: str = "") -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem.keys() >= {"type", "title", "detail"}
    assert says in problem["detail"]
    return problem
