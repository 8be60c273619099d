"""A call point on the walls of a room: what is to be seen of it, and its buttons."""

import machine
import neopixel

_BUTTONS = ("call", "presence", "need")


class Walls:
    """What a call point has to be seen, and its buttons."""

    brief = True  # what shows for a moment only is told, too

    def __init__(self, config):
        self._pins = config.pins
        self.buttons = {name: config.pins[name] for name in _BUTTONS if name in config.pins}

    def must_tell(self, told, before: dict, seen: dict) -> bool:
        """Whether `before` would be lost: something changed from `told` to it, and again since."""
        was = told["lights"] if told else {"ring": None, "lamp": None}
        mid, now = before["lights"], seen["lights"]
        return any(was[part] != mid[part] != now[part] for part in was)

    def seen(self) -> dict:
        ring = neopixel.ring(self._pins["ring"])
        supply = self._pins.get("ring_power")
        shown = ring.shown() if supply is None or machine.level(supply) else ["000000"] * len(ring)
        lamp = machine.brightness(self._pins["lamp"])
        return {"lights": {"ring": shown, "lamp": lamp}}
