"""The carriers: which part's pin is on which net, and the electrical rules they have to keep."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from hardware.tools.files import toml
from hardware.tools.pins import Board

CARRIERS = ("callpoint", "battery-button", "pager")
_GPIO_VOLT = 3.3
_LEAK_VOLT = 0.1  # what leakage may take from an open contact's 3.3 V
_MARGIN = 1.3  # rated voltage of a FET over what it sees; of diodes and fuses it is 1


@dataclass(frozen=True, slots=True)
class Part:
    """A part on a carrier. `pins` maps its pin to a net."""

    ref: str
    part: str
    pins: dict[str, str]
    fit: bool
    why: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier. `volt` maps a net to the highest voltage that it can have."""

    id: str
    title: str
    board: str
    roles: tuple[str, ...]
    inputs: tuple[str, ...]
    volt: dict[str, float]
    parts: dict[str, Part]

    def nets(self) -> dict[str, list[tuple[str, str]]]:
        """The (ref, pin) that meet on each net."""
        found = defaultdict(list)
        for part in self.parts.values():
            for pin, net in part.pins.items():
                if net != "NC":
                    found[net].append((part.ref, pin))
        return dict(found)

    def on(self, net: str) -> list[Part]:
        """The parts on a net."""
        return [part for part in self.parts.values() if net in part.pins.values()]


def carrier(id_: str, variant: str | None = None) -> Carrier:
    """The carrier of a file in `carrier/`, or its variant with fewer parts."""
    return parse(id_, toml(f"carrier/{id_}.toml"), variant)


def parse(id_: str, data: dict[str, Any], variant: str | None = None) -> Carrier:
    """A carrier from the content of its file."""
    out = data["variants"][variant]["leave_out"] if variant else []
    parts = {
        ref: Part(ref, raw["part"], raw["pins"], raw.get("fit", True), raw["why"])
        for ref, raw in data["parts"].items()
        if ref not in out
    }
    return Carrier(
        id_,
        data["title"],
        data["board"],
        tuple(data["roles"]),
        tuple(data["inputs"]),
        data["volt"],
        parts,
    )


def check(made: Carrier, board: Board, ratings: dict[str, dict[str, Any]]) -> list[str]:
    """What is wrong with a carrier, a sentence each."""
    found = [
        f"{made.id}: the net {net} ends at {ends[0][0]}.{ends[0][1]}."
        for net, ends in made.nets().items()
        if len(ends) < 2
    ]
    found += _pins(made, board)
    for part in made.parts.values():
        rating = ratings.get(part.part, {})
        if "channel" in rating:
            found += _fet(made, part, rating, ratings)
        elif "volt" in rating:
            found += _voltage(made, part, rating, 1.0)
    found += _surge(made, ratings)
    for net in made.inputs:
        found += _input(made, net, ratings)
    return found + _load(made, ratings)


def _pins(made: Carrier, board: Board) -> list[str]:
    """The board's pins on the carrier are those of the pin map."""
    wired = {
        net.removesuffix("_IO").lower(): int(pin.removeprefix("GPIO"))
        for pin, net in made.parts["U1"].pins.items()
        if pin.startswith("GPIO")
    }
    wants = {role: board.pins[role] for role in made.roles}
    found = [
        f"{made.id}: {role} belongs on GPIO{gpio}, not on "
        f"{'no pin' if role not in wired else f'GPIO{wired[role]}'}."
        for role, gpio in wants.items()
        if wired.get(role) != gpio
    ]
    return found + [
        f"{made.id}: GPIO{gpio} carries {role}, which the pin map does not give it."
        for role, gpio in wired.items()
        if role not in wants and board.reserved.get(role) != gpio
    ]


def _fet(
    made: Carrier, part: Part, rating: dict[str, Any], ratings: dict[str, dict[str, Any]]
) -> list[str]:
    found = _voltage(made, part, rating | {"volt": rating["vds"]}, _MARGIN)
    if rating["gate"] > _GPIO_VOLT:
        found.append(f"{made.id}: {part.ref} is not fully on at {_GPIO_VOLT} V.")
    gate, source = part.pins["G"], part.pins["S"]
    holds = any(
        "ohm" in ratings.get(each.part, {}) and {gate, source} == set(each.pins.values())
        for each in made.parts.values()
    )
    if not holds:
        found.append(f"{made.id}: nothing holds {part.ref} off while the board starts.")
    return found


def _voltage(made: Carrier, part: Part, rating: dict[str, Any], margin: float) -> list[str]:
    sees = max((made.volt.get(net, 0.0) for net in part.pins.values()), default=0.0)
    if rating["volt"] < sees * margin:
        return [f"{made.id}: {part.ref} stands {rating['volt']} V, too little for {sees:g} V."]
    return []


def _surge(made: Carrier, ratings: dict[str, dict[str, Any]]) -> list[str]:
    """Diodes on what a surge diode guards stand what it lets through."""
    found = []
    for guard in made.parts.values():
        clamp = ratings.get(guard.part, {}).get("clamp")
        if clamp is None:
            continue
        at_least = made.volt[guard.pins["K"]]
        for part in made.parts.values():
            stands = ratings.get(part.part, {}).get("volt", clamp)
            on = made.volt.get(part.pins.get("K", ""), 0.0)
            if part is not guard and on >= at_least and stands < clamp:
                found.append(f"{made.id}: {part.ref} stands {stands} V, a surge has {clamp}.")
    return found


def _input(made: Carrier, net: str, ratings: dict[str, dict[str, Any]]) -> list[str]:
    """A contact's line: a guard against static that leaks too little to press the button."""
    inner = f"{net}_IO"
    guards = [p for p in made.on(net) if "GND" in p.pins.values() and not p.ref.startswith("J")]
    pulls = [
        ratings[p.part]["ohm"]
        for p in made.on(inner)
        if "3V3" in p.pins.values() and "ohm" in ratings.get(p.part, {})
    ]
    series = [p for p in made.parts.values() if set(p.pins.values()) == {net, inner}]
    found = []
    if not guards:
        found.append(f"{made.id}: nothing guards {net} against static.")
    if not series:
        found.append(f"{made.id}: nothing limits what {net} can do to its pin.")
    if not pulls:
        found.append(f"{made.id}: nothing pulls {net} up.")
    for guard in guards:
        leakage = ratings.get(guard.part, {}).get("leakage")
        if leakage is None:
            found.append(f"{made.id}: the leakage of {guard.ref} on {net} is not known.")
        elif pulls and leakage * pulls[0] > _LEAK_VOLT * 1.001:
            found.append(f"{made.id}: {guard.ref} leaks so much that {net} may seem pressed.")
    return found


def _load(made: Carrier, ratings: dict[str, dict[str, Any]]) -> list[str]:
    """The converter starts into no more capacitance than it bears."""
    for part in made.parts.values():
        limit = ratings.get(part.part, {}).get("load_capacitance")
        if limit is None:
            continue
        total = sum(
            ratings[each.part]["farad"]
            for each in made.parts.values()
            if "farad" in ratings.get(each.part, {})
            and any(net.startswith("5V") for net in each.pins.values())
        )
        if total > limit:
            return [
                f"{made.id}: {total * 1e6:.0f} µF at {part.ref}, which bears {limit * 1e6:.0f}."
            ]
    return []
