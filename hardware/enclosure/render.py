"""Pictures of the boxes, shaded and with their edges; no screen or graphics card is needed."""

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import vtk
from hardware.enclosure.solids import Assembly, Placed
from OCP.BRepTools import BRepTools
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from vtk.util.numpy_support import vtk_to_numpy

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")  # needs no screen

_COLOURS = {
    "shell": (0.42, 0.49, 0.58),
    "lid": (0.88, 0.89, 0.90),
    "light": (1.0, 0.96, 0.85),
    "metal": (0.70, 0.72, 0.75),
    "lamp": (0.62, 0.80, 1.0),
    "steel": (0.50, 0.52, 0.55),
    "brass": (0.85, 0.66, 0.28),
    "board": (0.16, 0.46, 0.30),
    "module": (0.24, 0.26, 0.30),
    "header": (0.30, 0.55, 0.32),
    "plug": (0.42, 0.72, 0.42),
    "black": (0.20, 0.21, 0.23),
    "cell": (0.55, 0.66, 0.86),
}
_EYE = (0.9, 0.7, 1.5)  # from the right, above and in front
_ASIDE = (1.5, 0.75, 0.8)  # more from the side, for what is drawn apart
_BEHIND = (1.0, 0.7, -1.5)
_FINE = 2  # drawn larger by this, then made smaller: smooth edges


@dataclass(frozen=True)
class View:
    """How a box is looked at. `apart`: how much its parts are pulled out; 0 is closed."""

    apart: float = 0.0
    eye: tuple[float, float, float] = _EYE
    size: int = 700  # pixels of the longer side

    @classmethod
    def exploded(cls) -> "View":
        """All parts beside each other."""
        return cls(2.0, _ASIDE, 1300)

    @classmethod
    def behind(cls) -> "View":
        """Parts a little apart, from behind."""
        return cls(1.0, _BEHIND, 900)


def picture(made: Assembly, view: View, only: Iterable[str] | None = None) -> Image.Image:
    """A box, or some of its parts; pulled apart, with a numbered balloon for each kind of part."""
    drawn = [p for p in made.parts if p.kind in ("printed", "bought", "fastener")]
    if only is not None:
        wanted = set(only)
        drawn = [p for p in drawn if p.name in wanted]
    lifted = [(part, part.lift * view.apart) for part in drawn]
    image = _shoot(_scene(lifted), view)
    box = _inked(image)
    scale = view.size / max(box[2] - box[0], box[3] - box[1])
    image = _scaled(image.crop(box), scale)
    if not view.apart:
        return _framed(image, 12)
    names = legend(made.parts)
    flat = _shoot(_scene(lifted, names), view).crop(box)
    return _balloons(image, _anchors(flat, names, scale), names)


def legend(drawn: Iterable[Placed]) -> list[str]:
    """Names of the parts in a drawing, in the order of their balloons."""
    found: dict[str, None] = {}
    for part in sorted(drawn, key=lambda p: -p.lift):
        if part.kind in ("printed", "bought", "fastener"):
            found.setdefault(part.name)
    return list(found)


def png(image: Image.Image) -> bytes:
    """An image as a file, with few colours."""
    out = io.BytesIO()
    image.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(out, "PNG", optimize=True)
    return out.getvalue()


def _scene(lifted: list[tuple[Placed, float]], names: list[str] | None = None) -> Any:
    """What is drawn; with names flat, each part in a colour that tells its name's number."""
    renderer = vtk.vtkRenderer()
    renderer.SetBackground(1, 1, 1)
    renderer.AutomaticLightCreationOff()
    for position, strength in (
        ((1, 2, 3), 0.7),
        ((3, -1, 1), 0.3),
        ((-2, 1, 1), 0.18),
        ((1, 2, -3), 0.6),
    ):
        light = vtk.vtkLight()
        light.SetLightTypeToSceneLight()
        light.SetPosition(*(1000 * each for each in position))
        light.SetIntensity(strength)
        renderer.AddLight(light)
    for part, lift in lifted:
        actors = _actors(part, lift)
        if names is not None:
            actors = actors[:1]
            paint = actors[0].GetProperty()
            paint.SetColor((names.index(part.name) + 1) / 255, 0, 0)
            paint.SetAmbient(0)
            paint.SetDiffuse(1)
            paint.LightingOff()
        for actor in actors:
            renderer.AddActor(actor)
    return renderer


def _actors(part: Placed, lift: float) -> list[Any]:
    BRepTools.Clean_s(part.solid.wrapped)  # the same facets, whatever it was meshed for before
    vertices, triangles = part.solid.tessellate(0.08, 0.25)
    points = vtk.vtkPoints()
    for each in vertices:
        points.InsertNextPoint(each.X, each.Y, each.Z + lift)
    cells = vtk.vtkCellArray()
    for each in triangles:
        cells.InsertNextCell(3, each)
    surface = vtk.vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(cells)
    clean = vtk.vtkCleanPolyData()
    clean.SetInputData(surface)
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(clean.GetOutputPort())
    normals.SetFeatureAngle(30)
    edges = vtk.vtkFeatureEdges()
    edges.SetInputConnection(clean.GetOutputPort())
    edges.SetFeatureAngle(30)
    edges.ColoringOff()
    body, lines = _actor(normals), _actor(edges)
    body.GetProperty().SetColor(*_COLOURS[part.colour])
    body.GetProperty().SetAmbient(0.22)
    lines.GetProperty().SetColor(0.12, 0.13, 0.15)
    lines.GetProperty().SetLineWidth(1.6)
    lines.GetProperty().LightingOff()
    return [body, lines]


def _actor(source: Any) -> Any:
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(source.GetOutputPort())
    mapper.ScalarVisibilityOff()
    mapper.SetResolveCoincidentTopologyToPolygonOffset()
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    return actor


def _shoot(renderer: Any, view: View) -> Image.Image:
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(_FINE * view.size, _FINE * view.size)
    window.AddRenderer(renderer)
    camera = renderer.GetActiveCamera()
    camera.ParallelProjectionOn()
    camera.SetPosition(*view.eye)
    camera.SetFocalPoint(0, 0, 0)
    camera.SetViewUp(0, 1, 0)
    renderer.ResetCamera()
    window.Render()
    shot = vtk.vtkWindowToImageFilter()
    shot.SetInput(window)
    shot.ReadFrontBufferOff()
    shot.Update()
    out = shot.GetOutput()
    wide, high, _ = out.GetDimensions()
    pixels = vtk_to_numpy(out.GetPointData().GetScalars()).reshape(high, wide, -1)[::-1, :, :3]
    return Image.fromarray(pixels.copy())


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)


def _framed(image: Image.Image, margin: int) -> Image.Image:
    sheet = Image.new("RGB", (image.width + 2 * margin, image.height + 2 * margin), "white")
    sheet.paste(image, (margin, margin))
    return sheet


def _anchors(flat: Image.Image, names: list[str], scale: float) -> dict[str, tuple[float, float]]:
    """A point of each part that is seen, as near the middle of what is seen as can be."""
    numbers = np.asarray(flat)[:, :, 0]
    solid = np.asarray(flat)[:, :, 1] == 0
    found = {}
    for n, name in enumerate(names):
        mask = ndimage.binary_erosion(solid & (numbers == n + 1), iterations=3)
        labels, many = ndimage.label(mask)
        if not many:
            continue
        largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
        depth = ndimage.distance_transform_edt(largest)
        inside = np.argwhere(depth >= 0.6 * depth.max())
        middle = np.argwhere(largest).mean(axis=0)
        y, x = inside[np.argmin(((inside - middle) ** 2).sum(axis=1))]
        found[name] = (float(x) * scale, float(y) * scale)
    return found


def _inked(image: Image.Image) -> tuple[int, int, int, int]:
    grey = image.convert("L").point(lambda v: 255 if v < 250 else 0)
    return grey.getbbox() or (0, 0, image.width, image.height)


def _balloons(
    image: Image.Image, anchors: dict[str, tuple[float, float]], names: list[str]
) -> Image.Image:
    """Numbers in two rows, above and below, each with a line to its part."""
    radius, room = 19, 74
    sheet = Image.new("RGB", (image.width + 80, image.height + 2 * room), "white")
    sheet.paste(image, (40, room))
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(22)
    spots = {name: (x + 40, y + room) for name, (x, y) in anchors.items()}
    middle = sorted(spot[1] for spot in spots.values())[len(spots) // 2]
    rows = (
        (radius + 4, [n for n in spots if spots[n][1] < middle]),
        (sheet.height - radius - 4, [n for n in spots if spots[n][1] >= middle]),
    )
    for y, row in rows:
        row.sort(key=lambda name: spots[name][0])
        for name, x in zip(row, _spread([spots[n][0] for n in row], sheet.width), strict=True):
            spot = spots[name]
            pen.line(((x, y), spot), fill=(160, 30, 30), width=2)
            pen.ellipse((spot[0] - 5, spot[1] - 5, spot[0] + 5, spot[1] + 5), fill=(160, 30, 30))
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill="white",
                        outline=(30, 30, 30), width=2)  # fmt: skip
            pen.text((x, y), str(names.index(name) + 1), fill=(30, 30, 30), font=font, anchor="mm")
    return sheet


def _spread(wanted: list[float], width: int, least: float = 52) -> list[float]:
    """Places near the wanted ones that do not run into each other."""
    placed: list[float] = []
    for each in wanted:
        placed.append(max(each, placed[-1] + least) if placed else max(each, 30))
    over = placed[-1] - (width - 30) if placed else 0
    if over > 0:
        placed[-1] -= over
        for n in range(len(placed) - 2, -1, -1):
            placed[n] = min(placed[n], placed[n + 1] - least)
    return placed
