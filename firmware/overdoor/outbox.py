"""Events that the gateway has not receipted yet, in RAM: a restart forgets them.

An event is named by (boot, n). It gets its `n` when it first goes on the air, not when it happens:
a receipt covers everything from `low` to n, so a number that was given and never sent would be a
hole that no receipt can pass.
"""

from .compat import const

_CAPACITY = const(64)
_KEPT_FOR_PRESSES = const(16)
# A lost receipt costs a second; a dead gateway costs one small packet a minute.
_RESEND_MS = (1000, 2000, 4000, 8000, 16000, 32000, 60000)


class Event:
    """One event and what is known of its way to the gateway."""

    def __init__(self, kind: str, fields: dict, at_ms: int, live: bool):
        self.kind = kind
        self.fields = fields
        self.at_ms = at_ms
        self.live = live  # a person waits for it; everything else is telemetry
        self.count = 1  # presses that it stands for
        self.n = 0  # 0 until it first goes on the air
        self.sent = 0  # times sent on this connection
        self.due_ms = at_ms
        self.awaited = False  # the shopper waits for a receipt of it
        self.confirm_by = None  # ms when waiting turns into the degraded pattern

    def same(self, kind: str, fields: dict) -> bool:
        """Whether it says the same as another event would."""
        return self.kind == kind and self.fields == fields


class Outbox:
    """The events of one boot, oldest first."""

    def __init__(self, boot: str, capacity: int = _CAPACITY):
        self.boot = boot
        self.dropped = 0
        self.last_n = 0
        self._capacity = capacity
        self._events = []

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self):
        return iter(self._events)

    def add(self, kind: str, fields: dict, at_ms: int, live: bool = True):
        """Keep an event. Returns it, or None if there was room for presses only.

        Without a connection a run of equal presses becomes two events, the first, and the last
        with the `count` of all after the first.
        """
        tail = self._events[-2:]
        if (
            live
            and len(tail) == 2
            and tail[1].n == 0
            and tail[0].same(kind, fields)
            and tail[1].same(kind, fields)
        ):
            tail[1].count += 1
            tail[1].at_ms = at_ms
            return tail[1]
        room = self._capacity if live else max(0, self._capacity - _KEPT_FOR_PRESSES)
        if len(self._events) >= room and not self._make_room(live):
            self.dropped += 1
            return None
        event = Event(kind, fields, at_ms, live)
        self._events.append(event)
        return event

    def _make_room(self, for_press: bool) -> bool:
        """Drop the event that is missed least, never leaving a hole in the numbers on the air."""
        victim = None
        for event in self._events:
            if not event.live and event.n == 0:
                victim = event
                break
        if victim is None and for_press:
            # Only the lowest number may go: `low` then says so. The newest press matters most.
            numbered = [event for event in self._events if event.n]
            victim = min(numbered, key=lambda event: event.n) if numbered else self._events[0]
        if victim is None:
            return False
        self._events.remove(victim)
        self.dropped += victim.count
        return True

    def low(self) -> int:
        """The smallest number still held, or the next one to be given when none is."""
        return min([event.n for event in self._events if event.n] or [self.last_n + 1])

    def due(self, now_ms: int) -> list:
        """Events to send now, in order, presses before telemetry; each is counted as sent."""
        due = [event for event in self._events if event.live and event.due_ms <= now_ms]
        due += [event for event in self._events if not event.live and event.due_ms <= now_ms]
        for event in due:
            if event.n == 0:
                self.last_n += 1
                event.n = self.last_n
            event.due_ms = now_ms + _RESEND_MS[min(event.sent, len(_RESEND_MS) - 1)]
            event.sent += 1
        return due

    def next_due(self):
        """When `due` next has something, in ms, or None."""
        return min([event.due_ms for event in self._events]) if self._events else None

    def restart(self, now_ms: int) -> None:
        """A new connection: everything is due at once, and the intervals begin again."""
        for event in self._events:
            event.due_ms = now_ms
            event.sent = 0

    def cover(self, boot, n) -> bool:
        """Let go of what a receipt covers. Returns whether the receipt made sense."""
        if boot != self.boot or n > self.last_n:
            return False
        self._events = [event for event in self._events if event.n == 0 or event.n > n]
        return True

    def payload(self, event: Event, now_ms: int) -> dict:
        """The event as the contract wants it, aged to this moment."""
        body = {
            "v": 1,
            "boot": self.boot,
            "n": event.n,
            "low": self.low(),
            "type": event.kind,
            "age_ms": max(0, now_ms - event.at_ms),
        }
        body.update(event.fields)
        if event.count > 1:
            body["count"] = event.count
        return body
