"""The tables that follow from the log.

They are written in the same transaction as the facts, from the same `evolve`, so they can be
dropped and rebuilt at any time.
"""

import json
from collections.abc import Iterable
from sqlite3 import Connection
from typing import Any

from overdoor.core import codec
from overdoor.core.events import Event, Fact
from overdoor.core.evolve import evolve
from overdoor.core.model import Call, Device, Duty, RoomState, Shop
from overdoor.store.schema import PROJECTIONS

_INSERT_EVENT = (
    "INSERT INTO event (at, noted_at, fact, room, call, duty, device, boot, n, key, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_CALL = "INSERT OR REPLACE INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def append(db: Connection, events: Iterable[Event]) -> None:
    """Writes facts to the log."""
    for event in events:
        db.execute(
            _INSERT_EVENT,
            (
                event.at,
                event.noted_at,
                event.fact,
                event.room,
                event.call,
                event.duty,
                event.device,
                event.boot,
                event.n,
                event.key,
                json.dumps(event.data, separators=(",", ":"), allow_nan=False),
            ),
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
    if event.fact is Fact.VOIDED:
        db.execute(
            "UPDATE call SET voided = ?1, body = json_set(body, '$.voided', ?1) WHERE id = ?2",
            (event.data["reason"], event.call),
        )
    elif event.fact is Fact.DUTY_ENDED:
        db.execute("DELETE FROM person WHERE duty = ?", (event.duty,))  # who it was is forgotten
    if after.plan is not before.plan:
        plan = json.dumps(codec.plan_data(after.plan))
        db.execute("INSERT OR REPLACE INTO shop VALUES (1, ?)", (plan,))
    if after.calls is not before.calls and event.room is not None:
        call = after.calls.get(event.room) or after.room(event.room).last
        if call is not None:
            _put_call(db, call)
    for table, adapter, old, new, touched in (
        ("room", codec.ROOM, before.rooms, after.rooms, {event.room}),
        ("device", codec.DEVICE, before.devices, after.devices, _devices(event, before, after)),
        ("duty", codec.DUTY, before.duties, after.duties, _duties(event)),
    ):
        if new is not old:
            _put_changed(db, table, adapter, old, new, touched)
    return after


def _devices(event: Event, before: Shop, after: Shop) -> set[str | None]:
    """The devices that this fact may have changed."""
    if event.fact is Fact.CONFIGURED:
        return {*before.devices, *after.devices}
    room = after.plan.rooms.get(event.room or "")
    touched = {event.device, *(room.devices if room else ())}
    if event.device is not None and event.device not in before.devices:
        touched |= before.devices.keys() - after.devices.keys()  # a stranger made room for it
    return touched


def _duties(event: Event) -> set[str | None]:
    """The duties that this fact may have changed."""
    return {event.duty, *event.data.get("duties", ())}


def _put_call(db: Connection, call: Call) -> None:
    db.execute(
        _PUT_CALL,
        (
            call.id,
            call.room,
            call.zone,
            call.kind,
            call.state,
            call.outcome,
            call.raised_at,
            call.arrived_at,
            call.closed_at,
            call.voided,
            codec.CALL.dump_json(call).decode(),
        ),
    )


def _put_changed(
    db: Connection, table: str, adapter: Any, old: Any, new: Any, touched: set[str | None]
) -> None:
    for key in touched:
        value = new.get(key)
        if value is old.get(key):
            continue
        if value is None:
            db.execute(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608 - one of three
        else:
            db.execute(
                f"INSERT OR REPLACE INTO {table} VALUES (?, ?)",  # noqa: S608 - one of three
                (key, adapter.dump_json(value).decode()),
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
    rev = db.execute("SELECT value FROM meta WHERE key = 'rev'").fetchone()
    return Shop(
        plan=codec.plan_from(json.loads(plan[0])) if plan else Shop().plan,
        calls={call.room: call for call in calls},
        rooms=rooms,
        devices=devices,
        duties=duties,
        rev=rev[0] if rev else 0,
    )


def _load(db: Connection, table: str, adapter: Any) -> dict[str, Any]:
    rows = db.execute(f"SELECT id, body FROM {table}")  # noqa: S608 - one of three
    return {key: adapter.validate_json(body) for key, body in rows}


def rebuild(db: Connection) -> None:
    """Drops every projection and makes it again from the log, in one transaction."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        for table in PROJECTIONS:
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        shop = Shop()
        for event in read_log(db):
            shop = project(db, shop, event)
