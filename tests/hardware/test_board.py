"""Schematic, board and what a board house gets hold what the carrier holds. Needs no KiCad."""

import csv
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hardware.tools import bom, netlist
from hardware.tools.files import HARDWARE, toml
from hardware.tools.kicad import compare, parts, route
from hardware.tools.kicad.sexpr import Node, Word, named, one, parse, text, write
from hypothesis import given
from hypothesis import strategies as st

from tests.hardware import board_faults

BOARD = HARDWARE / "board"
MADE = netlist.carrier("callpoint")


def content(name: str) -> list[Node]:
    return parse((BOARD / name).read_text(encoding="utf-8"))


def test_the_schematic_holds_the_parts_and_nets_of_the_carrier() -> None:
    assert compare.netlist(content("callpoint.net"), MADE) == []


def test_the_drawn_parts_are_those_of_the_netlist() -> None:
    drawn = {
        said["Reference"]: (said["Part"], said["Footprint"], said["Value"])
        for symbol in named(content("callpoint.kicad_sch"), "symbol")
        for said in [compare.properties(symbol)]
        if not said["Reference"].startswith("#")
    }
    known = parts.known()
    assert drawn == {
        ref: (part.part, known[part.part].footprint, known[part.part].value)
        for ref, part in MADE.parts.items()
    }


def test_the_board_holds_the_parts_and_nets_of_the_carrier() -> None:
    assert compare.board(content("callpoint.kicad_pcb"), MADE) == []


def test_the_board_is_as_the_boxes_expect_it() -> None:
    assert compare.outline(content("callpoint.kicad_pcb"), toml("carrier/outline.toml")) == []


def test_what_is_soldered_is_in_the_bill_and_in_the_position_file() -> None:
    with (BOARD / "fab" / "callpoint-positions.csv").open(encoding="utf-8", newline="") as file:
        placed = {row["Ref"] for row in csv.DictReader(file)}
    billed = {ref: line.part for line in bom.bill("callpoint") for ref in line.refs}
    fitted = {ref: part.part for ref, part in MADE.parts.items() if part.fit}
    assert placed == fitted.keys()
    assert fitted.items() <= billed.items()


def test_the_board_house_is_told_the_size_of_the_outline() -> None:
    job = json.loads((BOARD / "fab" / "callpoint-job.gbrjob").read_text(encoding="utf-8"))
    told = job["GeneralSpecs"]
    width, height = toml("carrier/outline.toml")["board"]["size"]
    assert told["LayerNumber"] == 2
    assert (told["Size"]["X"], told["Size"]["Y"]) == pytest.approx((width, height), abs=0.2)


def change_part(nets: list[Node]) -> None:
    component = next(c for c in named(one(nets, "components"), "comp") if one(c, "ref")[1] == "Q1")
    field = next(f for f in named(one(component, "fields"), "field") if one(f, "name")[1] == "Part")
    field[2] = "ao3401a"


def swap_nets(nets: list[Node]) -> None:
    by_name = {text(one(n, "name")[1]): n for n in named(one(nets, "nets"), "net")}
    a, b = one(by_name["CALL_IO"], "name"), one(by_name["LAMP_IO"], "name")
    a[1], b[1] = b[1], a[1]


def leave_out(nets: list[Node]) -> None:
    components = one(nets, "components")
    components.remove(next(c for c in named(components, "comp") if one(c, "ref")[1] == "F1"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (change_part, "Q1 is ao3401a and ao3422 on the carrier."),
        (swap_nets, "CALL_IO on the schematic lacks C4.1, R4.2, R5.2, U1.7."),
        (leave_out, "F1 is not on the schematic."),
    ],
)
def test_a_netlist_that_is_another_is_told(change: Callable[[list[Node]], None], says: str) -> None:
    nets = content("callpoint.net")
    change(nets)
    assert says in compare.netlist(nets, MADE)


def test_a_header_moved_by_a_tenth_of_a_millimetre_is_told() -> None:
    fault = next(f for f in board_faults.FAULTS if f.plant is board_faults.header_moved)
    assert fault.caught in fault.plant(BOARD)


def test_the_table_of_planted_faults_is_this_one() -> None:
    assert board_faults.table() in (HARDWARE / "CHECKS.md").read_text(encoding="utf-8")


words = st.text("abcXYZ-_.:/+0123456789", min_size=1).map(Word)
nodes = st.recursive(
    words | st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n")),
    lambda inner: st.lists(inner, min_size=1, max_size=4),
    max_leaves=20,
)


@given(st.lists(nodes, min_size=1))
def test_what_is_written_is_read_the_same(made: list[Any]) -> None:
    read = parse(write(made))
    assert read == made
    assert write(read) == write(made)


@pytest.mark.parametrize("broken", ["", "(a", "a)", "(a))", "(a) b", '("a)'])
def test_brackets_that_do_not_match_are_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        parse(broken)


RULES = route.Rules(0.4, 0.2, 0.8, frozenset({"WIDE"}), 1.0, 0.5)


def pad(net: str, x: float, y: float, number: int) -> route.Copper:
    return route.Copper(net, x, y, 0.8, 0.8, (0, 1), number)


def apart(a: route.Track, b: route.Track) -> float:
    """The distance of two tracks' copper, by points along them."""

    def points(track: route.Track) -> list[tuple[float, float]]:
        (x0, y0), (x1, y1) = track.start, track.end
        return [(x0 + (x1 - x0) * n / 50, y0 + (y1 - y0) * n / 50) for n in range(51)]

    nearest = min(math.dist(p, q) for p in points(a) for q in points(b))
    return nearest - (a.width + b.width) / 2


def test_nets_that_cross_change_the_side_and_keep_their_distance() -> None:
    pads = [pad("A", 2, 10, 1), pad("A", 18, 10, 2), pad("WIDE", 10, 2, 3), pad("WIDE", 10, 18, 4)]
    made = route.route((20, 20), pads, frozenset(), RULES)
    tracks = [each for each in made if isinstance(each, route.Track)]
    assert {t.net for t in tracks} == {"A", "WIDE"}
    assert {t.width for t in tracks if t.net == "WIDE"} == {1.0}
    for a in tracks:
        for b in tracks:
            if a.net < b.net and a.layer == b.layer:
                assert apart(a, b) >= RULES.clearance - 0.02


def test_a_net_without_a_way_is_named() -> None:
    wall = route.Copper("", 10, 10, 0.5, 10, (0, 1), 9)
    with pytest.raises(route.NoWayError, match="A"):
        route.route((20, 20), [pad("A", 2, 10, 1), pad("A", 18, 10, 2), wall], frozenset(), RULES)
