"""The command `overdoor`."""

import asyncio
import logging
import os
import sys
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import structlog
import typer

from overdoor import __version__, associates, numbers_cli, service, trust
from overdoor import config as configuration
from overdoor.associates import AccountError
from overdoor.authority import AuthorityError
from overdoor.backups import BackupError
from overdoor.backups.command import backup, restore
from overdoor.beginning import init
from overdoor.bus import BrokerError, TakenOver
from overdoor.cards import CardsError
from overdoor.checkup.command import check
from overdoor.config import ConfigError
from overdoor.demo import DemoError, demo_config, run_demo
from overdoor.device import DeviceError, users
from overdoor.device import app as device_app
from overdoor.doctor import doctor
from overdoor.export import ExportError
from overdoor.options import ConfigFile
from overdoor.owner import owner
from overdoor.resources import BrokenInstall
from overdoor.room import app as room_app
from overdoor.serve import Running, serve
from overdoor.simulate import HistoryError, behind, calm_day, made_up, many, one, rough_hour
from overdoor.store import FILE, Store, StoreError
from overdoor.tags import TagsError
from overdoor.units import TAKEN_OVER

USAGE = 2
DEMO_CALLS = 12  # a day of each room, in a past that is made up
_SAID = (
    AccountError,
    AuthorityError,
    BackupError,
    BrokenInstall,
    BrokerError,
    CardsError,
    ConfigError,
    DemoError,
    DeviceError,
    ExportError,
    numbers_cli.ReportError,
    HistoryError,
    StoreError,
    TagsError,
    TakenOver,
)

app = typer.Typer(
    help="Overdoor: a button in the fitting room, a lamp over the door, somebody who comes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

app.command()(init)
app.command()(check)
app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.command()(trust.ca)
app.command()(numbers_cli.export)
app.command()(numbers_cli.datasette)
app.command()(numbers_cli.report)
app.add_typer(service.app, name="service")
app.add_typer(device_app, name="device")
app.add_typer(users.app, name="broker")
app.add_typer(room_app, name="room")
app.add_typer(associates.app, name="associate")
app.add_typer(associates.tokens, name="token")


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"overdoor {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True),
    ] = False,
) -> None:
    """What may be said before any command; `_tell_version` does it."""


@app.command()
def run(config: ConfigFile = Path("shop.toml")) -> None:
    """Run the gateway of a shop.

    Serves the pages, talks to the devices through the broker that `[mqtt] url` names, and writes
    everything to the folder `[data] path`. Stop it with Ctrl-C; nothing is lost when it is killed.

    Example: `overdoor run --config /var/lib/overdoor/shop.toml`
    """
    read = configuration.read(config)
    asyncio.run(serve(read, _announce, file=config))


@app.command()
def compact(config: ConfigFile = Path("shop.toml")) -> None:
    """Make a shop's database as small as it can be, while its gateway is stopped.

    A gateway gives the space of old calls back by itself. Only a file that an older version of
    Overdoor made, and that was larger than 32 MB, needs this, once. Meanwhile it takes up to twice
    the space of the file beside it.

    Example: `overdoor compact --config /var/lib/overdoor/shop.toml`
    """
    read = configuration.read(config)
    file = read.data.path / FILE
    if not file.is_file():
        raise StoreError(f"There is no database {file}.")
    with closing(Store(read.data.path)) as store:
        store.compact()
    typer.echo(f"{file} has {file.stat().st_size / 1e6:.1f} MB now.")


@app.command()
def demo(
    rooms: Annotated[
        int, typer.Option(min=1, max=50, help="How many fitting rooms the shop has.")
    ] = 8,
    busy: Annotated[bool, typer.Option("--busy", help="Shoppers press by themselves.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the pages; the next free one if taken.")
    ] = 8080,
    broker: Annotated[
        Literal["auto", "mosquitto", "iotcore"],
        typer.Option(help="Which broker to embed; auto takes mosquitto if it is there."),
    ] = "auto",
    data: Annotated[
        Path | None, typer.Option(help="Keep the data here; else it is gone at the end.")
    ] = None,
    history: Annotated[
        str | None, typer.Option(help="Make up so long a past, for the numbers: 90d, 1y.")
    ] = None,
) -> None:
    """Run a whole shop on this machine, with simulated rooms.

    Each room is a MicroPython process that runs the real firmware. Open the printed address, press
    a button on the floor plan, and answer the call on the handheld page. Ctrl-C ends everything.

    Example: `overdoor demo --busy --rooms 20`
    """
    with demo_config(rooms, port, broker, data) as config:
        if history is not None:
            plan, folder = config.config.plan(), config.config.data.path
            behind(plan, folder, history, DEMO_CALLS * rooms, typer.echo)
        asyncio.run(run_demo(config, partial(_announce, file=config.file), busy=busy))


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(min=0, help="Which world; or with which to begin.")] = 7,
    days: Annotated[int, typer.Option(min=1, max=365, help="How many days it lasts.")] = 1,
    rough: Annotated[
        bool, typer.Option("--rough", help="A bad hour instead, as --seeds tries them.")
    ] = False,
    story: Annotated[bool, typer.Option("--story", help="Tell what happens.")] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Try so many worlds, one after the other.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="Try worlds for so long.")] = None,
    history: Annotated[
        str | None, typer.Option(help="Make up so long a past of a shop instead: 5y, 18m, 90d.")
    ] = None,
    calls_per_day: Annotated[
        float, typer.Option(min=1, max=20_000, help="Of the history, on an average day.")
    ] = 300,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of the history; else yesterday."),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="The new folder of the history.", file_okay=False)
    ] = None,
) -> None:
    """Simulate a shop and everything that can go wrong in it, in virtual time.

    The real decisions, storage and firmware run against simulated people, networks, brokers,
    disks and clocks. The same seed gives the same day. Exit status 1 means that a promise was
    broken; the shortest story that shows it is printed.

    `--history` is something else: years of a shop in which nothing goes wrong, written as they
    lie on its disk, to try the numbers on.

    Example: `overdoor simulate --seed 7 --story`
    """
    if history is not None:
        if into is None:
            raise HistoryError("Say --into which folder the history goes.")
        made_up(history, calls_per_day, seed, into, until.date() if until else None, typer.echo)
        return
    if seeds is not None or seconds is not None:
        kept = many(seeds, seconds, seed, typer.echo)
    else:
        script = rough_hour(seed) if rough else calm_day(seed, days)
        kept = one(script, typer.echo, story=story)
    if not kept:
        raise typer.Exit(1)


def _announce(running: Running, file: Path | None = None) -> None:
    """Says where everything is. `file`: the `shop.toml` that nobody knows of yet."""
    demo_page = f"  the shop        {running.url}/demo\n" if running.is_demo else ""
    its_file = f"  its file        {file}   (overdoor device list --config ...)\n" if file else ""
    typer.echo(
        f"Overdoor {__version__} is running.\n"
        f"{demo_page}"
        f"  dashboard       {running.url}/\n"
        f"  handheld        {running.url}/handheld\n"
        f"  API             {running.url}/api/v1/rooms\n"
        f"  broker          {running.broker_name}\n"
        f"{its_file}"
        "Ctrl-C ends it."
    )
    if running.first_link is not None and "JOURNAL_STREAM" in os.environ:
        typer.echo(  # a journal keeps what it hears
            "Anybody who reaches the pages may sign on. For accounts, take the link that\n"
            "  overdoor associate link --first   prints."
        )
    elif running.first_link is not None:
        typer.echo(
            "Anybody who reaches the pages may sign on. For accounts, the manager opens\n"
            f"  {running.url}/join/{running.first_link}\n"
            "which works once, for a day."
        )
    if not running.engine.broker_up:
        typer.echo("The broker does not answer yet; trying on.", err=True)
    sys.stdout.flush()


def _log_to_stderr() -> None:
    """People read on a terminal; machines read JSON."""
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(
                [structlog.dev.ConsoleRenderer()]
                if on_terminal
                else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("mqtt").setLevel(logging.CRITICAL)  # aiomqtt's; the bus says what matters


def main() -> None:
    """The entry point. A mistake of configuration or use is one sentence, and status 2.

    Status 3: another gateway took the shop over.
    """
    _log_to_stderr()
    try:
        app()
    except _SAID as error:
        typer.echo(f"overdoor: {error}", err=True)
        raise SystemExit(TAKEN_OVER if isinstance(error, TakenOver) else USAGE) from None
    except PermissionError as error:
        there = Path(error.filename or ".")
        typer.echo(
            f"overdoor: {there} is not for this user. Run it as the user of the shop: "
            f"sudo -u {owner(there)} overdoor ...",
            err=True,
        )
        raise SystemExit(USAGE) from None
    except KeyboardInterrupt:  # before the shop took over the signals
        raise SystemExit(130) from None
