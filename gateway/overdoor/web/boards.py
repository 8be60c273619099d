"""Pages that are looked at from afar: the wall board, and the floor plan that glows."""

from math import ceil, dist, sqrt
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from overdoor.core.floor import Point
from overdoor.core.model import Plan
from overdoor.engine import Engine
from overdoor.web import views
from overdoor.web.pages import render
from overdoor.web.session import TheEngine

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_ROOM_M = 1.6  # how large a room is drawn at most
_PITCH_M = 2.2  # from room to room, where the file says no places
_AROUND_M = 0.55  # of a zone, around its rooms
_MARGIN_M = 0.6
_LINE = 12  # letters in a room's box


@router.get("/wall")
def wall(request: Request, engine: TheEngine) -> HTMLResponse:
    """The wall board."""
    return render(request, "wall.html", "wall", board=_board(engine))


@router.get("/wall/live")
def wall_live(request: Request, engine: TheEngine) -> HTMLResponse:
    """What of the wall board changes."""
    return render(request, "_wall.html", "wall", board=_board(engine))


@router.get("/plan")
def plan(request: Request, engine: TheEngine) -> HTMLResponse:
    """The floor plan."""
    return render(request, "plan.html", "plan", board=_board(engine), drawing=drawing(engine))


@router.get("/plan/live")
def plan_live(request: Request, engine: TheEngine) -> HTMLResponse:
    """What of the floor plan changes."""
    return render(request, "_floor.html", "plan", board=_board(engine), drawing=drawing(engine))


def _board(engine: Engine) -> dict[str, Any]:
    """Rooms where they always are, so that a glance finds them. Nobody is named."""
    seq = engine.seq  # read first: what is shown may be newer than its number, never older
    rooms = views.cards(engine)
    return {
        "seq": seq,
        "rooms": rooms,
        "columns": ceil(sqrt(len(rooms))),
        "waiting": sum(room["state"] in ("raised", "acknowledged") for room in rooms),
        "reasons": engine.reasons(),
        "thanks": _thanks(engine),
    }


def _thanks(engine: Engine) -> list[tuple[str, int]]:
    """Of each zone, how often shoppers thanked today; not whom."""
    plan = engine.committed.plan
    today = engine.store.thanks(views.midnight(engine.clock(), ZoneInfo(plan.timezone)))
    return [(zone.name, today[id_]) for id_, zone in plan.zones.items() if id_ in today]


def drawing(engine: Engine) -> dict[str, Any]:
    """Where everything is on the plan, in metres."""
    plan = engine.committed.plan
    places, placed = _places(plan)
    rooms = list(places.values())
    near = [dist(a, b) for index, a in enumerate(rooms) for b in rooms[:index]]
    size = min([_ROOM_M, *(0.86 * metres / sqrt(2) for metres in near)])
    walls = plan.walls if placed else ()
    turns = plan.waypoints if placed else ()
    half = size / 2 + _AROUND_M
    zones = [
        {"name": zone.name, **_box([places[room] for room in inside], half)}
        for zone in plan.zones.values()
        if (inside := [room.id for room in plan.rooms.values() if room.zone == zone.id])
    ]
    points = [*rooms, *turns, *(point for one in walls for point in one)]
    return {
        "size": size,
        "placed": placed,
        "places": places,
        "labels": {room.id: _lines(room.name) for room in plan.rooms.values()},
        "zones": zones,
        "walls": walls,
        "waypoints": turns,
        **_box(points, half + _MARGIN_M),
    }


def _lines(name: str) -> list[str]:
    """A name as it fits into a room's box; the list beside the plan has all of it."""
    return [name] if len(name) <= _LINE else wrap(name, _LINE, max_lines=2, placeholder="…")


def _places(plan: Plan) -> tuple[dict[str, Point], bool]:
    """Where each room is, and whether the file says so: two in one place are in none."""
    places = {room.id: room.at for room in plan.rooms.values()}
    if len(set(places.values())) == len(places):
        return places, True
    columns = ceil(sqrt(len(places)))
    laid = {
        room: (index % columns * _PITCH_M, index // columns * _PITCH_M)
        for index, room in enumerate(sorted(places, key=lambda room: plan.rooms[room].zone))
    }
    return laid, False


def _box(points: list[Point], around: float) -> dict[str, float]:
    """The rectangle around some points."""
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    left, top = min(xs) - around, min(ys) - around
    return {"x": left, "y": top, "w": max(xs) + around - left, "h": max(ys) + around - top}
