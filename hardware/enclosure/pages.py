"""Markdown of the boxes: `README.md` here, and `assembly/boxes.md`. Needs no models, only what they told."""

import re
from typing import Any

from hardware.tools.files import markdown, table, toml

_MADE = "<!-- Made by `python -m hardware.enclosure make` from {}. Change that, not this. -->\n\n"
_STATUS = "Status: *designed, checked by CI*, not built: nobody has printed one yet.\n\n"


def enclosure() -> str:
    """`enclosure/README.md`: pictures, what is printed, what is bought, screws."""
    data = toml("enclosure/enclosure.toml")
    boxes = data["box"] | {"pager": data["pager"]}
    out = [
        "# Boxes\n\n",
        _MADE.format("`enclosure.toml`, the models and PrusaSlicer's numbers"),
        _STATUS,
        "Models as code ([build123d](https://build123d.readthedocs.io)): change a size in "
        "[enclosure.toml](enclosure.toml), then `make hardware-models`. STL to print, STEP to change in another "
        "program. How they go together: [assembly/boxes.md](../assembly/boxes.md). What is checked: "
        "[CHECKS.md](../CHECKS.md).\n\n",
    ]
    for id_, box in boxes.items():
        inner, wall = box["inner"], box.get("wall", data["printed"]["wall"])
        size = f"{inner[0] + 2 * wall:g} x {inner[1] + 2 * wall:g} x {box['depth']:g} mm"
        out.append(
            f"## {box['name']}\n\n{size}.\n\n![{box['name']}, closed](pictures/{id_}.png)\n\n"
        )
    out += ["## What is printed\n\n", _printing(data), _prints(), "\n", _sets()]
    out += [
        "\n## What is bought\n\nThe models are drawn around these. Hold yours against them first.\n\n"
    ]
    out.append(
        markdown(
            ("part", "size, mm", "where the size is from"),
            [(p["name"], _size(p), p["source"]) for p in data["part"].values()],
        )
    )
    screws = [(id_, f"{s['length']:g} mm", s["source"]) for id_, s in data["screw"].items()]
    out += ["\n", markdown(("screw", "length", "what it is"), screws)]
    return "".join(out)


def _printing(data: dict[str, Any]) -> str:
    return (
        f"{data['print']['material']}, as a printer of 0.4 mm lays it with [print.ini](print.ini); lids and diffuser "
        "with their faces down. Nothing needs support: the slicer was asked for it and set none. Diffuser and keys in "
        "natural or white. Times are PrusaSlicer's for a slow printer.\n\n"
    )


def _prints() -> str:
    rows = [
        (f"[{row['file']}](stl/{row['file']}.stl)", row["boxes"], row["pieces"],
         f"{float(row['grams']):.0f}", hours(int(row["minutes"])))
        for row in table("enclosure/prints.csv")
    ]  # fmt: skip
    return markdown(("file", "for", "pieces", "g each", "time each"), rows)


def _sets() -> str:
    rows = [(box, f"{grams:.0f}", hours(minutes)) for box, (grams, minutes) in sets().items()]
    return markdown(("a whole", "g", "time"), rows)


def sets() -> dict[str, tuple[float, int]]:
    """Grams and minutes of each box."""
    found: dict[str, tuple[float, int]] = {}
    for row in table("enclosure/prints.csv"):
        for box in row["boxes"].split(", "):
            grams, minutes = found.get(box, (0.0, 0))
            many = int(row["pieces"])
            found[box] = (
                grams + many * float(row["grams"]),
                minutes + many * int(row["minutes"]),
            )
    return found


def hours(minutes: int) -> str:
    """A duration to read."""
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _size(part: dict[str, Any]) -> str:
    if "body" not in part:
        return f"Ø {part['outer']:g} outside, Ø {part['inner']:g} inside, {part['board'] + part['led']:g} thick"
    said = []
    for shape in part["body"]:
        low, high = shape[-2:]
        what = f"Ø {shape[0]:g}" if len(shape) == 3 else f"{shape[0]:g} x {shape[1]:g}"
        said.append(f"{what} from {low:g} to {high:g}")
    nut = f", nut Ø {part['nut'][0]:g}" if "nut" in part else ""
    return ", ".join(said) + nut


def assembly() -> str:
    """`assembly/boxes.md`: for each box its drawing, its parts by number, its steps."""
    steps, names = toml("assembly/boxes.toml"), _names()
    boxes = toml("enclosure/enclosure.toml")
    out = [
        "# Putting the boxes together\n\n",
        _MADE.format("`boxes.toml` and the models"),
        _STATUS.replace("printed one", "followed these steps"),
        f"Tools: {_lower(steps['tools']['list'])}\n\n"
        "Lid screws and those of the pager have a Torx pin. Heat an insert, not the plastic around it.\n",
    ]
    for id_, said in steps.items():
        if id_ == "tools":
            continue
        box = boxes["pager"] if id_ == "pager" else boxes["box"][id_]
        numbers = names[id_]
        out.append(f"\n## {box['name']}\n\n![{box['name']}, its parts pulled apart]({id_}.png)\n\n")
        legend = ", ".join(f"{number} {name}" for name, number in numbers.items())
        out.append(f"{legend}.\n\n")
        rows = [
            (str(n), numbered(step["do"], numbers), str(step["minutes"]))
            for n, step in enumerate(said["step"], 1)
        ]
        out.append(markdown(("step", "what", "minutes"), rows))
        out += [
            f"\n![{more['caption']}]({more['file']}.png)\n\n{more['caption']}.\n"
            for more in said["more"]
        ]
    return "".join(out)


def _names() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in table("enclosure/parts.csv"):
        found.setdefault(row["box"], {})[row["part"]] = int(row["number"])
    return found


def numbered(text: str, numbers: dict[str, int]) -> str:
    """A step with the drawing's number behind each part. Raises KeyError for a part that is not there."""

    def put(found: re.Match[str]) -> str:
        part, _, said = found[1].partition("|")
        begins = found.start() == 0 or text[: found.start()].endswith((". ", ": "))
        name = said or part
        return f"{name[0].upper() + name[1:] if begins else name} ({numbers[part]})"

    return re.sub(r"\{(.+?)\}", put, text)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
