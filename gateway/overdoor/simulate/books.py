"""The watch's own books of calls and duties, kept from the durable log alone."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from overdoor.core.events import Fact
from overdoor.simulate.disk import Row

SHARE_MS = 10 * 60_000
UNDO_MS = 5_000
RATED_MS = 30 * 60_000
MYSTERY_APART_MS = 2 * 60_000  # less than between any two that a script plans
DAY_MS = 24 * 3_600_000

RAISED, ACKNOWLEDGED, ARRIVED = "raised", "acknowledged", "arrived"

# fact → (from which states, to which state)
_MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    Fact.ACKNOWLEDGED: ((RAISED,), ACKNOWLEDGED),
    Fact.LAPSED: ((ACKNOWLEDGED,), RAISED),
    Fact.HANDED_OFF: ((ACKNOWLEDGED,), RAISED),
    Fact.UNDONE: ((ACKNOWLEDGED,), RAISED),
    Fact.DEMOTED: ((ARRIVED,), RAISED),
    Fact.ARRIVED: ((RAISED, ACKNOWLEDGED), ARRIVED),
    Fact.CLOSED: ((RAISED, ACKNOWLEDGED, ARRIVED), "closed"),
}


@dataclass
class Entry:
    """A call, as the log tells it."""

    id: str
    room: str
    state: str
    since: int
    raised_at: int
    policy: dict[str, Any]
    only: str | None = None  # training: who is paged, and nobody else
    by: str | None = None
    lapsed_from: str | None = None  # whose acknowledgement lapsed since it was last paged
    declined: set[str] = field(default_factory=set)
    lapsed: set[str] = field(default_factory=set)  # who let it lapse
    handed_off: bool = False
    acknowledged_at: int | None = None
    arrived_at: int | None = None
    before: tuple[str, int, str | None] | None = None  # state, since and owner before it closed
    closed_by: str | None = None
    closing_noted_at: int = 0
    outcome: str | None = None
    promised_until: int = 0
    asks: bool = False  # the last reply is a question
    rated: set[str] = field(default_factory=set)


class Books:
    """Open calls and duties. Says what is wrong with a fact as it is entered."""

    def __init__(self, broke: Callable[[str], None]) -> None:
        self.open: dict[str, Entry] = {}
        self.closed: dict[str, Entry] = {}
        self.changed: dict[str, int] = {}  # room → when its last call moved last
        self.duties: dict[str, bool] = {}  # on duty → on a break
        self._broke = broke
        self._noted_at = 0
        self._mysteries: list[int] = []
        self._pages: dict[str, list[int]] = {}

    def find(self, call: str | None) -> Entry | None:
        """A call, open or closed."""
        found = next((entry for entry in self.open.values() if entry.id == call), None)
        return found or self.closed.get(call or "")

    def enter(self, row: Row) -> None:
        """One durable fact."""
        _, at, noted_at, fact, room, call, duty, _, _, _, _, text = row
        if noted_at < self._noted_at:
            self._broke("the log's clock ran backwards")
        if at > noted_at:
            self._broke(f"'{fact}' happened after it was noted")
        self._noted_at = noted_at
        if fact == Fact.DUTY_STARTED:
            self.duties[duty] = False
        elif fact == Fact.DUTY_PAUSED:
            self.duties[duty] = True
        elif fact == Fact.DUTY_ENDED:
            self.duties.pop(duty, None)
        elif fact == Fact.RAISED:
            self._raised(at, room, call, json.loads(text))
        elif fact == Fact.RATED:
            self._rated(at, room, call, json.loads(text))
        elif fact == Fact.UNDONE and json.loads(text)["undid"] != "acknowledge":
            self._reopened(at, noted_at, room, call, duty)
        elif call is not None and fact not in (Fact.LATE, Fact.VOIDED):
            entry = self.open.get(room)
            if entry is None or entry.id != call:
                self._broke(f"'{fact}' is about a call in {room} that is not open")
            elif fact == Fact.PAGED:
                self._paged(entry, at, noted_at, json.loads(text))
            elif fact == Fact.DECLINED:
                entry.declined.add(duty)
            elif fact == Fact.REPLIED:
                self._replied(entry, at, duty, json.loads(text))
            elif fact == Fact.ANSWERED and not entry.asks:
                self._broke(f"{room}: a shopper answers what nobody asked")
            elif fact in _MOVES:
                self._moved(entry, fact, at, duty, json.loads(text))

    def _raised(self, at: int, room: str, call: str, data: dict[str, Any]) -> None:
        if room in self.open:
            self._broke(f"{room} has two open calls")
        policy = data["policy"]
        if data["source"] == "schedule":
            if any(abs(at - other) < MYSTERY_APART_MS for other in self._mysteries):
                self._broke(f"{room}: a mystery call is raised twice")
            if at - self.changed.get(room, -DAY_MS) < policy["visit_gap_ms"]:
                self._broke(f"{room}: a mystery call in a room that was in use a moment ago")
            self._mysteries.append(at)
        self.open[room] = Entry(call, room, RAISED, at, at, policy, only=data["only"])

    def _reopened(self, at: int, noted_at: int, room: str, call: str, duty: str | None) -> None:
        entry = self.closed.pop(call, None)
        if entry is None or entry.before is None or room in self.open:
            self._broke(f"{room}: a closing is undone that cannot be")
            return
        if duty is None or duty != entry.closed_by or noted_at - entry.closing_noted_at > UNDO_MS:
            self._broke(f"{room}: a closing is undone that is final")
        entry.state, entry.since, entry.by = entry.before
        self.open[room], self.changed[room] = entry, at

    def _moved(
        self, entry: Entry, fact: str, at: int, duty: str | None, data: dict[str, Any]
    ) -> None:
        allowed, to = _MOVES[fact]
        if entry.state not in allowed:
            self._broke(f"{entry.room}: '{fact}' of a call that was {entry.state}")
        if at < entry.since:
            self._broke(f"{entry.room}: {entry.state} lasted a negative time, until '{fact}'")
        if fact == Fact.HANDED_OFF and duty is not None and not data.get("leaves"):
            entry.declined.add(duty)  # who hands it to others is not asked before them
        if to != ARRIVED:
            entry.promised_until, entry.asks = 0, False
        entry.lapsed_from = entry.by if fact == Fact.LAPSED else None
        if entry.lapsed_from is not None:
            entry.lapsed.add(entry.lapsed_from)
        entry.handed_off = entry.handed_off or fact == Fact.HANDED_OFF
        if at < self.changed.get(entry.room, 0):
            self._broke(f"{entry.room}: '{fact}' happened before the move that came before it")
        before = (entry.state, entry.since, entry.by)
        entry.state, entry.since = to, at
        self.changed[entry.room] = at
        entry.by = duty if to != RAISED else None
        if to == ACKNOWLEDGED:
            entry.acknowledged_at = at
        elif to == ARRIVED:
            entry.arrived_at = at
        elif to == "closed":
            entry.outcome = data["outcome"]
            entry.before, entry.closed_by, entry.closing_noted_at = before, duty, self._noted_at
            self.closed[entry.id] = self.open.pop(entry.room)

    def _replied(self, entry: Entry, at: int, duty: str, data: dict[str, Any]) -> None:
        if duty != entry.by and not (entry.state == ARRIVED and entry.by is None):
            self._broke(f"{entry.room}: somebody replies who does not have the call")
        entry.asks = data["phrase"] != "wait"
        if data["phrase"] == "wait" and entry.state == ACKNOWLEDGED:
            if entry.promised_until:
                self._broke(f"{entry.room}: a promise on top of a promise")
            entry.promised_until = at + data["minutes"] * 60_000

    def _rated(self, at: int, room: str, call: str, data: dict[str, Any]) -> None:
        entry = self.closed.get(call)
        if entry is None or entry.outcome != "served" or at - entry.since > RATED_MS:
            self._broke(f"{room}: a call is rated that is not, or is long over")
        elif entry.rated & set(data):
            self._broke(f"{room}: a question is answered twice")
        else:
            entry.rated |= set(data)

    def _paged(self, entry: Entry, at: int, noted_at: int, data: dict[str, Any]) -> None:
        duties = data["duties"]
        others = [
            duty for duty, away in self.duties.items() if not away and duty not in entry.declined
        ]
        if entry.state != RAISED:
            self._broke(f"{entry.room}: somebody is paged for a call that is {entry.state}")
        if noted_at >= entry.raised_at + entry.policy["give_up_ms"]:
            self._broke(f"{entry.room}: somebody is paged for a call past its give-up")
        for duty in duties:
            self._pages.setdefault(duty, []).append(at)
        if entry.only is not None:
            if set(duties) - {entry.only}:
                self._broke(f"{entry.room}: a training call pages somebody else")
            return  # who trains is asked whatever happens
        for duty in duties:
            if duty not in self.duties:
                self._broke(f"{entry.room}: somebody is paged who is not on duty")
            elif self.duties[duty]:
                self._broke(f"{entry.room}: somebody is paged who is on a break")
            elif duty in entry.declined and others:
                self._broke(f"{entry.room}: somebody is paged who declined, before others")
        if data["target"] == "nearest" and duties == [entry.lapsed_from]:
            fresh = [duty for duty in others if duty not in entry.lapsed]
            if not entry.handed_off and any(self._has_share_left(entry, it, at) for it in fresh):
                self._broke(f"{entry.room}: who let the call lapse is the first to be paged again")
        entry.declined -= set(duties)
        entry.lapsed_from = None

    def _has_share_left(self, entry: Entry, duty: str, at: int) -> bool:
        """Whether somebody was not paged so often lately that they are left in peace."""
        lately = [page for page in self._pages.get(duty, ()) if page > at - SHARE_MS]
        return len(lately) < int(entry.policy["pages_per_10_min"])
