"""The outbox on flash: what is held is appended before it is sent, and read back at the next boot.

What happened is appended: a new event at once, what was let go of together with the next event
or when nothing has happened for a while. When more of the file is past than present, it is
written anew beside itself and renamed. Receipts that were not written down yet are forgotten by a
power cut; their events are sent once more, and the gateway knows them by (boot, n).

Without flash the outbox lives on in RAM: `ok` is False, `faults` counts, `tend` tries again.
"""

from . import record
from .compat import const
from .outbox import Event

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Write

NAME = "outbox.log"
_BAD = "outbox.bad"
_SMALL = const(4096)  # bytes; one block of LittleFS on an ESP32, not worth tidying
_RESTART_MS = const(3000)  # from a rest to the clock of the next boot, rather more than less


class Journal:
    """Keeps one outbox. Nothing here raises for what flash does."""

    def __init__(self, files, log: "Write", small: int = _SMALL):
        """`files` is as `flash.Files`; `log(text)` takes a line; `small` bytes are let grow."""
        self.ok = True
        self.faults = 0  # times that flash failed, since this boot began
        self._files = files
        self._log = log
        self.small = small
        self._size = 0  # bytes of the file, about
        self._read = False
        self._damaged = False

    def load(self, outbox, restarted: bool) -> None:
        """Give the outbox what earlier boots left. Once, before anything is sent.

        `restarted`: the chip says that it never lost power, so a rest just before can be believed.
        """
        events = []
        try:
            rested = self._replay(events)
        except (OSError, MemoryError) as error:
            self._failed(error)
            return
        self._read = True
        aged = rested and restarted and not self._damaged and len(events) > 0
        if aged:
            try:  # or a later boot would believe the same rest once more
                self._append(record.wake())
            except (OSError, MemoryError) as error:
                aged = False
                self._failed(error)
        for event in events:
            known = aged and event.at_ms is not None
            event.at_ms = event.at_ms - _RESTART_MS if known else None
        outbox.restore(events)

    def _replay(self, events: list) -> bool:
        """Fill in the events that are held. Whether a rest is the last that was written."""
        reader = record.Reader()
        rested = False
        self._size = 0
        for piece in self._files.read(NAME):
            self._size += len(piece)
            for said in reader.feed(piece):
                rested = _apply(events, said)
        for said in reader.end():
            rested = _apply(events, said)
        if reader.damaged:
            self._damaged = True
            self._log("journal: %d bytes were damaged" % reader.damaged)
        return rested

    def save(self, outbox) -> None:
        """Write down what is new; when this returns it is on flash, or `ok` is False."""
        if not self.ok:
            outbox.saved()  # once flash is back, everything that is held is written
        elif outbox.unsaved:
            try:
                self._save(outbox)
            except (OSError, MemoryError) as error:
                self._failed(error)

    def tend(self, outbox) -> None:
        """In a quiet moment: forget what is receipted, try a failed flash again."""
        if self.ok and not (outbox.gone or outbox.unsaved or self._damaged):
            return
        try:
            if not self._read:
                self._rescue(outbox)
            if self.ok and len(outbox) and not self._damaged:
                self._save(outbox)
            else:
                self._rewrite(outbox)
        except (OSError, MemoryError) as error:
            self._failed(error)
            return
        if not self.ok:
            self.ok = True
            self._log("journal: flash is back")

    def rest(self, outbox, now_ms: int) -> bool:
        """Before a restart on purpose: write down how old everything is. Whether that worked."""
        if not self.ok:
            return len(outbox) == 0
        try:
            self._rewrite(outbox, now_ms)
        except (OSError, MemoryError) as error:
            self._failed(error)
        return self.ok

    def _save(self, outbox) -> None:
        data = b"".join([record.gone(*gone) for gone in outbox.gone])
        data += b"".join([self._event(event, None) for event in outbox.unsaved])
        if self._size + len(data) > self.small and self._size > 2 * self._live_size(outbox):
            self._rewrite(outbox)
            return
        self._append(data)
        outbox.saved()

    def _append(self, data: bytes) -> None:
        self._files.append(NAME, data)
        self._size += len(data)

    def _rewrite(self, outbox, resting_ms=None) -> None:
        """The file anew, with what is held; with ages and a rest at its end, at `resting_ms`."""
        if len(outbox) or not self.ok:  # after a failure only writing shows that it is over
            pieces = [self._event(event, resting_ms) for event in outbox]
            if resting_ms is not None:
                pieces.append(record.rest())
            self._files.replace(NAME, pieces)
            self._size = sum([len(piece) for piece in pieces])
        elif self._size:
            self._files.remove(NAME)
            self._size = 0
        self._damaged = False
        outbox.saved()

    def _event(self, event, resting_ms) -> bytes:
        age = None
        if resting_ms is not None and event.at_ms is not None:
            age = resting_ms - event.at_ms
        try:
            return record.event(
                event.boot, event.n, age, event.live, event.count, event.kind, event.fields
            )
        except ValueError:  # longer than any event is: it is sent all the same
            self.faults += 1
            return b""

    def _live_size(self, outbox) -> int:
        return sum([len(self._event(event, None)) for event in outbox])

    def _rescue(self, outbox) -> None:
        """Flash could not be read at boot: take over what can be read of it now."""
        events = []
        try:
            self._replay(events)
        except OSError:
            self._files.rename(NAME, _BAD)  # for somebody to look at; what follows starts afresh
        self._read = True
        for event in events:
            event.at_ms = None
        outbox.restore(events)

    def _failed(self, error) -> None:
        if self.ok:
            self.ok = False
            self.faults += 1
            self._log("journal: flash failed: %r" % error)


def _apply(events: list, said: tuple) -> bool:
    """What a record does to the events; whether it was a rest."""
    if said[0] == record.EVENT:
        _, boot, n, age, live, count, kind, fields = said
        for event in events:
            if (event.boot, event.n) == (boot, n):
                break
        else:
            event = Event(boot, n, kind, fields, None, live)
            events.append(event)
        event.count = count
        event.at_ms = None if age is None else -age
    elif said[0] == record.GONE:
        _, boot, first, last = said
        events[:] = [
            event for event in events if event.boot != boot or not first <= event.n <= last
        ]
    return said[0] == record.REST
