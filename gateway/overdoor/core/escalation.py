"""What falls due when.

Every open call has a few moments at which something must happen if nothing else does. They follow
from the call alone, so they are never stored: after a restart they are simply asked for again.
A timer carries the fence of its call. Any transition moves the fence on, and a timer that comes
with an old one changes nothing.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from overdoor.core.hours import minute_of_day
from overdoor.core.model import Call, Duty, Millis, Plan, Policy, Room, State

PATIENCE_MS = 30_000  # nobody is reminded sooner after they said that they go
QUESTION_MS = 15_000  # how long "were you there?" waits for its answer
RETRY_MS = 60_000  # between tries, while a call has reached nobody at all
SHIFT_MS = 16 * 3_600_000  # the longest a shift can be


class Due(StrEnum):
    """What a timer is for."""

    PAGE = "page"
    GIVE_UP = "give up"
    NUDGE = "nudge"
    ASK = "ask"
    LAPSE = "lapse"
    CLOSE = "close"
    LIGHT_UP = "light up"  # a device has shown `offline` long enough
    REOPEN = "reopen"  # a room's time out of service is over
    SIGN_OFF = "sign off"  # a shift that nobody ended
    ALARM = "alarm"  # a device has been away for so long that the manager should know
    DAY_END = "day end"  # the shop has closed
    MYSTERY = "mystery"  # a test call of the plan
    RELIST = "relist"  # a pager has shown a lost call long enough


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """At `at`, do `due` for the call, device or room `subject`, if `fence` still holds."""

    at: Millis
    due: Due
    subject: str
    room: str = ""
    fence: int = 0


def timers(call: Call) -> list[Timer]:
    """The moments that an open call waits for."""

    def timer(at: Millis, due: Due) -> Timer:
        return Timer(at, due, call.id, call.room, call.fence)

    policy = call.policy
    match call.state:
        case State.RAISED:
            waiting = [timer(call.raised_at + policy.give_up_ms, Due.GIVE_UP)]
            if call.next_step < len(policy.steps):
                after = policy.steps[call.next_step].after_ms
                waiting.append(timer(call.loop_at + after, Due.PAGE))
            elif not call.reached:
                waiting.append(timer(call.tried_at + RETRY_MS, Due.PAGE))
            return waiting
        case State.ACKNOWLEDGED:
            lapses_at = call.since + policy.acknowledgement_lapses_ms
            lapses_at = max(lapses_at, call.promised_until or 0)
            waiting = [timer(lapses_at, Due.LAPSE)]
            if not call.nudged:
                target_at = call.raised_at + policy.target_arrival_ms
                waiting.append(timer(max(target_at, call.since + PATIENCE_MS), Due.NUDGE))
            if not call.asked:
                waiting.append(timer(max(lapses_at - QUESTION_MS, call.since), Due.ASK))
            return waiting
        case State.ARRIVED:
            return [timer(call.since + policy.close_after_ms, Due.CLOSE)]
        case _:
            return []


def sign_off(duty: Duty) -> Timer:
    """When a shift ends by itself, so that nobody is paged who went home."""
    return Timer(duty.since + SHIFT_MS, Due.SIGN_OFF, duty.id)


def policy_for(plan: Plan, room: Room, at: Millis, *, once: bool) -> Policy:
    """The policy that a call of this room gets: the steps for its zone and for this time of day.

    `once`: only the first of them, for a room that seems to play.
    """
    minute = minute_of_day(at, plan.timezone)
    steps = tuple(
        step
        for step in plan.policy.steps
        if (not step.zones or room.zone in step.zones)
        and (step.between is None or step.between[0] <= minute < step.between[1])
    )
    return replace(plan.policy, steps=steps[:1] if once else steps)


def step_due(call: Call, now: Millis) -> int | None:
    """Index of the latest policy step that is due and was not run yet; None if none is."""
    elapsed = now - call.loop_at
    due = [
        index
        for index, step in enumerate(call.policy.steps)
        if index >= call.next_step and step.after_ms <= elapsed
    ]
    return due[-1] if due else None


def retry_due(call: Call, now: Millis) -> bool:
    """Whether the policy has run out without reaching anybody, a while ago."""
    exhausted = call.next_step >= len(call.policy.steps)
    return exhausted and not call.reached and now >= call.tried_at + RETRY_MS
