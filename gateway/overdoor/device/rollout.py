"""In which order a shop's devices get a new version, and when not to go on. No I/O, no clock.

Canaries first, and each must stay well for a while before any other begins; then a few rooms at
once, so that the shop goes on working. The first device that refuses or rolls back ends it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

OFFLINE_S = 15.0  # before its restart: then another device may have its turn
UNHEARD_S = 60.0  # on trial and offline for so long: nothing else is begun
UNDER_WAY_S = 1200.0  # three tries in vain and a call meanwhile take less

_BEGUN = ("starting", "trial")


@dataclass(frozen=True, slots=True)
class Offered:
    """What the gateway says of an offer."""

    version: str
    stage: str
    reason: str | None = None
    sent: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a device says of its last update."""

    version: str
    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A device at one moment. `place`: its room, or what else at most one device of is updated.

    `mode` is None while the gateway has not heard how the device is.
    """

    place: str
    online: bool = False
    in_use: bool = False
    firmware: str | None = None
    mode: str | None = None
    trouble: tuple[str, ...] = ()
    outcome: Outcome | None = None
    offered: Offered | None = None


class Phase(StrEnum):
    """Where a device stands in the roll-out."""

    QUEUED = "queued"
    UNDER_WAY = "under way"
    SETTLING = "settling"  # confirmed; does it stay well?
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Course:
    """One device's way."""

    phase: Phase = Phase.QUEUED
    offered: bool = False  # the gateway took the offer
    begun: bool = False  # it restarted into the version
    canary: bool = False
    before: Seen | None = None  # when it was offered
    last: Seen | None = None
    offline_since: float | None = None
    well_since: float | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """Offer it the version; again, if the gateway forgot."""

    device: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Offer it the version no longer."""

    device: str


Action = Offer | Withdraw


@dataclass(slots=True)
class Rollout:
    """The roll-out of one version. Times are in seconds.

    `at_once`: rooms. `steady_s`: for how long a device must be well after it is confirmed.
    `patience_s`: for how long to wait for devices when none is under way.
    """

    version: str
    devices: Sequence[str]
    canaries: int
    at_once: int
    steady_s: float
    patience_s: float
    now: float
    stopped: str | None = None  # why, in a sentence
    over: bool = False
    courses: dict[str, Course] = field(init=False)
    _moved_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.courses = {device: Course() for device in self.devices}
        self._moved_at = self.now

    def active(self) -> list[str]:
        """Those that an offer is out for, or that are watched."""
        return [d for d, c in self.courses.items() if c.phase in (Phase.UNDER_WAY, Phase.SETTLING)]

    def look(self, now: float, seen: Mapping[str, Seen]) -> list[Action]:
        """What is to be done next. Sets `over` at the end, and `stopped` if it ended early."""
        self.now = now
        actions: list[Action] = []
        for device, course in self.courses.items():
            actions += self._follow(device, course, seen[device])
        if self.stopped is not None:
            self.over = True
            return self.withdrawals()
        actions += self._begin(seen)
        if all(course.phase is Phase.DONE for course in self.courses.values()):
            self.over = True
        elif self._tired():
            self.over = True
            return self.withdrawals()
        return actions

    def lost_sight(self, now: float) -> None:
        """The gateway does not answer, so nobody knows how the devices are."""
        self.now = now
        for course in self.courses.values():
            course.well_since = course.offline_since = None
        self.over = self._tired()

    def accepted(self, device: str) -> None:
        """The gateway took the offer; what it says of one from here on is ours."""
        self.courses[device].offered = True

    def withdrawals(self) -> list[Action]:
        """Of the offers that did not restart their device; the others only the device can end."""
        return [
            Withdraw(device)
            for device, course in self.courses.items()
            if course.phase is Phase.UNDER_WAY and not course.begun
        ]

    def left(self) -> list[tuple[str, str]]:
        """The devices that are not done, and why, in a few words."""
        return [
            (device, self._why(course))
            for device, course in self.courses.items()
            if course.phase is not Phase.DONE
        ]

    # -- one device ------------------------------------------------------------------------------

    def _follow(self, device: str, course: Course, seen: Seen) -> list[Action]:
        if course.phase is Phase.QUEUED:
            if self._runs(seen):
                self._enter(course, Phase.DONE)
        elif course.phase in (Phase.UNDER_WAY, Phase.SETTLING):
            if seen != course.last:
                self._moved_at = self.now
            if seen.online:
                course.offline_since = None
            elif course.offline_since is None:
                course.offline_since = self.now
        course.last = seen
        if course.phase is Phase.SETTLING:
            self._settle(device, course, seen)
        elif course.phase is Phase.UNDER_WAY:
            return self._await(device, course, seen)
        return []

    def _runs(self, seen: Seen) -> bool:
        """Whether it has the version for good; one on trial may still go back."""
        trial = seen.outcome is not None and seen.outcome.state == "trial"
        return seen.online and seen.firmware == self.version and not trial

    def _await(self, device: str, course: Course, seen: Seen) -> list[Action]:
        offered = seen.offered if course.offered else None
        if offered is not None and offered.version != self.version:
            offered = None
        stage, reason = (offered.stage, offered.reason) if offered is not None else (None, None)
        course.begun = course.begun or stage in _BEGUN
        outcome = seen.outcome
        news = course.before is None or outcome != course.before.outcome
        if stage == "refused":
            self._fail(course, f"{device} refuses {self.version}: {reason}.")
        elif stage == "rolled-back":
            self._fail(course, _went_back(device, seen, reason))
        elif stage == "confirmed" or (stage is None and news and self._runs(seen)):
            self._enter(course, Phase.SETTLING)
        elif stage is None and news and outcome is not None and self._rolled_back(outcome):
            self._fail(course, _went_back(device, seen, outcome.reason))
        elif not seen.online:
            if not course.begun and self._offline_for(course) > OFFLINE_S:
                course.canary = False
                self._enter(course, Phase.QUEUED)
                return [Withdraw(device)]
        elif offered is None:
            return [Offer(device)]
        return []

    def _rolled_back(self, outcome: Outcome) -> bool:
        return (outcome.version, outcome.state) == (self.version, "rolled-back")

    def _settle(self, device: str, course: Course, seen: Seen) -> None:
        known = course.before.trouble if course.before is not None else ()
        new = [each for each in seen.trouble if each not in known]
        if not seen.online or seen.mode is None:
            course.well_since = None
        elif seen.firmware != self.version:
            self._fail(course, f"{device} was confirmed, and runs {seen.firmware} again.")
        elif seen.mode != "normal":
            self._fail(course, f"{device} runs {self.version} in {seen.mode} mode.")
        elif new:
            self._fail(course, f"{device} runs {self.version}, and says: {', '.join(new)}.")
        elif course.well_since is None:
            course.well_since = self.now
        if course.well_since is not None and self.now - course.well_since >= self.steady_s:
            self._enter(course, Phase.DONE)

    def _enter(self, course: Course, phase: Phase) -> None:
        course.phase = phase
        course.offline_since = course.well_since = None
        self._moved_at = self.now

    def _fail(self, course: Course, why: str) -> None:
        self._enter(course, Phase.FAILED)
        self.stopped = self.stopped or why

    # -- all of them -----------------------------------------------------------------------------

    def _begin(self, seen: Mapping[str, Seen]) -> list[Action]:
        active = self.active()
        if any(self._offline_for(self.courses[device]) > UNHEARD_S for device in active):
            return []
        canaries = [course for course in self.courses.values() if course.canary]
        proved = all(course.phase is Phase.DONE for course in canaries)
        places = {seen[device].place for device in active}
        actions: list[Action] = []
        for device, course in self.courses.items():
            trying = len(canaries) < self.canaries
            if len(places) >= self.at_once or not (trying or proved):
                break
            here = seen[device]
            ready = here.online and here.mode is not None and not here.in_use
            if course.phase is Phase.QUEUED and ready and here.place not in places:
                course.canary = trying
                if trying:
                    canaries.append(course)
                    proved = False
                places.add(here.place)
                course.before, course.begun, course.offered = here, False, False
                self._enter(course, Phase.UNDER_WAY)
                actions.append(Offer(device))
        return actions

    def _offline_for(self, course: Course) -> float:
        return 0.0 if course.offline_since is None else self.now - course.offline_since

    def _tired(self) -> bool:
        limit = UNDER_WAY_S if self.active() else self.patience_s
        return self.now - self._moved_at >= limit

    def _why(self, course: Course) -> str:
        seen = course.last
        if course.phase is Phase.FAILED:
            return "failed"
        if seen is None:
            return "unknown"
        if course.phase is Phase.SETTLING:
            return "confirmed, and not watched to the end"
        if course.begun:
            return "on trial; it keeps the version, or goes back by itself"
        if not seen.online:
            return "offline"
        if seen.in_use:
            return "its room is in use"
        if seen.mode is None:
            return "did not say yet how it is"
        return "its turn did not come" if course.phase is Phase.QUEUED else "was fetching"


def _went_back(device: str, seen: Seen, reason: str | None) -> str:
    return f"{device} went back to {seen.firmware}: {reason or 'it gave no reason'}."
