"""Facts, in the past tense: what goes to the log, and all that the log holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from overdoor.core.model import Millis


class Fact(StrEnum):
    """The kinds of fact, with what `Event.data` holds."""

    # of a call
    RAISED = "raised"  # zone, kind, need, visit, estimated, source, policy, suspect, only, presses
    PRESSED_AGAIN = "pressed_again"  # count
    PAGED = "paged"  # step, passed (steps that reached nobody), next, target, duties, why
    UNREACHED = "unreached"  # who: those whom no rung reached; out: no step is left
    REACHED = "reached"  # who: after all, a receipt came from there
    DECLINED = "declined"
    ACKNOWLEDGED = "acknowledged"
    NUDGED = "nudged"  # the owner was reminded once: the target has passed
    ASKED = "asked"  # the owner was asked whether they were there
    LAPSED = "lapsed"
    HANDED_OFF = (
        "handed_off"  # zone, to (a duty), leaves: the owner ended their shift or took a break
    )
    UNDONE = "undone"  # undid: acknowledge, or close or nobody-there: the call is open again
    ARRIVED = "arrived"  # evidence, estimated
    DEMOTED = "demoted"  # an arrival that was none
    NEEDED = "needed"  # need
    REPLIED = "replied"  # phrase, minutes, missing, offer: what the shopper is told
    ANSWERED = "answered"  # yes: the shopper's answer to that
    CLOSED = "closed"  # outcome, estimated, why; kind of a mystery call
    RATED = "rated"  # satisfied, or knew: the shopper's word afterwards
    THANKED = "thanked"  # by the shopper; the duty of who came, while it lasts
    VOIDED = "voided"  # reason
    LATE = "late"  # an answer that was not applied: answer, why
    # of a room
    MISSED = "missed"  # a press that raised nothing: why, dark_until
    SERVICED = "serviced"  # service, until
    # of a device
    HEARD = "heard"  # low, type, aged (its age is known), said or raw and fault
    SETTLED = "settled"  # low: the device let go of what lies below; upto, beyond
    STATUS = "status"  # status, retained, heard_at: the last sign of life before
    ALARMED = "alarmed"  # what: offline, lamp
    RELIEVED = "relieved"  # the lamp answers again
    DESCRIBED = "described"  # kind, model, firmware, caps, boot, retained
    # of a tag
    TAPPED = "tapped"  # tag, counter
    TAP_REFUSED = "tap_refused"  # tag, counter, last (the highest one before)
    # of a duty
    DUTY_STARTED = "duty_started"  # zone, skills, badge
    DUTY_PAUSED = "duty_paused"
    DUTY_ENDED = "duty_ended"
    # of the shop
    CONFIGURED = "configured"  # plan


CALL_FACTS = frozenset(
    {
        Fact.RAISED,
        Fact.PRESSED_AGAIN,
        Fact.PAGED,
        Fact.UNREACHED,
        Fact.REACHED,
        Fact.DECLINED,
        Fact.ACKNOWLEDGED,
        Fact.NUDGED,
        Fact.ASKED,
        Fact.LAPSED,
        Fact.HANDED_OFF,
        Fact.UNDONE,
        Fact.ARRIVED,
        Fact.DEMOTED,
        Fact.NEEDED,
        Fact.REPLIED,
        Fact.ANSWERED,
        Fact.CLOSED,
        Fact.VOIDED,
        Fact.LATE,
    }
)

WATCHED = CALL_FACTS | {Fact.MISSED, Fact.SERVICED}  # what others may be told of


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `at` is when it happened, `noted_at` when the gateway learned of it."""

    fact: Fact
    at: Millis
    noted_at: Millis
    room: str | None = None
    call: str | None = None
    duty: str | None = None
    device: str | None = None
    boot: str | None = None
    n: int | None = None
    key: str | None = None  # idempotency key of the answer that caused it
    data: Mapping[str, Any] = field(default_factory=dict)
