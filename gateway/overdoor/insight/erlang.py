"""Erlang-A: a queue before several associates, in which people lose their patience.

Calls come at random at rate λ (Poisson); each of n associates serves at rate μ; each caller who
waits leaves at rate θ (all times exponential): the queue M/M/n+M. Rates are per any unit of time,
and times are in that unit. Source of all formulas: Mandelbaum & Zeltyn, The Palm/Erlang-A Queue,
with Applications to Call Centers, Technion 2005, and Service Engineering in Action, 2007.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from math import ceil, exp, expm1, log

MOST_STAFF = 500
_NEGLIGIBLE = 1e-17  # of the likeliest state


@dataclass(frozen=True)
class ErlangA:
    """The queue in its steady state.

    There is no load that it cannot bear: whoever is too many leaves. As θ → 0 with λ < nμ it
    becomes Erlang-C, which has no answer from λ = nμ on. Raises ValueError for fewer than 1 or more
    than 500 people, and for rates that are not above zero (λ may be 0).
    """

    arrivals: float  # λ
    service: float  # μ, of one associate
    impatience: float  # θ
    staff: int  # n

    def __post_init__(self) -> None:
        if not 1 <= self.staff <= MOST_STAFF:
            raise ValueError(f"from 1 to {MOST_STAFF} people, not {self.staff}")
        if self.arrivals < 0 or self.service <= 0 or self.impatience <= 0:
            raise ValueError("rates of service and impatience are above zero, of calls not below")

    @property
    def wait(self) -> float:
        """P{W > 0}: the share of callers who find nobody free."""
        return sum(chance for _, chance in self._queued)

    @property
    def abandon(self) -> float:
        """P{Ab} = θ · E[W]: the share of callers who leave before somebody is free."""
        return self.impatience * self.mean_wait

    @property
    def mean_wait(self) -> float:
        """E[W] = E[Q] / λ, of all callers: of those who leave, too, until they do."""
        return self.queue / self.arrivals if self.arrivals else 0.0

    @property
    def queue(self) -> float:
        """E[Q]: how many wait, in the mean."""
        return sum(ahead * chance for ahead, chance in self._queued)

    @property
    def occupancy(self) -> float:
        """λ · (1 − P{Ab}) / nμ: the share of their time in which associates serve."""
        return self.arrivals * (1 - self.abandon) / (self.staff * self.service)

    def within(self, time: float) -> float:
        """P{W ≤ t, served}: the service level with those who leave counted as failures.

        Who finds k people waiting is served after k + 1 exponential times with the rates nμ + kθ,
        nμ + (k − 1)θ, ..., nμ; then e^(−θW), the chance of staying so long, is Beta (nμ/θ, k + 1).
        So P = (1 − P{W > 0}) + Σ pₙ₊ₖ · c / (c + k + 1) · (1 − I), where c = nμ/θ and
        I = I_x(c + 1, k + 1) is the regularised incomplete beta function at x = e^(−θt), which
        grows with k by xᶜ⁺¹ (1 − x)ᵏ (c + 1)···(c + k) / k!: positive terms all, so it is stable.
        """
        if time < 0:
            return 0.0
        c = self.staff * self.service / self.impatience
        gone = -expm1(-self.impatience * time)  # 1 − x
        first, chances = self._states
        served = 1 - self.wait
        # Logarithms, as xᶜ⁺¹ is too small for a float where t is long or n large.
        log_term = -(self.staff * self.service + self.impatience) * time
        later = exp(log_term)
        for ahead in range(first + len(chances) - self.staff):
            if later >= 1:
                break
            if self.staff + ahead >= first:
                chance = chances[self.staff + ahead - first]
                served += chance * c / (c + ahead + 1) * (1 - later)
            if gone > 0:
                log_term += log(gone * (c + 1 + ahead) / (ahead + 1))
                later += exp(log_term)
        return min(1.0, max(0.0, served))

    @cached_property
    def _queued(self) -> list[tuple[int, float]]:
        """How many wait while all are busy, and the chance of it; by PASTA, of who comes, too."""
        first, chances = self._states
        states = enumerate(chances, first - self.staff)
        return [(ahead, chance) for ahead, chance in states if ahead >= 0]

    @cached_property
    def _states(self) -> tuple[int, list[float]]:
        """The chances of all states that matter, and the first of them.

        pⱼ ∝ ∏ λ / (μ·min(i, n) + θ·(i − n)⁺) over i = 1..j. Started at the likeliest state and
        cut off where the rest is less than rounding, so that no product over- or underflows.
        """
        if not self.arrivals:
            return 0, [1.0]
        top = self._likeliest()
        fewer, more = [1.0], [1.0]
        while top >= len(fewer) and fewer[-1] > _NEGLIGIBLE:
            fewer.append(fewer[-1] * self._leaving(top + 1 - len(fewer)) / self.arrivals)
        while more[-1] > _NEGLIGIBLE:
            more.append(more[-1] * self.arrivals / self._leaving(top + len(more)))
        chances = fewer[:0:-1] + more
        total = sum(chances)
        return top + 1 - len(fewer), [chance / total for chance in chances]

    def _likeliest(self) -> int:
        """The last state that is not left faster than it is come to."""
        if self.arrivals < self.staff * self.service:
            return int(self.arrivals / self.service)
        return self.staff + int((self.arrivals - self.staff * self.service) / self.impatience)

    def _leaving(self, state: int) -> float:
        busy = min(state, self.staff)
        return busy * self.service + (state - busy) * self.impatience


def staff_for(
    level: float, time: float, arrivals: float, service: float, impatience: float
) -> int | None:
    """The fewest people with whom at least `level` of all callers are served within `time`.

    None if the most, 500, are too few: a `time` below zero is never met.
    """

    def reached(staff: int) -> bool:
        return ErlangA(arrivals, service, impatience, staff).within(time) >= level

    # No more are served than the busy can serve, so fewer people than this need no look.
    fewest = max(1, ceil(level * arrivals / service - 1e-9))
    more = 1
    while fewest + more <= MOST_STAFF and not reached(fewest + more - 1):
        more *= 2
    some = range(fewest + more // 2, min(fewest + more, MOST_STAFF + 1))
    found = some.start + bisect_left(some, True, key=reached)
    return found if found in some else None
