"""What a board runs at power-up: builds the hardware that config.json names and serves the room."""

import asyncio
import sys
import time

import machine
import neopixel
import network

from overdoor import config as configuration
from overdoor.main import Board, Device

_FAULT_S = 5  # time to read what was printed


def build(path: str) -> Device:
    """The device that the configuration at `path` describes. Raises ConfigError."""
    config = configuration.load(path)
    pins = config.pins
    buttons = {}
    for name in ("call", "presence"):
        if name in pins:
            buttons[name] = machine.Pin(pins[name], machine.Pin.IN, machine.Pin.PULL_UP)
    board = Board(
        machine,
        network.WLAN(network.STA_IF),
        buttons,
        neopixel.NeoPixel(machine.Pin(pins["ring"], machine.Pin.OUT), config.ring_leds),
        machine.PWM(machine.Pin(pins["lamp"], machine.Pin.OUT), freq=1000, duty_u16=0),
    )
    return Device(config, board, time, print)


def main() -> None:
    """Serves the room. A fault that nothing caught is printed, and the board starts anew."""
    try:
        asyncio.run(build("config.json").run())
    except configuration.ConfigError as error:
        print(error)  # starting again would not mend it
    except Exception as error:  # a bug, or no memory left; next: a fresh start
        sys.print_exception(error)
        time.sleep(_FAULT_S)
        machine.reset()


if __name__ == "__main__":
    main()
