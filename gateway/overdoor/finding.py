"""What a look at the shop and its machine found: all is well, or what to do about it."""

from dataclasses import dataclass
from enum import Enum

from overdoor.core.sentence import Sentence


class Level(Enum):
    """How it is; the value is its mark."""

    GOOD = "ok"
    WARNING = "!"  # works, but not as well or as safely as it should
    BAD = "✗"  # does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` says how to mend it; there is one unless it is good."""

    level: Level
    what: Sentence
    mend: Sentence | None = None


def good(what: Sentence) -> Finding:
    """All is well."""
    return Finding(Level.GOOD, what)


def warning(what: Sentence, mend: Sentence) -> Finding:
    """It works, but not as it should."""
    return Finding(Level.WARNING, what, mend)


def bad(what: Sentence, mend: Sentence) -> Finding:
    """It does not work."""
    return Finding(Level.BAD, what, mend)
