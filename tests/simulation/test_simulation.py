"""The simulation: the tree as it is keeps every promise, and every planted bug is found."""

import pytest
from typer.testing import CliRunner

from overdoor.cli import app
from overdoor.simulate import World, any_world, calm_day, play, rough_hour, shrink
from overdoor.simulate.script import Happening
from overdoor.simulate.trial import tell

from .planted import BUGS, Planted, find, plant

SEEDS = 40  # make soak tries as many as you like
FOUND_WITHIN = 1000


def test_the_tree_as_it_is_keeps_every_promise() -> None:
    for seed in range(SEEDS):
        trial = play(any_world(seed))
        assert trial.broken is None, f"overdoor simulate --rough --seed {seed}: {trial.broken}"


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_planted_bug_is_found(bug: Planted) -> None:
    assert find(bug, range(FOUND_WITHIN)) is not None


def test_without_bugs_the_worlds_that_found_them_keep_every_promise() -> None:
    for faults in sorted({bug.faults for bug in BUGS if bug.faults is not None}):
        for seed in range(3):
            trial = play(rough_hour(seed, favour=faults))
            assert trial.broken is None, f"{faults}, seed {seed}: {trial.broken}"


def test_a_press_receipted_while_the_flash_that_has_it_fails_is_no_press_lost() -> None:
    script = rough_hour(0)
    start = script.opens + 600_000
    day = (
        Happening(start, "cut", "w1", 60_000),
        Happening(start + 3_000, "press", "w1", 200),
        Happening(start + 8_000, "reboot", "w1"),
        Happening(start + 16_000, "flash breaks", "w1", 60_000),
        Happening(start + 21_000, "press", "w1", 300),
        Happening(start + 180_000, "press", "w1", 300),
    )
    trial = play(script.only(day))
    assert trial.broken is None


def test_the_same_seed_is_the_same_world() -> None:
    logs = []
    for _ in range(2):
        world = World(rough_hour(3))
        world.run()
        logs.append((world.gateway.disk.log(), world.gateway.disk.tables()))
    assert logs[0] == logs[1]
    assert world.watch.books_kept() > 20


def test_a_failing_world_is_made_small_and_told() -> None:
    bug = next(bug for bug in BUGS if bug.name == "timer replayed after restart")
    found = find(bug, range(FOUND_WITHIN))
    assert found is not None
    with plant(bug):
        small = shrink(found[1])
        told, story, _ = tell(small.script)
    assert len(small.script.happenings) <= len(found[1].script.happenings) // 3
    assert told.broken is not None
    assert "the gateway dies" in story
    assert "calls" in story


def test_a_day_is_told_in_words() -> None:
    done = CliRunner().invoke(app, ["simulate", "--seed", "7", "--days", "1", "--story"])
    assert done.exit_code == 0, done.output
    assert "goes home" in done.output
    assert "calls; somebody came to" in done.output
    assert done.output == CliRunner().invoke(app, ["simulate", "--story"]).output


def test_many_worlds_end_in_one_line() -> None:
    done = CliRunner().invoke(app, ["simulate", "--seeds", "3", "--seed", "11"])
    assert done.exit_code == 0, done.output
    assert "shop-days/s" in done.output


def test_a_broken_promise_ends_in_a_short_story_and_status_1() -> None:
    with plant(next(bug for bug in BUGS if bug.name == "no fence")):
        done = CliRunner().invoke(app, ["simulate", "--seeds", "5", "--seed", "0"])
    assert done.exit_code == 1
    assert "happenings" in done.output
    assert "The story, up to where it breaks" in done.output


def test_an_ordinary_day_has_its_calls() -> None:
    world = World(calm_day(2))
    world.run()
    assert len(world.calls()) > 20
