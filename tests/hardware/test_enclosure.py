"""What of the boxes can be told without their models; the rest is `make hardware`."""

import re
import struct
from collections import Counter
from pathlib import Path

import pytest
from hardware.enclosure import pages
from hardware.tools import bom
from hardware.tools.files import HARDWARE, table, toml

HERE = HARDWARE / "enclosure"
PRINTS = {row["file"]: row for row in table("enclosure/prints.csv")}


Point = tuple[float, ...]


def open_edges(stl: bytes) -> int:
    """How many edges of a binary STL's facets are not met by exactly one other, turned round."""
    (many,) = struct.unpack_from("<I", stl, 80)
    edges: Counter[tuple[Point, Point]] = Counter()
    for n in range(many):
        spots = [round(each, 4) + 0.0 for each in struct.unpack_from("<9f", stl, 96 + 50 * n)]
        a, b, c = tuple(spots[:3]), tuple(spots[3:6]), tuple(spots[6:])
        edges.update([(a, b), (b, c), (c, a)])
    return sum(count != 1 or edges[b, a] != 1 for (a, b), count in list(edges.items()))


def test_pages_are_what_the_data_says() -> None:
    assert (HERE / "README.md").read_text(encoding="utf-8") == pages.enclosure()
    assert (HARDWARE / "assembly" / "boxes.md").read_text(encoding="utf-8") == pages.assembly()


def test_every_print_is_there_and_no_other() -> None:
    for folder in ("stl", "step"):
        assert {path.stem for path in (HERE / folder).iterdir()} == set(PRINTS)


@pytest.mark.parametrize("name", PRINTS)
def test_no_mesh_has_a_hole(name: str) -> None:
    stl = (HERE / "stl" / f"{name}.stl").read_bytes()
    assert open_edges(stl) == 0
    (many,) = struct.unpack_from("<I", stl, 80)
    assert open_edges(stl[:80] + struct.pack("<I", many - 1) + stl[84:]) > 0


def test_bills_say_what_the_boxes_weigh() -> None:
    parts, grams = bom.parts(), {box: g for box, (g, _) in pages.sets().items()}
    boxes = {"box-wall": ("wall", "wall-battery", "wall-lamp"), "box-lamp": ("door-lamp",),
             "box-presence": ("presence",), "box-pager": ("pager",)}  # fmt: skip
    for part, same in boxes.items():
        found = re.search(r"about (\d+) g", parts[part]["description"])
        assert found is not None
        for box in same:
            assert grams[box] == pytest.approx(int(found[1]), rel=0.1), box


def test_every_size_has_a_source() -> None:
    data = toml("enclosure/enclosure.toml")
    for kind in ("part", "screw", "board", "insert"):
        for name, said in data[kind].items():
            assert said["source"], name


def test_a_step_that_names_no_part_of_its_drawing_is_refused() -> None:
    assert pages.numbered("{lid|lids} on", {"lid": 3}) == "Lids (3) on"
    with pytest.raises(KeyError):
        pages.numbered("the {cover}", {"lid": 3})


def test_the_tree_stays_small() -> None:
    assert sum(p.stat().st_size for p in files(HERE)) < 5_000_000


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
