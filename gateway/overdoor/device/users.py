"""The commands `overdoor broker user ...`: programs that listen on the broker."""

import re
from pathlib import Path
from typing import Annotated

import typer

from overdoor import authority
from overdoor import config as configuration
from overdoor.device.folder import Folder
from overdoor.device.problem import DeviceError
from overdoor.device.provision import Bench, files_for_mosquitto
from overdoor.options import ConfigFile

app = typer.Typer(help="The shop's broker, and who else may listen there.", no_args_is_help=True)
users = typer.Typer(
    help="Users for programs that listen on the broker: Home Assistant, Node-RED, a screen.",
    no_args_is_help=True,
)
app.add_typer(users, name="user")

Name = Annotated[str, typer.Argument(help="Its user, like node-red.")]
_NAME = re.compile(r"[a-z0-9-]{1,32}")


@users.command()
def add(
    name: Name,
    home_assistant: Annotated[
        bool,
        typer.Option(
            "--home-assistant", help="It may read what is announced to it, and say that it started."
        ),
    ] = False,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Print the password of a new user, who may listen and change nothing. It is shown only now.

    It reads what rooms and lights show and how devices do, nothing that says who. Each program
    wants a user of its own: two with one user put each other out.

    Example: `overdoor broker user add home-assistant --home-assistant`
    """
    if not _NAME.fullmatch(name):
        raise DeviceError(f"{name!r}: a name has 1 to 32 of a-z, 0-9 and -.")
    bench = _bench(config)
    if home_assistant and bench.config.discovery is None:
        raise DeviceError(
            "Nothing is announced to Home Assistant yet. Add [home_assistant] to "
            f"{config.name}, start the gateway anew, and say this again."
        )
    typer.echo(bench.add_program(name, home_assistant=home_assistant))
    _tell_where(bench)
    _next_steps(bench)


@users.command("list")
def list_(config: ConfigFile = Path("shop.toml")) -> None:
    """Show which programs have a user on the broker.

    Example: `overdoor broker user list`
    """
    programs = Folder(config).programs().values()
    if not programs:
        typer.echo("None yet. overdoor broker user add makes one.", err=True)
        return
    width = max(len(one.name) for one in programs)
    for one in programs:
        kind = "as Home Assistant" if one.home_assistant else "listens"
        typer.echo(f"{one.name:{width}}  since {one.added[:10]}  {kind}")


@users.command()
def renew(name: Name, config: ConfigFile = Path("shop.toml")) -> None:
    """Print a new password for a program. The old one is void, and who is connected is put out.

    Example: `overdoor broker user renew node-red`
    """
    bench = _bench(config)
    typer.echo(bench.renew_program(name))
    _next_steps(bench)


@users.command()
def remove(name: Name, config: ConfigFile = Path("shop.toml")) -> None:
    """Take a program its user; it is put out.

    Example: `overdoor broker user remove node-red`
    """
    bench = _bench(config)
    bench.remove_program(name)
    typer.echo(f"{name} is gone.", err=True)
    _next_steps(bench, fewer=True)


def _bench(config: Path) -> Bench:
    """Raises `DeviceError` where the broker knows no users."""
    read = configuration.read(config)
    if read.mqtt.url == "embedded" and not read.mqtt.is_guarded:
        raise DeviceError(
            "The broker is for this machine only, and there for anybody, without a password. Set "
            "[mqtt] bind, as docs/running.md shows, and say this again."
        )
    return Bench(read, config, Folder(config))


def _tell_where(bench: Bench) -> None:
    """Beside the password, which alone is the command's output."""
    mqtt = bench.config.mqtt
    site = bench.folder.site()
    if mqtt.is_guarded:
        host = site.broker_host if site is not None else "this machine's address"
        where = f"{host}, port {mqtt.port}"
    else:
        where = "that of shop.toml"
    typer.echo(f"The broker: {where}.", err=True)
    if bench.speaks_tls():
        ca = mqtt.ca or bench.file.resolve().parent / authority.FOLDER / authority.CA
        typer.echo(f"It speaks TLS; what vouches for it: {ca}", err=True)


def _next_steps(bench: Bench, *, fewer: bool = False) -> None:
    if bench.config.mqtt.is_guarded:
        typer.echo("A gateway that runs has told its broker within two seconds.", err=True)
    else:
        for line in files_for_mosquitto(bench, fewer=fewer):
            typer.echo(line, err=True)
