"""The web application of one shop."""

from collections.abc import Sequence
from pathlib import Path
from weakref import WeakValueDictionary

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from overdoor import __version__
from overdoor.config import ShopPart
from overdoor.engine import Engine
from overdoor.web import api, metrics, pages, problems
from overdoor.web.stream import Hub

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def create_app(
    engine: Engine,
    shop: ShopPart,
    dashboard: Path,
    *,
    demo: bool = False,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """The app. `dashboard` is the folder of templates and static files."""
    app = FastAPI(
        title="Overdoor",
        summary="Calls, rooms and numbers of one shop.",
        version=__version__,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    state = app.state
    state.engine = engine
    state.hub = Hub(engine)
    state.shop_name = shop.name
    state.timezone = shop.zone_info()
    state.demo = demo
    state.key_locks = WeakValueDictionary()
    state.templates = Jinja2Templates(dashboard / "templates")
    problems.install(app)
    app.include_router(api.router)
    app.include_router(pages.router)
    for router in routers:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=dashboard / "static"), name="static")
    app.add_middleware(_Headers)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        """Alive."""
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        """Ready, or 503 and why not."""
        reasons = [] if engine.broker_up else ["the broker is not connected"]
        reasons += [engine.trouble] if engine.trouble else []
        return JSONResponse(
            {"status": "not ready" if reasons else "ready", "reasons": reasons},
            503 if reasons else 200,
        )

    @app.get("/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        """For Prometheus."""
        return PlainTextResponse(metrics.render(engine), media_type=metrics.CONTENT_TYPE)

    return app


class _Headers:
    """The security headers, on every answer. Plain ASGI, so that streams are not buffered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
