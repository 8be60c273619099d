"""The day in words, for people."""

import json
from typing import TYPE_CHECKING, Any

from overdoor.core.events import Event, Fact
from overdoor.core.model import Call
from overdoor.insight.summary import CallRow, Summary, summarise
from overdoor.simulate.clock import clock_time

if TYPE_CHECKING:
    from overdoor.simulate.devices import RoomDevice
    from overdoor.simulate.world import World

LATE_MS = 3_000
PAUSE_MS = 4 * 60_000  # after so long a silence a new paragraph begins

_ENDS = {
    "served": "is served",
    "cancelled": "takes the call back",
    "left": "had gone when somebody came",
    "unanswered": "was never answered",
}


_NEEDS = {
    "another size": "asks for another size",
    "another model": "asks for another model",
    "question": "has a question",
    "ready to pay": "is ready to pay",
}

_PLAIN = {
    Fact.RAISED: "{room} calls",
    Fact.PRESSED_AGAIN: "  {room} presses again",
    Fact.ACKNOWLEDGED: '  {who}: "I go to {room}"{waited}',
    Fact.DECLINED: '  {who}: "not me", about {room}',
    Fact.LAPSED: "  nobody came to {room}; the call is open again",
    Fact.HANDED_OFF: "  {who} hands {room} off",
    Fact.UNDONE: "  {who} takes that back",
    Fact.NUDGED: "  {who} is reminded of {room}",
    Fact.ASKED: '  {who} is asked: "were you in {room}?"',
    Fact.DEMOTED: "  {room} presses on: that arrival was none",
    Fact.RATED: "  {room} answers a question about it",
    Fact.DUTY_PAUSED: "{who} takes a break",
    Fact.DUTY_ENDED: "{who} goes home",
}


class Story:
    """Takes down what happens, if anybody wants to read it."""

    def __init__(self, world: "World", *, telling: bool) -> None:
        self.lines: list[tuple[int, str]] = []
        self.faults = 0
        self.lost = 0  # presses that went with a device's power
        self._paged: dict[str, list[str]] = {}  # room → who was paged last
        self._telling = telling
        self._world = world

    def note(self, text: str) -> None:
        """Something happened."""
        if self._telling:
            self.lines.append((self._world.timeline.now, text))

    def fault(self, text: str) -> None:
        """Something went wrong."""
        self.faults += 1
        self.note(f"! {text}")

    def press(self, device: "RoomDevice", button: str, ms: int) -> None:
        """Somebody pressed, as the room saw it."""
        if not self._telling:
            return
        name = self._world.room_name(device.room)
        what = {"presence": "the presence button at", "need": "the need button in"}.get(
            button, "the button in"
        )
        how = "holds" if ms >= 800 else "presses"
        if device.point is None:
            self.note(f"somebody {how} {what} {name}, which is just starting")
        elif device.link is None or device.link.silent:
            self.note(f"somebody {how} {what} {name}, which has no connection")

    def lamp(self, device: "RoomDevice", pattern: str) -> None:
        """The lights changed. Only the one that asks for help is worth a line."""
        if self._telling and pattern == "offline":
            name = self._world.room_name(device.room)
            self.note(f"the lamp of {name} blinks: not confirmed, please call out")

    def told(self, event: Event) -> None:
        """A fact that everybody may know."""
        if not self._telling or (event.room is None and event.duty is None):
            return
        text = self._sentence(event)
        if text is not None:
            late = event.noted_at - event.at
            suffix = f" (learned {_span(late)} later)" if late >= LATE_MS else ""
            self.note(text + suffix)

    def _sentence(self, event: Event) -> str | None:
        room = self._world.room_name(event.room or "")
        who = self._world.name_of(event.duty)
        entry = self._world.watch.books.find(event.call)
        waited = f" after {_span(event.at - entry.raised_at)}" if entry is not None else ""
        data = event.data
        if event.fact is Fact.RAISED:
            self._paged.pop(event.room or "", None)
        if event.fact in _PLAIN:
            return _PLAIN[event.fact].format(room=room, who=who, waited=waited)
        match event.fact:
            case Fact.PAGED:
                names = [self._world.name_of(duty) for duty in data["duties"]]
                again = " again" if self._paged.get(event.room or "") == names else ""
                self._paged[event.room or ""] = names
                if names:
                    verb = "is" if len(names) == 1 else "are"
                    return f"  {_and(names)} {verb} paged{again} for {room}"
                return f"  nobody can be paged for {room}"
            case Fact.ARRIVED:
                return f"  {who} stands at {room}{waited}, evidence {data['evidence']}"
            case Fact.CLOSED:
                return f"{room} {_ENDS[data['outcome']]}"
            case Fact.NEEDED:
                return f"  {room} {_NEEDS.get(data['need'], 'needs something else')}"
            case Fact.REPLIED:
                said = {"wait": "a moment, please", "size": "another size?"}
                return f'  {who} tells {room}: "{said.get(data["phrase"], "another model?")}"'
            case Fact.ANSWERED:
                return f"  {room} says {'yes' if data['yes'] else 'no'}"
            case Fact.MISSED:
                return f"a press in {room} counts as missed: {data['why']}"
            case Fact.DUTY_STARTED:
                return f"{who} is on duty in {self._world.zone_name(data['zone'])}"
            case Fact.HEARD | Fact.SETTLED | Fact.STATUS | Fact.DESCRIBED:
                return None
            case _:  # a rule that is newer than this story
                about = room if event.room is not None else who
                return f"  {about}: {event.fact} {json.dumps(_plain(data))}"

    def text(self, last: int | None = None) -> str:
        """The story so far, or its last lines."""
        lines = self.lines if last is None else self.lines[-last:]
        told, before = [], lines[0][0] if lines else 0
        for at, text in lines:
            if at - before >= PAUSE_MS:
                told.append("")
            told.append(f"{clock_time(at)}  {text}")
            before = at
        return "\n".join(told)


def numbers(calls: list[Call]) -> Summary:
    """The day as the manager's page would count it."""
    return summarise(
        CallRow(call.raised_at, call.arrived_at, call.closed_at, call.outcome) for call in calls
    )


def verdict(world: "World") -> str:
    """What came of it, in a few lines."""
    calls = world.calls()
    told = numbers(calls)
    again = sum(call.presses - 1 for call in calls)
    lapses = sum(call.lapses for call in calls)
    keep_ms = world.script.keep_ms
    kept = f" of the last {_span(keep_ms)}, as they are kept" if keep_ms is not None else ""
    lines = [
        f"{told.calls} calls{kept}; somebody came to {told.arrived}, "
        f"{told.abandoned} were given up.",
    ]
    if told.median_ms is not None:
        p90 = f", nine in ten within {_span(told.p90_ms)}" if told.p90_ms is not None else ""
        lines.append(f"Half were helped within {_span(told.median_ms)}{p90}.")
    lines.append(
        f"{again} more presses while waiting, {lapses} promises that nobody kept, "
        f"{world.story.faults} faults."
    )
    lost = world.story.lost
    gone = f"{lost} went with a device's power before they were stored" if lost else "none lost"
    lines.append(
        f"{world.watch.books_kept()} facts stored. Presses: {gone}, none counted twice. "
        "Every lamp right at the end."
    )
    return "\n".join(lines)


def _span(ms: int) -> str:
    seconds = round(ms / 1000)
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _plain(data: Any) -> Any:
    return {key: value for key, value in data.items() if key != "policy"}
