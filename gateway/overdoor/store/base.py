"""What stood before the log: the shop as it was when the oldest fact that is kept was noted.

Old facts are not only deleted, they are folded into here first. So the tables are always what
`evolve` makes of the base and the log, and a rebuild says the same before and after. The ledger
of the folded facts stays as well, for a repeat may come at any time.
"""

import json
from collections.abc import Generator, Iterable, Mapping
from sqlite3 import Connection
from typing import Any

from pydantic import TypeAdapter

from overdoor.core import codec
from overdoor.core.events import Event, Fact
from overdoor.core.ledger import Boot
from overdoor.core.model import Shop

CHUNK = 50  # values that are read at once

_PARTS: dict[str, tuple[str, TypeAdapter[Any]]] = {
    "call": ("calls", codec.CALL),
    "device": ("devices", codec.DEVICE),
    "duty": ("duties", codec.DUTY),
    "room": ("rooms", codec.ROOM),
    "tag": ("tags", codec.TAG),
}
_PLAN = "plan"
_OF_LEDGER = frozenset({Fact.HEARD, Fact.SETTLED})


def loading(db: Connection) -> Generator[int, None, Shop]:
    """Reads the base, a chunk at each step, and returns it; yields how many values came."""
    parts: dict[str, dict[str, Any]] = {kind: {} for kind in _PARTS}
    plan, last = Shop().plan, ("", "")
    sql = "SELECT kind, id, body FROM base WHERE (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?"
    while rows := db.execute(sql, (*last, CHUNK)).fetchall():
        for kind, key, body in rows:
            if kind == _PLAN:
                plan = codec.plan_from(json.loads(body))
            else:
                parts[kind][key] = _PARTS[kind][1].validate_json(body)
        last = rows[-1][:2]
        yield len(rows)
    values: dict[str, Any] = {field: parts[kind] for kind, (field, _) in _PARTS.items()}
    return Shop(plan, **values)


def load(db: Connection) -> Shop:
    """The base, read at once."""
    steps = loading(db)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            shop: Shop = end.value
            return shop


def write(db: Connection, before: Shop, after: Shop) -> None:
    """Writes what is different."""
    put, gone = [], []
    if after.plan is not before.plan:
        put.append((_PLAN, "", json.dumps(codec.plan_data(after.plan))))
    for kind, (field, adapter) in _PARTS.items():
        old: Mapping[str, Any] = getattr(before, field)
        new: Mapping[str, Any] = getattr(after, field)
        if new is not old:
            gone += [(kind, key) for key in old.keys() - new.keys()]
            put += [
                (kind, key, adapter.dump_json(value).decode())
                for key, value in new.items()
                if value is not old.get(key)
            ]
    db.executemany("INSERT OR REPLACE INTO base VALUES (?, ?, ?)", put)
    db.executemany("DELETE FROM base WHERE kind = ? AND id = ?", gone)


def ledger(db: Connection, device: str, boot: str, events: Iterable[Event] = ()) -> Boot:
    """What is known of one boot of a device by the facts that went, and these."""
    sql = "SELECT upto, beyond FROM ledger WHERE device = ? AND boot = ?"
    row = db.execute(sql, (device, boot)).fetchone()
    known = Boot(boot, row[0], frozenset(json.loads(row[1]))) if row else Boot(boot)
    for event in events:
        low = event.data["low"]
        known = known.settle(low) if event.n is None else known.store(event.n, low)
    return known


def write_ledgers(db: Connection, events: Iterable[Event]) -> None:
    """Keeps what these facts say of what devices have been receipted."""
    told: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.fact in _OF_LEDGER and event.device is not None and event.boot is not None:
            told.setdefault((event.device, event.boot), []).append(event)
    known = [(device, ledger(db, device, boot, some)) for (device, boot), some in told.items()]
    db.executemany(
        "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?)",
        [(device, boot.id, boot.upto, json.dumps(sorted(boot.beyond))) for device, boot in known],
    )
