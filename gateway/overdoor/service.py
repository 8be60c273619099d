"""The command `overdoor service`: systemd runs the gateway and its backups, and locks them in."""

import pwd
from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor import units
from overdoor.backups.command import PASSWORD
from overdoor.config import Config, ConfigError
from overdoor.options import ConfigFile

UNITS = Path("/etc/systemd/system")
PASSWORD_FILE = Path("/etc/overdoor-backup.env")

app = typer.Typer(help="Run the gateway at every start of this machine.", no_args_is_help=True)

User = Annotated[
    str | None, typer.Option(help="Who runs it; by default the owner of the shop's file.")
]


@app.command()
def install(
    config: ConfigFile = Path("shop.toml"),
    user: User = None,
    to: Annotated[
        Path, typer.Option(help="Where the unit is written; - prints it only.", show_default=True)
    ] = UNITS / "overdoor.service",
) -> None:
    """Write a systemd unit for this shop: started at boot, watched, and locked in.

    It is written anew each time; what you want otherwise goes into `systemctl edit overdoor`.

    Example: `sudo overdoor service install --config /var/lib/overdoor/shop.toml`
    """
    read, there, owner = _shop(config, user)
    text = units.gateway(read, there, owner)
    if str(to) == "-":
        typer.echo(text, nl=False)
        return
    _write(to, text)
    typer.echo(f"Wrote {to}: the gateway of {read.shop.name} runs as {owner}.")
    if owner == "root":
        typer.echo("Better not as root: give the folder to a user of its own, and name it --user.")
    typer.echo(
        "Next:\n"
        "  sudo systemctl daemon-reload\n"
        "  sudo systemctl enable --now overdoor\n"
        "  systemctl status overdoor      what it says of itself\n"
        "  journalctl -u overdoor -f      its log\n"
        "  sudo systemctl reload overdoor      reads shop.toml and the certificate again\n"
        "  systemd-analyze security overdoor      what the unit locks"
    )


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where the backups go, best on another machine.")],
    keep: Annotated[
        int, typer.Option(min=1, help="How many stay; older ones are removed.", show_default=True)
    ] = 14,
    at: Annotated[
        str, typer.Option(help="When, by this machine's clock.", show_default=True)
    ] = "03:30",
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help=f"With {PASSWORD} in {PASSWORD_FILE}.")
    ] = False,
    config: ConfigFile = Path("shop.toml"),
    user: User = None,
    to: Annotated[
        Path, typer.Option(help="Where the units are written; - prints them only.")
    ] = UNITS,
) -> None:
    """Write a systemd timer that makes a backup of this shop each night.

    Each is a file of its own in the folder, read again to its end. One that fails is a failed unit
    of systemd.

    Example: `sudo overdoor service backup /mnt/nas/overdoor --keep 30`
    """
    read, there, owner = _shop(config, user)
    hour, _, minute = at.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise ConfigError(f"{at!r} is no time of day; say 03:30.")
    password = PASSWORD_FILE if encrypt else None
    texts = {
        "overdoor-backup.service": units.backup(
            read, there, owner, folder.absolute(), keep, password
        ),
        "overdoor-backup.timer": units.timer(read, f"{int(hour):02}:{int(minute):02}"),
    }
    if str(to) == "-":
        typer.echo("\n".join(texts.values()), nl=False)
        return
    for name, text in texts.items():
        _write(to / name, text)
    typer.echo(f"Wrote overdoor-backup.service and .timer into {to}: at {at}, as {owner}. Next:")
    if encrypt:
        typer.echo(
            f"  write {PASSWORD}=... into {PASSWORD_FILE}, for root only to read, and keep it "
            "elsewhere too"
        )
    if not folder.is_dir():
        typer.echo(f"  sudo install -d -o {owner} -m 700 {folder}")
    typer.echo(
        "  sudo systemctl daemon-reload\n"
        "  sudo systemctl enable --now overdoor-backup.timer\n"
        "  sudo systemctl start overdoor-backup      the first one now"
    )


def _shop(file: Path, user: str | None) -> tuple[Config, Path, str]:
    """What the shop's file says, where it is, and who shall run it. Raises `ConfigError`."""
    read = configuration.read(file)
    there = file.resolve()
    owner = user or pwd.getpwuid(there.stat().st_uid).pw_name
    try:
        pwd.getpwnam(owner)
    except KeyError:
        raise ConfigError(
            f"There is no user {owner!r}. Make one: sudo adduser --system --group "
            f"--home /var/lib/overdoor {owner if owner.isalnum() else 'overdoor'}"
        ) from None
    return read, there, owner


def _write(unit: Path, text: str) -> None:
    """Raises `ConfigError`."""
    try:
        unit.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{unit} cannot be written: {error.strerror}. Use sudo, or --to - to see it only."
        ) from None
