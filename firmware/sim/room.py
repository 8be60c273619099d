"""Runs the firmware of one room or pager on a PC: its real files against simulated hardware.

    MICROPYPATH=firmware/sim:firmware:.frozen micropython firmware/sim/room.py config.json [CAUSE]

What the board keeps on flash lies in the folder config.json.flash, also the versions that it was
updated to; the one that was "flashed by cable" is the folder firmware/.

CAUSE is why the board starts: power_on (the default), hard, watchdog, deep_sleep or soft; or, for a
battery button, what ended its deep sleep: press or timer.

Reads orders from stdin and reports on stdout, one JSON object a line; firmware/README.md has both.
"""

import asyncio
import builtins
import errno
import gc
import json
import os
import select
import sys
import time

import bluetooth
import esp32
import hand
import machine
import network
import watchdog
from flag import Flag
from pocket import Pocket
from walls import Walls

import main as boot

_MAX_LINE = 4096
_MAX_MS = 60000


def say(message: dict) -> None:
    """One line to the host, at once."""
    sys.stdout.write(json.dumps(message) + "\n")


def _log(*words, **_) -> None:
    say({"log": " ".join([str(word) for word in words])})


class OrderError(Exception):
    """An order from the host that makes no sense; it changes nothing."""


class Room:
    """The world around one device: hands on its buttons, eyes on what it shows."""

    def __init__(self, things):
        """`things` has `buttons`, names and pin numbers, and `seen()`, what to report.

        If they are `brief`, they also have `must_tell`.
        """
        self._things = things
        self._dirty = asyncio.Event()
        self._told = None
        self._waiting = None  # what was seen since, and when
        self._began = time.ticks_ms()
        machine.on_output(self._changed)

    def tell(self, seen: dict, at_ms: int) -> None:
        """Report what could be seen then."""
        self._told = seen
        self._waiting = None
        say(dict(seen, t=at_ms))

    def now(self) -> int:
        """The ms since the start."""
        return time.ticks_diff(time.ticks_ms(), self._began)

    def _changed(self) -> None:
        self._dirty.set()
        if not self._things.brief:
            return
        # A light that goes on and off while the loop has no turn, as in a TLS handshake, was seen.
        seen, waiting = self._things.seen(), self._waiting
        if waiting is not None and self._things.must_tell(self._told, waiting[0], seen):
            self.tell(waiting[0], waiting[1])
        self._waiting = (seen, self.now())

    async def watch(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            seen, at_ms = self._waiting or (self._things.seen(), self.now())
            if seen != self._told:
                self.tell(seen, at_ms)

    async def take_orders(self, stdin) -> None:
        """Obey until the host closes stdin; then the process ends, so that none is left over."""
        reader = asyncio.StreamReader(stdin)
        poll = select.poll()
        poll.register(stdin, select.POLLIN)
        line = b""
        while True:
            byte = await reader.read(1)
            # Byte by byte, because a longer read would block until it is full.
            while byte and byte != b"\n":
                if len(line) <= _MAX_LINE:
                    line += byte
                if not poll.poll(0):
                    break
                byte = stdin.read(1)
            if not byte:
                raise SystemExit(0)
            if byte == b"\n":
                try:
                    self._obey(line)
                except OrderError as error:
                    say({"error": str(error)})
                line = b""

    def _obey(self, line: bytes) -> None:
        try:
            order = json.loads(line)
        except (ValueError, RuntimeError):
            raise OrderError("not JSON") from None
        if not isinstance(order, dict):
            raise OrderError("not an object")
        what = order.get("do")
        if what == "press":
            contact = self._contact(order)
            ms = _milliseconds(order.get("ms", 80))
            bounce = order.get("bounce", [])
            if not isinstance(bounce, list):
                raise OrderError("bounce is no list")
            edges = sorted([_milliseconds(at) for at in bounce])
            asyncio.create_task(self._press(order["button"], contact, edges, ms))
        elif what == "down":
            self._contact(order).drive(0)
        elif what == "up":
            self._contact(order).drive(1)
        elif what == "lights":
            self.tell(self._things.seen(), self.now())
        elif what == "screen" and isinstance(self._things, Pocket):
            say({"points": self._things.points()})
        elif what == "wifi":
            if not isinstance(order.get("up"), bool):
                raise OrderError("up is neither true nor false")
            fault = order.get("fault", "no_access_point")
            if fault not in network.FAULTS:
                raise OrderError("no such fault")
            network.set_air(None if order["up"] else fault)
        elif what == "advert":
            say({"heard": bluetooth.BLE().hear(*_advert(order))})
        elif what == "memory":
            gc.collect()
            say({"memory": gc.mem_alloc()})
        elif what == "reset":
            machine.reset()
        else:
            raise OrderError("do what?")

    async def _press(self, button: str, contact, edges: list, ms: int) -> None:
        await hand.press(contact, edges, ms)
        say({"pressed": button})

    def _contact(self, order: dict):
        buttons, button = self._things.buttons, order.get("button")
        if not isinstance(button, str) or button not in buttons:
            raise OrderError("no such button")
        return machine.input_pin(buttons[button])


def _advert(order: dict) -> tuple:
    data, rssi = order.get("data"), order.get("rssi")
    if not isinstance(data, str) or not isinstance(rssi, int):
        raise OrderError("an advertisement has data, in hexadecimal, and rssi")
    try:
        return bytes.fromhex(data), rssi
    except ValueError:
        raise OrderError("data is not hexadecimal") from None


def _milliseconds(value) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_MS:
        raise OrderError("not a time in ms")
    return value


def _flash(path: str) -> str:
    """The folder that is the board's flash; made at its first start."""
    folder = path + ".flash"
    try:
        os.mkdir(folder)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
    return folder


async def _main(path: str, cause: str) -> None:
    esp32.keep_in(path + ".nvs")
    flash = _flash(path)
    with watchdog.Beside():
        firmware, guard = boot.start(flash)
    from overdoor import config as configuration  # noqa: PLC0415 - of the version that was chosen
    from overdoor import report  # noqa: PLC0415

    causes = {name: getattr(machine, constant) for constant, name in report.RESETS}
    wakes = {"press": machine.EXT0_WAKE, "timer": machine.TIMER_WAKE}
    if cause in wakes:
        machine.set_wake_reason(wakes[cause])
    elif cause in causes:
        machine.set_reset_cause(causes[cause])
    else:
        known = "|".join(list(causes) + list(wakes))
        say({"error": "usage: room.py CONFIG.json [%s]" % known})
        raise SystemExit(2)
    try:
        config = configuration.load(path)
        things = Pocket(config) if config.kind == "pager" else Walls(config)
        device = firmware.build(path, flash, guard)
    except configuration.ConfigError as error:
        say({"error": str(error)})
        raise SystemExit(2) from None
    room = Room(things)
    asyncio.create_task(room.watch())
    asyncio.create_task(room.take_orders(sys.stdin.buffer))
    asyncio.create_task(watchdog.watch(say))
    serving = asyncio.create_task(device.run())
    await asyncio.sleep(0)
    say({"ready": True, "device": config.device, "boot": device.boot})
    await serving


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        say({"error": "usage: room.py CONFIG.json [CAUSE]"})
        sys.exit(2)
    machine.on_sleep(lambda ms: say({"asleep": ms}))
    builtins.print = _log
    asyncio.ThreadSafeFlag = Flag
    asyncio.run(_main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "power_on"))
