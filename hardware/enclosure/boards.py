"""The boards in the boxes: `carrier/outline.toml` and, for the others, `enclosure.toml`."""

from functools import cache
from typing import Any

from hardware.enclosure.solids import Placed, Solid, block, cylinder, data
from hardware.tools.files import toml

_HEADER_BEHIND_PIN = 2.0  # mm of a header's body behind its pins
_PLUG = 14.0  # mm of a plug that stick out of its header


@cache
def board(id_: str) -> dict[str, Any]:
    """Size, holes, what stands on a board, and what has to stay free, from the board's middle."""
    if id_ == "callpoint":
        return outline(toml("carrier/outline.toml"))
    made: dict[str, Any] = data()["board"][id_]
    return made


def outline(said: dict[str, Any]) -> dict[str, Any]:
    """The call point's board, whose file counts from its lower left corner."""
    w, h = said["board"]["size"]
    thick, module, usb = said["board"]["thickness"], said["module"], said["module"]["usb"]

    def area(x: list[float], y: list[float], z: list[float], **more: Any) -> dict[str, Any]:
        return {
            "at": [sum(x) / 2 - w / 2, sum(y) / 2 - h / 2],
            "size": [x[1] - x[0], y[1] - y[0]],
            "from": z[0],
            "high": z[1],
        } | more

    clear = {"clear": said["holes"]["clear"]}
    on = [area(module["x"], module["y"], [0, module["height"]], colour="module")]
    free = [
        area([0, w], [0, h], [0, said["height"]["parts"]], **clear),
        area([0, w], [0, h], [-thick - said["board"]["below"], -thick], **clear),
        area(usb["x"], usb["y"], usb["z"]),
    ]
    for each in said["header"].values():
        on += [
            area(each["x"], [0, each["pin"][1] + _HEADER_BEHIND_PIN], [0, each["height"]],
                 colour="header"),
            area(each["x"], [-_PLUG, 0], [0, each["plug_height"]], colour="plug"),
        ]  # fmt: skip
        free.append(area(each["x"], [-each["front"], 0], [0, each["plug_height"]]))
    return {
        "size": [w, h],
        "thick": thick,
        "holes": [[x - w / 2, y - h / 2] for x, y in said["holes"]["at"]],
        "hole": said["holes"]["diameter"],
        "on": on,
        "free": free,
        "antenna": area(module["antenna"]["x"], module["antenna"]["y"], [-99, 99]),
    }


def holes(made: dict[str, Any], at: list[float]) -> list[tuple[float, float]]:
    """Middles of its screws, in the box."""
    return [(at[0] + x, at[1] + y) for x, y in made["holes"]]


def parts(made: dict[str, Any], at: list[float], z: float, lift: float) -> list[Placed]:
    """The board with all that stands on it, its underside at a height."""
    w, h = made["size"]
    top = z + made["thick"]
    solid = block(w, h, z, top, *at)
    for x, y in holes(made, at):
        solid -= cylinder(made["hole"], z - 1, top + 1, x, y)
    found = [Placed("board", solid, "bought", "board", lift)]
    for each in made["on"]:
        colour = each.get("colour", "module")
        found.append(Placed("board", _area(made, each, at, top), "bought", colour, lift))
    found += [
        Placed("room of the board", _area(made, each, at, top), "room")
        for each in made.get("free", ())
    ]
    if "antenna" in made:
        found.append(Placed("antenna", _area(made, made["antenna"], at, top), "antenna"))
    return found


def _area(made: dict[str, Any], each: dict[str, Any], at: list[float], top: float) -> Solid:
    (x, y), (w, h) = each["at"], each["size"]
    solid = block(w, h, top + each.get("from", 0), top + each["high"], at[0] + x, at[1] + y)
    if "clear" in each:
        for hole in holes(made, at):
            solid -= cylinder(each["clear"], -200, 200, *hole)
    return solid
