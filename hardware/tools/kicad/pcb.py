"""The board, by KiCad's own Python: `/usr/bin/python3 -m hardware.tools.kicad.pcb NETLIST BOARD`.

KiCad's module belongs to the system's Python, so this imports nothing that is installed elsewhere.
"""

import sys
from pathlib import Path
from typing import Any

import pcbnew
from hardware.tools.files import toml
from hardware.tools.kicad import route
from hardware.tools.kicad.sexpr import Node, named, one, parse, text

_FOOTPRINTS = Path("/usr/share/kicad/footprints")
_ORIGIN = (50.0, 50.0)  # the board's upper left corner on KiCad's sheet, mm
_LAYERS = (pcbnew.F_Cu, pcbnew.B_Cu)
_EDGE = 0.5


class Drawing:
    """The board that is being made. Places are those of the outline: mm, y up."""

    def __init__(
        self, board: Any, own: Path, outline: dict[str, Any], layout: dict[str, Any]
    ) -> None:
        self.board, self.own, self.outline, self.layout = board, own, outline, layout
        self.width, self.height = outline["board"]["size"]
        self.nets: dict[str, Any] = {}
        self.pads: dict[tuple[str, str], Any] = {}  # reference and number to net

    def at(self, x: float, y: float) -> Any:
        return pcbnew.VECTOR2I(
            pcbnew.FromMM(_ORIGIN[0] + x), pcbnew.FromMM(_ORIGIN[1] + self.height - y)
        )

    def place(self, ref: str) -> tuple[float, float, float]:
        """Where a part stands, and its turn."""
        if ref in self.outline["header"]:
            return *self.outline["header"][ref]["pin"], 0
        if ref == "U1":
            return *self.outline["module"]["pin"], 90
        return tuple(self.layout["place"][ref])


def main(netlist: Path, path: Path) -> None:
    """Makes the board of a netlist, from outline and layout. Our own footprints lie beside it."""
    pcbnew.KIID.SeedGenerator(7)
    board = pcbnew.NewBoard(str(path))
    drawing = Drawing(board, path.parent, toml("carrier/outline.toml"), toml("board/board.toml"))
    content = parse(netlist.read_text(encoding="utf-8"))
    _rules(drawing)
    _outline(drawing)
    _nets(drawing, content)
    for component in named(one(content, "components"), "comp"):
        _footprint(drawing, component)
    _print(drawing)
    skipped = frozenset(n for n in drawing.nets if n == "GND" or n.startswith("unconnected"))
    pads = _pads(drawing)
    tracks = route.route((drawing.width, drawing.height), pads, skipped, _routing(drawing))
    for each in tracks:
        _copper(drawing, each)
    _stitch(drawing, pads, tracks)
    _pour(drawing)
    pcbnew.SaveBoard(str(path), board)
    board = pcbnew.LoadBoard(str(path))  # KiCad fills the zones of a saved board alone
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())
    pcbnew.SaveBoard(str(path), board)


def _routing(drawing: Drawing) -> route.Rules:
    said = drawing.layout["tracks"]
    wide = frozenset(name for name in drawing.nets if name.lstrip("/") in said["wide"])
    return route.Rules(
        said["width"], said["clearance"] + 0.01, said["via"], wide, said["power"], _EDGE
    )


def _rules(drawing: Drawing) -> None:
    said = drawing.layout["tracks"]
    settings = drawing.board.GetDesignSettings()
    settings.SetBoardThickness(pcbnew.FromMM(drawing.outline["board"]["thickness"]))
    settings.SetAuxOrigin(drawing.at(0, 0))
    default = settings.m_NetSettings.GetDefaultNetclass()
    default.SetClearance(pcbnew.FromMM(said["clearance"]))
    default.SetTrackWidth(pcbnew.FromMM(said["width"]))
    default.SetViaDiameter(pcbnew.FromMM(said["via"]))
    default.SetViaDrill(pcbnew.FromMM(said["drill"]))
    block = drawing.board.GetTitleBlock()
    block.SetTitle(drawing.outline["title"])
    block.SetRevision("A")
    block.SetCompany("Overdoor")
    block.SetComment(0, "Designed, checked by CI, not built. CERN-OHL-P-2.0")


def _outline(drawing: Drawing) -> None:
    for item in _rounded(drawing, drawing.outline["board"]["corner_radius"]):
        drawing.board.Add(item)
    holes = drawing.outline["holes"]
    for n, (x, y) in enumerate(holes["at"], 1):
        hole = pcbnew.FootprintLoad(
            str(_FOOTPRINTS / "MountingHole.pretty"), "MountingHole_3.2mm_M3"
        )
        hole.SetFPIDAsString("MountingHole:MountingHole_3.2mm_M3")
        hole.SetReference(f"MH{n}")
        hole.Reference().SetVisible(False)
        hole.SetAttributes(hole.GetAttributes() | pcbnew.FP_BOARD_ONLY)
        hole.SetPosition(drawing.at(x, y))
        drawing.board.Add(hole)


def _rounded(drawing: Drawing, radius: float) -> list[Any]:
    width, height = drawing.width, drawing.height
    corners = [
        (radius, radius, 180),
        (width - radius, radius, 270),
        (width - radius, height - radius, 0),
        (radius, height - radius, 90),
    ]
    lines = [
        ((radius, 0), (width - radius, 0)),
        ((width, radius), (width, height - radius)),
        ((width - radius, height), (radius, height)),
        ((0, height - radius), (0, radius)),
    ]
    found = []
    for start, end in lines:
        line = pcbnew.PCB_SHAPE(drawing.board, pcbnew.SHAPE_T_SEGMENT)
        line.SetStart(drawing.at(*start))
        line.SetEnd(drawing.at(*end))
        found.append(line)
    for x, y, turn in corners:
        arc = pcbnew.PCB_SHAPE(drawing.board, pcbnew.SHAPE_T_ARC)
        arc.SetCenter(drawing.at(x, y))
        begins = {
            180: (x - radius, y),
            270: (x, y - radius),
            0: (x + radius, y),
            90: (x, y + radius),
        }
        arc.SetStart(drawing.at(*begins[turn]))
        arc.SetArcAngleAndEnd(pcbnew.EDA_ANGLE(-90, pcbnew.DEGREES_T), True)
        found.append(arc)
    for each in found:
        each.SetLayer(pcbnew.Edge_Cuts)
        each.SetWidth(pcbnew.FromMM(0.1))
    return found


def _nets(drawing: Drawing, content: list[Node]) -> None:
    for net in named(one(content, "nets"), "net"):
        name = text(one(net, "name")[1])
        item = pcbnew.NETINFO_ITEM(drawing.board, name)
        drawing.board.Add(item)
        drawing.nets[name] = item
        for node in named(net, "node"):
            drawing.pads[text(one(node, "ref")[1]), text(one(node, "pin")[1])] = item


def _footprint(drawing: Drawing, component: list[Node]) -> None:
    ref, value, full = (text(one(component, key)[1]) for key in ("ref", "value", "footprint"))
    library, name = full.split(":")
    folder = (drawing.own if library == "overdoor" else _FOOTPRINTS) / f"{library}.pretty"
    made = pcbnew.FootprintLoad(str(folder), name)
    made.SetFPIDAsString(full)
    made.SetReference(ref)
    made.SetValue(value)
    made.SetPath(pcbnew.KIID_PATH("/" + text(one(component, "tstamps")[1])))
    for each in named(one(component, "fields"), "field"):
        key = text(one(each, "name")[1])
        if key not in ("Footprint", "Datasheet"):
            made.SetField(key, text(each[2]) if len(each) > 2 else "")
    for each in made.GetFields():
        if each.GetName() not in ("Reference", "Value"):
            each.SetVisible(False)
    x, y, turn = drawing.place(ref)
    made.SetPosition(drawing.at(x, y))
    made.SetOrientationDegrees(turn)
    if any(text(one(each, "name")[1]) == "dnp" for each in named(component, "property")):
        made.SetDNP(True)
        made.SetExcludedFromPosFiles(True)
    for pad in made.Pads():
        net = drawing.pads.get((ref, pad.GetNumber()))
        if net is not None:
            pad.SetNet(net)
    made.Value().SetVisible(False)
    _name(drawing, made)
    drawing.board.Add(made)


def _name(drawing: Drawing, made: Any) -> None:
    """Puts a part's name where it does not meet another's: on its outline, or beside it."""
    field = made.Reference()
    field.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(1), pcbnew.FromMM(1)))
    field.SetTextThickness(pcbnew.FromMM(0.15))
    field.SetKeepUpright(True)
    field.SetTextAngle(pcbnew.EDA_ANGLE(0, pcbnew.DEGREES_T))
    ref = made.GetReference()
    if ref.startswith("J"):
        field.SetVisible(False)  # printed beside it, with what it is for
        return
    if ref in drawing.layout["name"]:
        field.SetPosition(drawing.at(*drawing.layout["name"][ref]))
    elif ref != "U1":
        field.SetPosition(made.GetCourtyard(pcbnew.F_CrtYd).BBox().GetCenter())


def _print(drawing: Drawing) -> None:
    for said in drawing.layout["print"]:
        drawing.board.Add(_text(drawing, said["text"], said["at"], said.get("size", 1)))
    for footprint in drawing.board.GetFootprints():  # nets of the headers' pins, from below
        if footprint.GetReference() in drawing.outline["header"]:
            for pad in footprint.Pads():
                _print_net(drawing, pad)


def _print_net(drawing: Drawing, pad: Any) -> None:
    name = pad.GetNetname().lstrip("/")
    if not name or name.startswith("unconnected"):
        return
    low = drawing.at(0, 0)
    x = pcbnew.ToMM(pad.GetPosition().x - low.x)
    top = pcbnew.ToMM(low.y - pad.GetBoundingBox().GetBottom()) - 0.4
    text = _text(drawing, name, (x, top), 0.8)
    text.SetTextAngle(pcbnew.EDA_ANGLE(90, pcbnew.DEGREES_T))
    text.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(0.7), pcbnew.FromMM(0.8)))  # narrow: the edge
    text.SetLayer(pcbnew.B_SilkS)
    text.SetMirrored(True)
    text.SetHorizJustify(pcbnew.GR_TEXT_H_ALIGN_LEFT)
    drawing.board.Add(text)


def _text(drawing: Drawing, said: str, at: tuple[float, float], size: float) -> Any:
    item = pcbnew.PCB_TEXT(drawing.board)
    item.SetText(said)
    item.SetPosition(drawing.at(*at))
    item.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(size), pcbnew.FromMM(size)))
    item.SetTextThickness(pcbnew.FromMM(size * 0.15))
    item.SetLayer(pcbnew.F_SilkS)
    return item


def _pads(drawing: Drawing) -> list[route.Copper]:
    found: list[route.Copper] = []
    low = drawing.at(0, 0)
    for footprint in drawing.board.GetFootprints():
        for pad in footprint.Pads():
            box = pad.GetBoundingBox()
            centre = pad.GetPosition()
            layers = tuple(n for n, layer in enumerate(_LAYERS) if pad.IsOnLayer(layer))
            found.append(
                route.Copper(
                    pad.GetNetname(),
                    pcbnew.ToMM(centre.x - low.x),
                    pcbnew.ToMM(low.y - centre.y),
                    pcbnew.ToMM(box.GetWidth()) / 2,
                    pcbnew.ToMM(box.GetHeight()) / 2,
                    layers or (0, 1),
                    len(found),
                )
            )
    holes = drawing.outline["holes"]
    half = holes["clear"] / 2
    found += [route.Copper("", x, y, half, half, (0, 1)) for x, y in holes["at"]]
    left, low_y, right, high_y = _antenna(drawing)
    found.append(
        route.Copper(
            "",
            (left + right) / 2,
            (low_y + high_y) / 2,
            (right - left) / 2,
            (high_y - low_y) / 2,
            (0, 1),
        )
    )
    return found


def _antenna(drawing: Drawing) -> tuple[float, float, float, float]:
    area = drawing.outline["module"]["antenna"]
    return 0.0, area["y"][0], area["x"][1], area["y"][1]


def _copper(drawing: Drawing, each: route.Track | route.Via) -> None:
    said = drawing.layout["tracks"]
    if isinstance(each, route.Via):
        item = pcbnew.PCB_VIA(drawing.board)
        item.SetPosition(drawing.at(*each.at))
        item.SetWidth(pcbnew.FromMM(said["via"]))
        item.SetDrill(pcbnew.FromMM(said["drill"]))
    else:
        item = pcbnew.PCB_TRACK(drawing.board)
        item.SetStart(drawing.at(*each.start))
        item.SetEnd(drawing.at(*each.end))
        item.SetWidth(pcbnew.FromMM(each.width))
        item.SetLayer(_LAYERS[each.layer])
    item.SetNet(drawing.nets[each.net])
    drawing.board.Add(item)


def _stitch(
    drawing: Drawing, pads: list[route.Copper], tracks: list[route.Track | route.Via]
) -> None:
    """Joins the grounds of both sides where nothing is in the way."""
    step = drawing.layout["tracks"]["stitch"]
    free = route.room((drawing.width, drawing.height), pads, tracks, _routing(drawing))
    for column in range(1, int(drawing.width / step) + 1):
        for row in range(1, int(drawing.height / step) + 1):
            if free(column * step, row * step):
                _copper(drawing, route.Via("GND", (column * step, row * step)))


def _pour(drawing: Drawing) -> None:
    width, height = drawing.width, drawing.height
    for layer in _LAYERS:
        zone = _area(drawing, (_EDGE, _EDGE, width - _EDGE, height - _EDGE))
        zone.SetLayer(layer)
        zone.SetNet(drawing.nets["GND"])
        zone.SetZoneName(f"GND {'front' if layer == pcbnew.F_Cu else 'back'}")
        zone.SetLocalClearance(pcbnew.FromMM(0.3))
        zone.SetMinThickness(pcbnew.FromMM(0.3))
        zone.SetThermalReliefGap(pcbnew.FromMM(0.3))
        zone.SetThermalReliefSpokeWidth(pcbnew.FromMM(0.5))
        zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
        drawing.board.Add(zone)
    keep = _area(drawing, _antenna(drawing))
    keep.SetIsRuleArea(True)
    keep.SetDoNotAllowCopperPour(True)
    keep.SetDoNotAllowTracks(True)
    keep.SetDoNotAllowVias(True)
    keep.SetDoNotAllowPads(False)
    keep.SetDoNotAllowFootprints(False)
    keep.SetLayerSet(pcbnew.LSET.AllCuMask(2))
    keep.SetZoneName("antenna")
    drawing.board.Add(keep)


def _area(drawing: Drawing, box: tuple[float, float, float, float]) -> Any:
    left, low, right, high = box
    zone = pcbnew.ZONE(drawing.board)
    for x, y in ((left, low), (right, low), (right, high), (left, high)):
        zone.AppendCorner(drawing.at(x, y), -1)
    return zone


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
