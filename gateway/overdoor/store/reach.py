"""How pages reached people, and the ways to reach them: not facts of the shop, so not in the log.

`reach` has a row for each thing that is known of a page on a rung; it goes after a month. `way` has
what somebody on duty may be reached by besides their open page; it goes with their shift.
"""

import json
from dataclasses import dataclass

from overdoor.core.model import Millis
from overdoor.store.projections import Statement
from overdoor.store.store import Store

_INSERT = "INSERT INTO reach (call, who, rung, state, at, detail) VALUES (?, ?, ?, ?, ?, ?)"
KEPT_MS = 30 * 86_400_000
PUSH, CHANNEL = "push", "channel"


@dataclass(frozen=True, slots=True)
class Row:
    """`who` is a duty, a pager or `channel:name`; `detail` says why something failed."""

    call: str
    who: str
    rung: str
    state: str
    at: Millis
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A subscription of a browser, or the URL of a channel of somebody's own.

    `keys` and `base`, the address of the pages as that browser knows it, are of a subscription.
    What is sent that way is said in `language`.
    """

    duty: str
    kind: str
    target: str
    keys: dict[str, str]
    base: str
    language: str = "en"


def noting(row: Row) -> list[Statement]:
    """The statements that keep a row, and forget what is a month old."""
    values = (row.call, row.who, row.rung, row.state, row.at, row.detail)
    return [
        (_INSERT, values),
        ("DELETE FROM reach WHERE at < ?", (row.at - KEPT_MS,)),
    ]


def rows(store: Store, call: str) -> list[Row]:
    """What is known of the pages of one call, in order."""
    found = store.reader().execute(
        "SELECT call, who, rung, state, at, detail FROM reach WHERE call = ? ORDER BY id", (call,)
    )
    return [Row(*row) for row in found]


def adding(way: Way) -> list[Statement]:
    """A browser is one person's at a time, and a person has one channel of their own."""
    gone: Statement = ("DELETE FROM way WHERE kind = ? AND target = ?", (way.kind, way.target))
    if way.kind == CHANNEL:
        gone = ("DELETE FROM way WHERE kind = ? AND duty = ?", (way.kind, way.duty))
    about = (way.duty, way.kind, way.target, json.dumps(way.keys), way.base, way.language)
    return [gone, ("INSERT INTO way VALUES (?, ?, ?, ?, ?, ?)", about)]


def removing(way: Way) -> list[Statement]:
    """The way is no more."""
    values = (way.duty, way.kind, way.target)
    return [("DELETE FROM way WHERE duty = ? AND kind = ? AND target = ?", values)]


def ways(store: Store) -> list[Way]:
    """All that are known."""
    sql = "SELECT duty, kind, target, keys, base, language FROM way ORDER BY rowid"
    found = store.reader().execute(sql)
    return [Way(duty, kind, to, json.loads(keys), *rest) for duty, kind, to, keys, *rest in found]
