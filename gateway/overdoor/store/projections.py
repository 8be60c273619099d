"""The tables that follow from the log.

They are written in the same transaction as the facts, from what the same `evolve` made, so they can
be dropped and rebuilt at any time.
"""

import json
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import Any

from pydantic import TypeAdapter

from overdoor.core import codec
from overdoor.core.events import CALL_FACTS, Event, Fact
from overdoor.core.evolve import evolve
from overdoor.core.model import Call, Device, Duty, Plan, RoomState, Shop
from overdoor.store import base, followups
from overdoor.store.schema import PROJECTIONS
from overdoor.store.stale import MARK, days_touched, marking

_INSERT_EVENT = (
    "INSERT INTO event (at, noted_at, fact, room, call, duty, device, boot, n, key, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_CALL = """
    INSERT INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, outcome = excluded.outcome,
        arrived_at = excluded.arrived_at, closed_at = excluded.closed_at, body = excluded.body
"""
_VOID_CALL = "UPDATE call SET voided = ?1, body = json_set(body, '$.voided', ?1) WHERE id = ?2"
_RATE_CALL = "UPDATE call SET body = json_patch(body, ?) WHERE id = ?"
_FORGET_PERSON = "DELETE FROM person WHERE duty = ?"  # who it was is forgotten
_OR_UPDATE = "ON CONFLICT (id) DO UPDATE SET body = excluded.body"
_ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "room": codec.ROOM,
    "device": codec.DEVICE,
    "duty": codec.DUTY,
    "tag": codec.TAG,
}
_FOLLOWED = frozenset({Fact.CLOSED, Fact.RATED})
_MOVES = CALL_FACTS - {Fact.VOIDED, Fact.LATE}

Statement = tuple[str, tuple[Any, ...]]


def append(db: Connection, events: Iterable[Event]) -> None:
    """Writes facts to the log."""
    db.executemany(_INSERT_EVENT, map(_event_row, events))


def _event_row(event: Event) -> tuple[Any, ...]:
    return (
        event.at,
        event.noted_at,
        event.fact.value,
        event.room,
        event.call,
        event.duty,
        event.device,
        event.boot,
        event.n,
        event.key,
        _ENCODE(event.data),
    )


def read_log(db: Connection, where: str = "1", values: tuple[Any, ...] = ()) -> Iterable[Event]:
    """The facts in the order in which they were noted."""
    columns = "fact, at, noted_at, room, call, duty, device, boot, n, key, data"
    sql = f"SELECT {columns} FROM event WHERE {where} ORDER BY seq"  # noqa: S608 - our conditions
    for row in db.execute(sql, values):
        fact, at, noted_at, room, call, duty, device, boot, n, key, data = row
        about = (room, call, duty, device, boot, n, key)
        yield Event(Fact(fact), at, noted_at, *about, json.loads(data))


def project(db: Connection, before: Shop, event: Event) -> Shop:
    """Writes what one fact changed, and returns the shop after it."""
    after = evolve(before, event)
    changes = Changes()
    changes.note(before, after, (event,))
    changes.write(db)
    return after


class Changes:
    """What some turns in a row change in the tables: of each row only the last value is written.

    The values are those that `evolve` made when the turns were decided.
    """

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._rows: dict[str, dict[str, Any]] = {name: {} for name in _ADAPTERS}
        self._plan: Plan | None = None
        self._days: set[str] = set()  # whose numbers change
        self._then: list[Statement] = []

    def note(self, before: Shop, after: Shop, events: Sequence[Event]) -> None:
        """The facts of one turn led from one shop to the other."""
        calls = {}
        if after.calls is not before.calls:
            for event in events:
                if event.fact in _MOVES and event.call is not None and event.room is not None:
                    call = _call(after, event.room, event.call)
                    if call is None and len(events) > 1:
                        # It ended, and another one after it, so nobody remembers its last value.
                        self._note_one_by_one(before, events)
                        return
                    if call is not None:
                        calls[call.id] = call
        self._calls |= calls
        if after.plan is not before.plan:
            self._plan = after.plan
        for event in events:
            self._days |= days_touched(event, after.plan.timezone)
            if event.fact is Fact.VOIDED:
                self._then.append((_VOID_CALL, (event.data["reason"], event.call)))
            elif event.fact is Fact.RATED:
                self._then.append((_RATE_CALL, (_ENCODE(event.data), event.call)))
            elif event.fact is Fact.THANKED:
                self._then.append((_RATE_CALL, ('{"thanked":true}', event.call)))
            elif event.fact is Fact.DUTY_ENDED:
                self._then.append((_FORGET_PERSON, (event.duty,)))
            if event.fact in _FOLLOWED and event.call is not None and event.room is not None:
                call = _call(after, event.room, event.call)
                self._then += followups.raising(event, call)
        for table, old, new, touched in (
            ("room", before.rooms, after.rooms, _rooms),
            ("device", before.devices, after.devices, _devices),
            ("duty", before.duties, after.duties, _duties),
            ("tag", before.tags, after.tags, _tags),
        ):
            if new is not old:
                rows = self._rows[table]
                for event in events:
                    for key in touched(event, before, after):
                        if key is not None and (value := new.get(key)) is not old.get(key):
                            rows[key] = value

    def _note_one_by_one(self, shop: Shop, events: Sequence[Event]) -> None:
        for event in events:
            after = evolve(shop, event)
            self.note(shop, after, (event,))
            shop = after

    def note_all(self, shop: Shop) -> None:
        """Everything in this shop, for tables that are empty."""
        self._calls |= {call.id: call for call in shop.calls.values()}
        self._plan = shop.plan
        self._rows = {
            "room": {**shop.rooms},
            "device": {**shop.devices},
            "duty": {**shop.duties},
            "tag": {**shop.tags},
        }

    def also(self, statements: Iterable[Statement]) -> None:
        """Statements that follow in their turn."""
        self._then += statements

    def write(self, db: Connection) -> None:
        """Writes what was noted."""
        if self._plan is not None:
            plan = json.dumps(codec.plan_data(self._plan))
            db.execute("INSERT OR REPLACE INTO shop VALUES (1, ?)", (plan,))
        if self._calls:
            db.executemany(_PUT_CALL, map(_call_row, self._calls.values()))
        for table, rows in self._rows.items():
            dump = _ADAPTERS[table].dump_json
            kept = [(key, dump(value).decode()) for key, value in rows.items() if value is not None]
            if kept:
                put = f"INSERT INTO {table} VALUES (?, ?) {_OR_UPDATE}"  # noqa: S608 - our names
                db.executemany(put, kept)
            if len(kept) < len(rows):
                gone = [(key,) for key, value in rows.items() if value is None]
                db.executemany(f"DELETE FROM {table} WHERE id = ?", gone)  # noqa: S608 - our names
        for sql, values in self._then:
            db.execute(sql, values)
        if self._days:
            db.executemany(MARK, marking(self._days))


def _call(shop: Shop, room_id: str, call_id: str) -> Call | None:
    """A call of this room, if it is open or the last one."""
    for call in (shop.calls.get(room_id), shop.room(room_id).last):
        if call is not None and call.id == call_id:
            return call
    return None


def _rooms(event: Event, _before: Shop, _after: Shop) -> set[str | None]:
    """The room that this fact may have changed."""
    return {event.room}


def _devices(event: Event, before: Shop, after: Shop) -> set[str | None]:
    """The devices that this fact may have changed."""
    if event.fact is Fact.CONFIGURED:
        return {*before.devices, *after.devices}
    room = after.plan.rooms.get(event.room or "")
    touched = {event.device, *(room.devices if room else ())}
    if event.device is not None and event.device not in before.devices:
        touched |= before.devices.keys() - after.devices.keys()  # a stranger made room for it
    return touched


def _duties(event: Event, _before: Shop, _after: Shop) -> set[str | None]:
    """The duties that this fact may have changed."""
    return {event.duty, *event.data.get("duties", ())}


def _tags(event: Event, _before: Shop, _after: Shop) -> set[str | None]:
    """The tag that this fact may have changed."""
    return {event.data.get("tag")}


def _call_row(call: Call) -> tuple[Any, ...]:
    return (
        call.id,
        call.room,
        call.zone,
        call.kind.value,
        call.state.value,
        call.outcome,
        call.raised_at,
        call.arrived_at,
        call.closed_at,
        call.voided,
        codec.CALL.dump_json(call).decode(),
    )


def load(db: Connection) -> Shop:
    """The shop as the tables have it."""
    plan = db.execute("SELECT plan FROM shop").fetchone()
    calls = [
        codec.CALL.validate_json(body)
        for (body,) in db.execute("SELECT body FROM call WHERE state <> 'closed'")
    ]
    rooms: dict[str, RoomState] = _load(db, "room", codec.ROOM)
    devices: dict[str, Device] = _load(db, "device", codec.DEVICE)
    duties: dict[str, Duty] = _load(db, "duty", codec.DUTY)
    tags: dict[str, int] = _load(db, "tag", codec.TAG)
    rev = db.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()
    return Shop(
        plan=codec.plan_from(json.loads(plan[0])) if plan else Shop().plan,
        calls={call.room: call for call in calls},
        rooms=rooms,
        devices=devices,
        duties=duties,
        tags=tags,
        rev=rev[0] if rev else 0,
    )


def _load(db: Connection, table: str, adapter: Any) -> dict[str, Any]:
    rows = db.execute(f"SELECT id, body FROM {table}")  # noqa: S608 - our names
    return {key: adapter.validate_json(body) for key, body in rows}


def rebuild(db: Connection) -> None:
    """Drops every projection and makes it again from the base and the log, in one transaction."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        for table in PROJECTIONS:
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        shop = base.load(db)
        if shop != Shop():
            changes = Changes()
            changes.note_all(shop)
            changes.write(db)
        for event in read_log(db):
            shop = project(db, shop, event)
