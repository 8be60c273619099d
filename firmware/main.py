"""What a board runs at power-up: builds the hardware that config.json names and serves the room."""

import asyncio
import time

import machine
import neopixel
import network

from overdoor import config as configuration
from overdoor.main import Board, Device


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


if __name__ == "__main__":
    asyncio.run(build("config.json").run())
