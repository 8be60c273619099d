"""Carriers and harnesses keep their rules. What the rules catch: test_planted.py."""

import pytest
from hardware.tools import harness, netlist, pins
from hardware.tools.files import toml


@pytest.mark.parametrize("id_", netlist.CARRIERS)
def test_a_carrier_keeps_the_electrical_rules(id_: str) -> None:
    made = netlist.carrier(id_)
    assert netlist.check(made, pins.boards()[made.board], toml("ratings.toml")) == []


@pytest.mark.parametrize("id_", harness.HARNESSES)
def test_a_harness_fits_its_carrier(id_: str) -> None:
    assert harness.check(harness.read(id_), netlist.carrier(*harness.HARNESSES[id_])) == []


def test_a_lamp_alone_keeps_what_it_needs() -> None:
    left = netlist.carrier("callpoint", "lamp")
    lonely = [net for net, ends in left.nets().items() if len(ends) < 2]
    assert set(lonely) == {"CALL_IO", "RING_IO"}  # pins of the board that stay free
    assert {"Q1", "F1", "F3", "J1", "J3", "J5"} <= left.parts.keys()


@pytest.mark.parametrize(
    ("carrier", "fuse", "net"),
    [
        ("callpoint", "F1", "SUPPLY+"),
        ("callpoint", "F2", "5V_RING"),
        ("callpoint", "F3", "LAMP+"),
        ("callpoint", "F3", "LAMP-"),
        ("battery-button", "F1", "VRING"),
    ],
)
def test_a_wire_is_reckoned_with_the_current_that_trips_its_fuse(
    carrier: str, fuse: str, net: str
) -> None:
    trips = toml("ratings.toml")[netlist.carrier(carrier).parts[fuse].part]["trip"]
    assert toml("wiring/kinds.toml")["net"][net]["amps"] == trips


def test_what_has_a_rating_is_in_the_list_of_parts() -> None:
    from hardware.tools import bom

    assert toml("ratings.toml").keys() <= bom.parts().keys()
