"""The embedded broker: a child of the gateway.

Debian's mosquitto when it is there, else iotcore from the package registry. Both run under a
shell that waits for the end of its standard input, so that they end with the gateway even when
it is killed; a broker that ends by itself is started again.

It listens on loopback only, for anybody there, unless it is guarded: then devices and programs
reach it with their passwords, and a password that changes counts a second later. iotcore has
neither passwords nor an access list, so it is never guarded and never leaves loopback.
"""

import asyncio
import ipaddress
import os
import secrets
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import structlog

from overdoor import durable
from overdoor.bus import mosquitto

HOST = "127.0.0.1"
START_LIMIT_S = 10.0
RESTART_S = 0.5
LOOK_EVERY_S = 1.0  # whether the passwords changed

_KEEPER = (
    'exec 3<&0; "$@" 3<&- >/dev/null & pid=$!; echo $pid; exec >/dev/null 2>&1; '
    "(cat <&3 >&2; kill $pid) & wait $pid"
)

_MOSQUITTO = """\
# Written by overdoor at each start. Loopback only: there is no password and no access list.
listener {port} {host}
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 10000
"""
_COMMON = """\
persistence false
log_dest stderr
log_type error
log_type warning
"""

log = structlog.get_logger()


class BrokerError(Exception):
    """The embedded broker cannot be started. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may reach the broker from elsewhere, and how.

    `bind`: the address that it listens on. `devices`: the password file of devices and programs,
    in the folder that says which of them are programs. `certificate`: and its key, for TLS.
    `discovery`: as in the access list. `password`: the gateway's own, new at each start.
    """

    bind: str
    shop: str
    devices: Path
    certificate: tuple[Path, Path] | None = None
    discovery: str | None = None
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def host(self) -> str:
        """Where the gateway itself finds the broker."""
        address = ipaddress.ip_address(self.bind)
        return ("::1" if address.version == 6 else HOST) if address.is_unspecified else self.bind


class EmbeddedBroker:
    """Starts a broker, keeps it running, ends it."""

    def __init__(
        self,
        folder: Path,
        port: int,
        which: Literal["auto", "mosquitto", "iotcore"] = "auto",
        guard: Guard | None = None,
    ) -> None:
        self.port = port
        self._folder = folder
        found = find_mosquitto()
        if which == "mosquitto" and found is None:
            raise BrokerError(
                'mosquitto is not installed. Install it, or set [mqtt] broker = "auto".'
            )
        if guard is not None and (found is None or which == "iotcore"):
            raise BrokerError(
                "Only mosquitto can take devices from the network: iotcore has neither passwords "
                "nor an access list. Install mosquitto, or leave [mqtt] bind out."
            )
        self._mosquitto = None if which == "iotcore" else found
        self._guard = guard
        self._host = guard.host if guard is not None else HOST
        self._read: tuple[int, int] | None = None  # which passwords the broker has
        self._process: asyncio.subprocess.Process | None = None
        self._pid: int | None = None  # of the broker itself, under its shell
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def name(self) -> str:
        """Which broker it is, with its path."""
        return self._mosquitto or "iotcore (rumqttd)"

    async def start(self) -> None:
        """Starts it and waits until it takes connections. Raises `BrokerError`."""
        if await _listening(self._host, self.port):
            raise BrokerError(
                f"Port {self.port} on {self._host} is taken, so the embedded broker cannot start. "
                "Stop what listens there (Debian's own mosquitto: sudo systemctl disable --now "
                "mosquitto), or set another [mqtt] port."
            )
        await self._spawn()
        self._tasks = [asyncio.create_task(self._keep(), name="embedded broker")]
        if self._guard is not None:
            self._tasks.append(asyncio.create_task(self._follow(self._guard), name="passwords"))

    async def stop(self) -> None:
        """Ends it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._process is not None:
            await self._end(self._process)

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            _KEEPER,
            "sh",
            *self._command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the gateway, which still has things to say
        )
        assert self._process.stdout is not None
        said = (await self._process.stdout.readline()).strip()
        self._pid = int(said) if said.isdigit() else None
        for _ in range(int(START_LIMIT_S / 0.02)):
            if self._process.returncode is not None:
                break
            if await _listening(self._host, self.port):
                return
            await asyncio.sleep(0.02)
        await self._end(self._process)
        raise BrokerError(
            f"The embedded broker {self.name} did not start on {self._host}, port {self.port}."
        )

    def _command(self) -> list[str]:
        if self._mosquitto is None:
            return [
                *(sys.executable, "-m", "iotcore", "--listen", HOST),
                *("--port", str(self.port), "--log-level", "CRITICAL"),
            ]
        config = self._folder / "mosquitto.conf"
        durable.write(config, (_COMMON + self._listener()).encode(), durable.PUBLIC)
        return [self._mosquitto, "-c", str(config)]

    def _listener(self) -> str:
        guard = self._guard
        if guard is None:
            return _MOSQUITTO.format(port=self.port, host=HOST)
        self._write_users(guard)
        certificate = guard.certificate
        # Started by root it would become another user, who may not read the passwords again.
        stay = "user root\n" if os.geteuid() == 0 else ""
        return stay + mosquitto.settings(
            f"{self.port} {guard.bind}",
            str((self._folder / mosquitto.PASSWORDS).resolve()),
            str((self._folder / mosquitto.ACCESS).resolve()),
            (str(certificate[0].resolve()), str(certificate[1].resolve())) if certificate else None,
        )

    def _write_users(self, guard: Guard) -> None:
        """Who may do what, and by which password: devices, programs, the gateway.

        Nobody else: who has a password, and no rules of their own, may do what a device may.
        Raises `BrokerError`.
        """
        state = _state(guard.devices)
        try:
            lines = guard.devices.read_text(encoding="utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            lines = []  # none was set up yet
        except (OSError, UnicodeError) as error:
            raise BrokerError(
                f"The devices' passwords in {guard.devices} cannot be read ({error}). "
                "overdoor device add writes the file anew."
            ) from None
        folder = guard.devices.parent
        try:
            programs = mosquitto.programs_in(folder)
        except (OSError, ValueError) as error:
            raise BrokerError(
                f"The list of programs {folder / mosquitto.PROGRAMS} cannot be read ({error}). "
                "Bring it back from a backup, or remove it and add the programs anew."
            ) from None
        rules = mosquitto.access(guard.shop, mosquitto.GATEWAY, guard.discovery, programs.values())
        durable.write(self._folder / mosquitto.ACCESS, rules.encode())
        known = {*mosquitto.devices_in(folder), *programs}
        theirs = "".join(line for line in lines if line.partition(":")[0] in known)
        own = mosquitto.passwords({mosquitto.GATEWAY: guard.password})
        durable.write(self._folder / mosquitto.PASSWORDS, (theirs + own).encode())
        self._read = state

    async def _follow(self, guard: Guard) -> None:
        """Has the broker read the passwords again when they change: it ends whose is gone."""
        said = ""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if _state(guard.devices) == self._read or self._pid is None:
                continue
            try:
                self._write_users(guard)
            except (BrokerError, OSError) as error:
                if str(error) != said:  # tried again at each look, told once
                    said = str(error)
                    log.error("the devices' passwords cannot be taken up", error=said)
                continue
            said = ""
            with suppress(ProcessLookupError):  # it is being started again, and reads them then
                os.kill(self._pid, signal.SIGHUP)
            log.info("the broker has the devices' passwords as they are now")

    async def _keep(self) -> None:
        while True:
            assert self._process is not None
            status = await self._process.wait()
            log.warning("the embedded broker ended and is started again", status=status)
            while True:
                await asyncio.sleep(RESTART_S)
                try:
                    await self._spawn()
                    break
                except (BrokerError, OSError) as error:  # a full disk, say
                    log.error("the embedded broker does not start", error=str(error))

    @staticmethod
    async def _end(process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def find_mosquitto() -> str | None:
    """Its path; Debian has it where only root looks."""
    places = os.environ.get("PATH", os.defpath)
    return shutil.which("mosquitto", path=f"{places}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


def _state(file: Path) -> tuple[int, int] | None:
    """By which one sees that a file, which is only ever replaced, is another one."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


async def _listening(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
