"""Every generated file of the boxes: writing it, telling whether the committed one differs."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from build123d import import_step
from hardware.enclosure import pages, prints, render, slicer
from hardware.enclosure.solids import Assembly, Solid
from hardware.tools.files import HARDWARE, table, toml
from PIL import Image

_HERE = HARDWARE / "enclosure"
_GRAMS, _TIME = 0.03, 0.15  # how far another slicer may be from the numbers here


def everything(made: dict[str, Assembly], solids: dict[str, Solid]) -> None:
    """Writes all of it. Raises slicer.SliceError."""
    for folder in ("stl", "step", "pictures"):
        (_HERE / folder).mkdir(exist_ok=True)
    for name, solid in solids.items():
        prints.write(solid, name, _HERE)
        (_HERE / f"{name}.stl").replace(_HERE / "stl" / f"{name}.stl")
        (_HERE / f"{name}.step").replace(_HERE / "step" / f"{name}.step")
    sliced = {name: slicer.sliced(_HERE / "stl" / f"{name}.stl") for name in solids}
    (_HERE / "prints.csv").write_text(printed(made, sliced), encoding="utf-8")
    (_HERE / "parts.csv").write_text(numbers(made), encoding="utf-8")
    for path, image in pictures(made):
        path.write_bytes(render.png(image))
    (_HERE / "README.md").write_text(pages.enclosure(), encoding="utf-8")
    (HARDWARE / "assembly" / "boxes.md").write_text(pages.assembly(), encoding="utf-8")


def stale(made: dict[str, Assembly], solids: dict[str, Solid]) -> list[str]:
    """What of the committed files is not what the models make now, a sentence each."""
    found = []
    for name, solid in solids.items():
        found += _stale_print(name, solid)
    for folder, ending in (("stl", "stl"), ("step", "step")):
        there = {path.stem for path in (_HERE / folder).glob(f"*.{ending}")}
        found += [
            f"{folder}/{name}.{ending} is of no box." for name in sorted(there - solids.keys())
        ]
    if _read("parts.csv") != numbers(made):
        found.append("parts.csv is not what the models say.")
    for path, image in pictures(made):
        if not path.exists() or not alike(Image.open(path).convert("RGB"), image):
            found.append(f"{path.relative_to(HARDWARE)} shows something else.")
    if _read("README.md") != pages.enclosure():
        found.append("enclosure/README.md is out of date.")
    if (HARDWARE / "assembly" / "boxes.md").read_text(encoding="utf-8") != pages.assembly():
        found.append("assembly/boxes.md is out of date.")
    return found


def _stale_print(name: str, solid: Solid) -> list[str]:
    """A committed mesh against its rules; mesh, STEP and the slicer's numbers against the model."""
    stl, step = _HERE / "stl" / f"{name}.stl", _HERE / "step" / f"{name}.step"
    if not stl.exists() or not step.exists():
        return [f"{name} is not there as STL and STEP."]
    mesh = prints.mesh(stl)
    found = prints.check(name, mesh, solid)
    if not found and not prints.alike(mesh, prints.meshed(solid)):
        found.append(f"stl/{name}.stl is of another model.")
    if not prints.same(import_step(step), solid):
        found.append(f"step/{name}.step is of another model.")
    try:
        now = slicer.sliced(stl)
    except slicer.SliceError as error:
        return [*found, str(error)]
    rows = {row["file"]: row for row in table("enclosure/prints.csv")}
    if now.support:
        found.append(f"{name} cannot be printed without support.")
    if name not in rows:
        found.append(f"{name} is not in prints.csv.")
    elif abs(now.grams / float(rows[name]["grams"]) - 1) > _GRAMS:
        found.append(f"{name} weighs {now.grams:.1f} g now.")
    elif abs(now.minutes / int(rows[name]["minutes"]) - 1) > _TIME:
        found.append(f"{name} takes {now.minutes} minutes now.")
    return found


def printed(made: dict[str, Assembly], sliced: dict[str, slicer.Sliced]) -> str:
    """`prints.csv`: each file with its boxes, pieces a box, minutes and grams."""
    boxes: dict[str, Counter[str]] = {name: Counter() for name in sliced}
    for id_, assembly in made.items():
        for part in assembly.printed():
            boxes[prints.file_of(id_, part)][id_] += 1
    rows = [
        (name, ", ".join(boxes[name]), max(boxes[name].values()), each.minutes, f"{each.grams:.2f}")
        for name, each in sliced.items()
    ]
    return _csv(("file", "boxes", "pieces", "minutes", "grams"), rows)


def numbers(made: dict[str, Assembly]) -> str:
    """`parts.csv`: the balloons of each box's drawing."""
    rows = [
        (id_, number, name)
        for id_, assembly in made.items()
        for number, name in enumerate(render.legend(assembly.parts), 1)
    ]
    return _csv(("box", "number", "part"), rows)


def pictures(made: dict[str, Assembly]) -> Iterable[tuple[Path, Image.Image]]:
    """Each picture with its place: closed in `pictures`, apart in `assembly`."""
    steps = toml("assembly/boxes.toml")
    for id_, assembly in made.items():
        yield _HERE / "pictures" / f"{id_}.png", render.picture(assembly, render.View())
        yield (
            HARDWARE / "assembly" / f"{id_}.png",
            render.picture(assembly, render.View.exploded()),
        )
        for more in steps[id_]["more"]:
            yield (
                HARDWARE / "assembly" / f"{more['file']}.png",
                render.picture(assembly, render.View.behind(), more["only"]),
            )


def alike(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures show the same: another renderer shades a little differently."""
    if any(abs(a - b) > 4 for a, b in zip(one.size, other.size, strict=True)):
        return False
    small = [np.asarray(each.convert("L").resize((200, 200)), dtype=float) for each in (one, other)]
    return float((np.abs(small[0] - small[1]) > 40).mean()) < 0.005


def _csv(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def _read(name: str) -> str:
    path = _HERE / name
    return path.read_text(encoding="utf-8") if path.exists() else ""
