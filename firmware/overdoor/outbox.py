"""Events that the gateway has not receipted yet, of this boot and of earlier ones. Pure.

An event is named by (boot, n), and gets its `n` when it happens: the journal keeps it under that
name before anybody hears of it, so that a repeat after a power cut is known as one. An event that
is given up leaves a hole in the numbers; `low` says so once everything below the hole is receipted.
"""

from .compat import const

_CAPACITY = const(64)
_KEPT_FOR_PRESSES = const(16)
# A lost receipt costs a second; a dead gateway costs one small packet a minute.
_RESEND_MS = (1000, 2000, 4000, 8000, 16000, 32000, 60000)


class Event:
    """One event and what is known of its way to the gateway."""

    def __init__(self, boot: str, n: int, kind: str, fields: dict, at_ms, live: bool):
        """`at_ms` is by the clock of the boot that runs: negative before it began, None if lost."""
        self.boot = boot
        self.n = n
        self.kind = kind
        self.fields = fields
        self.at_ms = at_ms
        self.live = live  # a person waits for it; everything else is telemetry
        self.count = 1  # presses that it stands for
        self.aired = False  # on the air at some time: never rewritten
        self.sent = 0  # times sent on this connection
        self.due_ms = 0
        self.awaited = False  # the shopper waits for a receipt of it
        self.confirm_by = None  # ms when waiting turns into the degraded pattern

    def same(self, boot: str, kind: str, fields: dict) -> bool:
        """Whether it says the same as another press of that boot would."""
        return self.live and (self.boot, self.kind, self.fields) == (boot, kind, fields)


class Outbox:
    """Events in the order in which they happened, across boots.

    `unsaved` and `gone` are what the journal does not know yet; it calls `saved` when it does.
    """

    def __init__(self, boot: str, capacity: int = _CAPACITY):
        self.boot = boot
        self.dropped = 0
        self.resends = 0
        self.last_n = 0
        self.unsaved = []  # events, new or with another count
        self.gone = []  # (boot, first n, last n) of events that are held no more
        self._capacity = capacity
        self._events = []

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self):
        return iter(self._events)

    def restore(self, events: list) -> None:
        """Take over what earlier boots left, in its order, before everything of this boot."""
        self._events = events + self._events
        for event in events:
            event.aired = True  # for all that anybody knows
        while len(self._events) > self._capacity:
            self._make_room(True)

    def add(self, kind: str, fields: dict, at_ms: int, live: bool = True):
        """Keep an event. Returns it, or None if there was room for presses only.

        Without a connection a run of equal presses becomes two events, the first, and the last
        with the `count` of all after the first.
        """
        tail = self._events[-2:]
        if (
            live
            and len(tail) == 2
            and not tail[1].aired
            and tail[0].same(self.boot, kind, fields)
            and tail[1].same(self.boot, kind, fields)
        ):
            tail[1].count += 1
            tail[1].at_ms = at_ms
            if tail[1] not in self.unsaved:
                self.unsaved.append(tail[1])
            return tail[1]
        room = self._capacity if live else max(0, self._capacity - _KEPT_FOR_PRESSES)
        if len(self._events) >= room and not self._make_room(live):
            self.dropped += 1
            return None
        self.last_n += 1
        event = Event(self.boot, self.last_n, kind, fields, at_ms, live)
        event.due_ms = at_ms
        self._events.append(event)
        self.unsaved.append(event)
        return event

    def _make_room(self, for_press: bool) -> bool:
        """Drop the event that is missed least: telemetry, and for a press the oldest press."""
        victim = None
        for event in self._events:
            if not event.live and (for_press or not event.aired):
                victim = event
                break
        if victim is None and for_press:
            victim = self._events[0]  # the newest press matters most
        if victim is None:
            return False
        self._let_go(victim)
        self.dropped += victim.count
        return True

    def _let_go(self, event: Event) -> None:
        self._events.remove(event)
        if event in self.unsaved:
            self.unsaved.remove(event)
        # Even if it was never saved under this count: an older record of it may be.
        if self.gone and self.gone[-1][0] == event.boot and self.gone[-1][2] == event.n - 1:
            self.gone[-1] = (event.boot, self.gone[-1][1], event.n)
        else:
            self.gone.append((event.boot, event.n, event.n))

    def saved(self) -> None:
        """The journal knows everything now."""
        self.unsaved = []
        self.gone = []

    def low(self, event: Event) -> int:
        """The smallest number that is held of the event's boot."""
        return min([other.n for other in self._events if other.boot == event.boot] + [event.n])

    def due(self, now_ms: int) -> list:
        """Events to send now, in order, presses before telemetry; each is counted as sent."""
        due = [event for event in self._events if event.live and event.due_ms <= now_ms]
        due += [event for event in self._events if not event.live and event.due_ms <= now_ms]
        for event in due:
            event.due_ms = now_ms + _RESEND_MS[min(event.sent, len(_RESEND_MS) - 1)]
            event.sent += 1
            self.resends += event.aired
            event.aired = True
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
        if boot == self.boot and n > self.last_n:
            return False
        covered = [event for event in self._events if event.boot == boot and event.n <= n]
        for event in covered:
            self._let_go(event)
        rest = [event for event in self._events if event.boot == boot]
        if covered and rest:
            first = min(rest, key=lambda event: event.n)
            if first.n > n + 1:
                first.due_ms = 0  # a hole: its `low` lets the next receipt pass
        return True

    def payload(self, event: Event, now_ms: int) -> dict:
        """The event as the contract wants it, aged to this moment."""
        body = {
            "v": 1,
            "boot": event.boot,
            "n": event.n,
            "low": self.low(event),
            "type": event.kind,
            "age_ms": None if event.at_ms is None else max(0, now_ms - event.at_ms),
        }
        body.update(event.fields)
        if event.count > 1:
            body["count"] = event.count
        return body
