"""A zone with known truth: calls come, queue for people, lose their patience; no clock, one seed.

It is no part of what is tested: the events of M/M/n+M one after the other, with a walk.
"""

import heapq
import random
from dataclasses import dataclass

from overdoor.insight.staffing import HOUR_MS, Demand, PastHour


@dataclass(frozen=True)
class Zone:
    """Per hour, or in minutes."""

    calls_per_hour: float
    service_min: float
    patience_min: float
    walk_min: float = 0.0

    def hours(self, seed: int, hours: int, staff: int, target_ms: int) -> list[PastHour]:
        """As many hours in a row, after one to get going."""
        dice = random.Random(seed)
        free = [0.0] * staff  # when each is free, ms
        heapq.heapify(free)
        # calls, within the target; handled, their time, their walks, abandoned, waited
        seen = [[0] * 7 for _ in range(hours + 1)]
        at = 0.0
        while (at := at + dice.expovariate(self.calls_per_hour / HOUR_MS)) < (hours + 1) * HOUR_MS:
            patience = dice.expovariate(1 / (self.patience_min * 60_000))
            begins = max(at, free[0])
            walk = self.walk_min * 60_000
            counts = seen[int(at // HOUR_MS)]
            counts[0] += 1
            if begins - at < patience:
                # Whoever sets off serves for so long; who left meanwhile costs the walk alone.
                stays = begins - at + walk < patience
                busy = walk + (dice.expovariate(1 / (self.service_min * 60_000)) if stays else 0.0)
                heapq.heapreplace(free, begins + busy)
                counts[2] += 1
                counts[3] += round(busy)
                counts[4] += round(walk)
                counts[1] += stays and begins - at + walk <= target_ms
            else:
                stays = False
            counts[5] += not stays
            counts[6] += round(min(patience, begins - at + walk))
        return [
            PastHour("hour", staff, within, Demand(1, calls, calls**2, *rest))
            for calls, within, *rest in seen[1:]
        ]
