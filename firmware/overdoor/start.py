"""Where each version begins: builds the hardware that config.json names and serves the room."""

import asyncio
import sys
import time

import esp32
import machine
import neopixel
import network

from overdoor import config as configuration
from overdoor import powerup
from overdoor.config import ConfigError
from overdoor.flash import Files
from overdoor.main import Device
from overdoor.nvs import Numbers

_CONFIG = "config.json"
_FAULT_S = 5  # time to read what was printed
_SETUP_S = 900  # then it tries to serve again
_WORK_MS = 3600000  # for somebody who stopped the program; a watchdog cannot be switched off


def build(path: str, folder: str = "", guard=None) -> Device:
    """The device that the configuration at `path` describes. Raises ConfigError.

    `folder`: that of the flash; `guard`: the timer that ends this version's trial, or None.
    """
    config = configuration.load(path)
    wlan, numbers = network.WLAN(network.STA_IF), Numbers(esp32.NVS("overdoor"))
    ble = None
    if config.badges is not None:
        import bluetooth  # noqa: PLC0415  (tens of KB of memory)

        ble = bluetooth.BLE()
    if config.kind == "pager":
        from overdoor import pagerboard  # noqa: PLC0415  (each kind keeps the memory of the other)

        board = pagerboard.make(
            machine, wlan, config.pins, config.screen, numbers, ble, time.sleep_ms
        )
    else:
        from overdoor import board as callpointboard  # noqa: PLC0415

        board = callpointboard.make(machine, esp32, neopixel, wlan, config, numbers, ble)
    try:
        return Device(config, board, time, print, Files(folder), folder, guard)
    except ValueError:  # of the TLS library
        raise ConfigError("%s is no certificate in DER." % config.ca_file) from None


def set_up(path: str) -> bool:
    """Looks at the button; returns whether the board is to be set up instead of serving."""
    if machine.reset_cause() == machine.DEEPSLEEP_RESET:
        return False  # the button is what woke it
    config = None
    pins, leds, names = configuration.DEFAULT_PINS, 1, [path, "outbox.log", "outbox.bad"]
    try:
        config = configuration.load(path)
        pins, leds = config.pins, config.ring_leds
        names.append(config.ca_file)
    except ConfigError as error:
        print(error)  # next: set-up, whatever the button says
    ring = None
    if "ring" in pins:  # a pager has none
        ring = neopixel.NeoPixel(machine.Pin(pins["ring"], machine.Pin.OUT), leds)

    def show(colour: tuple) -> None:
        if ring is not None:
            ring.fill(colour)
            ring.write()

    key = pins["call"] if "call" in pins else pins["b"]
    pin = machine.Pin(key, machine.Pin.IN, machine.Pin.PULL_UP)
    chosen = powerup.ask(pin, show, time)
    if chosen == powerup.ERASE:
        powerup.erase(names)
        Numbers(esp32.NVS("overdoor")).set("boots", 0)
        print("Everything that was set up is forgotten.")
    if config is None or chosen != powerup.RUN:
        show(powerup.SETUP_COLOUR)
        return True
    return False


def _wait() -> None:
    print("Waiting to be set up over USB.")
    time.sleep(_SETUP_S)


def main(guard=None) -> None:
    """Serves the room; `guard` as in `build`.

    A fault that nothing caught is printed, and the board starts anew.
    """
    try:
        if set_up(_CONFIG):
            _wait()
        else:
            asyncio.run(build(_CONFIG, "", guard).run())
    except ConfigError as error:
        print(error)
        _wait()
    except KeyboardInterrupt:  # somebody works on the board: the prompt is theirs
        machine.WDT(timeout=_WORK_MS)
        return
    except Exception as error:  # a bug, or no memory left; next: a fresh start
        sys.print_exception(error)
        time.sleep(_FAULT_S)
    machine.reset()
