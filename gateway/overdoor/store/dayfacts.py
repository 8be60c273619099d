"""The calls and shifts of a day, read from the log and the tables as the numbers want them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from sqlite3 import Connection
from typing import Any

from overdoor.core.escalation import SHIFT_MS
from overdoor.core.events import Fact
from overdoor.core.model import Evidence, Kind, Millis, Outcome
from overdoor.insight.days import ShopDay
from overdoor.insight.rows import CallFacts, Hold, Stint

CHUNK = 64  # calls that are read at once
_DAY_MS = 86_400_000

_ENDS = frozenset({Fact.LAPSED, Fact.HANDED_OFF, Fact.UNDONE, Fact.DEMOTED, Fact.CLOSED})
_WANTED = tuple(
    fact.value for fact in (Fact.PAGED, Fact.ACKNOWLEDGED, Fact.ARRIVED, *sorted(_ENDS))
)
_FACTS = f"""
    SELECT call, fact, at, duty, json_extract(data, '$.undid'),
        CASE fact WHEN 'paged' THEN json_array_length(data, '$.duties') END
    FROM event WHERE call IN (SELECT value FROM json_each(?)) AND fact IN {_WANTED}
    ORDER BY call, seq
"""  # noqa: S608 - our own names

Moment = tuple[str, Millis, str | None, str | None, int | None]


def ids_of_day(db: Connection, day: ShopDay) -> list[str]:
    """The calls of a day by their press, after those of the day before that reach into it."""
    rows = db.execute(
        "SELECT id FROM call WHERE raised_at >= ?1 - ?3 AND raised_at < ?2 "
        "AND (raised_at >= ?1 OR closed_at IS NULL OR closed_at >= ?1) ORDER BY raised_at, id",
        (day.start, day.end, _DAY_MS),
    )
    return [id_ for (id_,) in rows]


def rows_of(db: Connection, ids: Sequence[str]) -> Iterator[CallFacts]:
    """These calls, in this order; those that are no more are left out."""
    wanted = json.dumps(ids)
    moments: dict[str, list[Moment]] = {}
    for call, *moment in db.execute(_FACTS, (wanted,)):
        moments.setdefault(call, []).append((*moment,))
    bodies = dict(
        db.execute(
            "SELECT id, body FROM call WHERE id IN (SELECT value FROM json_each(?))", (wanted,)
        )
    )
    for call in ids:
        if call in bodies:
            yield _row(json.loads(bodies[call]), moments.get(call, ()))


def _row(body: dict[str, Any], moments: Iterable[Moment]) -> CallFacts:
    pages = 0
    holds: list[Hold] = []
    holder: tuple[str, Millis] | None = None
    when_closed: str | None = None
    for fact, at, who, undid, paged in moments:
        if fact == Fact.PAGED:
            pages += paged or 0
            continue
        if holder is not None and (fact in _ENDS or who != holder[0]):
            holds.append(Hold(*holder, max(at, holder[1])))
            if fact == Fact.CLOSED:
                when_closed = holder[0]
            holder = None
        if fact in (Fact.ACKNOWLEDGED, Fact.ARRIVED) and holder is None and who is not None:
            holder = who, at
        elif fact == Fact.UNDONE and undid != "acknowledge" and when_closed is not None:
            holder = when_closed, at  # the call is open again, and theirs
    if holder is not None:
        holds.append(Hold(*holder, None))
    return _call_row(body, pages, tuple(holds))


def _call_row(body: dict[str, Any], pages: int, holds: tuple[Hold, ...]) -> CallFacts:
    """A stored call as a row of the numbers."""
    evidence, outcome = body["evidence"], body["outcome"]
    return CallFacts(
        room=body["room"],
        zone=body["zone"],
        raised_at=body["raised_at"],
        target_ms=body["policy"]["target_arrival_ms"],
        visit=body["visit"],
        kind=Kind(body["kind"]),
        voided=body["voided"] is not None,
        acknowledged_at=body["acknowledged_at"],
        arrived_at=body["arrived_at"],
        closed_at=body["closed_at"],
        outcome=None if outcome is None else Outcome(outcome),
        evidence=None if evidence is None else Evidence(evidence),
        close_estimated=body["close_estimated"],
        reason=body["need"],
        presses=body["presses"],
        lapses=body["lapses"],
        hand_offs=body["hand_offs"],
        pages=pages,
        metres=body.get("metres"),
        satisfied=body.get("satisfied"),
        knew=body.get("knew"),
        thanked=body.get("thanked", False),
        holds=holds,
    )


def stints_of_day(db: Connection, day: ShopDay) -> list[Stint]:
    """The shifts that reach into a day, without their breaks."""
    stints: list[Stint] = []
    present: dict[str, tuple[str, Millis]] = {}
    rows = db.execute(
        "SELECT fact, duty, at, json_extract(data, '$.zone') FROM event "
        "WHERE fact IN ('duty_started', 'duty_paused', 'duty_ended') AND at >= ? AND at < ? "
        "ORDER BY at, seq",
        (day.start - SHIFT_MS, day.end),
    )
    for fact, duty, at, zone in rows:
        if duty in present:
            stints.append(Stint(duty, *present.pop(duty), at))
        if fact == Fact.DUTY_STARTED:
            present[duty] = zone, at
    stints += [Stint(duty, zone, since, None) for duty, (zone, since) in present.items()]
    return [stint for stint in stints if stint.until is None or stint.until > day.start]
