"""What is printed: each file's solid as it lies on the printer, its mesh, and the mesh's rules."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from build123d import CenterOf, Pos, Rot, export_step, export_stl
from hardware.enclosure import boxes, pager
from hardware.enclosure.solids import Assembly, Solid, data

_STL = 0.04  # mm between mesh and model
_ANGLE = 0.3  # radians between neighbouring facets
_SAMPLES = 20_000  # points at which walls are measured
_FACETS = 0.05  # mm that a wall may seem thinner than it is, for its facets
_FACE_DOWN = ("lid", "diffuser")
TIMESTAMP = "2026-01-01T00:00:00"


def assemblies() -> dict[str, Assembly]:
    """Every box, by its id."""
    made = {id_: boxes.assembly(id_) for id_ in data()["box"]}
    return made | {"pager": pager.assembly()}


def file_of(box: str, part: str) -> str:
    """The file (without ending) that a part of a box is printed from."""
    if box != "pager":
        box = data()["box"][box].get("same", {}).get(part, box)
    return f"{box}-{part}".replace(" A", "").replace(" B", "").replace(" ", "-")


def files(made: dict[str, Assembly]) -> dict[str, Solid]:
    """Each file's solid, lying as it is printed. Raises ValueError if two that share one differ."""
    found: dict[str, Solid] = {}
    for box, assembly in made.items():
        for part, solid in assembly.printed().items():
            name, lying = file_of(box, part), lay(part, solid)
            if name not in found:
                found[name] = lying
            elif not same(found[name], lying):
                raise ValueError(f"{name} is not what {box} needs as its {part}.")
    return found


def lay(part: str, solid: Solid) -> Solid:
    """A part as it lies on the printer: flat side down, around the origin."""
    turned = Rot(180, 0, 0) * solid if part in _FACE_DOWN else solid
    box = turned.bounding_box()
    middle = box.center()
    return Pos(-middle.X, -middle.Y, -box.min.Z) * turned


def same(one: Solid, other: Solid) -> bool:
    """Whether two solids are alike in volume, surface, extent and in where their plastic is."""
    a, b = one.bounding_box(), other.bounding_box()
    extents = zip((*a.min, *a.max), (*b.min, *b.max), strict=True)
    pairs = [(one.volume, other.volume), (one.area, other.area)]
    for x, y in zip(one.matrix_of_inertia, other.matrix_of_inertia, strict=True):
        pairs += list(zip(x, y, strict=True))
    scale = max(abs(x) for x, _ in pairs[2:])
    near = [abs(x - y) <= 1e-4 * abs(x) for x, y in pairs[:2]]
    near += [abs(x - y) <= 1e-4 * scale for x, y in pairs[2:]]
    middles = zip(one.center(CenterOf.MASS), other.center(CenterOf.MASS), strict=True)
    return all(near) and all(abs(x - y) < 0.01 for x, y in (*extents, *middles))


def write(solid: Solid, name: str, to: Path) -> None:
    """STL and STEP of a solid."""
    export_stl(solid, to / f"{name}.stl", tolerance=_STL, angular_tolerance=_ANGLE)
    export_step(solid, to / f"{name}.step", timestamp=TIMESTAMP)


def mesh(path: Path) -> Any:
    """The mesh of an STL file."""
    return trimesh.load_mesh(path)


def meshed(solid: Solid) -> Any:
    """The mesh of a solid, through an STL file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.stl"
        export_stl(solid, path, tolerance=_STL, angular_tolerance=_ANGLE)
        return mesh(path)


def alike(one: Any, other: Any) -> bool:
    """Whether two meshes are of one model, however it was cut into facets."""
    pairs = [(one.volume, other.volume), (one.area, other.area)]
    apart = max(
        np.abs(one.bounds - other.bounds).max(), np.abs(one.center_mass - other.center_mass).max()
    )
    return all(abs(x - y) <= 2e-3 * abs(y) for x, y in pairs) and bool(apart < 0.05)


def check(name: str, made: Any, solid: Solid) -> list[str]:
    """What is wrong with a mesh, a sentence each."""
    found = []
    if not made.is_watertight:
        found.append("the mesh has a hole.")
    elif not made.is_winding_consistent:
        found.append("the mesh has facets that look the wrong way.")
    elif made.body_count != 1:
        found.append(f"the mesh has {made.body_count} bodies.")
    elif abs(made.volume - solid.volume) > 0.01 * solid.volume:
        found.append(f"the mesh has {made.volume:.0f} mm³, the model {solid.volume:.0f}.")
    if not found:
        thin, where = thinnest(made)
        least = data()["limits"]["wall"]
        if thin < least - _FACETS:
            at = ", ".join(f"{each:.1f}" for each in where)
            found.append(f"a wall is {thin:.2f} mm thin at {at}, not {least:g}.")
    return [f"{name}: {each}" for each in found]


def thinnest(made: Any) -> tuple[float, Any]:
    """The thinnest wall, in mm, and where: rays from the surface straight into the plastic."""
    points, facets = trimesh.sample.sample_surface(made, _SAMPLES, seed=1)
    inwards = -made.face_normals[facets]
    hits, rays, _ = made.ray.intersects_location(
        points + 1e-3 * inwards, inwards, multiple_hits=False
    )
    through = np.full(len(points), np.inf)
    through[rays] = np.linalg.norm(hits - points[rays], axis=1)
    least = int(np.argmin(through))
    return float(through[least]), points[least]
