"""A made-up history: the same each time, and true to what it was drawn from."""

import json
import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest

from overdoor.config import read
from overdoor.core.events import Fact
from overdoor.core.model import Policy
from overdoor.insight.cells import Cell
from overdoor.insight.days import ShopDay
from overdoor.simulate import HistoryError, history, history_day, history_shop, made_up
from overdoor.simulate.history_truth import BY_HOUR, BY_WEEKDAY, EVIDENCE, REASONS, Truth
from overdoor.store import FILE, Store, StoreError
from overdoor.store.projections import load, rebuild

LAST = date(2026, 11, 21)
ESTIMATED = ("pages", "far_away", "distances")  # of days without facts: who was paged is not told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """Four weeks, of which the last nine days are facts."""
    folder = tmp_path_factory.mktemp("history")
    truth = history.a_truth(3, history.length("28d"), LAST, 120)
    plan = history_shop.a_plan(truth)
    history.write(folder, truth, plan, keep_days=9, processes=1)
    return folder, truth


def totals(folder: Path, level: str = "day") -> dict[tuple[str, str], Cell]:
    """Start and zone → what is stored of it."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        rows = db.execute("SELECT start, zone, body FROM rollup WHERE level = ?", (level,))
        return {(start, zone): Cell.from_json(body) for start, zone, body in rows}


def test_days_without_facts_say_what_the_real_shop_makes_of_the_same_day(
    made: tuple[Path, Truth],
) -> None:
    folder, truth = made
    plan = history_shop.a_plan(truth)
    with closing(sqlite3.connect(folder / FILE)) as db:
        kept = {
            day for (day,) in db.execute("SELECT date(raised_at / 1000, 'unixepoch') FROM call")
        }
    real, compared = totals(folder), 0
    for day in sorted(kept):
        whole, _ = history.rolled_up(
            truth, history.rooms_of(plan), ShopDay.parse(day, plan.timezone)
        )
        for row in whole:
            mine, theirs = Cell.from_json(str(row[-1])), real[day, str(row[2])]
            for field in fields(Cell):
                if field.name not in ESTIMATED:
                    assert getattr(mine, field.name) == getattr(theirs, field.name), field.name
            assert mine.pages == pytest.approx(theirs.pages, rel=0.5)
            compared += mine.calls
    assert compared > 1000


def test_the_facts_of_the_last_days_are_a_whole_shop(made: tuple[Path, Truth]) -> None:
    folder, _ = made
    with closing(Store(folder)) as store:
        db = store.reader()
        facts = {fact for (fact,) in db.execute("SELECT DISTINCT fact FROM event")}
        assert facts >= {
            *(Fact.RAISED, Fact.PAGED, Fact.ACKNOWLEDGED, Fact.ARRIVED, Fact.CLOSED),
            *(Fact.PRESSED_AGAIN, Fact.LAPSED, Fact.HANDED_OFF, Fact.RATED, Fact.NEEDED),
            *(Fact.DUTY_STARTED, Fact.DUTY_PAUSED, Fact.DUTY_ENDED, Fact.NUDGED),
        }
        shop = store.load()
        assert not shop.calls
        assert not shop.duties
        before = sorted(db.execute("SELECT * FROM call"))
        rebuild(store._db)
        assert sorted(db.execute("SELECT * FROM call")) == before
        assert load(db) == shop


def test_the_same_seed_makes_the_same_history(made: tuple[Path, Truth], tmp_path: Path) -> None:
    folder, truth = made
    again, other = tmp_path / "again", tmp_path / "other"
    plan = history_shop.a_plan(truth)
    history.write(again, truth, plan, keep_days=2, processes=2)
    history.write(other, replace(truth, seed=4), plan, keep_days=2, processes=1)
    without_pages = {
        name: {key: replace(cell, pages=0, far_away=0, distances=0) for key, cell in cells.items()}
        for name, cells in (
            ("made", totals(folder)),
            ("again", totals(again)),
            ("other", totals(other)),
        )
    }
    assert without_pages["again"] == without_pages["made"]
    assert without_pages["other"] != without_pages["made"]


def test_it_is_drawn_from_what_its_truth_says(made: tuple[Path, Truth]) -> None:
    folder, truth = made
    told = json.loads((folder / "truth.json").read_text())
    assert told["seed"] == 3
    assert told["first"] == "2026-10-25"
    (ever,) = (cell for (_, zone), cell in totals(folder, "ever").items() if zone == "")
    assert told["calls"] == ever.calls
    days = [truth.first.toordinal() + number for number in range(28)]
    expected = sum(truth.level(date.fromordinal(day)) for day in days)
    assert ever.calls + ever.quick_cancel == pytest.approx(expected, rel=0.1)
    assert ever.quick_cancel / ever.calls == pytest.approx(truth.wrong_press, abs=0.012)
    assert ever.arrived_a / ever.arrived == pytest.approx(EVIDENCE["A"], abs=0.04)
    assert ever.reasons["question"].calls / ever.calls == pytest.approx(
        REASONS["question"], abs=0.03
    )
    service = ever.service.quantile(0.5)
    assert service is not None
    assert service / 1000 == pytest.approx(truth.service_s, rel=0.12)
    women = sum(cell.calls for (_, zone), cell in totals(folder).items() if zone == "women")
    assert women / ever.calls == pytest.approx(truth.zones["women"], abs=0.05)


def test_the_planted_change_is_in_the_numbers_and_among_the_annotations(
    made: tuple[Path, Truth],
) -> None:
    folder, truth = made
    cells = {day: cell for (day, zone), cell in totals(folder).items() if zone == ""}
    before = Cell.merged(cell for day, cell in cells.items() if day < str(truth.shift_on))
    since = Cell.merged(cell for day, cell in cells.items() if day >= str(truth.shift_on))
    was, is_now = before.arrival_ab.quantile(0.5), since.arrival_ab.quantile(0.5)
    assert was is not None
    assert is_now is not None
    assert is_now < 0.85 * was
    with closing(sqlite3.connect(folder / FILE)) as db:
        noted = db.execute("SELECT day, text, zone FROM annotation").fetchall()
    assert noted == [(str(truth.shift_on), truth.shift_text, None)]


def test_the_made_up_people_know_the_policy_of_the_shop() -> None:
    policy = Policy()
    assert (
        policy.target_arrival_ms,
        policy.give_up_ms,
        policy.acknowledgement_lapses_ms,
        policy.close_after_ms,
        policy.visit_gap_ms,
    ) == (
        history_day.TARGET_MS,
        history_day.GIVE_UP_MS,
        history_day.LAPSE_MS,
        history_day.CLOSE_AFTER_MS,
        history_day.VISIT_GAP_MS,
    )
    assert sum(BY_HOUR) == pytest.approx(1)
    assert sum(BY_WEEKDAY) == pytest.approx(6)


def test_the_command_writes_a_shop_that_can_be_run(tmp_path: Path) -> None:
    said: list[str] = []
    made_up("7d", 30, 1, tmp_path, LAST, said.append)
    config = read(tmp_path / "shop.toml")
    with closing(Store(config.data.path)) as store:
        assert store.load().plan == config.plan()
    assert "overdoor run --config" in said[-1]
    with pytest.raises(StoreError, match="never overwrites"):
        made_up("7d", 30, 1, tmp_path, LAST, said.append)


@pytest.mark.parametrize("lasts", ["", "5", "y", "0d", "3d", "-1y", "5 years"])
def test_a_length_that_is_none_is_told(lasts: str, tmp_path: Path) -> None:
    with pytest.raises(HistoryError):
        made_up(lasts, 30, 1, tmp_path, LAST, str)
