"""The web application of one shop."""

from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote
from weakref import WeakValueDictionary

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from jinja2 import TemplateError
from starlette.responses import Response

from overdoor import __version__, authority, languages
from overdoor.cards import Cards
from overdoor.config import ShopPart, StaffingPart, WebPart
from overdoor.engine import Engine
from overdoor.finding import Finding
from overdoor.hooks import Hooks
from overdoor.insight.privacy import AGREED, Rule
from overdoor.orders import Orders
from overdoor.reach import Reach
from overdoor.resources import BrokenInstall, using
from overdoor.store.numbers import Numbers
from overdoor.tags import Tags
from overdoor.updates import Updates
from overdoor.web import (
    api,
    boards,
    checkup,
    desk,
    desk_page,
    devices,
    document,
    insight,
    metrics,
    oneself,
    pages,
    people,
    people_pages,
    printing,
    problems,
    reaching,
    replies,
    shell,
    shopper,
    staffing,
    taps,
    trust,
    upkeep,
    views,
)
from overdoor.web.accounts import Accounts
from overdoor.web.guard import Guard
from overdoor.web.intake import Intake
from overdoor.web.language import Language
from overdoor.web.limits import Limits
from overdoor.web.roles import SignInFirst, permitted
from overdoor.web.shell import Assets
from overdoor.web.stream import Hub
from overdoor.web.waiting import Taps
from overdoor.web.words import speak_in


def read_templates(app: FastAPI) -> None:
    """Reads all templates now, which is half of what the first page would wait for.

    Raises `BrokenInstall`.
    """
    env, place = app.state.templates.env, app.state.dashboard / "templates"
    names = env.list_templates()
    if not names:
        raise BrokenInstall(place, "it is empty")
    for name in names:
        try:
            with using(place / name):
                env.get_template(name)
        except TemplateError as error:
            raise BrokenInstall(place / name, error) from error


def create_app(  # noqa: PLR0913, PLR0915 - all that the pages of one shop rest on
    engine: Engine,
    shop: ShopPart,
    dashboard: Path,
    *,
    web: WebPart | None = None,
    demo: bool = False,
    routers: Sequence[APIRouter] = (),
    orders: Orders | None = None,
    cards: Cards | None = None,
    tags: Tags | None = None,
    updates: Updates | None = None,
    reach: Reach | None = None,
    hooks: Hooks | None = None,
    small_groups: bool = False,
    plan: StaffingPart | None = None,
    look: Callable[[], Sequence[Finding]] | None = None,
) -> FastAPI:
    """The app. `dashboard`: folder of templates and static files. `web`: how people get here.

    `small_groups`: the staff agreed that numbers about one or two of them are shown.
    `look`: looks over shop and machine, and may block; without it there is no page for that.
    """
    web = web or WebPart()
    app = FastAPI(
        title="Overdoor",
        summary="Calls, rooms and numbers of one shop.",
        version=__version__,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        dependencies=[Depends(permitted)],
    )
    state = app.state
    state.engine = engine
    state.orders = orders or Orders()
    state.updates = updates or Updates(engine, state.orders)
    state.hub = Hub(engine)
    state.accounts = Accounts(engine)
    state.origin = web.origin
    state.authority = authority.vouching(web.tls_cert)
    # As it was at the start: what is on the disk by now is not served.
    state.certificate = authority.read_certificate(web.tls_cert) if web.tls_cert else None
    state.reach = reach or Reach(engine)
    state.reach.pages = state.hub.pages
    state.hooks = hooks or Hooks()
    state.shop_name = shop.name
    state.language = shop.language
    state.timezone = shop.zone_info()
    state.demo = demo
    state.cards = cards or Cards(engine.store.path.parent, "http://127.0.0.1")
    state.tags = tags or Tags(engine.store.path.parent, "http://127.0.0.1")
    state.taps = Taps()
    state.limits = Limits()
    state.walks = shopper.Walks(engine.store)
    state.numbers = Numbers(
        engine.store,
        engine.clock,
        lambda: engine.committed.plan.timezone,
        AGREED if demo or small_groups else Rule(),  # nobody works in the demo's shop
    )
    state.checkup = checkup.Checkup(look) if look is not None else None
    state.staffing = staffing.Staffing(plan or StaffingPart())
    state.key_locks = WeakValueDictionary()
    languages.offered()  # read now, so that nobody waits for it
    state.templates = Jinja2Templates(dashboard / "templates")
    state.dashboard = dashboard
    with using(dashboard / "static"):
        state.assets = Assets(dashboard / "static")
    state.templates.env.globals |= {"assets": state.assets.base, "build": state.assets.build}
    speak_in(state.templates.env)
    problems.install(app, pages.problem)
    document.complete(app)
    for own in (
        reaching,  # before the answers, whose paths would take theirs
        replies,
        api,
        insight,
        staffing,
        devices,
        people,
        pages,
        shell,
        taps,
        printing,
        people_pages,
        oneself,
        upkeep,
        trust,
        checkup,
        boards,
        desk,
        desk_page,
        shopper,
    ):
        app.include_router(own.router)
    app.include_router(insight.pages)
    for router in routers:
        app.include_router(router)
    app.mount(state.assets.base, state.assets.app(), name="assets")
    app.mount("/static", StaticFiles(directory=dashboard / "static"), name="static")
    app.add_middleware(Intake)
    app.add_middleware(Guard, names=web.all_names)
    app.add_middleware(Language, language=shop.language)

    @app.exception_handler(SignInFirst)
    async def _sign_in_first(request: Request, _: SignInFirst) -> Response:
        return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        """Alive."""
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        """Ready, or 503 and why not."""
        reasons = engine.reasons()
        return JSONResponse(
            {
                "status": "not ready" if reasons else "ready",
                "reasons": reasons,
                "warnings": [
                    *pages.warnings(state, engine),
                    *state.hooks.warnings(engine.clock()),
                ],
                "retention": views.retention_view(engine),
            },
            503 if reasons else 200,
        )

    @app.get("/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        """For Prometheus."""
        return PlainTextResponse(
            metrics.render(engine, state.hooks, state.certificate),
            media_type=metrics.CONTENT_TYPE,
        )

    return app
