"""The promises, held against everything that happens.

The watch keeps its own books from the durable log, from what devices hold and show, and from what
leaves the gateway; it takes nothing from the decisions that it judges.
"""

import json
from typing import TYPE_CHECKING, Any

from overdoor.core.escalation import Due
from overdoor.core.events import Fact
from overdoor.core.inputs import DeviceEvent, Input, TimerFired
from overdoor.engine import Done
from overdoor.simulate.books import Books
from overdoor.simulate.clock import GatewayClock
from overdoor.simulate.disk import Row
from overdoor.store.projections import load, rebuild
from overdoor.store.writer import Turned

if TYPE_CHECKING:
    from overdoor.simulate.devices import Kept, RoomDevice
    from overdoor.simulate.world import World

CALL_TIMERS = (Due.PAGE, Due.GIVE_UP, Due.LAPSE, Due.CLOSE)
AGE_SLACK_MS = 100
TABLES_EVERY = 100  # facts


class Broken(Exception):  # noqa: N818 - a promise that was broken
    """A promise was broken. The message says which, in a sentence."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


class Watch:
    """Looks on. Notes the first promise that is broken; the world stops there."""

    def __init__(self, world: "World") -> None:
        self.broken: str | None = None
        self.books = Books(self.broke)
        self._world = world
        self._clock: GatewayClock | None = None
        self._offsets: set[int] = set()
        self._stored: dict[tuple[str, str, int], Row] = {}
        self._facts: list[tuple[Any, ...]] = []  # by seq
        self._revs: dict[str, int] = {}
        self._lists: dict[str, tuple[int, list[tuple[Any, ...]]]] = {}  # what pagers were told
        self._signals: dict[str, str] = {}  # device → the state last said
        self._timer_pages: dict[str, int] = {}
        self._look_at_tables = False
        self._gone = 0  # facts that were kept long enough

    def broke(self, what: str) -> None:
        """A promise was broken; only the first counts."""
        if self.broken is None:
            self.broken = what

    # -- the gateway -----------------------------------------------------------------------------

    def gateway_starts(self, clock: GatewayClock) -> None:
        """A process begins, by this clock."""
        self._clock = clock
        self._offsets.add(clock.offset)

    def forgotten(self) -> None:
        """What was decided and not stored never happened."""
        self._timer_pages.clear()

    def gateway_died(self) -> None:
        """What is on the disk is what was said to be."""
        self.forgotten()
        self.nothing_taken_back()
        self.tables_follow()

    def decided(self, given: Input | None, turned: Turned) -> None:
        """A turn was decided; whether it will be stored is not known yet."""
        if isinstance(given, TimerFired) and given.timer.due in CALL_TIMERS:
            self._timer_turn(given, turned)
        elif isinstance(given, DeviceEvent):
            self._device_turn(given, turned)

    def _timer_turn(self, given: TimerFired, turned: Turned) -> None:
        timer = given.timer
        call = turned.before.calls.get(timer.room)
        stale = call is None or call.id != timer.subject or call.fence != timer.fence
        if stale and any(event.call is not None for event in turned.events):
            self.broke(f"a stale timer ({timer.due}) changed a call in {timer.room}")
        if timer.due is Due.LAPSE and call is not None:
            lasted = timer.at - call.since
            lapsed = any(event.fact is Fact.LAPSED for event in turned.events)
            if lapsed and lasted < call.policy.acknowledgement_lapses_ms:
                self.broke(f"{timer.room}: an acknowledgement lapsed after {lasted} ms")
            entry = self.books.find(call.id)
            if lapsed and entry is not None and timer.at < entry.promised_until:
                self.broke(f"{timer.room}: an acknowledgement lapsed before the time promised")
        if any(event.fact is Fact.PAGED for event in turned.events):
            last = self._timer_pages.get(timer.subject, 0)
            if timer.due is Due.PAGE and timer.at <= last:
                self.broke(f"{timer.room}: a policy step runs that was overtaken already")
            self._timer_pages[timer.subject] = turned.events[-1].noted_at

    def _device_turn(self, given: DeviceEvent, turned: Turned) -> None:
        heard = any(event.fact is Fact.HEARD for event in turned.events)
        about_calls = [event for event in turned.events if event.call is not None]
        if (given.device, given.boot, given.n) in self._stored:
            if heard or about_calls:
                self.broke(f"{given.device}: a repeat of event {given.n} counted again")
            return
        device = self._world.by_id.get(given.device)
        rooms = device.rooms if device is not None else []
        plain_press = (given.type, given.button, given.gesture) == ("button", "call", "press")
        # An older press may be about a call before the one that is open.
        nothing = all(turned.before.calls.get(room) is None for room in rooms)
        if heard and plain_press and nothing and given.fault is None and len(turned.events) < 2:
            self.broke(f"a press of {given.device}, with no call open, left no trace but itself")

    def committed(self, rows: list[Row]) -> None:
        """These facts are durable from now on."""
        limit: int | None = None  # the latest that the event noted last can have happened
        for row in rows:
            self._facts.append(row)
            self._look_at_tables = self._look_at_tables or len(self._facts) % TABLES_EVERY == 0
            if row[3] == Fact.HEARD:
                key = (row[7], row[8], row[9])
                if key in self._stored:
                    self.broke(f"{row[7]}: event {row[9]} is stored twice")
                self._stored[key] = row
                limit = self._judge_event(key, row)
            elif row[3] == Fact.RAISED and limit is not None:
                self._judge_raise(row, limit)
            self.books.enter(row)

    def _judge_raise(self, row: Row, limit: int) -> None:
        if json.loads(row[11])["source"] != "button":
            return  # the clock or staff raised it, in the same commit as an event
        if row[1] > max(limit, self.books.changed.get(row[4], 0)):
            self.broke(f"{row[4]}: the wait is made shorter than it was")

    def _judge_event(self, key: tuple[str, str, int], row: Row) -> int | None:
        """Holds an event against what really happened; returns the latest that it can have."""
        kept = self._kept(key)
        if kept is None or self._clock is None:
            return None
        said = json.loads(row[11]).get("said", {})
        if said.get("count", 1) != len(kept.gestures):
            self.broke(
                f"{key[0]}: event {key[2]} says {said.get('count', 1)} presses "
                f"and stands for {len(kept.gestures)}"
            )
        if kept.first and len(kept.gestures) > 1:
            self.broke(f"{key[0]}: the first press of a run was swallowed by those after it")
        slack = AGE_SLACK_MS + 2 * self._world.script.slow_ms
        if said.get("age_ms") is not None:
            off = row[1] - self._clock.offset - kept.gestures[-1]
            if not -AGE_SLACK_MS <= off <= slack:
                self.broke(f"{key[0]}: a press is logged {off} ms from when it happened")
            return kept.gestures[-1] + slack + self._clock.offset
        if kept.ended is None or len(self._offsets) > 1:
            return None  # the gateway's clock is not the one by which it happened
        limit = kept.ended + slack + self._clock.offset
        if row[1] > limit and row[1] != row[2]:
            self.broke(f"{key[0]}: a press of an earlier boot is logged later than that boot")
        return limit

    def told(self, done: Done) -> None:
        """The house was told of a turn: every fact of it must be durable."""
        for fact, row in zip(
            done.events, self._facts[done.seq - len(done.events) : done.seq], strict=False
        ):
            if (fact.fact, fact.at, fact.call) != (row[3], row[1], row[5]):
                self.broke(f"the house was told of '{fact.fact}', and the log says '{row[3]}'")
        if done.seq > len(self._facts):
            facts = ", ".join(event.fact for event in done.events) or "a turn"
            self.broke(f"the house was told of '{facts}', which is not stored")

    def said(self, topic: str, payload: bytes) -> None:
        """The gateway publishes something."""
        device_id, _, leaf = topic.partition("/device/")[2].partition("/")
        if leaf not in ("receipt", "signal", "page") or not payload:
            return
        said = json.loads(payload)
        if leaf == "receipt":
            for boot, n in ((said["boot"], said["n"]), *said["also"]):
                self._judge_receipt(device_id, boot, n)
            return
        same = False
        if leaf == "page":
            listed = [(call["call"], call["state"], call["by"]) for call in said["calls"]]
            same = self._lists.get(topic) == (said["rev"], listed)  # said again, with ages of now
            self._lists[topic] = (said["rev"], listed)
        if said["rev"] <= self._revs.get(topic, 0) and not same:
            self.broke(f"{device_id}: {leaf} rev {said['rev']} is not higher than the last one")
        self._revs[topic] = said["rev"]
        if leaf == "signal":
            self._signals[device_id] = said["state"]

    def _judge_receipt(self, device_id: str, boot: str, n: int) -> None:
        device = self._world.by_id.get(device_id)
        if device is None:
            return
        held = device.holds()
        for kept in device.kept:
            covered = kept.boot == boot and kept.n <= n
            if covered and (boot, kept.n) in held and kept.key not in self._stored:
                self.broke(f"{device_id}: a receipt up to {n} covers {kept.n}, not stored")

    def nothing_taken_back(self) -> None:
        """The log is what was committed to it, but for the oldest, which may go in time."""
        log, keep_ms = self._world.gateway.disk.log(), self._world.script.keep_ms
        gone = len(self._facts) - len(log)
        if gone < 0 or self._facts[gone:] != log or (gone and keep_ms is None):
            self.broke("the log is not what was committed to it")
            return
        open_calls = {entry.id for entry in self.books.open.values()}
        for row in self._facts[self._gone : gone]:
            if self._clock is None or row[2] > self._clock() - (keep_ms or 0):
                self.broke(f"'{row[3]}' went before its time")
            if row[5] in open_calls:
                self.broke(f"'{row[3]}' of an open call went")
        self._gone = gone

    def tables_follow(self) -> None:
        """The projections are what the log makes them, and what the house believes."""
        disk = self._world.gateway.disk
        tables, rebuilt = disk.tables(), disk.rebuilt(rebuild)
        for table, rows in tables.items():
            if rows != rebuilt[table]:
                self.broke(f"the table {table} is not what the log makes of it")
        if self._gone:
            self._like_all_that_ever_was(tables)
        engine = self._world.gateway.engine
        if engine is not None and self._world.gateway.settled():
            stored, believed = load(disk.db), engine.committed
            for part in ("plan", "calls", "rooms", "devices", "duties", "rev"):
                if getattr(stored, part) != getattr(believed, part):
                    self.broke(f"the house believes other {part} than are stored")

    def _like_all_that_ever_was(self, tables: dict[str, list[Row]]) -> None:
        """What stays says what it would say if nothing had gone."""
        whole = self._world.gateway.disk.replayed(self._facts, rebuild)
        for table, rows in tables.items():
            if table == "call":
                gone = set(whole[table]) - set(rows)
                if not set(rows) <= set(whole[table]) or any(row[8] is None for row in gone):
                    self.broke("the table call is not what the whole log makes of it")
            elif rows != whole[table]:
                self.broke(f"the table {table} is not what the whole log makes of it")

    def repeats_are_known(self) -> None:
        """Whatever was stored at any time would be known again."""
        engine = self._world.gateway.engine
        for device, boot, n in self._stored:
            if engine is not None and not engine.store.ledger(device, boot).has(n):
                self.broke(f"{device}: a repeat of event {n} would count again")

    def books_kept(self) -> int:
        """How many facts are durable."""
        return len(self._facts)

    # -- devices ---------------------------------------------------------------------------------

    def is_stored(self, key: tuple[str, str, int]) -> bool:
        """Whether the log has this event."""
        return key in self._stored

    def device_holds(self, device: "RoomDevice") -> None:
        """Whatever was neither receipted nor given up is still held."""
        held = device.holds()
        for kept in device.kept:
            if kept.lost is None and not kept.receipted and (kept.boot, kept.n) not in held:
                self.broke(f"{device.id} let go of a press that nobody receipted")

    def receipted(self, device: "RoomDevice") -> None:
        """A receipt came: what the device let go of is stored."""
        held = device.holds()
        for kept in device.kept:
            if kept.lost is None and not kept.receipted and (kept.boot, kept.n) not in held:
                if kept.key not in self._stored:
                    self.broke(f"{device.id} let go of event {kept.n}, which is not stored")
                kept.receipted = True
        device.kept = [kept for kept in device.kept if kept.lost is None and not kept.receipted]

    def applied(self, device: "RoomDevice", rev: int) -> None:
        """A device shows what a signal said."""
        if device.applied is not None and rev < device.applied:
            self.broke(f"{device.id} went from rev {device.applied} back to {rev}")
        device.applied, device.applied_at = rev, self._world.timeline.now

    def _kept(self, key: tuple[str, str, int]) -> "Kept | None":
        device = self._world.by_id.get(key[0])
        return next((kept for kept in device.kept if kept.key == key), None) if device else None

    # -- the quiet moments -----------------------------------------------------------------------

    def calm(self) -> None:
        """Nothing is under way: every lamp that is connected shows what its room's call says."""
        world = self._world
        if self._look_at_tables:
            self._look_at_tables = False
            self.nothing_taken_back()
            self.tables_follow()
        if not world.gateway.settled() or not world.broker.quiet() or self._clock is None:
            return
        assert world.gateway.engine is not None
        now, shop = self._clock(), world.gateway.engine.committed
        for device in world.devices.values():
            link = device.link
            if device.point is None or link is None or link.silent or not link.alive:
                continue
            if device.holds():
                continue  # it waits for a receipt, and its lights may say so
            if shop.plan.room_of.get(device.id) != device.room:
                continue  # it was moved, and the gateway has not read the file yet
            call = self.books.open.get(device.room)
            shown = device.point.state
            known = shop.devices.get(device.id)
            dark = known is not None and known.dark_until >= now
            wanted = {call.state} if call is not None else {"idle", *(["offline"] if dark else [])}
            if shown != self._signals.get(device.id, "idle") or shown not in wanted:
                self.broke(
                    f"the lamp of {world.room_name(device.room)} shows {shown}, "
                    f"the call says {' or '.join(sorted(wanted))}"
                )
            elif device.point._shows != shown and device.applied_at > device.degraded_at:
                self.broke(
                    f"the lamp of {world.room_name(device.room)} shows "
                    f"{device.point._shows} with everything in order"
                )

    def the_end(self) -> None:
        """The world has been left alone and in order for long enough."""
        for device in self._world.devices.values():
            self.device_holds(device)
            for kept in device.kept:
                if kept.lost is None and not kept.receipted:
                    self.broke(f"{device.id} still waits for the receipt of event {kept.n}")
        for pager in self._world.pagers:
            if pager.waiting:
                self.broke(f"{pager.id} still waits for the receipt of an answer")
        policy, clock = self._world.script.plan.policy, self._clock
        for call in self.books.open.values():
            # Where the clock was put back, a planned mystery call may come as late as now.
            if clock and clock() - call.raised_at > policy.give_up_ms + policy.close_after_ms:
                self.broke(f"the call of {call.room} is open for ever, {call.state}")
        if not self._world.gateway.settled():
            self.broke("the gateway does not come to rest")
        self.nothing_taken_back()
        self.tables_follow()
        self.repeats_are_known()
