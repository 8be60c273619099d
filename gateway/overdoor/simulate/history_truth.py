"""What is true of a made-up history: every number that its days are drawn from.

Written beside the history as `truth.json`, so that whoever analyses it can compare.
"""

from dataclasses import dataclass, field
from datetime import date
from math import cos, pi
from typing import Any

HOUR_MS = 3_600_000
OPENS, CLOSES = 10, 20  # hours on the shop's wall
LAST_PRESS_MS = 15 * 60_000  # before closing
# Of a day's calls, from the hour of opening on: a peak at lunch and one after work.
BY_HOUR = (0.05, 0.07, 0.13, 0.12, 0.08, 0.09, 0.12, 0.15, 0.12, 0.07)
BY_WEEKDAY = (0.8, 0.75, 0.85, 0.95, 1.25, 1.4, 0.0)  # closed on Sundays
REASONS = {
    "another-size": 0.42,
    "another-model": 0.14,
    "question": 0.10,
    "ready-to-pay": 0.10,
    "other": 0.02,
    None: 0.22,
}
EVIDENCE = {"A": 0.70, "B": 0.10, "C": 0.08, "D": 0.12}


@dataclass(frozen=True, slots=True)
class Truth:
    """The parameters; times in seconds. `shift_on`: the day of the planted change."""

    seed: int
    first: date
    last: date
    calls_per_day: float  # presses of an average day on which the shop is open, at the beginning
    shift_on: date
    shift_text: str = "New till opened: nobody walks to the front any more"
    zones: dict[str, float] = field(
        default_factory=lambda: {"women": 0.5, "men": 0.3, "kids": 0.2}
    )  # and their share of the calls
    growth_per_year: float = 0.03
    season: float = 0.12  # more in December than in June: half the difference
    day_noise: float = 0.10  # standard deviation of the logarithm of a day's calls
    sales: tuple[tuple[str, str, float], ...] = (
        ("01-02", "01-20", 1.45),
        ("07-01", "07-20", 1.35),
        ("11-24", "11-30", 1.5),
    )
    reaction_s: float = 5.0  # from somebody being free to their acknowledgement; exponential
    walk_s: float = 26.0  # from there to the room; median of a log-normal time, sigma 0.5
    walk_after_s: float = 17.0  # since the planted change
    service_s: float = 110.0  # median, log-normal, sigma 0.7; cut off by the call's own timer
    patience_s: float = 270.0  # mean of how long somebody waits before they give up; exponential
    say_so: float = 0.6  # of those who give up: cancel; the others leave, and it is found out
    wrong_press: float = 0.03  # cancelled within four seconds
    presses_again: float = 0.3  # of those who wait for a minute
    comes_again: float = 0.22  # of those who were served: calls once more
    lapses: float = 0.015
    hand_offs: float = 0.02
    never_closed: float = 0.07  # of the services: nobody says that it is over
    rated: float = 0.09
    thanked: float = 0.03
    staffing: float = 0.9  # people on duty ÷ what the plain average needs

    def level(self, day: date) -> float:
        """Presses to be expected on a day, before its noise."""
        years = (day - self.first).days / 365.25
        growth = float((1 + self.growth_per_year) ** years)
        level = self.calls_per_day * BY_WEEKDAY[day.weekday()] * growth
        level *= 1 + self.season * cos(2 * pi * (day.timetuple().tm_yday + 11) / 365.25)
        for begins, ends, factor in self.sales:
            if begins <= f"{day:%m-%d}" <= ends:
                level *= factor
        return level

    def walk(self, day: date) -> float:
        """The median walk of a day, in seconds."""
        return self.walk_after_s if day >= self.shift_on else self.walk_s

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data, with what is the same in every history."""
        known = {name: getattr(self, name) for name in self.__slots__}
        known |= {name: str(known[name]) for name in ("first", "last", "shift_on")}
        return known | {
            "opens": OPENS,
            "closes": CLOSES,
            "by_hour": BY_HOUR,
            "by_weekday": BY_WEEKDAY,
            "reasons": {str(reason): share for reason, share in REASONS.items()},
            "evidence": EVIDENCE,
        }
