"""What the parts of the carrier are in KiCad: `board/parts.toml`, with the bill's names."""

from dataclasses import dataclass
from typing import Any

from hardware.tools.files import table, toml


@dataclass(frozen=True, slots=True)
class Known:
    """A part's symbol and footprint. `pins` maps our pin to the numbers of its pads."""

    symbol: str
    footprint: str
    value: str
    description: str
    mpn: str
    pins: dict[str, tuple[str, ...]]
    module: dict[str, list[str]]

    def numbers(self, pin: str) -> tuple[str, ...]:
        """The numbers of a pin: as we call it, unless the table says otherwise."""
        return self.pins.get(pin, (pin,))


def known() -> dict[str, Known]:
    """Every part that has a symbol, by its name in the bill."""
    rows = {row["part"]: row for row in table("bom/parts.csv")}
    found = {}
    for name, raw in toml("board/parts.toml").items():
        module = raw.get("module", {})
        pins: dict[str, tuple[str, ...]] = {p: (str(n),) for p, n in raw.get("pins", {}).items()}
        if module:
            pins = _module(module)
        row = rows[name]
        mpn = " ".join(filter(None, (row["manufacturer"], row["mpn"])))
        found[name] = Known(
            raw["symbol"], raw["footprint"], raw["value"], row["description"], mpn, pins, module
        )
    return found


def _module(module: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The pads of the ESP32 board: along the near row, back along the far one."""
    pads = [*module["near"], *reversed(module["far"])]
    found: dict[str, tuple[str, ...]] = {}
    for n, pin in enumerate(pads, 1):
        found[pin] = (*found.get(pin, ()), str(n))
    return found
