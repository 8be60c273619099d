"""The Markdown that is made from the data."""

from collections.abc import Iterable

from hardware.tools import bom, harness, netlist, pins, power
from hardware.tools.files import markdown, toml

_MADE = "<!-- Made by `python -m hardware.tools make` from {}. Change that, not this. -->\n\n"
SHOPS = (4, 12, 40)
METRES = 15.0


def wiring() -> str:
    """`wiring/README.md`: the pictures, and the pin map."""
    out = [
        "# Wiring\n\n",
        _MADE.format("`pins.toml` and the files of this folder"),
        "Status: *designed, checked by CI*, not built.\n\n"
        "Each picture is drawn from the `.yml` of its name by WireViz; the `.bom.tsv` beside it is WireViz's own "
        "list. Left is what is mounted, right the [carrier](../carrier/README.md) with its headers J; a dashed "
        "arrow is a plug in its header. What is checked: [CHECKS.md](../CHECKS.md).\n",
    ]
    for id_ in harness.HARNESSES:
        title = harness.read(id_).drawn.metadata["title"]
        out.append(f"\n## {title}\n\n![{title}: its wires from end to end]({id_}.svg)\n")
    out.append(
        "\n## Pins\n\nGPIO numbers. What `config.json` names besides is in [the firmware's README]"
        "(../../firmware/README.md#configjson).\n\n"
    )
    stationary = ("call", "presence", "ring", "lamp", "ring_power")
    carried = ("a", "b", "sda", "scl", "buzzer", "motor")
    made = pins.boards().values()
    out.append(_pins("Call points", [b for b in made if b.kind != "pager"], stationary))
    out.append(_pins("Pagers", [b for b in made if b.kind == "pager"], carried))
    return "".join(out)


def _pins(title: str, boards: list[pins.Board], roles: tuple[str, ...]) -> str:
    rows = [
        (board.name, *(str(board.pins.get(role, "–")) for role in roles), board.note)
        for board in boards
    ]
    return f"### {title}\n\n{markdown(('board', *roles, ''), rows)}\n"


def carriers() -> str:
    """`carrier/README.md`: every part, and every net."""
    out = [
        "# Carriers\n\n",
        _MADE.format("the `.toml` files of this folder"),
        "Status: *designed, checked by CI*, not built. A carrier is the small board that the ESP32 board plugs "
        "into. Solder it on perfboard: place the parts, then connect all pins of a net. That of the call point "
        "is also [a schematic and a board to order](../board/README.md).\n\n"
        "Pins: FETs G, S, D; diodes A (anode) and K (the end with the ring); U2 is a SN74AHCT1G125 (1 enable, "
        "2 in, 3 ground, 4 out, 5 supply), U3 a TSR 1-2450 (1 in, 2 ground, 3 out).\n",
    ]
    known = bom.parts()
    for id_ in netlist.CARRIERS:
        made = netlist.carrier(id_)
        rows = [
            (
                part.ref if part.fit else f"({part.ref})",
                known[part.part]["description"],
                ", ".join(f"{pin}: {net}" for pin, net in part.pins.items()),
                part.why,
            )
            for part in made.parts.values()
        ]
        out += [f"\n## {made.title}\n\n", markdown(("", "part", "pin: net", "why"), rows)]
        if any(not part.fit for part in made.parts.values()):
            out.append("\nIn brackets: not fitted.\n")
        nets = [
            (net, ", ".join(f"{ref}.{pin}" for ref, pin in ends))
            for net, ends in sorted(made.nets().items())
        ]
        out += ["\n", markdown(("net", "joins"), nets)]
    less = toml("carrier/callpoint.toml")["variants"]["lamp"]["leave_out"]
    out.append(f"\n## Lamp alone\n\nThe carrier of the call point without {', '.join(less)}.\n")
    return "".join(out)


def bills() -> str:
    """`bom/README.md`: what to buy, and what it comes to."""
    known, numbers = bom.parts(), power.load()
    out = [
        "# Parts\n\n",
        _MADE.format("the `.csv` files of this folder and `power.toml`"),
        "Prices are in euros with tax and without postage. **Every one is an estimate**, of the date in "
        "[parts.csv](parts.csv): ask again before you order. Where no part number stands, the description is "
        "what to look for. Supplier and order number are empty until somebody has ordered.\n\n",
        markdown(
            ("variant", "€ each", "table"),
            [
                (name, f"{bom.cost(bom.bill(id_), known):.2f}", f"[{id_}.csv]({id_}.csv)")
                for id_, name in bom.VARIANTS.items()
            ]
            + [("pager in one piece, M5StickC Plus2", known["m5stickc-plus2"]["price_eur"], "–")],
        ),
        "\n## A shop\n\n"
        f"{METRES:g} m of supply cable a room. A supply feeds {numbers.rooms_per_supply()} rooms "
        "([why](../power/README.md)). The gateway's machine, its broker, pagers, tools and spares are not in it. "
        "Other numbers: `python -m hardware.tools shop --help`.\n\n",
        shops(),
    ]
    for id_, name in bom.VARIANTS.items():
        out += [f"\n## {name.capitalize()}\n\n", _bill(bom.bill(id_), known)]
    return "".join([*out, "\n## Supply\n\n", _bill(bom.bill("shop"), known)])


def shops(rooms: Iterable[int] = SHOPS, metres: float = METRES) -> str:
    """A table of what shops cost."""
    per_supply = power.load().rooms_per_supply()
    rows = []
    for title, variants in (
        ("wired call points", ("callpoint",)),
        ("battery buttons alone", ("battery-button",)),
        ("battery buttons and wired lamps", ("battery-button", "lamp")),
    ):
        for count in rooms:
            made = bom.shop(count, variants, per_supply, metres)
            rows.append(
                (
                    title,
                    str(count),
                    f"{made.devices:.0f}",
                    f"{made.cable:.0f}",
                    str(made.supplies),
                    f"{made.supply:.0f}",
                    f"**{made.total:.0f}**",
                    f"{made.total / count:.0f}",
                )
            )
    head = ("", "rooms", "devices €", "cable €", "supplies", "supplies €", "in all €", "a room €")
    return markdown(head, rows)


def _bill(lines: list[bom.Line], known: dict[str, dict[str, str]]) -> str:
    rows = []
    for line in lines:
        part = known[line.part]
        price = float(part["price_eur"])
        unit = " m" if part["unit"] == "m" else ""
        maker = " ".join(filter(None, (part["manufacturer"], part["mpn"])))
        rows.append(
            (
                " ".join(line.refs),
                f"{line.quantity:g}{unit}",
                part["description"],
                maker,
                part["note"],
                f"{price:.2f}",
                f"{line.quantity * price:.2f}",
            )
        )
    return markdown(("", "how many", "part", "maker, number", "", "€", "€ in all"), rows)


def powers() -> str:
    """`power/README.md`: the tables, with their sources."""
    numbers = power.load()
    states = numbers.states()
    lengths = numbers.cable["lengths"]
    worst = states[-1]
    out = [
        "# Power\n\n",
        _MADE.format("`power.toml`"),
        "By arithmetic, from other people's measurements: **nothing was measured on a board of ours**. Sources "
        "are at the end.\n\n## A wired room\n\n",
        markdown(
            ("state", "mA at 5 V", "lamp, mA", "W at 12 V", "W at 24 V"),
            [
                (
                    state.name,
                    f"{state.amps_5v * 1000:.0f}",
                    f"{state.lamp * 1000:.0f}",
                    f"{numbers.watts(state, 12):.1f}",
                    f"{numbers.watts(state, 24):.1f}",
                )
                for state in states
            ],
        ),
        f"\nThe converter gives {numbers.wired['converter_out'] * 1000:.0f} mA, the worst is "
        f"{worst.amps_5v * 1000:.0f}. An ESP32-POE-ISO gives {numbers.poe['out'] * 1000:.0f} mA at 5 V: that is "
        f'{numbers.poe_leds()} LEDs (`"ring_leds": {numbers.poe_leds()}`), and no lamp of 12 or 24 V.\n\n'
        "## Cable\n\n"
        f"What arrives at a room that does its worst, in V, through {numbers.cable['area']} mm². A dash: less than "
        "is enough, so do not build that.\n\n",
        markdown(
            ("supply", *(f"{metres} m" for metres in lengths), "enough", "fuse F1"),
            [_cable(numbers, volt, lengths) for volt in (5, 12, 24)],
        ),
        "\n![What is lost in the cable, in percent, over its length](drop.svg)\n\n"
        "So: 24 V. 12 V works with another fuse and a lamp for 12 V. 5 V is for the bench.\n\n## Supply\n\n"
        f"A {numbers.supply['rated']:g} W supply used to {numbers.supply['use']:.0%} feeds "
        f"**{numbers.rooms_per_supply()} rooms** that all do their worst at once. In a box outside the rooms, "
        "bought, and marked as a limited power source.\n\n## Battery button\n\n"
        f"A press takes {numbers.press():.2f} C, {numbers.press_mah():.2f} mAh: with two LEDs lit and the ten dark "
        "ones of the ring while it is awake. Years until the cell wants charging, with the cell's own loss, which "
        "the table of [the firmware's README](../../firmware/README.md#battery-button) leaves out:\n\n",
        markdown(
            ("cell", *(f"{n} presses a day" for n in numbers.battery["presses"])),
            [
                (cell, *(f"{numbers.years(ah, n):.1f}" for n in numbers.battery["presses"]))
                for cell, ah in numbers.battery["cells"].items()
            ],
        ),
        "\n![Years of a battery button over presses a day](battery.svg)\n\n## Pager\n\n",
        markdown(
            ("", "hours", "a shift of 8 h"),
            [
                (cell, f"{numbers.pager_hours(ah):.1f}", _shift(numbers, ah))
                for cell, ah in numbers.pager["cells"].items()
            ],
        ),
        "\n## Sources\n\n",
        markdown(("number", "value", "source"), list(_sources(toml("power.toml")))),
    ]
    return "".join(out)


def _shift(numbers: power.Power, ampere_hours: float) -> str:
    enough = numbers.pager_hours(ampere_hours) >= numbers.pager["shift"]
    return "yes" if enough else "**no**: leave it on a charger, or take the other one"


def _cable(numbers: power.Power, volt: float, lengths: list[float]) -> tuple[str, ...]:
    watts, least = numbers.watts(numbers.states()[-1], volt), numbers.least(volt)
    arrives = [numbers.arrives(volt, metres, watts) for metres in lengths]
    cells = ["–" if v is None or v < least else f"{v:.2f}" for v in arrives]
    amps = numbers.worst_amps(volt, max(lengths))
    fuse = numbers.fuse_for(amps) if amps and "–" not in cells else None
    return f"{volt:g} V", *cells, f"{least:g} V", f"{fuse:g} A" if fuse else "–"


def _sources(data: dict[str, object], at: str = "") -> Iterable[tuple[str, str, str]]:
    for name, item in data.items():
        assert isinstance(item, dict)
        if "value" in item:
            value = item["value"]
            said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{at}{name}".replace("_", " "), said, str(item["source"])
        else:
            yield from _sources(item, f"{at}{name}: ")
