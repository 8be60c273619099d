"""Who is asked to go: the first version, with its reasons.

A policy step names a circle: the nearest associate, everybody of a zone, of the shop, or the
manager. Within the circle people are ordered by

1. free before on the way to another call,
2. who served this visit before anybody else,
3. how far they are from the room: straight distance on the floor plan from where they last
   arrived, or from the middle of the zone they signed in to; what is known of a place loses
   weight with age, `UNCERTAINTY_M_PER_MIN` metres for each minute, up to the zone's own doubt,
4. fewer pages in the last quarter of an hour, so that the burden is even.

Nobody who is on a break, or who declined this call, is asked again.
"""

from dataclasses import dataclass
from math import dist
from typing import Any

from overdoor.core.model import Call, Duty, Millis, Point, Shop

RECENT_PAGES_MS = 15 * 60_000
UNCERTAINTY_M_PER_MIN = 2.0
ZONE_UNCERTAINTY_M = 8.0  # a person signed in to a zone may stand anywhere in it


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who was considered, and why they stand where they stand in the order."""

    duty: str
    free: bool
    same_visit: bool
    metres: float
    doubt_m: float
    recent_pages: int

    def order(self) -> tuple[bool, bool, float, int, str]:
        """Smaller goes first; the id makes the order total."""
        return (
            not self.free,
            not self.same_visit,
            round(self.metres + self.doubt_m, 1),
            self.recent_pages,
            self.duty,
        )

    def why(self) -> dict[str, Any]:
        """The reasons, as they are stored with the page."""
        return {
            "duty": self.duty,
            "free": self.free,
            "same_visit": self.same_visit,
            "metres": round(self.metres, 1),
            "doubt_m": round(self.doubt_m, 1),
            "recent_pages": self.recent_pages,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a step pages: duties, or the manager, or a channel; and who was considered."""

    duties: tuple[str, ...]
    considered: tuple[Candidate, ...]
    manager: bool = False


def choose(shop: Shop, call: Call, target: str, now: Millis) -> Choice:
    """Whom to page for a call when the policy says `target`."""
    if target == "manager" or target.startswith("channel:"):
        return Choice((), (), manager=target == "manager")
    zone = call.asked_zone or call.zone
    circle = [
        duty
        for duty in shop.duties.values()
        if not duty.paused
        and duty.id not in call.declined
        and (target != "zone" or duty.zone == zone)
    ]
    if target == "nearest" and call.asked_zone is not None:
        circle = [duty for duty in circle if duty.zone == zone] or circle
    ranked = tuple(
        sorted((_consider(shop, call, duty, now) for duty in circle), key=Candidate.order)
    )
    chosen = ranked[:1] if target == "nearest" else ranked
    return Choice(tuple(candidate.duty for candidate in chosen), ranked)


def _consider(shop: Shop, call: Call, duty: Duty, now: Millis) -> Candidate:
    metres, doubt = distance(shop, call.room, duty, now)
    last = shop.room(call.room).last
    return Candidate(
        duty=duty.id,
        free=shop.busy(duty.id) is None,
        same_visit=last is not None and last.visit == call.visit and last.by == duty.id,
        metres=metres,
        doubt_m=doubt,
        recent_pages=sum(1 for at in duty.pages if at > now - RECENT_PAGES_MS),
    )


def distance(shop: Shop, room_id: str, duty: Duty, now: Millis) -> tuple[float, float]:
    """How far somebody is from a room: metres, and metres of doubt."""
    room = shop.plan.rooms.get(room_id)
    there: Point = room.at if room else (0.0, 0.0)
    if duty.place is not None and duty.place_at is not None:
        doubt = min(ZONE_UNCERTAINTY_M, UNCERTAINTY_M_PER_MIN * (now - duty.place_at) / 60_000)
        return dist(duty.place, there), doubt
    centre = shop.plan.centre(duty.zone)
    return (dist(centre, there) if centre else 0.0), ZONE_UNCERTAINTY_M
