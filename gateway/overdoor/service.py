"""The command `overdoor service`: a systemd unit that watches the gateway and locks it in."""

import pwd
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor.checkup.network import LOW_PORTS
from overdoor.config import Config, ConfigError
from overdoor.options import ConfigFile

UNIT = Path("/etc/systemd/system/overdoor.service")
WATCHDOG_S = 30
TAKEN_OVER = 3  # exit status of a gateway whose shop another one has taken
_TEMPLATE = """\
# Written by `overdoor service install`. Changes belong into `systemctl edit overdoor`.
[Unit]
Description=Overdoor, the gateway of {shop}
Documentation=https://www.freedesktop.org/software/systemd/man/systemd.exec.html
Wants=network-online.target
After=network-online.target time-sync.target mosquitto.service
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command} run --config {config}
ExecReload=/bin/kill -HUP $MAINPID
WorkingDirectory={folder}
User={user}
Restart=always
RestartSec=2
# Another gateway has the shop: two that start each other anew would both lose presses.
RestartPreventExitStatus={taken_over}
# The event loop says every {third} s that it turns. If it hangs, systemd starts the gateway anew.
WatchdogSec={watchdog}
TimeoutStartSec=120
TimeoutStopSec=20

# What it may write, and what it is started with.
ReadWritePaths={writes}
UMask=0077
{capabilities}
# What it cannot do.
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
MemoryMax=1G
TasksMax=256

[Install]
WantedBy=multi-user.target
"""
_HOMES = ("/home/", "/root/", "/run/user/")
_PLAIN = re.compile(r"[\w@%+=:,./-]+")

app = typer.Typer(help="Run the gateway at every start of this machine.", no_args_is_help=True)


@app.command()
def install(
    config: ConfigFile = Path("shop.toml"),
    user: Annotated[
        str | None, typer.Option(help="Who runs it; by default the owner of the shop's file.")
    ] = None,
    to: Annotated[
        Path, typer.Option(help="Where the unit is written; - prints it only.", show_default=True)
    ] = UNIT,
) -> None:
    """Write a systemd unit for this shop: started at boot, watched, and locked in.

    It is written anew each time; what you want otherwise goes into `systemctl edit overdoor`.

    Example: `sudo overdoor service install --config /var/lib/overdoor/shop.toml`
    """
    read = configuration.read(config)
    there = config.resolve()
    owner = user or pwd.getpwuid(there.stat().st_uid).pw_name
    _known(owner)
    text = unit(read, there, owner)
    if str(to) == "-":
        typer.echo(text, nl=False)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{to} cannot be written: {error.strerror}. Use sudo, or --to - to see it only."
        ) from None
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


def unit(config: Config, file: Path, user: str) -> str:
    """The unit. `file`: the shop's file, from the root on. Raises `ConfigError`."""
    command = Path(sys.executable).with_name("overdoor")
    writes = list(dict.fromkeys([file.parent, config.data.path.resolve()]))
    for path in (command, file, *writes):
        if not _PLAIN.fullmatch(str(path)):
            raise ConfigError(f"systemd wants paths without spaces and quotes; move {path}.")
    homes = [path for path in (command, file, *writes) if str(path).startswith(_HOMES)]
    low = config.web.port < LOW_PORTS
    bind = "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" if low else ""
    bound = "CAP_NET_BIND_SERVICE" if low else ""
    return _TEMPLATE.format(
        shop=config.shop.name.replace("%", "%%"),
        command=_escaped(command),
        config=_escaped(file),
        folder=_escaped(file.parent),
        writes=" ".join(map(_escaped, writes)),
        user=user,
        third=WATCHDOG_S // 3,
        watchdog=WATCHDOG_S,
        taken_over=TAKEN_OVER,
        home="read-only" if homes else "yes",
        capabilities=f"{bind}CapabilityBoundingSet={bound}\n",
    )


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def _known(user: str) -> None:
    """Raises `ConfigError` if there is no such user."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise ConfigError(
            f"There is no user {user!r}. Make one: sudo adduser --system --group "
            f"--home /var/lib/overdoor {user if user.isalnum() else 'overdoor'}"
        ) from None
