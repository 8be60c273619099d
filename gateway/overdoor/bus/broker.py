"""The embedded broker: a child of the gateway, on loopback only.

Debian's mosquitto when it is there, else iotcore from the package registry. Both run under a
shell that waits for the end of its standard input, so that they end with the gateway even when
it is killed; a broker that ends by itself is started again.
"""

import asyncio
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Literal

import structlog

HOST = "127.0.0.1"
START_LIMIT_S = 10.0
RESTART_S = 0.5

_KEEPER = 'exec 3<&0; "$@" 3<&- & pid=$!; exec 2>/dev/null; (cat <&3 >&2; kill $pid) & wait $pid'

_MOSQUITTO = """\
# Written by overdoor at each start. Loopback only: there is no password and no access list.
listener {port} {host}
allow_anonymous true
set_tcp_nodelay true
persistence false
max_inflight_messages 1000
max_queued_messages 10000
log_dest stderr
log_type error
log_type warning
"""

log = structlog.get_logger()


class BrokerError(Exception):
    """The embedded broker cannot be started. The message says why, and what to do."""


class EmbeddedBroker:
    """Starts a broker, keeps it running, ends it."""

    def __init__(
        self, folder: Path, port: int, which: Literal["auto", "mosquitto", "iotcore"] = "auto"
    ) -> None:
        self.port = port
        self._folder = folder
        mosquitto = _find_mosquitto()
        if which == "mosquitto" and mosquitto is None:
            raise BrokerError(
                'mosquitto is not installed. Install it, or set [mqtt] broker = "auto".'
            )
        self._mosquitto = None if which == "iotcore" else mosquitto
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Which broker it is, with its path."""
        return self._mosquitto or "iotcore (rumqttd)"

    async def start(self) -> None:
        """Starts it and waits until it takes connections. Raises `BrokerError`."""
        if await _listening(self.port):
            raise BrokerError(
                f"Port {self.port} on {HOST} is taken, so the embedded broker cannot start. "
                "Stop what listens there, or set another [mqtt] port."
            )
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name="embedded broker")

    async def stop(self) -> None:
        """Ends it."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
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
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the gateway, which still has things to say
        )
        for _ in range(int(START_LIMIT_S / 0.02)):
            if self._process.returncode is not None:
                break
            if await _listening(self.port):
                return
            await asyncio.sleep(0.02)
        await self._end(self._process)
        raise BrokerError(f"The embedded broker {self.name} did not start on port {self.port}.")

    def _command(self) -> list[str]:
        if self._mosquitto is None:
            return [
                *(sys.executable, "-m", "iotcore", "--listen", HOST),
                *("--port", str(self.port), "--log-level", "CRITICAL"),
            ]
        config = self._folder / "mosquitto.conf"
        config.write_text(_MOSQUITTO.format(port=self.port, host=HOST), encoding="utf-8")
        return [self._mosquitto, "-c", str(config)]

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
                except BrokerError as error:
                    log.error("the embedded broker does not start", error=str(error))

    @staticmethod
    async def _end(process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def _find_mosquitto() -> str | None:
    places = os.environ.get("PATH", os.defpath)
    return shutil.which("mosquitto", path=f"{places}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


async def _listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port, family=socket.AF_INET)
    except OSError:
        return False
    writer.close()
    return True
