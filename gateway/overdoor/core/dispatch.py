"""Who is asked to go, and why.

A policy step names a circle: the nearest associate, everybody of a zone, of the shop, or the
manager. Nobody is asked who is on a break or declined this call. Within the circle people are
ordered by

1. who did not let this very call lapse before, and is not known to be out of reach,
2. free before on the way to another call; who is inside a room next door counts as free, so that
   a cluster of rooms has one owner,
3. who served this visit before anybody else,
4. who has the languages and departments that the room or the need asks for,
5. how far they have to walk, from where they last arrived, or where their badge was heard since,
   or else from the middle of their zone. What is known of a place loses weight with age:
   `UNCERTAINTY_M_PER_MIN` metres a minute, up to the doubt of knowing no more than the zone,
6. fewer pages in the last quarter of an hour, so that the burden is even.

Whoever had their share of pages (`pages_per_10_min`) is left in peace while somebody else on duty
had not: then the circle is widened instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from overdoor.core.floor import Point
from overdoor.core.model import Call, Duty, Millis, Shop, State
from overdoor.core.sightings import STALE_MS

RECENT_PAGES_MS = 15 * 60_000
BUDGET_MS = 10 * 60_000
UNCERTAINTY_M_PER_MIN = 2.0
ZONE_UNCERTAINTY_M = 8.0  # a person signed in to a zone may stand anywhere in it
NEXT_DOOR_M = 5.0
CHANNEL = "channel:"  # of a policy step
HEARD_M = 3.0  # a badge that a room hears may be outside its door


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who was considered, and why they stand where they stand in the order."""

    duty: str
    lapsed: bool
    free: bool
    next_door: bool
    same_visit: bool
    missing: tuple[str, ...]
    metres: float
    doubt_m: float
    recent_pages: int
    over_budget: bool
    silent: bool = False

    def order(self) -> tuple[Any, ...]:
        """Smaller goes first; the id makes the order total."""
        return (
            self.lapsed or self.silent,
            not (self.free or self.next_door),
            not self.same_visit,
            len(self.missing),
            round(self.metres + self.doubt_m, 1),
            self.recent_pages,
            self.duty,
        )

    def why(self) -> dict[str, Any]:
        """The reasons, as they are stored with the page."""
        return {
            "duty": self.duty,
            "lapsed": self.lapsed,
            "free": self.free,
            "next_door": self.next_door,
            "same_visit": self.same_visit,
            "missing": list(self.missing),
            "metres": round(self.metres, 1),
            "doubt_m": round(self.doubt_m, 1),
            "recent_pages": self.recent_pages,
            "over_budget": self.over_budget,
            "silent": self.silent,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a step pages: duties, the manager, or a channel; and who was considered."""

    duties: tuple[str, ...]
    considered: tuple[Candidate, ...]
    manager: bool = False
    channel: str | None = None

    def anybody(self) -> bool:
        """Whether there is somebody to page."""
        return bool(self.duties) or self.manager or self.channel is not None


def of_people(target: str) -> bool:
    """Whether a step asks people by name, and not the manager or a channel."""
    return target != "manager" and not target.startswith(CHANNEL)


def choose(shop: Shop, call: Call, target: str, now: Millis) -> Choice:
    """Whom to page for a call when the policy says `target`."""
    if call.only is not None:
        trainee = [duty for duty in shop.duties.values() if duty.id == call.only]
        return _ranked(shop, call, trainee, now, few=False)
    if target == "manager":
        return Choice((), (), manager=True)
    if target.startswith(CHANNEL):
        return Choice((), (), channel=target.removeprefix(CHANNEL))
    zone = call.asked_zone or call.zone
    askable = [
        duty for duty in shop.duties.values() if not duty.paused and duty.id not in call.declined
    ]
    if target == "nearest":
        asked = [duty for duty in askable if duty.id == call.asked_duty]
        in_zone = [duty for duty in askable if call.asked_zone == duty.zone]
        circle = asked or in_zone or askable
    else:
        circle = [duty for duty in askable if target == "shop" or duty.zone == zone]
    return _ranked(shop, call, _in_peace(circle, askable, call, now), now, few=target == "nearest")


def _in_peace(circle: list[Duty], askable: list[Duty], call: Call, now: Millis) -> list[Duty]:
    """The circle without those who had their share, unless everybody on duty had."""

    def fresh(duties: Iterable[Duty]) -> list[Duty]:
        return [duty for duty in duties if not _over_budget(duty, call, now)]

    return fresh(circle) if fresh(askable) else circle


def _over_budget(duty: Duty, call: Call, now: Millis) -> bool:
    return sum(at > now - BUDGET_MS for at in duty.pages) >= call.policy.pages_per_10_min


def _ranked(shop: Shop, call: Call, circle: list[Duty], now: Millis, *, few: bool) -> Choice:
    ranked = tuple(
        sorted((_consider(shop, call, duty, now) for duty in circle), key=Candidate.order)
    )
    chosen = ranked[:1] if few else ranked
    return Choice(tuple(candidate.duty for candidate in chosen), ranked)


def _consider(shop: Shop, call: Call, duty: Duty, now: Millis) -> Candidate:
    metres, doubt = distance(shop, call.room, duty, now)
    last = shop.room(call.room).last
    busy = shop.busy(duty.id)
    return Candidate(
        duty=duty.id,
        lapsed=duty.id in call.lapsed_by,
        free=busy is None,
        next_door=busy is not None and _is_next_door(shop, busy, call),
        same_visit=last is not None and last.visit == call.visit and last.by == duty.id,
        missing=tuple(skill for skill in _wanted(shop, call) if skill not in duty.skills),
        metres=metres,
        doubt_m=doubt,
        recent_pages=sum(1 for at in duty.pages if at > now - RECENT_PAGES_MS),
        over_budget=_over_budget(duty, call, now),
        silent=duty.id in call.silent,
    )


def _wanted(shop: Shop, call: Call) -> tuple[str, ...]:
    """The languages and departments that the room and the need ask for."""
    room = shop.plan.rooms.get(call.room)
    of_need = shop.plan.need_skills.get(call.need or "", ())
    return tuple(dict.fromkeys((*(room.skills if room else ()), *of_need)))


def _is_next_door(shop: Shop, busy: Call, call: Call) -> bool:
    """Whether somebody is inside a room that is only a few steps from the one that calls."""
    here, there = shop.plan.rooms.get(busy.room), shop.plan.rooms.get(call.room)
    if here is None or there is None or busy.state is not State.ARRIVED:
        return False
    return shop.plan.floor.metres(here.at, there.at) <= NEXT_DOOR_M


def distance(shop: Shop, room_id: str, duty: Duty, now: Millis) -> tuple[float, float]:
    """How far somebody has to walk to a room: metres, and metres of doubt."""
    room = shop.plan.rooms.get(room_id)
    there: Point = room.at if room else (0.0, 0.0)
    walk = shop.plan.floor.metres
    seen = shop.seen.get(duty.badge or "")
    heard_in = shop.plan.rooms.get(seen.room) if seen else None
    if seen and heard_in and seen.at > max(duty.place_at or 0, now - STALE_MS):
        return walk(heard_in.at, there), HEARD_M
    if duty.place is not None and duty.place_at is not None:
        doubt = min(ZONE_UNCERTAINTY_M, UNCERTAINTY_M_PER_MIN * (now - duty.place_at) / 60_000)
        return walk(duty.place, there), doubt
    centre = shop.plan.centre(duty.zone)
    return (walk(centre, there) if centre else 0.0), ZONE_UNCERTAINTY_M
