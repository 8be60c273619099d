"""The hardware of a call point."""

from .callpoint import CONFIRM_MS, CallPoint
from .compat import const
from .lamp import Lights

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Now

_WAKING_MS = const(8000)  # a battery button has to find the broker first


class Board:
    """The hardware of one call point, as `main.py` finds it."""

    def __init__(self, machine, wlan, buttons, ring, lamp, numbers, ble=None, battery=None):
        """`buttons` maps call, perhaps presence and need to pins; `machine` is the module.

        `numbers` is an `nvs.Numbers`, `ble` a `bluetooth.BLE` if badges are listened for,
        `battery` a Battery if it sleeps between presses.
        """
        self.machine = machine
        self.wlan = wlan
        self.buttons = buttons
        self.ring = ring
        self.lamp = lamp
        self.numbers = numbers
        self.ble = ble
        self.battery = battery
        self.needed = ("call",)  # even in safe mode
        self.shows = ["ring", "lamp"]

    def parts(self, config, boot: str, now: "Now", served: list) -> tuple:
        """What decides, and what shows it. `now() -> int` gives ms; `served` names the buttons."""
        presence = "presence" in served
        reach_ms = CONFIRM_MS if self.battery is None else _WAKING_MS
        decider = CallPoint(boot, now(), presence, config.needs, reach_ms)
        return decider, Lights(self.ring, self.lamp, now)


def make(machine, esp32, neopixel, wlan, config, numbers, ble) -> Board:
    """The board that this configuration describes. `machine`, `esp32`, `neopixel`: the modules."""
    Pin, pins = machine.Pin, config.pins  # noqa: N806  (a class)
    buttons = {}
    for name in ("call", "presence", "need"):
        if name in pins:
            buttons[name] = Pin(pins[name], Pin.IN, Pin.PULL_UP)
    if "ring_power" in pins:  # a pin that lets go in deep sleep, so the LEDs lose their supply then
        Pin(pins["ring_power"], Pin.OUT, value=1)
    ring = neopixel.NeoPixel(Pin(pins["ring"], Pin.OUT), config.ring_leds)
    lamp = machine.PWM(Pin(pins["lamp"], Pin.OUT), freq=1000, duty_u16=0)
    battery = None
    if config.power == "battery":
        from .battery import Battery  # noqa: PLC0415  (others keep the memory)

        battery = Battery(machine, esp32, buttons["call"], numbers)
    return Board(machine, wlan, buttons, ring, lamp, numbers, ble, battery)
