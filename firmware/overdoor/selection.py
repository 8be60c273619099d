"""Which call of a pager's list is selected. Pure."""

from .calllist import ARRIVED, RAISED
from .compat import const

_JUST_MOVED_MS = const(600)  # a key pressed so soon was meant for what was selected before


class Selection:
    """Stays where it is while there is something to do, or to read."""

    def __init__(self, calls, answers, now_ms: int):
        """`calls` is a CallList, `answers` an Answers."""
        self._list = calls
        self._answers = answers
        self._selected = None  # call id
        self._moved_at = now_ms - _JUST_MOVED_MS

    def call(self):
        """The selected call, or None."""
        return self._list.find(self._selected)

    def place(self):
        """Its place in the list, or None."""
        return self._list.place(self._selected)

    def is_seen(self, at_ms: int) -> bool:
        """Whether a key that is pressed now is meant for the selected call."""
        return at_ms - self._moved_at >= _JUST_MOVED_MS

    def next(self, at_ms: int) -> None:
        """Select the call below, and after the last one the first."""
        calls = self._list.calls
        if calls:
            place = self.place()
            self._selected = calls[0 if place is None else (place + 1) % len(calls)].id
            self._moved_at = at_ms - _JUST_MOVED_MS  # it was the hand that moved it

    def choose(self, now_ms: int) -> None:
        """The list is new: move to what is to be done, if nothing here is."""
        selected = self.call()
        if selected is not None and selected.state != ARRIVED:
            return
        open_ = [call for call in self._list.calls if call.state != ARRIVED]
        wanted = [call for call in open_ if call.id not in self._answers.declined] or open_
        if wanted:
            waiting = [call for call in wanted if call.state == RAISED or self._list.mine(call)]
            self._selected = (waiting or wanted)[0].id
            self._moved_at = now_ms
        elif selected is None:
            self._selected = self._list.calls[0].id if self._list.calls else None
