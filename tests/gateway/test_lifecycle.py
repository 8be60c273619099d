"""The life of calls, against an oracle written by hand from the contract and the first week.

The table says what each input makes of a room. Its columns are what can be the case when the
input comes; time makes three of them out of two: just closed (for 2 s a hold is a leftover), just
acknowledged (for 5 s it can be undone), just arrived (for 10 s the buttons are deaf).
"""

from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from overdoor.core.effects import Refused, Signal
from overdoor.core.escalation import Timer
from overdoor.core.events import Fact
from overdoor.core.inputs import (
    Answer,
    DutyEnded,
    DutyPaused,
    DutyStarted,
    Raise,
    RoomServiced,
    TimerFired,
    Verb,
    Void,
)
from overdoor.core.model import Call, Service, Shop

from .shop import Floor, only, without_revs

COLUMNS = ("idle", "closed", "raised", "acked<5s", "acked", "arrived<10s", "arrived")
TABLE = """
input             idle    closed  raised     acked<5s   acked      arrived<10s  arrived
call-press        raised  raised  raised     acked      acked      arrived      served+raised
call-contradicts  no      no      no         no         no         raised       raised
call-hold         raised  idle    cancelled  cancelled  cancelled  arrived      served
presence-press    idle    idle    arrived    arrived    arrived    arrived      served
presence-hold     idle    idle    arrived    arrived    arrived    arrived      served
cancel-press      idle    idle    cancelled  cancelled  cancelled  arrived      arrived
cancel-hold       idle    idle    cancelled  cancelled  cancelled  arrived      arrived
staff-raise       raised  raised  no         no         no         no           no
staff-cancel      no      no      cancelled  cancelled  cancelled  no           no
acknowledge-mine  no      no      acked      acked      acked      no           no
acknowledge       no      no      acked      no         no         no           no
decline           no      no      raised     no         no         no           no
arrive            no      no      arrived    arrived    arrived    no           no
hand-off-mine     no      no      no         raised     raised     no           no
hand-off          no      no      no         no         no         no           no
undo-mine         no      no      no         raised     no         no           no
undo              no      no      no         no         no         no           no
nobody-there      no      no      left       left       left       left         left
close             no      no      no         no         no         served       served
owner-leaves      idle    idle    raised     raised     raised     arrived      arrived
"""
CELLS = {
    (row.split()[0], column): cell
    for row in TABLE.strip().splitlines()[1:]
    for column, cell in zip(COLUMNS, row.split()[1:], strict=True)
}
ROWS = {row for row, _ in CELLS}
OUTCOMES = ("served", "cancelled", "left", "unanswered")
LAPSE, CLOSE, GIVE_UP = 90_000, 300_000, 900_000

DEVICES = {"cp-w1": "w1", "cp-w2": "w2", "button-m1": "m1"}
ROOMS = ("w1", "w2", "m1")
PEOPLE = ("ana", "bob", "eve")
rooms, people = st.sampled_from(ROOMS), st.sampled_from(PEOPLE)


@dataclass
class Tap:
    """A closing by a person, and what was before it."""

    by: str
    at: int
    state: str
    since: int
    owner: str | None
    outcome: str  # of the call before


class Expected:
    """What the oracle knows of a room."""

    def __init__(self) -> None:
        self.state, self.outcome, self.owner = "idle", "", None
        self.raised_at = self.since = -GIVE_UP
        self.moved_at = self.since  # later than `since` once a closing was undone
        self.tap: Tap | None = None
        self.out = False

    def column(self, now: int) -> str:
        new = now - self.since
        if self.state == "acked":
            return "acked<5s" if new <= 5000 and self.moved_at == self.since else "acked"
        if self.state == "arrived":
            return "arrived<10s" if new < 10_000 else "arrived"
        return "closed" if self.state == "idle" and new < 2000 else self.state

    def came_unseen(self, now: int) -> bool:
        """Whether nobody known has arrived, less than 30 s ago."""
        return self.state == "arrived" and self.owner is None and now - self.since < 30_000

    def take(self, cell: str, now: int, by: str | None) -> None:
        """The room becomes what the cell says."""
        for word in cell.split("+"):
            if word == "no" or (word == "raised" and self.state == "idle" and self.out):
                continue
            if word != self.state:
                self.since = self.moved_at = now
                self.tap = None
                self.owner = by if word in ("acked", "arrived") else None
            if word == "raised" and self.state == "idle":
                self.raised_at = now
            if word in OUTCOMES:
                self.outcome = word
            self.state = "idle" if word in OUTCOMES else word
        self.fall_due(now)

    def fall_due(self, now: int) -> None:
        """What happens by itself up to now."""
        if self.state == "acked" and now >= self.since + LAPSE:
            self.state, self.owner = "raised", None
            self.since = self.moved_at = max(self.since + LAPSE, self.moved_at)
        if self.state == "arrived" and now >= self.since + CLOSE:
            self.state, self.outcome = "idle", "served"
            self.since = self.moved_at = max(self.since + CLOSE, self.moved_at)
        if self.state == "raised" and now >= self.raised_at + GIVE_UP:
            self.since = self.moved_at = max(self.moved_at, self.raised_at + GIVE_UP)
            self.state, self.outcome = "idle", "unanswered"

    def undo(self, now: int, *, owner_is_there: bool) -> None:
        """The closing is taken back: everything is as it was, and what fell due meanwhile is due.

        Who was on the way and has left meanwhile is not on the way any more.
        """
        assert self.tap is not None
        self.state, self.since, self.owner = self.tap.state, self.tap.since, self.tap.owner
        self.outcome, self.moved_at, self.tap = self.tap.outcome, now, None
        if self.state == "acked" and not owner_is_there:
            self.take("raised", now, None)
        self.fall_due(now)


class Calls(RuleBasedStateMachine):
    """Anything a shop can do to its rooms, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor()
        self.rooms = {room: Expected() for room in ROOMS}
        self.on_duty: set[str] = set()
        self.paused: set[str] = set()
        self.rang: list[Timer] = []
        self.closed: dict[str, Call] = {}
        self.sent: list[Any] = []

    # -- inputs ----------------------------------------------------------------------------------

    @rule(
        device=st.sampled_from(list(DEVICES)),
        button=st.sampled_from(["call", "call", "presence", "cancel"]),
        gesture=st.sampled_from(["press", "press", "hold"]),
    )
    def button(self, device: str, button: str, gesture: str) -> None:
        room, rev = DEVICES[device], self.floor.shop.rev
        event = self.floor.send(device, button=button, gesture=gesture)
        self.sent.append(event)
        owner = self.rooms[room].owner
        given = f"{button}-{gesture}"
        if given == "call-press" and self.rooms[room].came_unseen(self.floor.now):
            given = "call-contradicts"
        self.expect(room, given, by=owner if button == "presence" else None)
        self.answered_by_a_signal(room, rev)
        assert self.floor.covers(device, event.boot, event.n)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        event, before = data.draw(st.sampled_from(self.sent)), self.floor.shop
        self.floor.do(event)
        self.nothing_changed(before)
        assert self.floor.covers(event.device, event.boot, event.n)

    @rule(
        room=rooms,
        by=people,
        verb=st.sampled_from([verb for verb in Verb if verb is not Verb.CANCEL]),
    )
    def answer(self, room: str, by: str, verb: Verb) -> None:
        it = self.rooms[room]
        mine = by == it.owner and f"{verb}-mine" in ROWS
        tap = Tap(by, self.floor.now, it.state, it.since, it.owner, it.outcome)
        accepted = self.floor.say(verb, by, room)
        self.expect(room, f"{verb}-mine" if mine else verb, by, accepted)
        if accepted and verb in (Verb.CLOSE, Verb.NOBODY_THERE):
            it.tap = tap

    @precondition(lambda self: any(room.tap for room in self.rooms.values()))
    @rule(
        other=st.sampled_from(["", "", "", *PEOPLE]),
        seconds=st.sampled_from([1, 0, 4, 5]),
        data=st.data(),
    )
    def takes_the_closing_back(self, other: str, seconds: int, data: st.DataObject) -> None:
        tapped = [room for room, expected in self.rooms.items() if expected.tap]
        room = data.draw(st.sampled_from(tapped))
        self.time_passes(seconds)
        it = self.rooms[room]
        assert it.tap is not None
        by = other or it.tap.by
        last = self.floor.last(room)
        refused = only(Refused, self.floor.do(Answer(last.id, Verb.UNDO, by)))
        final = by != it.tap.by or self.floor.now - it.tap.at > 5000
        assert bool(refused) is final
        if not refused:
            self.closed.pop(last.id, None)
            pager = it.tap.owner == "pg-1"
            there = pager or it.tap.owner in self.on_duty - self.paused
            it.undo(self.floor.now, owner_is_there=there)
            self.floor.wait(0)  # what fell due meanwhile

    @precondition(lambda self: self.floor.shop.calls)
    @rule(data=st.data(), word=st.sampled_from(["acknowledge", "decline", "arrive"]))
    def a_pager_answers(self, data: st.DataObject, word: str) -> None:
        call = data.draw(st.sampled_from(list(self.floor.shop.calls.values())))
        rev = self.floor.shop.lists["pg-1"]
        said = {"type": "answer", "call": call.id, "answer": word, "page_rev": rev}
        event = self.floor.send("pg-1", **said)
        room = self.rooms[call.room]
        room.take(CELLS[word, room.column(self.floor.now)], self.floor.now, "pg-1")
        assert self.floor.covers("pg-1", event.boot, event.n)

    @rule(room=rooms)
    def staff_cancels(self, room: str) -> None:
        self.expect(room, "staff-cancel", accepted=self.floor.say(Verb.CANCEL, None, room))

    @rule(room=rooms)
    def staff_raises(self, room: str) -> None:
        self.rooms[room].out = False  # the manager may raise a call wherever they like
        out = self.floor.shop.room(room).service is Service.OUT
        refused = only(Refused, self.floor.do(Raise(room, seed=f"{room}/{len(self.floor.log)}")))
        self.expect(room, "staff-raise", accepted=not refused)
        self.rooms[room].out = out

    @rule(who=people, how=st.sampled_from([DutyPaused, DutyEnded]))
    def leaves(self, who: str, how: Any) -> None:
        known = who in self.on_duty
        refused = only(Refused, self.floor.do(how(who)))
        assert bool(refused) is not known
        if how is DutyEnded:
            self.on_duty.discard(who)
        else:
            self.paused.add(who)
        if known:
            for room in ROOMS:
                if self.rooms[room].owner == who:
                    self.expect(room, "owner-leaves", by=who)

    @rule(who=people, zone=st.sampled_from(["women", "men"]))
    def comes(self, who: str, zone: str) -> None:
        self.floor.do(DutyStarted(who, zone))
        self.on_duty.add(who)
        self.paused.discard(who)

    @rule(room=rooms, service=st.sampled_from(list(Service)))
    def service(self, room: str, service: Service) -> None:
        self.floor.do(RoomServiced(room, service))
        self.rooms[room].out = service is Service.OUT

    @rule(seconds=st.sampled_from([0.5, 1, 4, 5.5, 9, 11, 21, 61, 91, 301, 901]))
    def time_passes(self, seconds: float) -> None:
        self.rang += self.floor.timers
        self.floor.wait(int(seconds * 1000))
        for room in self.rooms.values():
            room.fall_due(self.floor.now)

    @precondition(lambda self: self.rang)
    @rule(data=st.data())
    def a_stale_timer_rings(self, data: st.DataObject) -> None:
        before = self.floor.shop
        self.floor.do(TimerFired(data.draw(st.sampled_from(self.rang))))
        self.nothing_changed(before)

    @precondition(lambda self: self.closed)
    @rule(data=st.data())
    def the_manager_voids(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(list(self.closed.values())))
        self.floor.do(Void(call.id, call.room, "fire drill"))
        assert [event.fact for event in self.floor.events] == [Fact.VOIDED]
        last = self.floor.shop.room(call.room).last
        if last is not None and last.id == call.id:
            self.rooms[call.room].tap = None

    @precondition(lambda self: self.closed)
    @rule(data=st.data(), verb=st.sampled_from(list(Verb)), by=people)
    def an_answer_to_a_closed_call_is_refused(
        self, data: st.DataObject, verb: Verb, by: str
    ) -> None:
        before = self.floor.shop
        by = "a stranger" if verb is Verb.UNDO else by
        effects = self.floor.do(Answer(data.draw(st.sampled_from(list(self.closed))), verb, by))
        assert only(Refused, effects)
        self.nothing_changed(before)

    # -- what must follow ------------------------------------------------------------------------

    def expect(
        self, room: str, given: str, by: str | None = None, accepted: bool | None = None
    ) -> None:
        cell = CELLS[given, self.rooms[room].column(self.floor.now)]
        self.rooms[room].take(cell, self.floor.now, by)
        if accepted is not None:
            assert accepted is (cell != "no")
        if cell == "no":
            assert not self.floor.events

    def nothing_changed(self, before: Shop) -> None:
        same = without_revs(self.floor.shop) == without_revs(before)
        assert same
        assert not self.floor.events

    def answered_by_a_signal(self, room: str, rev: int) -> None:
        signals = {signal.device: signal for signal in only(Signal, self.floor.effects)}
        for device in self.floor.shop.plan.rooms[room].devices:
            assert signals[device].rev > rev

    @invariant()
    def every_room_is_as_the_oracle_says(self) -> None:
        for room, expected in self.rooms.items():
            call = self.floor.call(room)
            state = {"acknowledged": "acked"}.get(call.state, call.state) if call else "idle"
            assert state == expected.state, room
            if call is not None:
                assert (call.since, call.by) == (expected.since, expected.owner)
            elif expected.outcome:
                last = self.floor.last(room)
                assert (last.outcome, last.closed_at) == (expected.outcome, expected.since)

    @invariant()
    def the_log_alone_makes_the_same_shop(self) -> None:
        same = self.floor.replayed() == without_revs(self.floor.shop)
        assert same

    @invariant()
    def what_is_closed_stays_as_it_was(self) -> None:
        for room in ROOMS:
            last = self.floor.shop.room(room).last
            if last is not None:
                known = self.closed.setdefault(last.id, last)
                assert (known.outcome, known.closed_at) == (last.outcome, last.closed_at)

    @invariant()
    def the_times_of_a_call_are_in_order(self) -> None:
        for call in [*self.floor.shop.calls.values(), *self.closed.values()]:
            moments = (call.raised_at, call.acknowledged_at, call.arrived_at, call.closed_at)
            known = [moment for moment in moments if moment is not None]
            assert known == sorted(known)

    @invariant()
    def the_lights_show_the_call(self) -> None:
        for device, signal in self.floor.signals.items():
            call = self.floor.call(self.floor.room_of(device))
            if call is not None:
                assert (signal.state, signal.call) == (call.state, call.id)
            else:
                assert signal.state in ("idle", "offline")


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=250, stateful_step_count=40, report_multiple_bugs=False)
