"""Bills of material: what a variant and a shop cost, whether lists, carriers and wiring agree."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from hardware.tools import harness, netlist
from hardware.tools.files import table

VARIANTS = {
    "callpoint": "wired call point",
    "battery-button": "battery button",
    "lamp": "lamp over the door, wired",
    "pager": "pager with an SSD1306",
}
_WIRED = ("callpoint", "lamp")  # these need a cable and a share of a supply
_SUPPLY_SIDE = ("PS1", "W1")  # counted with the shop, in bom/shop.csv


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill: references, part, quantity in its unit."""

    refs: tuple[str, ...]
    part: str
    quantity: float
    each: str = ""  # room or supply, in the shop's bill


def parts() -> dict[str, dict[str, str]]:
    """The rows of `bom/parts.csv`, by part."""
    return {row["part"]: row for row in table("bom/parts.csv")}


def bill(variant: str) -> list[Line]:
    """The lines of a variant, or of the shop."""
    return parse(table(f"bom/{variant}.csv"))


def parse(rows: Iterable[dict[str, str]]) -> list[Line]:
    """Lines from the rows of a CSV file."""
    return [
        Line(tuple(r["refs"].split()), r["part"], float(r["quantity"]), r.get("for", ""))
        for r in rows
    ]


def cost(lines: Iterable[Line], prices: dict[str, dict[str, str]]) -> float:
    """Euros."""
    return sum(line.quantity * float(prices[line.part]["price_eur"]) for line in lines)


def wants(variant: str) -> dict[str, tuple[str, float]]:
    """(part, quantity) of each reference of a variant, from its carrier and its wiring."""
    carrier_id, less = harness.HARNESSES[variant]
    made = netlist.carrier(carrier_id, less)
    found = {p.ref: (p.part, 1.0) for p in made.parts.values() if p.fit}
    found |= harness.parts(harness.read(variant))
    if variant in _WIRED:
        found = {ref: what for ref, what in found.items() if ref not in _SUPPLY_SIDE}
    return found


def check(
    variant: str,
    lines: Iterable[Line],
    wanted: dict[str, tuple[str, float]],
    known: dict[str, dict[str, str]],
) -> list[str]:
    """What is wrong with the bill of a variant, a sentence each. MP… stand in bills alone."""
    found = []
    quantities: dict[str, float] = defaultdict(float)
    listed: dict[str, str] = {}
    for line in lines:
        if line.part not in known:
            found.append(f"{line.part} is not in bom/parts.csv.")
        for ref in line.refs:
            if ref in listed:
                found.append(f"{ref} is listed twice.")
            listed[ref] = line.part
        quantities[line.part] += line.quantity
    expected: dict[str, float] = defaultdict(float)
    for ref, (part, quantity) in wanted.items():
        expected[part] += quantity
        if ref not in listed:
            found.append(f"{ref} ({part}) is not in the bill.")
        elif listed[ref] != part:
            found.append(f"{ref} is {listed[ref]} in the bill and {part} on carrier or wiring.")
    for ref, part in listed.items():
        if ref.startswith("MP"):
            expected[part] += 1
        elif ref not in wanted:
            found.append(f"{ref} ({part}) is on no carrier and in no wiring.")
    for part, quantity in quantities.items():
        if not found and not math.isclose(quantity, expected[part]):
            found.append(f"{part}: {quantity:g} in the bill, {expected[part]:g} are needed.")
    return [f"{variant}: {each}" for each in found]


def check_parts(known: dict[str, dict[str, str]]) -> list[str]:
    """What is wrong with the list of parts, a sentence each."""
    found = []
    for part, row in known.items():
        if float(row["price_eur"]) <= 0 or not row["price_basis"] or not row["price_date"]:
            found.append(f"{part} has no price, or none with its basis and date.")
        if row["order_number"] and not row["supplier"]:
            found.append(f"{part} has an order number of no supplier.")
        if row["mpn"] and not (row["manufacturer"] or "several makers" in row["note"]):
            found.append(f"{part} has a part number of no maker.")
        if row["unit"] not in ("each", "m"):
            found.append(f"{part} is counted in {row['unit']!r}.")
    used = {line.part for name in (*VARIANTS, "shop") for line in bill(name)} | {"m5stickc-plus2"}
    return found + [f"{part} is in no bill." for part in sorted(known.keys() - used)]


@dataclass(frozen=True, slots=True)
class Shop:
    """What a shop costs, in euros, and how many supplies it needs."""

    rooms: int
    supplies: int
    devices: float
    cable: float
    supply: float

    @property
    def total(self) -> float:
        """Everything."""
        return self.devices + self.cable + self.supply


def shop(rooms: int, variants: tuple[str, ...], rooms_per_supply: int, metres: float) -> Shop:
    """A shop with these devices in each room, and `metres` of supply cable a room on average."""
    known = parts()
    devices = rooms * sum(cost(bill(variant), known) for variant in variants)
    if not set(variants) & set(_WIRED):
        return Shop(rooms, 0, devices, 0.0, 0.0)
    lines = bill("shop")
    in_room = [
        Line(line.refs, line.part, metres if "W1" in line.refs else line.quantity)
        for line in lines
        if line.each == "room"
    ]
    supplies = math.ceil(rooms / rooms_per_supply)
    beside = cost((line for line in lines if line.each == "supply"), known)
    return Shop(rooms, supplies, devices, rooms * cost(in_room, known), supplies * beside)
