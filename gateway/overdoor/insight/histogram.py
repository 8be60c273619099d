"""Durations that can be added up: how often each of them occurred, within one per cent.

A bin holds all durations between two powers of 1.02, so that any quantile of what was put in is
known within 1 %, and adding two histograms is adding their counts. The rule of the bins is that of
DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019), without its limit on how many there may be:
from a millisecond to a week there are 1,021.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class Histogram:
    """How many durations each bin has. Never changed.

    What was read, and what is a sum, is worked out when somebody looks: a page looks at few of the
    histograms of a cell.
    """

    __slots__ = ("_counts", "_parts")

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self._counts: Mapping[int, int] | None = counts or {}
        self._parts: Sequence[Histogram | str] = ()  # whose sum it is, until it is worked out

    @classmethod
    def of(cls, durations: Iterable[float]) -> Self:
        """A histogram of durations in ms; a negative one counts as none at all."""
        return cls(Counter(map(bin_of, durations)))

    @classmethod
    def total(cls, parts: Iterable["Histogram"]) -> Self:
        """The sum of several."""
        return cls._of_parts([part for part in parts if part])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What `to_text` wrote."""
        return cls._of_parts([text] if text else [])

    @classmethod
    def _of_parts(cls, parts: "Sequence[Histogram | str]") -> Self:
        histogram = cls()
        if parts:
            histogram._counts, histogram._parts = None, parts
        return histogram

    def to_text(self) -> str:
        """Bin, count, bin, count, … by ascending bin."""
        return " ".join(f"{number} {count}" for number, count in sorted(self.counts.items()))

    @property
    def counts(self) -> Mapping[int, int]:
        """How many by the number of their bin. Raises `ValueError` if what was read is none."""
        if self._counts is None:
            counts: dict[int, int] = {}
            get = counts.get
            for part in self._parts:
                if isinstance(part, str):
                    read = [*map(int, part.split())]
                    pairs: Iterable[tuple[int, int]] = zip(read[::2], read[1::2], strict=True)
                else:
                    pairs = part.counts.items()
                for number, count in pairs:
                    counts[number] = get(number, 0) + count
            self._counts, self._parts = counts, ()
        return self._counts

    def __eq__(self, other: object) -> bool:
        """The same counts."""
        return isinstance(other, Histogram) and self.counts == other.counts

    def __hash__(self) -> int:
        """Of the same counts the same."""
        return hash(frozenset(self.counts.items()))

    def __repr__(self) -> str:
        """As it could be written."""
        return f"Histogram({dict(sorted(self.counts.items()))})"

    def __add__(self, other: "Histogram") -> "Histogram":
        """Both together."""
        return Histogram.total((self, other))

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return self._counts is None or bool(self._counts)

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
