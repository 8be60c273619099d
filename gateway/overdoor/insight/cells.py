"""Cells: what the numbers keep of a zone in an hour, so that they can be added up for good.

A cell has exact counts, and histograms of the times (`histogram`), but no call and no person. All
measures of the dashboard follow from cells, and cells of several hours, days or zones from adding
them. Which calls count, and what each field holds, is said here and nowhere else.

A call counts where and when it was raised, whatever became of it and when. What was cancelled
within five seconds of the press (a wrong press) is only counted as such; so are voided calls and
mystery calls. Test and training calls are not counted at all.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Self

from overdoor.insight.histogram import Histogram


class Reason(NamedTuple):
    """The calls of one reason, and the time that went into those that were served."""

    calls: int = 0
    handled: int = 0  # of them acknowledged, and closed as served
    handled_ms: int = 0  # acknowledged → closed


NO_REASON = "none"  # nothing was said

NO_TIMES = Histogram()


@dataclass(frozen=True, slots=True)
class Cell:
    """Calls of a zone in an hour, or of several; durations in ms."""

    # Which calls there were.
    calls: int = 0  # that count in the measures
    quick_cancel: int = 0  # cancelled within five seconds, so left out
    voided: int = 0  # taken out by the manager
    mystery: int = 0  # test calls of the system, reported apart
    mystery_arrived: int = 0
    # What became of those that count. `left`: nobody was there when somebody came.
    arrived_a: int = 0
    arrived_b: int = 0
    arrived_c: int = 0
    arrived_d: int = 0
    cancelled: int = 0
    left: int = 0
    unanswered: int = 0
    waiting: int = 0  # open, and nobody arrived yet
    within_ab: int = 0  # arrived within the call's own target, by evidence A or B
    within_cd: int = 0
    instant: int = 0  # somebody on duty had no other call in hand when it was raised
    closed: int = 0  # calls that count and ended in this hour, whenever they were raised
    # What they took.
    repeat_presses: int = 0
    hand_offs: int = 0
    lapses: int = 0
    pages: int = 0  # people paged
    visits: int = 0  # calls of one room with less than the shop's gap between them
    visits_of_one: int = 0  # with one call
    busy_ms: int = 0  # that people on duty in this zone had a call in hand
    on_duty_ms: int = 0  # that people were on duty in this zone, without breaks
    # What shoppers said.
    ratings: int = 0
    ratings_sum: int = 0
    low_ratings: int = 0  # 1 or 2 of 5
    knew: int = 0  # knew how long it would take
    knew_not: int = 0
    thanks: int = 0
    # What may be a way around the clock.
    far_away: int = 0  # acknowledged from far away (`integrity`)
    distances: int = 0  # acknowledged from a known distance
    no_dwell: int = 0  # closed by somebody as served right after the arrival
    pressed_after_close: int = 0  # the room was closed as served just before
    # How long it took.
    arrival_ab: Histogram = NO_TIMES  # raised → arrived, by evidence A or B
    arrival_cd: Histogram = NO_TIMES
    given_up: Histogram = NO_TIMES  # raised → cancelled or unanswered
    found_gone: Histogram = NO_TIMES  # raised → found empty: they had left before
    waiting_for: Histogram = NO_TIMES  # raised → now, of those who wait
    response: Histogram = NO_TIMES  # raised → acknowledged
    handling: Histogram = NO_TIMES  # acknowledged → closed, of those that were served
    service: Histogram = NO_TIMES  # arrived → closed
    service_estimated: Histogram = NO_TIMES  # the same, where nobody said that it was over
    queue_wait: Histogram = NO_TIMES  # raised → somebody became free, where nobody was
    mystery_arrival: Histogram = NO_TIMES
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    acted: int = 0  # associates who had one of these calls in hand: at least so many
    present: int = 0  # associates on duty then and there: at least so many

    @property
    def associates(self) -> int:
        """How many people these numbers are about, at least.

        Those who acted; where nobody did, those who were there.
        """
        return self.acted or self.present

    @property
    def arrived(self) -> int:
        """Calls that somebody arrived at, however that is known."""
        return self.arrived_a + self.arrived_b + self.arrived_c + self.arrived_d

    @property
    def abandoned(self) -> int:
        """Calls that ended before anybody came."""
        return self.cancelled + self.left + self.unanswered

    @property
    def arrival(self) -> Histogram:
        """Raised → arrived, by whatever evidence."""
        return self.arrival_ab + self.arrival_cd

    @classmethod
    def merged(cls, parts: Iterable["Cell"]) -> Self:
        """The sum of cells.

        Who was behind a cell is not known, so how many people are behind several of them is not
        either: at least as many as behind the one with the most.
        """
        parts = list(parts)
        if len(parts) == 1 and isinstance(parts[0], cls):
            return parts[0]
        reasons: dict[str, Reason] = {}
        for part in parts:
            for name, reason in part.reasons.items():
                known = reasons.get(name, Reason())
                reasons[name] = Reason(*map(sum, zip(known, reason, strict=True)))
        values: dict[str, Any] = {
            name: sum([getattr(part, name) for part in parts]) for name in COUNTS
        }
        for name in TIMES:
            some = [times for part in parts if (times := getattr(part, name))]
            if some:
                values[name] = some[0] if len(some) == 1 else Histogram.total(some)
        for name in BOUNDS:
            values[name] = max((getattr(part, name) for part in parts), default=0)
        return cls(reasons=reasons, **values)

    def to_json(self) -> str:
        """A compact object that leaves out what is nought."""
        body: dict[str, Any] = {
            name: value for name in COUNTS + BOUNDS if (value := getattr(self, name)) != 0
        }
        body |= {name: times.to_text() for name in TIMES if (times := getattr(self, name))}
        if self.reasons:
            body["reasons"] = self.reasons
        return json.dumps(body, separators=(",", ":"))

    @classmethod
    def from_json(cls, body: str) -> Self:
        """What `to_json` wrote."""
        values = json.loads(body)
        for name in _TIMES & values.keys():
            values[name] = Histogram.from_text(values[name])
        if "reasons" in values:
            values["reasons"] = {name: Reason(*of) for name, of in values["reasons"].items()}
        return cls(**values)


BOUNDS = ("acted", "present")
COUNTS = tuple(one.name for one in fields(Cell) if one.type is int and one.name not in BOUNDS)
TIMES = tuple(one.name for one in fields(Cell) if one.type is Histogram)
_TIMES = frozenset(TIMES)
