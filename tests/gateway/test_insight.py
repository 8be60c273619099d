"""The numbers as programs and people ask for them."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from overdoor.config import StaffingPart
from overdoor.insight.days import day_of
from overdoor.insight.measures import MEASURES
from overdoor.web.staffing import Staffing
from tests.past import write_past

from .api import Client, assert_problem, serving
from .house import House
from .shop import NOW, SECOND

TODAY = date.fromisoformat(day_of(NOW, "UTC"))
LAST_WEEK = str(TODAY - timedelta(7))
DAYS = 70


@pytest.fixture(scope="module")
def ten_weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a shop with ten weeks behind it, of which the last one was slow."""
    folder = tmp_path_factory.mktemp("past") / "data"

    async def start_once() -> None:
        async with House(folder).open():
            pass

    asyncio.run(start_once())
    write_past(folder, TODAY, DAYS, per_day=40, slower_since=7)
    return folder


@pytest.fixture
async def old_shop(house: House, ten_weeks: Path) -> AsyncIterator[Client]:
    copytree(ten_weeks, house.folder)
    async with serving(house) as client:
        yield client


async def page(shop: Client, query: str = "") -> str:
    answer = await shop.http.get(f"/{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


# -- programs ------------------------------------------------------------------------------------


async def test_a_period_has_every_measure_with_its_n_and_its_change(old_shop: Client) -> None:
    told = (await old_shop.get("/insight/numbers", period="week", day=LAST_WEEK)).json()
    assert [one["id"] for one in told["measures"]] == [measure.id for measure in MEASURES]
    by_id = {one["id"]: one for one in told["measures"]}
    helped = by_id["to_be_helped"]
    low, high = helped["interval"]
    assert low <= helped["value"] <= high
    assert helped["n"] == told["calls"] > 100
    assert helped["change"]["beyond_noise"], "the walk took 46 s in place of 32"
    assert by_id["service_level"]["change"]["estimate"] < 0
    assert by_id["evidence"]["change"]["beyond_noise"] is False


async def test_zones_add_up_and_days_and_hours_as_well(old_shop: Client) -> None:
    asked = {"period": "week", "day": LAST_WEEK}
    whole = (await old_shop.get("/insight/numbers", **asked)).json()["calls"]
    zones = (await old_shop.get("/insight/zones", **asked)).json()["zones"]
    days = (await old_shop.get("/insight/days", measure="calls", **asked)).json()["days"]
    hours = (await old_shop.get("/insight/hours", **asked)).json()["hours"]
    for parts in (zones, days, hours):
        assert sum(part["calls"] for part in parts) == whole
    women = (await old_shop.get("/insight/numbers", zone="women", **asked)).json()["calls"]
    assert {"women": women} == {
        one["zone"]: one["calls"] for one in zones if one["zone"] == "women"
    }


async def test_the_curves_of_arrival_and_abandonment_never_say_more_than_all(
    old_shop: Client,
) -> None:
    told = (await old_shop.get("/insight/arrival", period="ever")).json()["curves"]
    ends = [told[name][-1]["share"] for name in ("arrived", "given_up")]
    assert sum(ends) <= 1.0001
    for curve in told.values():
        assert [point["share"] for point in curve] == sorted(point["share"] for point in curve)


async def test_measures_say_how_they_are_made(shop: Client) -> None:
    told = (await shop.get("/insight/measures")).json()["measures"]
    assert all(one["definition"] and one["formula"] and one["unit"] for one in told)


@pytest.mark.parametrize(
    "wrong", [{"zone": "shoes"}, {"measure": "luck"}, {"period": "decade"}, {"day": "yesterday"}]
)
async def test_what_there_is_not_is_said(shop: Client, wrong: dict[str, str]) -> None:
    answer = await shop.get("/insight/numbers", **wrong)
    assert answer.status_code == 422


async def test_a_series_needs_a_measure_that_there_is(shop: Client) -> None:
    assert_problem(await shop.get("/insight/days", measure="luck"), 422, "no such measure")


# -- people --------------------------------------------------------------------------------------


async def test_a_shop_without_a_call_is_told_what_to_do(shop: Client) -> None:
    told = await page(shop)
    assert "No call in this time." in told
    assert "is counted here at once" in told


async def test_few_calls_are_counted_and_not_shown(shop: Client, house: House) -> None:
    for _ in range(4):
        await shop.raised()
        house.clock.now += 10 * SECOND
        await shop.post("/rooms/w1/cancel")
    told = await page(shop)
    assert 'data-number="calls" data-value="4.0"' in told
    assert "fewer than five calls" in told
    assert 'data-number="abandonment" data-value=""' in told


@pytest.mark.parametrize("period", ["day", "week", "month", "year", "ever"])
async def test_every_period_shows_any_measure(old_shop: Client, period: str) -> None:
    for measure in MEASURES[:: 1 if period == "week" else 9]:
        query = f"?period={period}&day={LAST_WEEK}&measure={measure.id}"
        told = (await old_shop.http.get(f"/numbers{query}")).text
        assert told.count('data-number="') == 4, measure.id
        assert not re.search(r"\b(None|nan|inf)\b", told), measure.id


async def test_what_changed_is_said_in_words(old_shop: Client) -> None:
    told = await page(old_shop, f"?period=week&day={LAST_WEEK}")
    assert "worse, beyond noise; was" in told
    assert "no change beyond noise" in told


async def test_a_chart_marks_the_days_of_which_a_rule_says_so(old_shop: Client) -> None:
    slow = await page(old_shop, f"?period=month&day={TODAY}&measure=to_be_helped")
    assert "is-fired" in slow
    assert re.search("beyond a limit|two of three near a limit", slow)
    before = str(TODAY - timedelta(35))
    calm = await page(old_shop, f"?period=week&day={before}&measure=service_level")
    assert "No rule fired" in calm


async def test_the_part_is_the_same_as_in_the_page(old_shop: Client) -> None:
    query = f"?period=week&day={LAST_WEEK}&measure=service_level"
    part = (await old_shop.http.get(f"/numbers{query}")).text
    assert part.strip() in await page(old_shop, query)


async def test_every_chart_has_a_table(old_shop: Client) -> None:
    told = await page(old_shop, f"?period=week&day={LAST_WEEK}")
    charts = told.count('role="img"')
    assert charts == told.count('class="as-table"') == 2


# -- the desk and the plan -----------------------------------------------------------------------


async def test_a_note_is_drawn_and_can_be_taken_away(old_shop: Client) -> None:
    day = str(TODAY - timedelta(20))
    form = {
        "day": day,
        "text": "Sale  started",
        "query": f"?period=week&day={LAST_WEEK}&measure=calls",
    }
    answer = await old_shop.http.post("/notes", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{form['query']}#desk")
    told = await page(old_shop, form["query"])
    assert "<title>Sale started</title>" in told, "a flag in the chart"
    id_ = (await old_shop.get("/annotations")).json()["annotations"][0]["id"]
    await old_shop.http.post(f"/notes/{id_}/remove")
    assert "Sale started</title>" not in await page(old_shop, form["query"])


@pytest.mark.parametrize("query", ["https://elsewhere.example", "//elsewhere", "?a=<b>", "/people"])
async def test_after_a_note_one_is_nowhere_else(shop: Client, query: str) -> None:
    form = {"day": str(TODAY), "text": "Rain", "query": query}
    answer = await shop.http.post("/notes", data=form)
    assert answer.headers["location"] == "/#desk"


async def test_who_is_no_manager_reads_the_numbers_and_not_the_desk(
    old_shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "To look into" in await page(old_shop)
    monkeypatch.setattr("overdoor.web.desk_page.is_manager", lambda _request: False)
    told = await page(old_shop)
    assert "To look into" not in told
    assert 'action="/notes"' not in told


async def test_the_people_needed_are_a_range_with_a_test_of_the_model(old_shop: Client) -> None:
    told = (await old_shop.get("/insight/staffing")).json()
    known = [slot for slot in told["slots"] if "low" in slot]
    assert known
    assert all(slot["low"] <= slot["likely"] <= slot["high"] for slot in known)
    assert told["hours_a_week_beyond_plan"] is None, "no plan is written down"
    assert told["backtest"]["hours"] > 0
    part = (await old_shop.http.get("/numbers/staffing")).text
    assert "the model said" in part


async def test_a_new_shop_is_told_that_it_is_too_early_for_a_plan(shop: Client) -> None:
    assert "Not enough data." in (await shop.http.get("/numbers/staffing")).text
    told = (await shop.get("/insight/staffing")).json()
    assert told["slots"] == []
    assert told["backtest"] == {"not_enough": {"of": "calls", "have": 0, "need": 30}}


async def test_a_plan_is_set_against_what_is_needed(old_shop: Client) -> None:
    plan = [{"zone": "women", "days": "mon-fri", "hours": "10-20", "people": 9}]
    part = StaffingPart.model_validate({"plan": plan, "wage": 10, "currency": "€"})
    old_shop.app.state.staffing = Staffing(part)
    low, likely, high = (await old_shop.get("/insight/staffing")).json()["hours_a_week_beyond_plan"]
    assert low <= likely <= high < 0, "nine are more than enough"
    assert "below nought it saves" in (await old_shop.http.get("/numbers/staffing")).text
