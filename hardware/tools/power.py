"""Currents, cable drop, fuses, supplies, battery life: from `power.toml`, by arithmetic alone."""

import math
from dataclasses import dataclass
from typing import Any

from hardware.tools.files import toml

_MONTHS = 12
_DAYS = 365.25
_MAH = 3.6  # C


@dataclass(frozen=True, slots=True)
class State:
    """What a call point takes in one state."""

    name: str
    amps_5v: float
    lamp: float  # A


@dataclass(frozen=True, slots=True)
class Power:
    """The numbers of `power.toml`, without their sources."""

    wired: dict[str, float]
    cable: dict[str, Any]
    fuse: dict[str, Any]
    supply: dict[str, float]
    battery: dict[str, Any]
    pager: dict[str, Any]
    poe: dict[str, float]

    def states(self) -> list[State]:
        """What a call point does, from the least to the worst."""
        w = self.wired
        dark = w["ring_leds"] * w["ring_led_dark"]
        full = w["ring_leds"] * w["ring_led"]
        # Of amber (255, 160, 40) and green (60, 255, 90), see firmware/overdoor/lamp.py.
        amber, green = (255 + 160 + 40) / 765, (60 + 255 + 90) / 765
        breath = 16 / 255 + 239 / 255 * 3 / 8  # the mean of a squared raised cosine is 3/8
        return [
            State("idle, dark", w["chip_receive"] + dark, 0.0),
            State(
                "raised, breathing amber (mean)",
                w["chip_receive"] + full * amber * breath,
                w["lamp"] * breath,
            ),
            State("acknowledged, steady green", w["chip_receive"] + full * green, w["lamp"]),
            State("worst: all LEDs white, transmitting", w["chip_transmit"] + full, w["lamp"]),
        ]

    def watts(self, state: State, volt: float) -> float:
        """At the terminals of a room, in W. At 5 V there is no lamp and no converter."""
        if volt <= 5:
            return state.amps_5v * 5
        through = (volt - self.wired["diode"]) / volt
        return (state.amps_5v * 5 / self.wired["efficiency"] + state.lamp * volt) / through

    def least(self, volt: float) -> float:
        """The lowest V at a room that is still enough."""
        return self.wired[f"least_{volt:g}v"]

    def resistance(self, metres: float) -> float:
        """Of the cable, there and back, in Ω."""
        return 2 * metres * float(self.cable["resistivity"]) / float(self.cable["area"])

    def arrives(self, volt: float, metres: float, watts: float) -> float | None:
        """V at the end of a cable that a constant power is drawn from; None if it collapses.

        The root of v² - V·v + P·R = 0 that a falling load current leads to.
        """
        inside = volt * volt - 4 * watts * self.resistance(metres)
        return None if inside < 0 else (volt + math.sqrt(inside)) / 2

    def worst_amps(self, volt: float, metres: float) -> float | None:
        """What a room draws at worst at the end of a cable, in A; None if it collapses."""
        watts = self.watts(self.states()[-1], volt)
        arrives = self.arrives(volt, metres, watts)
        return None if arrives is None else watts / arrives

    def fuse_for(self, amps: float) -> float | None:
        """The smallest hold current that bears this when it is warm; None if there is none."""
        fits = [hold for hold in self.fuse["hold"] if hold * self.fuse["derate"] >= amps]
        return min(fits, default=None)

    def rooms_per_supply(self) -> int:
        """How many rooms a supply of 24 V feeds while all of them do their worst."""
        worst = self.watts(self.states()[-1], 24)
        return int(self.supply["rated"] * self.supply["use"] / worst)

    def poe_leds(self) -> int:
        """How many LEDs, all white, the 5 V of an ESP32-POE-ISO feeds."""
        return int(self.poe["out"] / self.wired["ring_led"])

    def press(self) -> float:
        """The charge of one press of a battery button, in C, with the dark LEDs of its ring."""
        b, w = self.battery, self.wired
        show = b["show"] * (b["show_chip"] + b["lit"] * b["show_led"])
        dark = b["awake"] * (w["ring_leds"] - b["lit"]) * w["ring_led_dark"]
        return float(b["press"] + show + dark)

    def years(self, ampere_hours: float, presses: float) -> float:
        """How long a cell lasts at so many presses a day."""
        b = self.battery
        a_day = presses * self.press() + b["daily"] + b["sleep"] * 86_400
        lost = ampere_hours * 3600 * b["self_discharge"] * _MONTHS / _DAYS
        return float(ampere_hours * 3600 * b["usable"] / (a_day + lost) / _DAYS)

    def press_mah(self) -> float:
        """The charge of one press, in mAh."""
        return self.press() / _MAH

    def pager_hours(self, ampere_hours: float) -> float:
        """How long a pager runs."""
        p = self.pager
        return float(ampere_hours * p["usable"] / (p["radio"] + p["screen"] * p["screen_on"]))


def load() -> Power:
    """The numbers of `power.toml`."""
    return Power(**values(toml("power.toml")))


def values(data: dict[str, Any]) -> dict[str, Any]:
    """The values without their sources. Raises ValueError for a number that has none."""
    found: dict[str, Any] = {}
    for name, item in data.items():
        if not isinstance(item, dict) or ("value" in item and not item.get("source")):
            raise ValueError(f"{name} is a number without a source.")
        found[name] = item["value"] if "value" in item else values(item)
    return found
