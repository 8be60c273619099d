"""One shop, running: the broker if it is ours, the engine, the bus, the pages."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI

from overdoor import checkup, mdns, storage
from overdoor.bus import Address, Bus, Discovery, EmbeddedBroker, Guard
from overdoor.bus.mosquitto import DEVICES, GATEWAY, PASSWORDS
from overdoor.cards import Cards
from overdoor.config import Config, ConfigError, WebPart
from overdoor.door import Door
from overdoor.engine import Engine
from overdoor.finding import Finding
from overdoor.hooks import Hooks
from overdoor.notify import Ladder
from overdoor.orders import Orders
from overdoor.reach import Reach
from overdoor.reload import ShopFile, follow, stamp
from overdoor.renewal import Renewal, Tls, read_tls, show_instead
from overdoor.resources import folder
from overdoor.store import Store
from overdoor.store.numbers import Numbers
from overdoor.tags import Tags
from overdoor.updates import Updates
from overdoor.watchdog import Supervisor
from overdoor.web import create_app, read_templates
from overdoor.weekly import Weekly

CONNECT_LIMIT_S = 5.0
CANCEL_AGAIN_S = 1.0
CHORE_AGAIN_S = 60.0
DAY_MS = 86_400_000
GONE_MS = 15_000  # a client that acknowledges nothing for this long is gone

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """A shop that serves: where its pages and its broker are."""

    engine: Engine
    broker: Address
    broker_name: str
    url: str
    is_demo: bool
    first_link: str | None  # the token with which somebody becomes the first manager
    cards: Cards


Chore = Callable[[], Coroutine[None, None, None]]
Extra = tuple[Sequence[APIRouter], Callable[[Running], Coroutine[None, None, None]]]


def web_server(app: FastAPI, web: WebPart) -> uvicorn.Server:
    """What serves the pages."""
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            http=Door,
            ws="none",
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=web.tls_cert,
            ssl_keyfile=web.tls_key,
        )
    )


class _Server(uvicorn.Server):
    """Uvicorn, leaving the signals to us: the bus has a last word to say after them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(  # noqa: PLR0915 - a shop is put together in one place
    config: Config,
    ready: Callable[[Running], None],
    *,
    file: Path | None = None,
    extra: Callable[[Engine, Reach], Extra] | None = None,
) -> None:
    """Runs the shop until SIGINT or SIGTERM.

    `ready` is called once everything listens. What changes in `file`, which was just read, is
    taken up as it runs; SIGHUP asks for it.
    `extra` adds routes, and work that runs beside.
    Raises `ConfigError`, `StoreError`, `BrokerError`, `BrokenInstall`, `TakenOver`.
    """
    seen = stamp(file) if file is not None else None
    stopping, again = _signals(may_read_again=file is not None)
    supervisor = Supervisor()
    read_tls(config.web)
    with _listen(config) as listener:
        store = Store(config.data.path)
        async with _broker(config, file) as (address, broker_name):
            engine = Engine(store)
            engine.start(config.plan(), keep_ms=config.data.keep_days * DAY_MS)
            try:
                reach = Reach(engine)
                routers, work = extra(engine, reach) if extra else ((), None)
                orders = Orders()
                cards = Cards(config.data.path, config.web.origin)
                updates = Updates(engine, orders)
                ladder = _ladder(config, engine, reach)
                hooks = Hooks()
                bus = Bus(
                    engine,
                    config.shop.id,
                    address,
                    orders,
                    updates,
                    reach,
                    _discovery(config, engine),
                )
                app = create_app(
                    engine,
                    config.shop,
                    folder("dashboard"),
                    web=config.web,
                    demo=extra is not None,
                    routers=routers,
                    orders=orders,
                    tags=Tags(config.data.path, config.web.origin),
                    cards=cards,
                    updates=updates,
                    reach=reach,
                    hooks=hooks,
                    small_groups=config.privacy.small_groups,
                    plan=config.staffing,
                    look=partial(_look, config, file, engine) if file is not None else None,
                )
                server = web_server(app, config.web)
                renewal = Renewal(config.web, partial(_show, app, server))
                shop_file = [ShopFile(file, config, engine, seen)] if file is not None else []
                demo = extra is not None
                link = None if demo else await app.state.accounts.first_link()
                running = Running(engine, address, broker_name, config.web.here, demo, link, cards)
                async with _Tasks() as tasks:
                    tasks.start(supervisor.reassure())
                    talking = tasks.start(bus.run())
                    serving = tasks.start(server.serve([listener]))
                    tasks.start(follow([renewal, *shop_file], again))
                    for chore in _chores(config, engine, hooks, app.state.numbers):
                        tasks.start(_for_ever(chore))
                    reading = asyncio.to_thread(read_templates, app)
                    await asyncio.gather(_connected(bus, talking), reading)
                    _settle_memory()
                    ready(running)
                    supervisor.ready()
                    measuring = asyncio.create_task(_measure_disk(engine))
                    beside = tasks.start(work(running)) if work is not None else None
                    await tasks.first_end(stopping)
                    supervisor.stopping()
                    await measuring
                    if beside is not None:
                        await tasks.end(beside)
                    app.state.hub.close()
                    updates.close()
                    server.should_exit = True
                    await asyncio.wait({serving}, timeout=3)
                    await bus.farewell()
                    ladder.stop()
            finally:
                engine.stop()


def _chores(config: Config, engine: Engine, hooks: Hooks, numbers: Numbers) -> Iterator[Chore]:
    """What goes on beside the calls."""
    name, language = config.shop.name, config.shop.language
    yield Weekly(config.report, engine, numbers, name, language).run
    yield partial(_post, config, engine, hooks)
    yield partial(mdns.announce, config)


async def _for_ever(chore: Chore) -> None:
    """A fault in a chore is in the log, and it begins again: no call may end with it."""
    while True:
        try:
            await chore()
        except Exception:
            log.exception("what goes on beside the calls failed, and begins again")
        await asyncio.sleep(CHORE_AGAIN_S)


def _signals(*, may_read_again: bool) -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first signal that asks to stop, and by each that asks to read the files again.

    That is SIGHUP. On a terminal it says that the terminal is gone, and the gateway ends with it.
    """
    stopping, again = asyncio.Event(), asyncio.Event()
    on_terminal = any(map(os.isatty, range(3)))
    hung_up = again if may_read_again and not on_terminal else stopping
    heard = {signal.SIGINT: stopping, signal.SIGTERM: stopping, signal.SIGHUP: hung_up}
    for number, event in heard.items():
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return stopping, again


def _show(app: FastAPI, server: uvicorn.Server, tls: Tls) -> None:
    """Shows a certificate that was found good to every browser that comes from now on."""
    if server.config.ssl is not None:
        show_instead(server.config.ssl, tls)
        app.state.certificate, app.state.authority = tls.certificate, tls.authority


class _Tasks:
    """Tasks that end together; an error in one of them is raised at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def first_end(self, stopping: asyncio.Event) -> None:
        """Returns when somebody asks to stop, or any task ends."""
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait({*self._tasks, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()

    async def end(self, *tasks: asyncio.Task[None]) -> None:
        """Cancels them until they have ended.

        Once may not do: Python 3.11's `wait_for`, which aiomqtt connects with, swallows a
        cancellation that comes as its answer does (https://github.com/python/cpython/issues/86296).
        """
        running = {task for task in tasks if not task.done()}
        while running:
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end(*self._tasks)
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


def _settle_memory() -> None:
    """Leaves what was loaded for good out of later collections.

    A full collection over all of it was measured to hold every press up for 60 to 90 ms.
    """
    gc.collect()
    gc.freeze()


async def _connected(bus: Bus, talking: asyncio.Task[None]) -> None:
    """Waits for the broker, but not for long: one that is away now may come later."""
    connected = asyncio.create_task(bus.connected.wait())
    await asyncio.wait(
        {talking, connected}, timeout=CONNECT_LIMIT_S, return_when=asyncio.FIRST_COMPLETED
    )
    connected.cancel()


async def _measure_disk(engine: Engine) -> None:
    """Finds out how long presses will wait for the disk, and warns if that is long."""
    with suppress(OSError):  # a full disk says so elsewhere
        took = await asyncio.to_thread(storage.write_ms, engine.store.path.parent)
        engine.write_ms = round(took, 3)
        if storage.slow(took) is not None:
            log.warning("the disk is slow, and every press waits for it", ms=round(took))


def _look(config: Config, file: Path, engine: Engine) -> Sequence[Finding]:
    """What `overdoor check` would find. Blocks."""
    return checkup.look(config, file, checkup.Gateway(engine.reasons(), engine.write_ms))


@contextmanager
def _listen(config: Config) -> Iterator[socket.socket]:
    """The web's socket, taken before anything else starts, so that a busy port changes nothing."""
    web = config.web
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        listener = socket.create_server((web.host, web.port), family=family, backlog=512)
    except OSError as error:
        raise ConfigError(
            f"The pages cannot be served on {web.bind}: {os.strerror(error.errno or 0)}. "
            "Stop what listens there, or set another [web] bind."
        ) from None
    with listener:
        # Every connection inherits it. Without, an answer on a kept connection waits 40 ms for
        # an acknowledgement; asyncio sees to it only for sockets that it made itself.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A phone that left the Wi-Fi says no goodbye. Its page is pinged, and must not count as
        # reachable for the quarter of an hour in which the kernel would go on trying.
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)
        yield listener


@asynccontextmanager
async def _broker(config: Config, file: Path | None) -> AsyncIterator[tuple[Address, str]]:
    """The broker's address and name; ours runs as long as this lasts."""
    mqtt = config.mqtt
    if mqtt.url != "embedded":
        address = replace(Address.parse(mqtt.url), ca=str(mqtt.ca) if mqtt.ca else None)
        yield address, f"{address.host}:{address.port}"
        return
    guard = None
    address = Address("127.0.0.1", mqtt.port)
    if mqtt.is_guarded:
        beside = (file or config.data.path).resolve().parent  # where shop.toml is
        keys = (mqtt.tls_cert, mqtt.tls_key) if mqtt.tls_cert and mqtt.tls_key else None
        devices = beside / DEVICES / PASSWORDS
        guard = Guard(mqtt.bind, config.shop.id, devices, keys, config.discovery)
        ca = str(mqtt.ca) if keys else None
        tls = keys is not None
        address = Address(guard.host, mqtt.port, GATEWAY, guard.password, tls, ca)
    broker = EmbeddedBroker(config.data.path, mqtt.port, mqtt.broker, guard)
    await broker.start()
    try:
        yield address, f"embedded {broker.name} on {mqtt.bind}:{mqtt.port}"
    finally:
        await broker.stop()


def _ladder(config: Config, engine: Engine, reach: Reach) -> Ladder:
    """The ways to reach people that the file names. What they need is loaded only for them."""
    push = channels = None
    notify = config.notify
    if notify.contact is not None:
        from overdoor.notify.push import Push  # noqa: PLC0415

        push = Push(config.data.path, notify.contact)
        reach.push_key, reach.push_hosts = push.key, notify.push_services
    if config.channel or notify.personal:
        from overdoor.notify.channels import Channels  # noqa: PLC0415

        channels = Channels({channel.id: channel.url for channel in config.channel})
        reach.personal = notify.personal
        reach.channels = {channel.id: (None, None) for channel in config.channel}
    return Ladder(engine, reach, push, channels)


async def _post(config: Config, engine: Engine, board: Hooks) -> None:
    """Posts to the webhooks that the file names. What that needs is loaded only for them."""
    webhooks = None
    if config.webhook:
        from overdoor.notify.webhooks import Webhooks  # noqa: PLC0415

        webhooks = Webhooks(engine, config.shop.id, config.webhook, board)
    try:
        await asyncio.Event().wait()
    finally:
        if webhooks is not None:
            await webhooks.stop()


def _discovery(config: Config, engine: Engine) -> Discovery | None:
    """The shop as Home Assistant finds it; None if the file does not name it."""
    part = config.home_assistant
    if part is None:
        return None
    return Discovery(
        engine,
        config.shop.id,
        config.shop.name,
        prefix=part.prefix,
        wanted=part.discovery,
        url=config.web.origin,
        language=config.shop.language,
    )
