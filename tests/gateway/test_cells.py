"""What of a day's calls and shifts ends up in which cell."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.core.model import Evidence, Kind, Outcome
from overdoor.insight.cells import BOUNDS, COUNTS, TIMES, Cell, Reason
from overdoor.insight.days import ShopDay
from overdoor.insight.rows import CallFacts, Hold, Stint
from overdoor.insight.tally import ALL, WHOLE, Key, cells_of_day

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = ShopDay.parse("2026-11-20", "Europe/Berlin")
TEN = DAY.start + 10 * HOUR


def a_call(at: int = TEN, **said: Any) -> CallFacts:
    """Raised at 10:00 by default, arrived at by the presence button after a minute, served."""
    plain: dict[str, Any] = {
        "acknowledged_at": at + 20_000,
        "arrived_at": at + MINUTE,
        "closed_at": at + 4 * MINUTE,
        "outcome": Outcome.SERVED,
        "evidence": Evidence.A,
    }
    return CallFacts("w1", "women", at, MINUTE, f"visit-{at}", **(plain | said))


def an_end(outcome: Outcome, after_ms: int, at: int = TEN) -> CallFacts:
    """A call at which nobody arrived."""
    return CallFacts("w1", "women", at, MINUTE, f"v-{at}", closed_at=at + after_ms, outcome=outcome)


def cells(
    *calls: CallFacts, stints: tuple[Stint, ...] = (), now: int | None = None
) -> dict[Key, Cell]:
    ordered = sorted(calls, key=lambda call: call.raised_at)
    return cells_of_day(DAY, ordered, stints, DAY.end if now is None else now)


def whole(*calls: CallFacts, stints: tuple[Stint, ...] = (), now: int | None = None) -> Cell:
    """The whole day of the whole shop."""
    return cells(*calls, stints=stints, now=now)[ALL, WHOLE]


# -- which calls count ---------------------------------------------------------------------------


def test_a_call_counts_in_its_zone_and_the_hour_of_its_press() -> None:
    made = cells(a_call(TEN + 59 * MINUTE), replace(a_call(TEN - 1), zone="men"))
    assert {key: cell.calls for key, cell in made.items() if cell.calls} == {
        ("women", 10): 1,
        ("men", 9): 1,
        ("women", WHOLE): 1,
        ("men", WHOLE): 1,
        (ALL, 9): 1,
        (ALL, 10): 1,
        (ALL, WHOLE): 2,
    }
    assert made["women", 11].closed == 1, "where it ended is where it leaves the backlog"


def test_wrong_presses_tests_voided_and_mystery_calls_are_apart() -> None:
    day = whole(
        a_call(),
        an_end(Outcome.CANCELLED, 4_999, TEN + 1),
        replace(a_call(TEN + 2), voided=True),
        replace(a_call(TEN + 3), kind=Kind.MYSTERY),
        replace(a_call(TEN + 4), kind=Kind.TEST),
        replace(a_call(TEN + 5), kind=Kind.TRAINING),
    )
    assert (day.calls, day.quick_cancel, day.voided, day.mystery) == (1, 1, 1, 1)
    assert (day.arrived, day.closed, day.arrival_ab.count) == (1, 1, 1)
    assert (day.mystery_arrived, day.mystery_arrival.count) == (1, 1)


def test_each_way_in_which_a_call_can_end_is_counted_with_its_time() -> None:
    day = whole(
        an_end(Outcome.CANCELLED, 5_000),
        an_end(Outcome.UNANSWERED, 15 * MINUTE, TEN + 1),
        replace(a_call(TEN + 2), outcome=Outcome.LEFT),
        replace(a_call(TEN + 3), evidence=Evidence.D, arrived_at=TEN + 3 + MINUTE + 1),
        a_call(TEN + 4),
    )
    assert (day.cancelled, day.unanswered, day.left, day.abandoned) == (1, 1, 1, 3)
    assert (day.arrived_a, day.arrived_d, day.arrived) == (1, 1, 2)
    assert (day.within_ab, day.within_cd) == (1, 0), "the target of the call is met to the ms"
    assert (day.given_up.count, day.found_gone.count) == (2, 1)
    assert day.arrival.count == 2


def test_what_still_runs_is_cut_off_now() -> None:
    waits = CallFacts("w1", "women", TEN, MINUTE, "v")
    stints = (Stint("ana", "women", TEN - HOUR, None),)
    day = whole(waits, stints=stints, now=TEN + 2 * MINUTE)
    assert day.waiting == 1
    assert day.waiting_for.quantile(1.0) == pytest.approx(2 * MINUTE, rel=0.01)
    assert day.on_duty_ms == HOUR + 2 * MINUTE
    assert day.closed == 0


def test_a_call_of_the_day_before_only_leaves_the_backlog() -> None:
    before = a_call(DAY.start - 2 * MINUTE, holds=(Hold("ana", DAY.start - MINUTE, None),))
    made = cells(before, stints=(Stint("ana", "women", DAY.start - HOUR, DAY.start + HOUR),))
    assert made["women", 0].closed == 1
    assert made["women", 0].calls == 0
    assert made["women", 0].busy_ms == made["women", 0].on_duty_ms == HOUR


# -- visits, reasons, effort ---------------------------------------------------------------------


def test_a_visit_of_one_call_was_helped_at_the_first_contact() -> None:
    later = (replace(a_call(TEN + n * 5 * MINUTE), visit="one") for n in range(3))
    day = whole(*later, a_call(TEN + HOUR))
    assert (day.visits, day.visits_of_one, day.calls) == (2, 1, 4)


def test_time_per_reason_is_from_the_acknowledgement_to_the_end_of_those_that_were_served() -> None:
    day = whole(
        a_call(reason="another-size"),
        replace(an_end(Outcome.CANCELLED, MINUTE, TEN + 1), reason="another-size"),
        a_call(TEN + 2),
    )
    assert day.reasons == {
        "another-size": Reason(2, 1, 4 * MINUTE - 20_000),
        "none": Reason(1, 1, 4 * MINUTE - 20_000),
    }


def test_what_looks_like_a_way_around_the_clock_is_flagged() -> None:
    day = whole(
        a_call(metres=31.0),
        a_call(TEN + 4 * MINUTE + 59_999, closed_at=TEN + 4 * MINUTE + 59_999 + MINUTE + 9_999),
        a_call(TEN + HOUR, close_estimated=True, closed_at=TEN + HOUR + MINUTE),
    )
    assert (day.far_away, day.no_dwell, day.pressed_after_close) == (1, 1, 1)


def test_what_shoppers_said() -> None:
    day = whole(
        a_call(satisfied=5, knew=True, thanked=True),
        a_call(TEN + 1, satisfied=2, knew=False),
        a_call(TEN + 2, satisfied=3),
    )
    assert (day.ratings, day.ratings_sum, day.low_ratings) == (3, 10, 1)
    assert (day.knew, day.knew_not, day.thanks) == (1, 1, 1)


# -- who was there -------------------------------------------------------------------------------


def test_a_call_is_instant_if_somebody_on_duty_had_nothing_else_in_hand() -> None:
    ana = Stint("ana", "women", TEN - HOUR, TEN + HOUR)
    first = a_call(holds=(Hold("ana", TEN + 20_000, TEN + 4 * MINUTE),))
    second = a_call(TEN + MINUTE, closed_at=TEN + 9 * MINUTE)
    third = an_end(Outcome.CANCELLED, MINUTE, TEN + 2 * MINUTE)
    day = whole(first, second, third, stints=(ana,))
    assert day.instant == 1
    assert day.queue_wait.count == 1, "who gave up before did not wait until then"
    assert day.queue_wait.quantile(1.0) == pytest.approx(3 * MINUTE, rel=0.01)


def test_nobody_on_a_break_is_free() -> None:
    breaks = (Stint("ana", "women", TEN - HOUR, TEN), Stint("ana", "women", TEN + MINUTE, None))
    day = whole(a_call(TEN + 1), stints=breaks)
    assert day.instant == 0
    assert day.queue_wait.quantile(1.0) == pytest.approx(MINUTE, rel=0.01)


def test_two_calls_in_one_hand_are_one_person_busy_and_nobody_is_busy_off_duty() -> None:
    stints = (Stint("ana", "men", TEN, TEN + 30 * MINUTE),)
    day = cells(
        a_call(holds=(Hold("ana", TEN + 10 * MINUTE, TEN + 20 * MINUTE),)),
        a_call(TEN + 1, holds=(Hold("ana", TEN + 15 * MINUTE, TEN + HOUR),)),
        stints=stints,
    )
    assert day["men", 10].busy_ms == 20 * MINUTE
    assert day["men", 10].on_duty_ms == 30 * MINUTE
    assert day["women", WHOLE].busy_ms == 0


def on_duty(*names: str, zone: str = "women") -> tuple[Stint, ...]:
    return tuple(Stint(name, zone, TEN - HOUR, TEN + 2 * HOUR) for name in names)


def held(*names: str) -> CallFacts:
    return a_call(holds=tuple(Hold(name, TEN, TEN + MINUTE) for name in names))


def test_a_cell_is_about_those_who_had_its_calls_in_hand() -> None:
    stints = on_duty("ana", "bo", "cy", "di")
    assert whole(held("ana", "bo"), stints=stints).associates == 2
    assert whole(an_end(Outcome.UNANSWERED, MINUTE), stints=stints).associates == 4
    assert whole(a_call()).associates == 0


def test_who_signed_on_again_may_be_the_same_person() -> None:
    morning = Stint("a1", "women", TEN - HOUR, TEN)
    again = Stint("a2", "women", TEN, TEN + HOUR)
    day = whole(held("a1"), replace(held("a2"), raised_at=TEN + 1), stints=(morning, again))
    assert day.associates == 1


def test_of_cells_together_no_more_people_are_claimed_than_of_the_one_with_most() -> None:
    one = whole(held("ana", "bo"), stints=on_duty("ana", "bo"))
    two = whole(held("cy"), stints=on_duty("cy"))
    assert Cell.merged([one, two]).associates == 2


def test_who_was_only_there_hides_nobody_who_acted() -> None:
    """Four people who had nothing to do do not make one who did a group."""
    alone = whole(held("ana"), stints=on_duty("ana"))
    idle = whole(an_end(Outcome.UNANSWERED, MINUTE), stints=on_duty("bo", "cy", "di", "eve"))
    assert Cell.merged([alone, idle]).associates == 1


# -- the clock of the shop -----------------------------------------------------------------------


def test_a_day_of_25_hours_has_one_hour_twice() -> None:
    day = ShopDay.parse("2026-10-25", "Europe/Berlin")
    assert [slot.hour for slot in day.slots] == [*range(24)]
    assert day.slots[2].end - day.slots[2].start == 2 * HOUR
    stints = [Stint("ana", "women", day.start, day.end)]
    made = cells_of_day(day, [], stints, day.end)
    assert made["women", 2].on_duty_ms == 2 * HOUR
    assert made["women", WHOLE].on_duty_ms == 25 * HOUR


def test_a_day_of_23_hours_lacks_one() -> None:
    day = ShopDay.parse("2026-03-29", "Europe/Berlin")
    assert [slot.hour for slot in day.slots] == [0, 1, *range(3, 24)]


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"])
@given(offset=st.integers(0, 3 * 366))
def test_the_hours_of_a_day_are_the_whole_day(zone: str, offset: int) -> None:
    day = ShopDay.parse("2017-01-01", zone).plus(offset)
    edges = [slot.start for slot in day.slots] + [day.end]
    assert edges[0] == day.start
    assert edges == sorted(set(edges))
    assert [slot.end for slot in day.slots] == edges[1:]


# -- adding up -----------------------------------------------------------------------------------

OUTCOMES = (Outcome.SERVED, Outcome.CANCELLED, Outcome.LEFT, Outcome.UNANSWERED, None)


@st.composite
def calls(draw: st.DrawFn) -> CallFacts:
    at = DAY.start + draw(st.integers(0, 24 * HOUR - 1))
    outcome = draw(st.sampled_from(OUTCOMES))
    arrived = outcome is Outcome.SERVED or (draw(st.booleans()) and outcome is None)
    took = draw(st.integers(0, 30 * MINUTE))
    return CallFacts(
        room=draw(st.sampled_from(("w1", "m1"))),
        zone=draw(st.sampled_from(("women", "men"))),
        raised_at=at,
        target_ms=MINUTE,
        visit=draw(st.sampled_from("abc")),
        arrived_at=at + took if arrived else None,
        closed_at=at + 2 * took if outcome is not None else None,
        outcome=outcome,
        evidence=draw(st.sampled_from(Evidence)) if arrived else None,
        voided=draw(st.booleans()),
        reason=draw(st.sampled_from((None, "question"))),
        holds=(Hold(draw(st.sampled_from(("ana", "bo"))), at, at + 2 * took),),
    )


NOBODY = {"acted": 0, "present": 0}


@given(st.lists(calls(), max_size=12))
def test_the_whole_is_the_sum_of_its_hours_and_of_its_zones(some: list[CallFacts]) -> None:
    made = cells(*some, stints=on_duty("ana", "bo"))
    total = made[ALL, WHOLE]
    by_hour = [cell for (zone, hour), cell in made.items() if zone == ALL and hour != WHOLE]
    by_zone = [cell for (zone, hour), cell in made.items() if zone != ALL and hour == WHOLE]
    for parts in (by_hour, by_zone):
        assert replace(Cell.merged(parts), **NOBODY) == replace(total, **NOBODY)
        for part in parts:
            assert part.acted <= total.acted
            assert part.present <= total.present
    assert total.calls == total.arrived + total.abandoned + total.waiting
    assert total.visits_of_one <= total.visits <= total.calls


@given(st.lists(calls(), max_size=12))
def test_as_json_a_cell_says_the_same(some: list[CallFacts]) -> None:
    for cell in cells(*some, stints=on_duty("ana")).values():
        assert Cell.from_json(cell.to_json()) == cell


def test_a_cell_has_no_field_for_a_person() -> None:
    named = {*COUNTS, *TIMES, *BOUNDS, "reasons"}
    assert named == {*Cell.__dataclass_fields__}
    assert not [name for name in named if "duty" in name.replace("on_duty_ms", "") or name == "by"]
