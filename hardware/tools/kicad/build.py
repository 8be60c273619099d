"""KiCad's files: making them, KiCad's verdicts, and whether the committed ones are the same."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2
from hardware.tools import netlist
from hardware.tools.files import HARDWARE, toml
from hardware.tools.kicad import compare, module, parts, schematic
from hardware.tools.kicad.sexpr import parse, write
from hardware.tools.make import page
from PIL import Image, ImageChops, ImageStat

FOLDER = HARDWARE / "board"
_PYTHON = "/usr/bin/python3"  # KiCad's module belongs to the system's Python
_GIVEN = ("callpoint.kicad_pro", "callpoint.kicad_dru", "sym-lib-table", "fp-lib-table")
_MODULE = "ESP32-DevKitC-32E"
_LAYERS = "F.Cu,B.Cu,F.Mask,B.Mask,F.Paste,F.Silkscreen,B.Silkscreen,Edge.Cuts"
_VIEWS = {
    "callpoint-top.png": "--side top",
    "callpoint-bottom.png": "--side bottom",
    "callpoint-view.png": "--rotate -50,0,18 --perspective --zoom 0.95 --quality high",
}
_LONGEST = 300  # seconds that anything may take
_DATE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[+-]\d\d:?\d\d)?|(?<=date )\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
)
_NO_DATE = "1970-01-01T00:00:00+00:00"  # a file that is made twice shall be the same twice
_VERSION = re.compile(r"\b9\.0\.\d+[\w+~.-]*")
_TILES = (56, 44)
_SAME = 12  # of 255: how far a tile of a picture may be from its like on average


class KiCadError(Exception):
    """KiCad is not there, or did not do what it was asked for."""


def make(folder: Path) -> None:
    """Makes every file into an empty folder.

    Not into the committed one: KiCad leaves things behind.

    Raises KiCadError.
    """
    _need()
    for name in _GIVEN:
        shutil.copy(FOLDER / name, folder)
    known = parts.known()["devkitc-32e"]
    library = module.symbols(_MODULE, known.module, known.description)
    (folder / "overdoor.kicad_sym").write_text(write(library), encoding="utf-8")
    (folder / "overdoor.pretty").mkdir(exist_ok=True)
    footprint = module.footprint(_MODULE, known.description, toml("carrier/outline.toml")["module"])
    (folder / "overdoor.pretty" / f"{_MODULE}.kicad_mod").write_text(
        write(footprint), encoding="utf-8"
    )
    drawn = schematic.draw(netlist.carrier("callpoint"), toml("board/schematic.toml"), library)
    (folder / "callpoint.kicad_sch").write_text(write(drawn), encoding="utf-8")
    _scrub(netlist_of(folder / "callpoint.kicad_sch"), folder)
    _board(folder)
    with _settings() as kicad:
        _export(kicad, folder)
    for path in folder.rglob("*"):
        if path.suffix not in (".png", ".pdf") and path.is_file() and path.name not in _GIVEN:
            _scrub(path, folder)


def _need() -> None:
    try:
        said = subprocess.run(
            ["kicad-cli", "version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise KiCadError("There is no KiCad here: make hardware installs it on Debian.") from error
    if not said.stdout.startswith("9."):
        raise KiCadError(f"KiCad 9 is needed; here is {said.stdout.strip()}.")


def _run(command: list[str], **environment: str) -> None:
    """Runs a program, in the project's folder.

    Raises KiCadError where it fails, with what it said.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST,
        cwd=HARDWARE.parent,
        env=os.environ | environment,
    )
    if done.returncode:
        raise KiCadError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


@contextmanager
def _settings() -> Iterator[Callable[..., None]]:
    """KiCad with no settings of anybody's."""
    with tempfile.TemporaryDirectory() as home:

        def kicad(said: str, *paths: str | Path) -> None:
            _run(["kicad-cli", *said.split(), *map(str, paths)], KICAD_CONFIG_HOME=home)

        yield kicad


def netlist_of(sheet: Path) -> Path:
    """A schematic's netlist, written beside it."""
    with _settings() as kicad:
        kicad("sch export netlist -o", sheet.with_suffix(".net"), sheet)
    return sheet.with_suffix(".net")


def _board(folder: Path) -> None:
    """The board, in a folder of its own: KiCad's Python writes settings beside it."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(folder / "overdoor.pretty", Path(place) / "overdoor.pretty")
        made = Path(place) / "callpoint.kicad_pcb"
        _run([_PYTHON, "-m", "hardware.tools.kicad.pcb", str(folder / "callpoint.net"), str(made)])
        shutil.copy(made, folder)


def _export(kicad: Callable[..., None], folder: Path) -> None:
    sheet, board = folder / "callpoint.kicad_sch", folder / "callpoint.kicad_pcb"
    fab = folder / "fab"
    fab.mkdir(exist_ok=True)
    kicad("sch export pdf -o", folder / "callpoint.pdf", sheet)
    document = pypdfium2.PdfDocument(folder / "callpoint.pdf")
    picture = document[0].render(scale=1.6).to_pil().quantize(32)
    picture.save(folder / "callpoint-schematic.png", optimize=True)
    document.close()
    kicad(f"pcb export gerbers -l {_LAYERS} -o", f"{fab}/", board)
    kicad("pcb export drill --excellon-separate-th -o", f"{fab}/", board)
    positions = "pcb export pos --format csv --units mm --exclude-dnp --use-drill-file-origin -o"
    kicad(positions, fab / "callpoint-positions.csv", board)
    kicad("pcb export step -f --subst-models --no-dnp -o", folder / "callpoint.step", board)
    for name, view in _VIEWS.items():
        kicad(f"pcb render {view} -w 1400 -h 1100 --background opaque -o", folder / name, board)


def _scrub(path: Path, folder: Path) -> None:
    """Takes dates and this machine's paths out of a text."""
    said = path.read_text(encoding="utf-8")
    clean = _DATE.sub(_NO_DATE, said).replace(f"{folder}/", "")
    if clean != said:
        path.write_text(clean, encoding="utf-8")


def verdicts(folder: Path) -> list[str]:
    """What KiCad's rules and our own say against the files of a folder, a sentence each.

    Raises KiCadError.
    """
    found = [f"ERC: {each}" for each in erc(folder / "callpoint.kicad_sch")]
    found += [f"DRC: {each}" for each in drc(folder / "callpoint.kicad_pcb")]
    made = netlist.carrier("callpoint")
    found += compare.netlist(parse((folder / "callpoint.net").read_text(encoding="utf-8")), made)
    board = parse((folder / "callpoint.kicad_pcb").read_text(encoding="utf-8"))
    return found + compare.board(board, made) + compare.outline(board, toml("carrier/outline.toml"))


def erc(sheet: Path) -> list[str]:
    """What the electrical rule check reports of a schematic."""
    return _report("sch erc", sheet)


def drc(board: Path) -> list[str]:
    """What the design rule check reports of a board, also against the schematic beside it."""
    return _report("pcb drc --schematic-parity --all-track-errors", board)


def _report(check: str, path: Path) -> list[str]:
    with _settings() as kicad, tempfile.TemporaryDirectory() as place:
        out = Path(place) / "report.json"
        kicad(f"{check} --severity-all --format json -o", out, path)
        return sorted(set(_said(json.loads(out.read_text(encoding="utf-8")))))


def _said(report: dict[str, Any]) -> Iterator[str]:
    lists = [report.get(key, []) for key in ("violations", "unconnected_items", "schematic_parity")]
    lists += [sheet["violations"] for sheet in report.get("sheets", [])]
    for violation in (each for some in lists for each in some):
        items = ", ".join(item["description"] for item in violation["items"])
        yield f"{violation['type']}: {items}"


def commit(fresh: Path) -> None:
    """Puts what was made into the place of what is committed, where it differs."""
    for name in stale(fresh):
        (FOLDER / name).parent.mkdir(exist_ok=True)
        if (fresh / name).exists():
            shutil.copy(fresh / name, FOLDER / name)
        else:
            (FOLDER / name).unlink()


def stale(fresh: Path, committed: Path = FOLDER) -> list[str]:
    """The committed files that differ in substance from fresh ones, or are on one side alone."""
    names = _names(fresh) | _names(committed)
    return sorted(name for name in names if not _same(fresh / name, committed / name))


def _names(folder: Path) -> set[str]:
    made = {
        str(p.relative_to(folder))
        for p in folder.rglob("*")
        if p.is_file() and p.suffix not in (".toml", ".md")
    }
    return {
        name
        for name in made
        if not name.endswith((".kicad_prl", ".lck")) and "-backups/" not in name
    }


def _same(a: Path, b: Path) -> bool:
    if not (a.exists() and b.exists()):
        return False
    if a.suffix == ".png":
        return _alike(a, b)
    if a.suffix == ".pdf":
        return page(a.read_bytes()) == page(b.read_bytes())
    said = [_VERSION.sub("", path.read_text(encoding="utf-8")) for path in (a, b)]
    return said[0] == said[1]


def _alike(a: Path, b: Path) -> bool:
    """Whether two pictures show the same in every tile; their light may differ a little."""
    with Image.open(a) as first, Image.open(b) as second:
        if first.size != second.size:
            return False
        difference = ImageChops.difference(first.convert("RGB"), second.convert("RGB"))
    tiles = difference.resize(_TILES, Image.Resampling.BOX)
    return max(most for _, most in ImageStat.Stat(tiles).extrema) < _SAME
