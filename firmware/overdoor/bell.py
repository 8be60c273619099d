"""When a pager may sound, so that it does not nag. Pure.

A call sounds once when it begins to wait, and once more each time an acknowledgement of it lapsed,
three times at most. A lost link sounds once, and no more often than every ten minutes.
"""

from .compat import const

_MAX_RINGS = const(3)
_KNOWN_CALLS = const(32)
_LINK_MS = const(15000)
_LINK_QUIET_MS = const(600000)


class Bell:
    """What has sounded already."""

    def __init__(self):
        self._rung = {}  # call id -> times
        self._told_link = False  # of this loss
        self._told_link_at = None

    def may_ring(self, id_: str, listed) -> bool:
        """Whether a call that begins to wait sounds; counted as if it did. `listed`: a CallList."""
        times = self._rung.get(id_, 0)
        if times == 0 and len(self._rung) >= _KNOWN_CALLS:
            self._rung = {old: n for old, n in self._rung.items() if listed.find(old)}
        self._rung[id_] = times + 1
        return times < _MAX_RINGS

    def link_at(self, lost_at):
        """When the loss of the link since `lost_at` (None: there is one) sounds, or None."""
        if lost_at is None or self._told_link:
            return None
        at = lost_at + _LINK_MS
        return at if self._told_link_at is None else max(at, self._told_link_at + _LINK_QUIET_MS)

    def told_link(self, now_ms: int) -> None:
        """The loss has sounded."""
        self._told_link = True
        self._told_link_at = now_ms

    def link_is_back(self) -> None:
        """The next loss is another one."""
        self._told_link = False
