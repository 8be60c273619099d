"""Bills of material hold what carriers and wiring hold, and add up."""

import pytest
from hardware.tools import bom
from hardware.tools.__main__ import app
from hardware.tools.files import HARDWARE
from typer.testing import CliRunner


@pytest.mark.parametrize("variant", bom.VARIANTS)
def test_a_bill_holds_what_carrier_and_wiring_hold(variant: str) -> None:
    assert bom.check(variant, bom.bill(variant), bom.wants(variant), bom.parts()) == []


def test_every_part_has_a_price_with_its_basis_and_is_needed() -> None:
    assert bom.check_parts(bom.parts()) == []


def test_the_readme_tells_what_the_bills_come_to() -> None:
    text = (HARDWARE / "README.md").read_text(encoding="utf-8")
    order = ("callpoint", "battery-button", "lamp", "pager")
    costs = [f"€{bom.cost(bom.bill(variant), bom.parts()):.0f}" for variant in order]
    assert f"| parts, about | {' | '.join(costs)}" in text


def test_a_shop_adds_up() -> None:
    prices = {"a": {"price_eur": "2.50"}, "b": {"price_eur": "0.10"}}
    lines = bom.parse(
        [
            {"refs": "R1 R2", "part": "b", "quantity": "2"},
            {"refs": "U1", "part": "a", "quantity": "1"},
        ]
    )
    assert bom.cost(lines, prices) == pytest.approx(2.70)
    four, five = (bom.shop(rooms, ("callpoint",), 4, 10) for rooms in (4, 5))
    assert (four.supplies, five.supplies) == (1, 2)
    assert five.devices / 5 == pytest.approx(four.devices / 4)
    longer = bom.shop(4, ("callpoint",), 4, 20)
    metre = float(bom.parts()["cable-2x0.75"]["price_eur"])
    assert longer.total - four.total == pytest.approx(4 * 10 * metre)


def test_battery_buttons_alone_need_no_cable() -> None:
    made = bom.shop(12, ("battery-button",), 4, 15)
    assert (made.supplies, made.cable, made.supply) == (0, 0, 0)


def test_the_command_tells_what_a_shop_costs() -> None:
    told = CliRunner().invoke(app, ["shop", "9", "--metres", "20"])
    made = bom.shop(9, ("callpoint",), 4, 20)
    assert told.exit_code == 0
    assert f"| wired call points | 9 | {made.devices:.0f} |" in told.output
    assert f"**{made.total:.0f}**" in told.output


@pytest.mark.parametrize(
    "arguments", [["shop", "0"], ["shop", "4", "--metres", "-1"], ["drop", "9", "5"]]
)
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
