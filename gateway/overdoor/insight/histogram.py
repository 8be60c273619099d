"""Durations that can be added up: how often each of them occurred, within one per cent.

A bin holds all durations between two powers of 1.02, so that any quantile of what was put in is
known within 1 %, and adding two histograms is adding their counts. The rule of the bins is that of
DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019), without its limit on how many there may be:
from a millisecond to a week there are 1,021.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, log
from typing import Self

GAMMA = 1.02  # a bin's upper end ÷ its lower end
ERROR = (GAMMA - 1) / (GAMMA + 1)  # of any quantile, at most: 0.0099

_LOG = log(GAMMA)
_NOTHING = -1  # the bin of durations below a millisecond


def bin_of(ms: float) -> int:
    """The number of the bin of a duration: bin i holds 1.02^(i-1) < ms <= 1.02^i."""
    return ceil(log(ms) / _LOG) if ms >= 1 else _NOTHING


def value_of(number: int) -> float:
    """What stands for all durations of a bin, in ms: none of them is further away than `ERROR`."""
    return 0.0 if number == _NOTHING else 2 * GAMMA**number / (GAMMA + 1)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by the number of their bin."""

    counts: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, durations: Iterable[float]) -> Self:
        """A histogram of durations in ms; a negative one counts as none at all."""
        counts: dict[int, int] = {}
        for ms in durations:
            number = bin_of(ms)
            counts[number] = counts.get(number, 0) + 1
        return cls(counts)

    @classmethod
    def total(cls, parts: Iterable["Histogram"]) -> Self:
        """The sum of several."""
        counts: dict[int, int] = {}
        for part in parts:
            for number, count in part.counts.items():
                counts[number] = counts.get(number, 0) + count
        return cls(counts)

    @classmethod
    def from_json(cls, data: Sequence[int]) -> Self:
        """What `to_json` wrote."""
        pairs = iter(data)
        return cls(dict(zip(pairs, pairs, strict=True)))

    def to_json(self) -> list[int]:
        """Bin, count, bin, count, … by ascending bin."""
        return [number for pair in sorted(self.counts.items()) for number in pair]

    def __add__(self, other: "Histogram") -> "Histogram":
        """Both together."""
        return Histogram.total((self, other))

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.counts)

    @property
    def count(self) -> int:
        """How many durations are in it."""
        return sum(self.counts.values())

    def values(self) -> Iterator[tuple[float, int]]:
        """`(ms, how many)` by ascending duration."""
        return ((value_of(number), count) for number, count in sorted(self.counts.items()))

    def total_ms(self) -> float:
        """All durations together, within 1 %."""
        return sum(ms * n for ms, n in self.values())

    def mean(self) -> float | None:
        """The mean in ms, within 1 %; None of nothing."""
        count = self.count
        return self.total_ms() / count if count else None

    def quantile(self, q: float) -> float | None:
        """The nearest-rank quantile in ms, within 1 %; None of nothing. 0 < q ≤ 1.

        The smallest duration that at least `q` of all do not exceed (definition 1 of Hyndman &
        Fan, Sample Quantiles in Statistical Packages, 1996).
        """
        rank = ceil(q * self.count)
        for ms, n in self.values():
            rank -= n
            if rank <= 0:
                return ms
        return None
