"""How far each webhook has been told of the log. The log itself is what waits for it.

A row is `(hook, room, seq)`: of that room, everything up to the fact with this number has been
delivered or given up. The row without a room says the same of all rooms.
"""

from collections.abc import Iterable

from overdoor.core.events import WATCHED, Event
from overdoor.core.model import Millis
from overdoor.store.projections import Statement, read_log
from overdoor.store.store import Store

_PUT = "INSERT OR REPLACE INTO webhook VALUES (?, ?, ?)"


def positions(store: Store) -> dict[tuple[str, str], int]:
    """`(hook, room)` → the number of the last fact that is done with."""
    rows = store.reader().execute("SELECT hook, room, seq FROM webhook")
    return {(hook, room): seq for hook, room, seq in rows}


def happened(store: Store, after: int) -> list[tuple[int, str, str, Millis]]:
    """`(number, room, fact, noted at)` of what others may be told of, in order."""
    facts = ", ".join(f"'{fact}'" for fact in sorted(WATCHED))
    rows = store.reader().execute(
        "SELECT seq, room, fact, noted_at FROM event "  # noqa: S608 - our own words
        f"WHERE seq > ? AND room IS NOT NULL AND fact IN ({facts}) ORDER BY seq",
        (after,),
    )
    return rows.fetchall()


def fact(store: Store, seq: int) -> Event | None:
    """The fact with this number; None if it is kept no longer."""
    return next(iter(read_log(store.reader(), "seq = ?", (seq,))), None)


def told(hook: str, room: str, seq: int) -> list[Statement]:
    """A room's facts up to this one are done with."""
    return [(_PUT, (hook, room, seq))]


def told_all(hook: str, seq: int) -> list[Statement]:
    """Every room's are."""
    return [("DELETE FROM webhook WHERE hook = ?", (hook,)), (_PUT, (hook, "", seq))]


def forgetting(hooks: Iterable[str]) -> list[Statement]:
    """These webhooks are no more."""
    return [("DELETE FROM webhook WHERE hook = ?", (hook,)) for hook in hooks]
