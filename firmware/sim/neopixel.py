"""Stands in for MicroPython's `neopixel`: remembers what was last written to the ring."""

import machine

_rings = {}  # pin number -> NeoPixel


class NeoPixel:
    """A chain of `n` LEDs; colours show when `write` is called."""

    def __init__(self, pin, n, bpp=3, timing=1):
        self.n = n
        self._colours = [(0, 0, 0)] * n
        self._written = list(self._colours)
        _rings[pin.number] = self

    def __len__(self):
        return self.n

    def __setitem__(self, index, colour):
        self._colours[index] = colour

    def __getitem__(self, index):
        return self._colours[index]

    def fill(self, colour):
        self._colours = [colour] * self.n

    def write(self):
        if self._colours != self._written:
            self._written = list(self._colours)
            machine.output_changed()

    def shown(self):
        """What the LEDs show, as ["rrggbb", ...]."""
        return ["%02x%02x%02x" % colour for colour in self._written]


def ring(number):
    """The chain on this pin, or None while nobody made it."""
    return _rings.get(number)
