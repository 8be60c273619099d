"""What others are told of a fact: programs on the broker, and those behind a webhook."""

from typing import Any

from overdoor.core.events import Event, Fact
from overdoor.core.model import Kind
from overdoor.core.times import rfc3339

_SAID = ("outcome", "evidence", "need", "kind", "source", "why", "service", "undid")


def told_of(event: Event) -> dict[str, Any]:
    """A transition in the contract's words. Who did it is not said.

    A mystery call is an ordinary press until it closes; the closing says what it was.
    """
    said: dict[str, Any] = {"event_type": event.fact, "call": event.call, "at": rfc3339(event.at)}
    for key in _SAID:
        if key in event.data and not (event.fact is Fact.PAGED and key == "why"):
            said[key] = event.data[key]
    if event.fact is Fact.RAISED and said["kind"] == Kind.MYSTERY:
        said |= {"kind": Kind.NORMAL, "source": "button"}
    return said
