"""What a shopper was told, as it changes a call."""

from overdoor.core.events import Event
from overdoor.core.model import Call, Phrase, Replied, State, changed

MINUTE_MS = 60_000


def replied(call: Call, event: Event) -> Call:
    """The call with this reply. A promise moves the fence: the lapse waits for it."""
    data = event.data
    said = Replied(
        Phrase(data["phrase"]), event.at, data["minutes"], data["missing"], data["offer"]
    )
    if said.minutes is None or call.state is not State.ACKNOWLEDGED:
        return changed(call, reply=said)
    until = event.at + said.minutes * MINUTE_MS
    return changed(call, reply=said, promised_until=until, fence=call.fence + 1)


def answered(call: Call, event: Event) -> Call:
    """The call with the shopper's answer to its reply."""
    return changed(call, reply=changed(call.reply, yes=event.data["yes"]))
