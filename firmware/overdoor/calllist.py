"""The calls that the gateway's `page` lists, and how far they can be believed. Pure."""

from .compat import const
from .payload import is_count, load_object

RAISED = "raised"
ACKNOWLEDGED = "acknowledged"
ARRIVED = "arrived"

_STATES = (RAISED, ACKNOWLEDGED, ARRIVED)
_MAX_CALLS = const(16)


class Call:
    """One call of the list."""

    def __init__(self, id_, name, zone, state, raised_at, need, by):
        """`raised_at` is in ms by this device's clock; `at_least`: or earlier."""
        self.id = id_
        self.name = name
        self.zone = zone
        self.state = state
        self.raised_at = raised_at
        self.at_least = False
        self.need = need
        self.by = by
        self.news = False  # the list before did not show it like this


class CallList:
    """The newest list. `dated`: it was heard before the link, or the gateway, came back."""

    def __init__(self, device: str):
        self.calls = []
        self.rev = None  # of the newest list; None before there was one
        self.dated = False
        self._device = device
        self._lowest = 0  # a list with a lower rev is ignored

    def find(self, id_):
        """The call with this id, or None."""
        place = self.place(id_)
        return None if place is None else self.calls[place]

    def place(self, id_):
        """Where this call stands in the list, or None."""
        for place, call in enumerate(self.calls):
            if call.id == id_:
                return place
        return None

    def mine(self, call) -> bool:
        """Whether this pager has the call."""
        return call.by == self._device

    def wants_attention(self, declined: list) -> bool:
        """Whether somebody waits for this pager's person, or may."""
        for call in self.calls:
            if call.state == RAISED and call.id not in declined:
                return True
            if call.state == ACKNOWLEDGED and self.mine(call):
                return True
        return False

    def doubt(self) -> None:
        """Link or gateway are new: the next list counts, whatever its rev, and until then none."""
        self._lowest = 0
        self.dated = self.rev is not None

    def read(self, payload: bytes, retained: bool, now_ms: int) -> bool:
        """Take over a list; whether it was one, and none older than what is known."""
        if payload == b"":
            rev, items = 0, []
        else:
            page = load_object(payload)
            if page is None:
                return False
            rev, items = page.get("rev"), page.get("calls")
            if not is_count(rev) or rev < self._lowest or not isinstance(items, list):
                return False
        before = {call.id: call for call in self.calls}
        calls = [_call(item, now_ms) for item in items[:_MAX_CALLS]]
        self.calls = [call for call in calls if call is not None]
        for call in self.calls:
            known = before.get(call.id)
            call.news = known is None or known.state != call.state
            # The age in a list that the broker kept is that of the day it was written.
            call.at_least = retained
            if retained and known is not None and known.raised_at <= call.raised_at:
                call.raised_at, call.at_least = known.raised_at, known.at_least
        self.rev = self._lowest = rev
        self.dated = False
        return True


def _call(item, now_ms: int):
    """A call as it is listed, or None if it cannot be understood."""
    if not isinstance(item, dict):
        return None
    id_, room, state, age = (
        item.get("call"),
        item.get("room"),
        item.get("state"),
        item.get("age_ms"),
    )
    if not (_is_text(id_) and _is_text(room) and state in _STATES and is_count(age)):
        return None
    name, zone = item.get("name"), item.get("zone_name")
    return Call(
        id_,
        name if _is_text(name) else room,
        zone if _is_text(zone) else "",
        state,
        now_ms - age,
        item.get("need"),
        item.get("by"),
    )


def _is_text(value) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64
