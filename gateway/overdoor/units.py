"""What systemd is given: a unit for the gateway, and one with a timer for its backups."""

import re
import sys
from pathlib import Path

from overdoor.checkup.network import LOW_PORTS
from overdoor.config import Config, ConfigError

WATCHDOG_S = 30
TAKEN_OVER = 3  # exit status of a gateway whose shop another one has taken
_GATEWAY = """\
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
# A program kill is not on every Debian; the shell has its own.
ExecReload=/bin/sh -c "kill -HUP $MAINPID"
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
MemoryMax=1G
TasksMax=256
{locks}
[Install]
WantedBy=multi-user.target
"""
_BACKUP = """\
# Written by `overdoor service backup`. Changes belong into `systemctl edit overdoor-backup`.
[Unit]
Description=Overdoor, a backup of {shop}
RequiresMountsFor={to}

[Service]
Type=oneshot
# A network disk that hangs is a night that failed.
TimeoutStartSec=3h
ExecStart={command} backup {to} --keep {keep} --config {config}{encrypt}
WorkingDirectory={folder}
User={user}
# Presses wait for the same disk.
Nice=10
IOSchedulingClass=idle
PrivateNetwork=yes
{locks}"""
_TIMER = """\
# Written by `overdoor service backup`. Changes belong into `systemctl edit overdoor-backup.timer`.
[Unit]
Description=Overdoor, a backup of {shop} each night

[Timer]
OnCalendar={at}
# A machine that was off at that time makes up for it.
Persistent=yes

[Install]
WantedBy=timers.target
"""
_LOCKS = """\

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
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# What is in memory has secrets in it.
LimitCORE=0
"""
_HOMES = ("/home/", "/root/", "/run/user/")
_PLAIN = re.compile(r"[\w@%+=:,./-]+")


def gateway(config: Config, file: Path, user: str) -> str:
    """The unit of a gateway. `file`: the shop's file, from the root on. Raises `ConfigError`."""
    return _GATEWAY.format(
        **_who(config, file, user),
        locks=_locks(config, file, [], web=True),
        third=WATCHDOG_S // 3,
        watchdog=WATCHDOG_S,
        taken_over=TAKEN_OVER,
    )


def backup(
    config: Config, file: Path, user: str, to: Path, keep: int, password: Path | None
) -> str:
    """The unit that makes one backup in the folder `to`. Raises `ConfigError`.

    `password`: the file of root's with which systemd starts it, if the backup is encrypted.
    """
    return _BACKUP.format(
        **_who(config, file, user),
        to=_escaped(to),
        keep=keep,
        encrypt=f" --encrypt\nEnvironmentFile={password}" if password is not None else "",
        locks=_locks(config, file, [to], web=False),
    )


def timer(config: Config, at: str) -> str:
    """What starts a backup. `at`: the time of day, as 03:30."""
    return _TIMER.format(shop=_name(config), at=at)


def _who(config: Config, file: Path, user: str) -> dict[str, str]:
    return {
        "shop": _name(config),
        "command": _escaped(_command()),
        "config": _escaped(file),
        "folder": _escaped(file.parent),
        "user": user,
    }


def _locks(config: Config, file: Path, more: list[Path], *, web: bool) -> str:
    """Raises `ConfigError` for a path that cannot be in a unit. `web`: whether it serves pages."""
    writes = list(dict.fromkeys([file.parent, config.data.path.resolve(), *more]))
    paths = [_command(), file, *writes]
    for path in paths:
        if not _PLAIN.fullmatch(str(path)):
            raise ConfigError(f"systemd wants paths without spaces and quotes; move {path}.")
    low = web and config.web.port < LOW_PORTS
    bind = "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" if low else ""
    bound = "CAP_NET_BIND_SERVICE" if low else ""
    homes = any(str(path).startswith(_HOMES) for path in paths)
    return _LOCKS.format(
        # Without "-" a folder that is not there ends the unit before Overdoor can say so.
        writes=" ".join(f"-{_escaped(path)}" for path in writes),
        capabilities=f"{bind}CapabilityBoundingSet={bound}\n",
        home="read-only" if homes else "yes",
    )


def _command() -> Path:
    return Path(sys.executable).with_name("overdoor")


def _name(config: Config) -> str:
    """In one line, and no more than words: who may edit shop.toml is not who writes units."""
    plain = "".join(c if c.isprintable() and c != "\\" else " " for c in config.shop.name)
    return " ".join(plain.split()).replace("%", "%%")


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
