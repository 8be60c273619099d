"""What `overdoor simulate` prints."""

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from overdoor.core.model import Plan
from overdoor.simulate import history, history_shop
from overdoor.simulate.clock import clock_time
from overdoor.simulate.history_truth import Truth
from overdoor.simulate.script import Script, calm_day, rough_hour
from overdoor.simulate.story import verdict
from overdoor.simulate.trial import Trial, shrink, tell, trials

ORDINARY_EVERY = 10  # among many rough hours, every tenth world is an ordinary day
STORY_LINES = 30

Say = Callable[[str], object]


def any_world(seed: int) -> Script:
    """The world of a seed when many are tried: mostly bad hours, now and then a plain day."""
    return calm_day(seed) if seed % ORDINARY_EVERY == ORDINARY_EVERY - 1 else rough_hour(seed)


def one(script: Script, say: Say, *, story: bool) -> bool:
    """Plays one world and says how it went; whether every promise was kept."""
    trial, text, world = tell(script, last=None)
    if trial.broken is not None:
        explain(trial, say)
        return False
    if story:
        say(f"Seed {script.seed}: {script.name}, {len(script.plan.rooms)} rooms.\n\n{text}\n")
    say(verdict(world))
    return True


def many(seeds: int | None, seconds: float | None, first: int, say: Say) -> bool:
    """Tries world after world, for so many seeds or so long; whether every promise was kept."""
    numbers: Iterator[int] = itertools.count(first)
    if seeds is not None:
        numbers = itertools.islice(numbers, seeds)
    began = time.monotonic()
    played, days, facts = 0, 0.0, 0
    for trial in trials(any_world, numbers, seconds=seconds):
        if trial.broken is not None:
            explain(trial, say)
            return False
        played, days, facts = played + 1, days + trial.days, facts + trial.facts
    took = max(time.monotonic() - began, 0.001)
    say(
        f"{played} worlds from seed {first} on, every promise kept: {days:.0f} shop-days and "
        f"{facts} facts in {took:.0f} s, {days / took:.2f} shop-days/s, "
        f"{played / took:.1f} worlds/s."
    )
    return True


def explain(trial: Trial, say: Say) -> None:
    """A failing world, made small and told."""
    say(f"Seed {trial.script.seed}, {trial.script.name}: {trial.broken} ({clock_time(trial.at)}).")
    small = shrink(trial)
    told, text, _ = tell(small.script, last=STORY_LINES)
    count = len(trial.script.happenings)
    say(f"\nOf {count} happenings {len(small.script.happenings)} are enough:\n")
    for it in small.script.happenings:
        much = f" {it.much}" if it.much else ""
        say(f"  {clock_time(it.at)}  {it.what} {it.who}{much}")
    say(f"\nThe story, up to where it breaks:\n\n{text}\n")
    say(f"{clock_time(told.at)}  {told.broken}")


def made_up(
    lasts: str, calls_per_day: float, seed: int, folder: Path, last: date | None, say: Say
) -> None:
    """Writes a made-up history into a folder, with a shop's file and what is true of it.

    Raises `HistoryError`, `StoreError`.
    """
    truth = _truth(lasts, calls_per_day, seed, last)
    plan = history_shop.a_plan(truth)
    began = time.monotonic()
    calls = history.write(folder / "data", truth, plan, say=say)
    file = folder / "shop.toml"
    history_shop.write_file(plan, file)
    took = time.monotonic() - began
    say(
        f"{calls} calls from {truth.first} to {truth.last} in {took:.0f} s. Look at them with\n"
        f"  overdoor run --config {file}\n"
        f"What they were drawn from is in {folder / 'data' / 'truth.json'}."
    )


def behind(plan: Plan, folder: Path, lasts: str, calls_per_day: float, say: Say) -> None:
    """A history of a shop that has its own plan. Raises `HistoryError`, `StoreError`."""
    history.write(folder, _truth(lasts, calls_per_day, 7, None), plan, say=say)


def _truth(lasts: str, calls_per_day: float, seed: int, last: date | None) -> Truth:
    yesterday = datetime.now(UTC).date() - timedelta(1)
    return history.a_truth(seed, history.length(lasts), last or yesterday, calls_per_day)
