"""Many seeds, and a failing one made small."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from overdoor.simulate.clock import Endless
from overdoor.simulate.script import Happening, Script
from overdoor.simulate.watch import Broken
from overdoor.simulate.world import World

DAY_MS = 10 * 3_600_000  # a shop is open for ten hours
STORY_LINES = 40
SHRINK_TRIES = 500


@dataclass(frozen=True, slots=True)
class Trial:
    """How one script went."""

    script: Script
    broken: str | None = None  # the promise that was not kept
    at: int = 0
    facts: int = 0

    @property
    def days(self) -> float:
        """Shop-days that passed."""
        return (self.script.closes - self.script.opens) / DAY_MS


def play(script: Script) -> Trial:
    """Runs a script to its end, or to the first promise that is not kept."""
    return _play(World(script))


def _play(world: World) -> Trial:
    with _hushed():
        try:
            world.run()
        except Broken as broken:
            return Trial(world.script, str(broken), broken.at)
        except Endless as error:
            return Trial(world.script, str(error), world.timeline.now)
        except Exception as error:
            what = f"the code raises {type(error).__name__}: {error}"
            return Trial(world.script, what, world.timeline.now)
    return Trial(world.script, facts=world.watch.books_kept())


def tell(script: Script, last: int | None = STORY_LINES) -> tuple[Trial, str, World]:
    """Runs a script again, in words."""
    world = World(script, telling=True)
    trial = _play(world)
    return trial, world.story.text(last), world


def shrink(trial: Trial, tries: int = SHRINK_TRIES) -> Trial:
    """The same broken promise with less happening: chunks are left out while it stays broken."""
    best = trial
    size = max(1, len(trial.script.happenings) // 2)
    while tries > 0:
        smaller = None
        for happenings in _without_chunks(best.script.happenings, size):
            tries -= 1
            candidate = play(best.script.only(happenings))
            if candidate.broken is not None and _kind(candidate) == _kind(trial):
                smaller = candidate
                break
            if tries <= 0:
                break
        if smaller is not None:
            best = smaller
        elif size == 1:
            break
        else:
            size = size // 2
    return best


def _without_chunks(
    happenings: tuple[Happening, ...], size: int
) -> Iterator[tuple[Happening, ...]]:
    """From the end, because what came after the failure is never needed."""
    for start in range(len(happenings) - 1, -1, -size):
        yield happenings[: max(0, start - size + 1)] + happenings[start + 1 :]


def _kind(trial: Trial) -> str:
    """What was broken, without the numbers and names in it."""
    words = (trial.broken or "").split()
    return " ".join(word for word in words if word.isalpha())[:60]


def trials(
    make: Callable[[int], Script], seeds: Iterator[int] | range, *, seconds: float | None = None
) -> Iterator[Trial]:
    """Trial after trial, for so many seeds or for so long."""
    began = time.monotonic()
    for seed in seeds:
        if seconds is not None and time.monotonic() - began >= seconds:
            return
        yield play(make(seed))


class _hushed:  # noqa: N801 - reads as a word where it is used
    """The engine's complaints about a disk that was made to fail are not for the reader."""

    def __enter__(self) -> None:
        self._before = structlog.get_config()
        structlog.configure(processors=[_drop])

    def __exit__(self, *_: object) -> None:
        structlog.configure(**self._before)


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent
