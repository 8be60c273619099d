"""Faults that somebody could make, each planted in the real data."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hardware.tools import bom, harness, netlist, pins
from hardware.tools.files import toml

Plant = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the sentence (or its beginning) that has to tell it."""

    name: str
    plant: Plant
    caught: str


def wired(*changes: tuple[str, str], id_: str = "callpoint") -> Plant:
    """A harness in which texts are replaced, all of them."""

    def plant() -> list[str]:
        text = harness.path(id_).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        try:
            made = harness.read(id_, text)
        except harness.LooseError as error:
            return [str(error)]
        return harness.check(made, netlist.carrier(*harness.HARNESSES[id_]))

    return plant


def mapped(board: str, **roles: int) -> Plant:
    """A pin map with other pins for a board."""

    def plant() -> list[str]:
        data = copy.deepcopy(toml("pins.toml"))
        data["board"][board]["pins"] |= roles
        boards = pins.parse(data)
        made = netlist.carrier("callpoint")
        found = pins.check(boards[board])
        if made.board == board:
            found += netlist.check(made, boards[board], toml("ratings.toml"))
        return found

    return plant


def soldered(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> Plant:
    """A call point's carrier after `change(parts, ratings)`."""

    def plant() -> list[str]:
        data, ratings = copy.deepcopy(toml("carrier/callpoint.toml")), toml("ratings.toml")
        change(data["parts"], ratings)
        made = netlist.parse("callpoint", data)
        return netlist.check(made, pins.boards()[made.board], ratings)

    return plant


def billed(change: Callable[[list[bom.Line]], list[bom.Line]]) -> Plant:
    """A call point's bill after a change."""
    return lambda: bom.check(
        "callpoint", change(bom.bill("callpoint")), bom.wants("callpoint"), bom.parts()
    )


def unpriced() -> list[str]:
    """A part whose price says nothing about where it comes from."""
    known = bom.parts()
    known["ao3422"] = known["ao3422"] | {"price_basis": ""}
    return bom.check_parts(known)


def instead(ref: str, part: str, **rating: float | str) -> Plant:
    """Another part in the place of one, perhaps with a rating of its own."""

    def change(parts: dict[str, Any], ratings: dict[str, Any]) -> None:
        parts[ref]["part"] = part
        if rating:
            ratings[part] = rating

    return soldered(change)


def _swap(parts: dict[str, Any], _: object) -> None:
    board = parts["U1"]["pins"]
    board["GPIO33"], board["GPIO4"] = board["GPIO4"], board["GPIO33"]


def _header(name: str, mates: str) -> tuple[tuple[str, str], ...]:
    """Makes lamp and supply look the same."""
    ways = f'{name}: {{type: "{mates} 5.08 mm, 3 way", pn: {mates}-5.08-3, pins: [1, 2, 3], '
    same = f'{name}: {{type: "{mates} 5.08 mm, 2 way", pn: {mates}-5.08-2, pins: [1, 2], '
    old, new = "pinlabels: [LAMP+, LAMP-, NC]}", "pinlabels: [LAMP+, LAMP-]}"
    return ((ways + old, same + new),)


_W1 = "    - W1: [1, 2]\n    - P1: [1, 2]\n"
_RING = """  - - DS1: [1, 2, 3]
    - W3: [1, 2, 3]
    - P4: [1, 2, 3]
    - ==>
    - J4: [1, 2, 3]
"""

FAULTS = [
    Fault(
        "two wires of the supply swapped",
        wired((_W1, _W1.replace("P1: [1, 2]", "P1: [2, 1]"))),
        "callpoint: wire 1 of W1 joins SUPPLY+ and GND.",
    ),
    Fault(
        "a wire used twice",
        wired(("    - W4: [3, 4]", "    - W4: [1, 4]")),
        "callpoint: wire 1 of W4 is used twice.",
    ),
    Fault(
        "a terminal used twice",
        wired(("    - W4: [3, 4]\n    - P3: [1, 2]", "    - W4: [3, 4]\n    - P3: [1, 1]")),
        "callpoint: P3.1 has 2 wires.",
    ),
    Fault(
        "a wire too thin for its fuse",
        wired(("colors: [RD, YE, BK], gauge: 0.5 mm2", "colors: [RD, YE, BK], gauge: 0.14 mm2")),
        "callpoint: W3 is too thin: 0.14 mm² for 1.5 A.",
    ),
    Fault(
        "a wire too thick for its terminal",
        wired(("gauge: 0.75 mm2", "gauge: 4 mm2")),
        "callpoint: P1.1 does not take 4.0 mm² of W1.",
    ),
    Fault(
        "two wires of one colour in a cable",
        wired(("[RD, YE, BK]", "[RD, RD, BK]")),
        "callpoint: W3 has two wires of the colour RD.",
    ),
    Fault(
        "a plug that does not go into its header",
        wired(('P1: {type: "plug 5.08 mm, 2 way"', 'P1: {type: "plug 3.5 mm, 2 way"')),
        "callpoint: P1 (plug 3.5 mm, 2 way) does not go into J1 (header 5.08 mm, 2 way).",
    ),
    Fault(
        "a lamp's plug that fits the supply's header",
        wired(*_header("J5", "header"), *_header("P5", "plug")),
        "callpoint: J1 and J5 are all header 5.08 mm, 2 way: they can be swapped.",
    ),
    Fault(
        "a header without its plug",
        wired(("    - P2: [1, 2]\n    - ==>\n    - J2: [1, 2]", "    - P2: [1, 2]")),
        "callpoint: P2 is plugged into nothing.",
    ),
    Fault(
        "a wire with a loose end",
        wired(("  - - S2: [1, 2]\n    - W4: [3, 4]\n", "  - - W4: [3, 4]\n")),
        "callpoint: wire 3 of W4 has a loose end",
    ),
    Fault(
        "a terminal without its wire",
        wired((_RING, _RING.replace(", 3]", "]"))),
        "callpoint: DS1.3 (GND) is not connected.",
    ),
    Fault(
        "a header wired otherwise than its carrier",
        wired(("pinlabels: [5V_RING, RING, GND]", "pinlabels: [GND, RING, 5V_RING]")),
        "callpoint: J4 carries {'1': 'GND', '2': 'RING', '3': '5V_RING'} in the harness",
    ),
    Fault(
        "a GPIO used twice",
        mapped("devkitc-32e", presence=32),
        "devkitc-32e: presence on GPIO32 is used twice, by call too.",
    ),
    Fault(
        "a strapping pin",
        mapped("devkitc-32e", call=12),
        "devkitc-32e: call on GPIO12 is a strapping pin",
    ),
    Fault(
        "a pin of the flash memory",
        mapped("devkitc-32e", ring=6),
        "devkitc-32e: ring on GPIO6 belongs to the flash memory.",
    ),
    Fault(
        "an output on an input-only pin",
        mapped("devkitc-32e", lamp=34),
        "devkitc-32e: lamp on GPIO34 is an input without an output.",
    ),
    Fault(
        "a pin that Ethernet has taken",
        mapped("esp32-poe-iso", lamp=25),
        "esp32-poe-iso: lamp on GPIO25 is taken: Ethernet.",
    ),
    Fault(
        "a call button that cannot wake its chip",
        mapped("esp32-c3-devkitm-1", call=6),
        "esp32-c3-devkitm-1: call on GPIO6 cannot end deep sleep.",
    ),
    Fault(
        "a pin map that the carrier does not follow",
        mapped("devkitc-32e", call=27),
        "callpoint: call belongs on GPIO27, not on GPIO32.",
    ),
    Fault(
        "two pins swapped on the carrier",
        soldered(_swap),
        "callpoint: ring belongs on GPIO4, not on GPIO33.",
    ),
    Fault(
        "a net with a slip of the pen",
        soldered(lambda parts, _: parts["R3"]["pins"].update({1: "RING_0UT"})),
        "callpoint: the net RING_0UT ends at R3.1.",
    ),
    Fault(
        "no pull-down at the lamp's gate",
        soldered(lambda parts, _: parts.pop("R2")),
        "callpoint: nothing holds Q1 off while the board starts.",
    ),
    Fault(
        "a 30 V FET on 24 V (AO3400A)",
        instead("Q1", "ao3400a", channel="n", vds=30, gate=2.5),
        "callpoint: Q1 stands 30 V, too little for 26 V.",
    ),
    Fault(
        "a FET that wants 4.5 V at its gate",
        instead("Q1", "other-fet", channel="n", vds=60, gate=4.5),
        "callpoint: Q1 is not fully on at 3.3 V.",
    ),
    Fault(
        "a power TVS at the button (SMAJ5.0A)",
        instead("D5", "smaj5.0a", leakage=4e-4),
        "callpoint: D5 leaks so much that CALL may seem pressed.",
    ),
    Fault(
        "no guard against static at the button",
        soldered(lambda parts, _: parts.pop("D5")),
        "callpoint: nothing guards CALL against static.",
    ),
    Fault(
        "1000 µF behind the converter",
        instead("C2", "capacitor-1000u", farad=1e-3),
        "callpoint: 1000 µF at U3, which bears 470.",
    ),
    Fault(
        "a 15 V fuse on 24 V",
        instead("F1", "polyfuse-15v", hold=0.5, trip=1.0, volt=15),
        "callpoint: F1 stands 15 V, too little for 26 V.",
    ),
    Fault(
        "a 40 V diode beside the surge diode (1N5819)",
        instead("D3", "1n5819", volt=40),
        "callpoint: D3 stands 40 V, a surge has 42.1.",
    ),
    Fault(
        "a line missing in a bill",
        billed(lambda lines: [line for line in lines if line.part != "ao3422"]),
        "callpoint: Q1 (ao3422) is not in the bill.",
    ),
    Fault(
        "another part in the bill",
        billed(
            lambda lines: [
                bom.Line(
                    each.refs, "ao3401a" if each.part == "ao3422" else each.part, each.quantity
                )
                for each in lines
            ]
        ),
        "callpoint: Q1 is ao3401a in the bill and ao3422 on carrier or wiring.",
    ),
    Fault(
        "too little cable in the bill",
        billed(
            lambda lines: [
                bom.Line(e.refs, e.part, 1.0 if e.part == "cable-4x0.25" else e.quantity)
                for e in lines
            ]
        ),
        "callpoint: cable-4x0.25: 1 in the bill, 2.5 are needed.",
    ),
    Fault(
        "a part in the bill that is nowhere",
        billed(lambda lines: [*lines, bom.Line(("R99",), "resistor-10k", 1)]),
        "callpoint: R99 (resistor-10k) is on no carrier and in no wiring.",
    ),
    Fault("a price without its basis", unpriced, "ao3422 has no price, or none with its basis"),
]


def table() -> str:
    """The table of CHECKS.md."""
    rows = "".join(f"| {fault.name} | {fault.caught.rstrip('.')} |\n" for fault in FAULTS)
    return f"| planted | what the check says |\n| --- | --- |\n{rows}"
