"""Questions about the numbers, and who may see the answers."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from overdoor.config import ShopPart
from overdoor.core.inputs import DutyStarted
from overdoor.engine import Engine
from overdoor.insight.cells import Cell
from overdoor.insight.days import day_of
from overdoor.insight.privacy import AGREED, Hidden, Rule, Shown
from overdoor.resources import folder
from overdoor.store.numbers import Numbers
from overdoor.web import create_app

from .house import House
from .shop import NOW, SECOND, Answer, Verb, an_event
from .test_retention import DAY, a_month, let_go, visit, without_rest

__all__ = ["a_month", "without_rest"]  # fixtures

TODAY = date.fromisoformat(day_of(NOW, "UTC"))


def numbers_of(engine: Engine, house: House, rule: Rule | None = AGREED) -> Numbers:
    return Numbers(engine.store, house.clock, lambda: "UTC", rule)


def hasty(group: Shown) -> int:
    """Every visit of these tests is a wrong press."""
    assert group.cell is not None
    return group.cell.quick_cancel


async def days_of_visits(engine: Engine, house: House, gaps: list[int]) -> None:
    """A visit, then so many days, a visit, …; what is over is rolled up."""
    for number, gap in enumerate(gaps):
        await visit(engine, 2 * number + 1)
        house.clock.now += gap * DAY
        await let_go(engine)


# -- what is asked -------------------------------------------------------------------------------


async def test_today_is_counted_as_it_happens(a_month: House) -> None:
    async with a_month.open() as engine:
        numbers = numbers_of(engine, a_month)
        assert numbers.first_day() is None
        assert numbers.period("day", TODAY).cell == Cell()
        await engine.do(an_event(n=1))
        assert numbers.period("day", TODAY).calls == 1
        a_month.clock.now += 6 * SECOND
        await engine.do(an_event(n=2, gesture="hold"))
        group = numbers.period("day", TODAY)
        assert group.cell is not None
        assert (group.cell.waiting, group.cell.cancelled) == (0, 1)
        assert numbers.first_day() == TODAY


async def test_each_period_has_the_days_that_are_in_it_up_to_this_moment(a_month: House) -> None:
    async with a_month.open() as engine:
        numbers = numbers_of(engine, a_month)
        await days_of_visits(engine, a_month, [1] * 120)
        await visit(engine, 999)  # today
        today, first = numbers.today(), TODAY
        assert today == first + timedelta(120)
        for level in ("day", "week", "month", "year", "ever"):
            for day in (first, first + timedelta(50), today - timedelta(1), today):
                since, until = numbers.bounds(level, day)
                expected = (min(until, today) - max(since, first)).days + 1
                assert hasty(numbers.period(level, day)) == expected, (level, day)
                assert sum(map(hasty, numbers.zones(since, until).values())) == expected
                of_hours = numbers.hours_of_week(since, until)
                assert sum(map(hasty, of_hours.values())) == expected
                counted = numbers.calls_of_days(since, until)
                assert counted == {one.start: one.group.calls for one in numbers.days(since, until)}
                assert sum(map(hasty, numbers.hours(since, until).values())) == expected
                points = numbers.days(since, until)
                assert [point.start for point in points] == [
                    max(since, first) + timedelta(n) for n in range(expected)
                ]
        for length in range(1, 121, 7):  # any other span
            for start in range(0, 120, 11):
                since = first + timedelta(start)
                until = since + timedelta(length)
                expected = (min(until, today) - since).days + 1
                assert hasty(numbers.between(since, until)) == expected
        assert [hasty(point.group) for point in numbers.months(first, today)] == [
            10,
            31,
            30,
            31,
            19,
        ]
        assert hasty(numbers.between(first, today, "women")) == 121
        assert numbers.between(first, today, "men").calls == 0


async def test_of_days_without_numbers_nothing_is_said(a_month: House) -> None:
    async with a_month.open() as engine:
        numbers = numbers_of(engine, a_month)
        await days_of_visits(engine, a_month, [3, 2])
        long_ago, to_come = TODAY - timedelta(900), TODAY + timedelta(900)
        assert hasty(numbers.between(long_ago, to_come)) == 2
        assert hasty(numbers.between(long_ago, TODAY)) == 1
        assert numbers.between(to_come, to_come + timedelta(9)).cell == Cell()
        assert [point.start for point in numbers.days(long_ago, to_come)] == [
            TODAY,
            TODAY + timedelta(3),
        ]


async def test_days_that_still_wait_for_their_numbers_are_told(a_month: House) -> None:
    async with a_month.open() as engine:
        numbers = numbers_of(engine, a_month)
        await visit(engine, 1)
        assert numbers.pending() == 0, "the day that runs is counted as it is asked for"
        a_month.clock.now += DAY
        assert numbers.pending() == 1
        await let_go(engine)
        assert numbers.pending() == 0


async def test_the_numbers_stay_when_the_calls_are_gone(a_month: House) -> None:
    async with a_month.open() as engine:
        numbers = numbers_of(engine, a_month)
        await days_of_visits(engine, a_month, [50, 50, 1])
        assert len(engine.store.calls()) == 1
        assert hasty(numbers.period("ever", TODAY)) == 3


# -- who may see it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "hidden"),
    [
        (Cell(calls=5), None),
        (Cell(calls=4), Hidden.FEW_CALLS),
        (Cell(calls=0), Hidden.FEW_CALLS),
        (Cell(calls=50, acted=2, present=9), Hidden.FEW_ASSOCIATES),
        (Cell(calls=50, present=2), Hidden.FEW_ASSOCIATES),
        (Cell(calls=50, present=3), None),
        (Cell(calls=5, acted=3, present=3), None),
    ],
)
def test_small_groups_are_hidden_and_only_their_calls_told(
    cell: Cell, hidden: Hidden | None
) -> None:
    shown = Rule().show(cell)
    assert shown == Shown(cell.calls, None if hidden else cell, hidden)
    assert AGREED.show(cell).cell == cell


async def some_calls(engine: Engine, house: House, count: int, who: str = "abc") -> None:
    """Calls in w1, which people on duty have in hand in turns."""
    for name in who:
        await engine.do(DutyStarted(name, "women"))
    for number in range(count):
        await engine.do(an_event(n=3 * number + 1))
        call = engine.committed.calls["w1"].id
        await engine.do(Answer(call, Verb.ACKNOWLEDGE, who[number % len(who)]))
        await engine.do(Answer(call, Verb.ARRIVE, who[number % len(who)]))
        house.clock.now += 20 * SECOND
        await engine.do(Answer(call, Verb.CLOSE, who[number % len(who)]))
        house.clock.now += 20 * SECOND


Query = Callable[[Numbers], list[Shown]]
QUERIES: dict[str, Query] = {
    "period": lambda numbers: [numbers.period("month", TODAY)],
    "between": lambda numbers: [numbers.between(TODAY, TODAY, "women")],
    "zones": lambda numbers: [*numbers.zones(TODAY, TODAY).values()],
    "days": lambda numbers: [point.group for point in numbers.days(TODAY, TODAY)],
    "months": lambda numbers: [point.group for point in numbers.months(TODAY, TODAY)],
    "hours_of_week": lambda numbers: [*numbers.hours_of_week(TODAY, TODAY).values()],
    "hours": lambda numbers: [*numbers.hours(TODAY, TODAY).values()],
}


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize(
    ("count", "who", "hidden"),
    [
        (4, "abc", Hidden.FEW_CALLS),
        (9, "ab", Hidden.FEW_ASSOCIATES),
        (9, "abc", None),
    ],
)
async def test_every_question_keeps_to_it(
    a_month: House, query: str, over: bool, count: int, who: str, hidden: Hidden | None
) -> None:
    async with a_month.open() as engine:
        numbers = numbers_of(engine, a_month, None)
        await some_calls(engine, a_month, count, who)
        if over:
            a_month.clock.now += DAY
            await let_go(engine)
        groups = [group for group in QUERIES[query](numbers) if group.calls]
        assert groups
        assert {(group.calls, group.hidden) for group in groups} == {(count, hidden)}
        assert all((group.cell is None) == (hidden is not None) for group in groups)


def test_no_question_is_missing_here() -> None:
    asked = {name for name in vars(Numbers) if not name.startswith("_")}
    open_to_all = {
        "today",
        "first_day",
        "pending",
        "bounds",
        "calls_of_days",
        "past_hours",
        "shows_all",
    }
    assert asked - open_to_all == QUERIES.keys()


async def test_no_answer_and_no_roll_up_knows_who_it_was(a_month: House) -> None:
    async with a_month.open() as engine:
        numbers = numbers_of(engine, a_month)
        who = ("duty-of-ana", "duty-of-bo")
        for name in who:
            await engine.do(DutyStarted(name, "women"))
        for number, name in enumerate(who):
            await engine.do(an_event(n=2 * number + 1))
            call = engine.committed.calls["w1"].id
            for verb in (Verb.ACKNOWLEDGE, Verb.ARRIVE, Verb.CLOSE):
                await engine.do(Answer(call, verb, name))
        for _ in range(2):  # while the day runs, and when it is rolled up
            told = " ".join(repr(query(numbers)) for query in QUERIES.values())
            a_month.clock.now += DAY
            await let_go(engine)
            assert "calls=2" in told
            assert "duty-of" not in told
        for table in ("rollup", "rollup_hour"):
            rows = engine.store.reader().execute(f"SELECT * FROM {table}").fetchall()
            assert rows
            assert "duty-of" not in repr(rows)


@pytest.mark.parametrize(("agreed", "demo"), [(False, False), (True, False), (False, True)])
async def test_the_file_says_what_the_staff_agreed_on(
    house: House, agreed: bool, demo: bool
) -> None:
    async with house.open() as engine:
        shop, pages = ShopPart(id="demo", name="Demo"), folder("dashboard")
        app = create_app(engine, shop, pages, demo=demo, small_groups=agreed)
        await some_calls(engine, house, 1, "a")
        shown = app.state.numbers.period("day", TODAY)
        assert shown.calls == 1
        assert (shown.cell is not None) is (agreed or demo)
        app.state.hub.close()
