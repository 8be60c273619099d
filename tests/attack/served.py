"""The pages on a port of this machine, by the server that `overdoor run` uses."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from overdoor.config import ShopPart, WebPart
from overdoor.resources import folder
from overdoor.serve import web_server
from overdoor.web import create_app
from tests.gateway.api import Client
from tests.gateway.house import House


@asynccontextmanager
async def served(house: House, name: str = "Demo Shop") -> AsyncIterator[Client]:
    """A client of pages that a browser can open too."""
    async with house.open() as engine:
        app = create_app(engine, ShopPart(id="demo", name=name), folder("dashboard"))
        server = web_server(app, WebPart())
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            running = asyncio.create_task(server.serve([listener]))
            try:
                async with httpx.AsyncClient(base_url=url) as http:
                    yield Client(http, engine, app)
            finally:
                app.state.hub.close()
                server.should_exit = True
                await running
