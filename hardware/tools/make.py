"""Every generated file of the hardware: making it, and telling which are out of date."""

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pypdfium2
from hardware.tools import docs, harness, plates, plot, power
from hardware.tools.bench import sheet
from hardware.tools.files import HARDWARE

_TEXT = re.compile(r">([^<>]+)<")


def texts() -> dict[str, Callable[[], str]]:
    """Files that come out the same, byte by byte."""
    return {
        "wiring/README.md": docs.wiring,
        "carrier/README.md": docs.carriers,
        "bom/README.md": docs.bills,
        "power/README.md": docs.powers,
        "power/drop.svg": drop,
        "power/battery.svg": battery,
        "test/README.md": sheet,
        "plates/tactile.svg": plates.tactile,
    }


def drop() -> str:
    """How much of the voltage is lost, for each supply."""
    numbers = power.load()
    lines = []
    for volt in (5, 12, 24):
        watts = numbers.watts(numbers.states()[-1], volt)
        points = [(0.0, 0.0)]
        for metres in range(1, 31):
            arrives = numbers.arrives(volt, metres, watts)
            if arrives is None or arrives < 0.8 * volt:
                break
            points.append((float(metres), 100 * (1 - arrives / volt)))
        lines.append(plot.Line(f"{volt} V", tuple(points)))
    title = f"Lost in the cable, {numbers.cable['area']} mm², a room at its worst"
    return plot.svg(title, ("cable, m", 30), ("% of the voltage", 20), lines)


def battery() -> str:
    """Years over presses a day, for each cell."""
    numbers = power.load()
    lines = [
        plot.Line(cell, tuple((n, numbers.years(ah, n)) for n in range(1, 51)))
        for cell, ah in numbers.battery["cells"].items()
    ]
    return plot.svg("Battery button", ("presses a day", 50), ("years", 3), lines)


def everything() -> None:
    """Writes all of it."""
    for name, made in texts().items():
        (HARDWARE / name).write_text(made(), encoding="utf-8")
    for id_ in harness.HARNESSES:
        harness.draw(id_, HARDWARE / "wiring")
    for language, said in plates.words().items():
        (HARDWARE / "plates" / f"plates-{language}.pdf").write_bytes(plates.pdf(said, language))
    document = pypdfium2.PdfDocument(HARDWARE / "plates" / "plates-en.pdf")
    document[0].render(scale=1.5).to_pil().save(
        HARDWARE / "plates" / "plates-en.png", optimize=True
    )
    document.close()


def stale() -> list[str]:
    """The files that differ in substance from what would be made now."""
    found = [name for name, made in texts().items() if _read(name) != made()]
    with tempfile.TemporaryDirectory() as folder:
        for id_ in harness.HARNESSES:
            harness.draw(id_, Path(folder))
            for name in (f"{id_}.svg", f"{id_}.bom.tsv"):
                made_now = (Path(folder) / name).read_text(encoding="utf-8")
                if said(made_now) != said(_read(f"wiring/{name}")):
                    found.append(f"wiring/{name}")
            if not (HARDWARE / "wiring" / f"{id_}.png").exists():
                found.append(f"wiring/{id_}.png")
    for language, words in plates.words().items():
        name = f"plates/plates-{language}.pdf"
        path = HARDWARE / name
        if not path.exists() or page(path.read_bytes()) != page(plates.pdf(words, language)):
            found.append(name)
    return found


def said(drawing: str) -> list[str]:
    """What a drawing by graphviz says, in any order: another version may place it elsewhere."""
    return sorted(_TEXT.findall(drawing)) if drawing.lstrip().startswith("<") else [drawing]


def page(document: bytes) -> list[str]:
    """Size and text of each page of a PDF."""
    opened = pypdfium2.PdfDocument(document)
    found = [f"{each.get_size()} {each.get_textpage().get_text_range()}" for each in opened]
    opened.close()
    return found


def _read(name: str) -> str:
    path = HARDWARE / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def has_graphviz() -> bool:
    """Whether the wiring can be drawn here."""
    return shutil.which("dot") is not None
