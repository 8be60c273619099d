"""How long somebody who is on the way will take: from real walks as far as theirs, or not at all.

Of those past walks that were about as far, the ones that took longer than this one has taken so far
are what it can still become. The range holds the middle three fifths of them.
"""

from collections.abc import Sequence

Walk = tuple[float | None, int]  # metres, ms from acknowledged to arrived

NEEDED = 30  # walks as far; fewer say nothing
STILL_NEEDED = 10  # of them that took longer than this one so far
NEAR_M = 8.0  # as far as: within this, or half of the way
LOW, HIGH = 0.2, 0.8


def remaining(walks: Sequence[Walk], metres: float | None, elapsed: int) -> tuple[int, int] | None:
    """From and to, in ms from now; None if too little is known, or it takes unusually long."""
    alike = [took for far, took in walks if _as_far(far, metres)]
    if len(alike) < NEEDED:
        return None
    left = sorted(took - elapsed for took in alike if took > elapsed)
    if len(left) < STILL_NEEDED:
        return None
    return left[int(LOW * (len(left) - 1))], left[round(HIGH * (len(left) - 1))]


def _as_far(far: float | None, metres: float | None) -> bool:
    if metres is None:
        return True
    return far is not None and abs(far - metres) <= max(NEAR_M, metres / 2)
