"""Who was reached, on which rung: what pages, workers and pagers say of it, kept and passed on.

The ladder (`notify`) decides what is tried when; the web and the bus bring receipts here. Neither
knows the other. A receipt changes nothing in the shop, except that a call of which nobody seemed to
know is known to somebody after all: that the core is told.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from urllib.parse import urlsplit

from overdoor.core.events import Fact
from overdoor.core.inputs import Reached
from overdoor.core.model import Call, Millis, State
from overdoor.engine import Done, Engine
from overdoor.store import reach as kept
from overdoor.store.reach import Row, Way

CHIMES = 2  # of one person for one call, over all rungs: one chime, one repeat
QUIET_AFTER = 3  # pushes in a row without a receipt


class Rung(StrEnum):
    """The ways a page goes, in the order in which they are tried; a pager stands beside them."""

    PAGER = "pager"
    PAGE = "page"  # the open page of the handheld
    PUSH = "push"
    CHANNEL = "channel"


class Told(StrEnum):
    """How far a page came on a rung."""

    QUEUED = "queued"
    SENT = "sent"  # somebody else's server took it; that proves nothing
    RECEIVED = "received"  # the phone has it
    SHOWN = "shown"  # it is on a screen that is on
    ACTED = "acted"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    CHIMED = "chimed"


PROOF = frozenset({Told.SHOWN, Told.ACTED})


class Reach:
    """The desk where receipts come in. One for each engine, on its event loop."""

    def __init__(self, engine: Engine) -> None:
        self.pages: Callable[[str], int] = lambda _: 0  # how many open pages a duty has
        self.push_key: str | None = None  # what browsers subscribe with; None: no push here
        self.push_hosts: Sequence[str] = ()  # the push services that are spoken to
        self.personal: Sequence[str] = ()  # how the URL of somebody's own channel may begin
        self.channels: dict[str, tuple[Millis | None, str | None]] = {}  # taken at, what is wrong
        # Sends a trial message to a way of one's own; why it did not leave, or None if it did.
        self.try_out: Callable[[Way], Awaitable[str | None]] | None = None
        self._engine = engine
        self._hear: list[Callable[[Row], None]] = []
        self._ways: dict[str, list[Way]] = defaultdict(list)
        self._unanswered: dict[str, int] = defaultdict(int)  # endpoint → pushes since a receipt
        self._chimes: dict[tuple[str, str], list[str]] = {}
        self._lists: dict[str, tuple[int, tuple[Call, ...]]] = {}  # pager → its last list
        self._on_pager: dict[str, set[str]] = defaultdict(set)  # pager → calls that it has shown
        for way in kept.ways(engine.store):
            if way.duty in engine.committed.duties:
                self._ways[way.duty].append(way)
            else:
                engine.keep(kept.removing(way))
        for call in engine.committed.calls.values():
            for row in kept.rows(engine.store, call.id):
                if row.state == Told.CHIMED:
                    self._chimes.setdefault((call.id, row.who), []).append(row.detail or "")
        engine.listen(self._follow)

    def heard_by(self, hear: Callable[[Row], None]) -> None:
        """Calls `hear` with all that is noted."""
        self._hear.append(hear)

    # -- rows ------------------------------------------------------------------------------------

    def note(self, call: str, who: str, rung: Rung, state: Told, detail: str | None = None) -> None:
        """Something is known of a page; those who listen hear of it."""
        row = Row(call, who, rung, state, self._engine.clock(), detail)
        self._engine.keep(kept.noting(row))
        for hear in self._hear:
            hear(row)

    def receipt(self, call: str, who: str, rung: Rung, state: Told) -> None:
        """A page, a worker or a pager says how far a page came."""
        self.note(call, who, rung, state)
        if rung is Rung.PUSH:
            for way in self._ways.get(who, ()):
                self._unanswered.pop(way.target, None)
        if state in PROOF:
            open_call = self._engine.committed.call(call)
            if open_call is not None and open_call.unreached:
                self._engine.submit(Reached(call, who))

    def rows(self, call: str) -> list[Row]:
        """What is known of the pages of one call, in order."""
        return kept.rows(self._engine.store, call)

    # -- chimes ----------------------------------------------------------------------------------

    def may_chime(self, call_id: str, who: str, rung: Rung, *, count: bool = True) -> bool:
        """Whether a device of this person may sound for this call now; if so, it is counted.

        Once for each time that the call begins to wait, or its owner is reminded; never more than
        `CHIMES` in all, whichever rung it came by. `count=False` only asks.
        """
        call = self._engine.committed.call(call_id)
        if call is None:
            return False
        occasion = f"raised {call.loop_at}"
        if call.state is not State.RAISED:
            occasion = "asked" if call.asked else "nudged" if call.nudged else ""
        sounded = self._chimes.setdefault((call_id, who), [])
        if not occasion or occasion in sounded or len(sounded) >= CHIMES:
            return False
        if not count:
            return True
        sounded.append(occasion)
        self.note(call_id, who, rung, Told.CHIMED, occasion)
        return True

    # -- ways ------------------------------------------------------------------------------------

    def ways(self, duty: str, kind: str) -> list[Way]:
        """What somebody can be reached by, of one kind."""
        return [way for way in self._ways.get(duty, ()) if way.kind == kind]

    def add(self, way: Way) -> None:
        """Somebody can be reached by this, too, while they are on duty."""
        for duty, others in self._ways.items():
            self._ways[duty] = [
                other
                for other in others
                if (other.kind, other.target) != (way.kind, way.target)
                and not (duty == way.duty and other.kind == way.kind == kept.CHANNEL)
            ]
        self._ways[way.duty].append(way)
        self._engine.keep(kept.adding(way))

    def drop(self, way: Way) -> None:
        """Nobody is reached by it any more."""
        if way in self._ways.get(way.duty, ()):
            self._ways[way.duty].remove(way)
            self._engine.keep(kept.removing(way))

    def pushed(self, way: Way) -> None:
        """A push left for this browser; its receipt is awaited."""
        self._unanswered[way.target] += 1

    def by_push(self) -> set[str]:
        """Who on the floor has a browser that takes pushes, and that is not quiet."""
        on_floor = (duty for duty in self._engine.committed.duties.values() if not duty.paused)
        return {
            duty.id
            for duty in on_floor
            if any(
                self._unanswered.get(way.target, 0) < QUIET_AFTER
                for way in self.ways(duty.id, kept.PUSH)
            )
        }

    def phones(self) -> tuple[int, int]:
        """How many browsers take pushes, and how many of them have given no receipt lately."""
        ways = [way for duty in self._ways for way in self.ways(duty, kept.PUSH)]
        quiet = sum(self._unanswered.get(way.target, 0) >= QUIET_AFTER for way in ways)
        return len(ways), quiet

    def channel_said(self, name: str, trouble: str | None) -> None:
        """A channel took a message, or why it did not. Channels of one's own are not kept here."""
        if name in self.channels:
            took, _ = self.channels[name]
            now = self._engine.clock()
            self.channels[name] = (now if trouble is None else took, trouble)

    # -- pagers ----------------------------------------------------------------------------------

    def listed(self, device: str, rev: int, calls: tuple[Call, ...]) -> None:
        """A pager was sent this list."""
        waiting = tuple(call for call in calls if call.state is State.RAISED)
        self._lists[device] = (rev, waiting)
        self._on_pager[device] &= {call.id for call in waiting}

    def pager_shows(self, device: str, rev: int) -> None:
        """A pager says that its screen shows the list with this revision."""
        sent, waiting = self._lists.get(device, (0, ()))
        if rev != sent:
            return  # it has a newer one on the way
        for call in waiting:
            if call.id not in self._on_pager[device] and device not in call.declined:
                self._on_pager[device].add(call.id)
                self.receipt(call.id, device, Rung.PAGER, Told.SHOWN)

    def on_pager(self, call: Call) -> bool:
        """Whether a pager shows this call, and nobody declined it there."""
        return any(
            call.id in shown and device not in call.declined
            for device, shown in self._on_pager.items()
        )

    def _follow(self, done: Done) -> None:
        for event in done.events:
            if event.fact is Fact.DUTY_ENDED and event.duty is not None:
                for way in self._ways.pop(event.duty, ()):
                    self._unanswered.pop(way.target, None)
                    self._engine.keep(kept.removing(way))
            elif event.fact is Fact.CLOSED:
                for key in [key for key in self._chimes if key[0] == event.call]:
                    del self._chimes[key]


def allowed(endpoint: str, hosts: Sequence[str]) -> bool:
    """Whether an endpoint belongs to a push service that the shop speaks to.

    A browser names its own; without this list, anybody on duty could have the gateway send to
    anywhere. `*.` in front of a host stands for its subdomains. Plain HTTP only on this machine.
    """
    try:
        url = urlsplit(endpoint)
        host = url.hostname or ""
    except ValueError:
        return False
    if url.scheme != "https" and not (url.scheme == "http" and host == "127.0.0.1"):
        return False
    return any(
        host == known or (known.startswith("*.") and host.endswith(known[1:])) for known in hosts
    )
