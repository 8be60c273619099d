"""What a pager's carrier answered, until it is known what became of it. Pure."""

from .calllist import ACKNOWLEDGED, ARRIVED, RAISED
from .compat import const

_SETTLE_MS = const(1500)  # between a receipt and the list that shows what came of it
_KNOWN_CALLS = const(32)


class _Answer:
    def __init__(self, word: str, event):
        self.word = word  # acknowledge, decline or arrive
        self.event = event
        self.settles_at = None  # ms; once the gateway has it


class Answers:
    """At most one for each call. An answer counts once the gateway's list shows it."""

    def __init__(self, calls):
        """`calls` is the CallList."""
        self.declined = []  # call ids that are somebody else's business
        self._calls = calls
        self._open = {}  # call id -> _Answer

    def add(self, call_id: str, word: str, event) -> None:
        """A key was pressed; `event` says so to the gateway."""
        self._open[call_id] = _Answer(word, event)
        if word == "decline":
            self.declined = self.declined[1 - _KNOWN_CALLS :]
            self.declined.append(call_id)

    def waits(self, call) -> bool:
        """Whether this call was answered, and nobody knows yet what came of it."""
        return call.id in self._open

    def stored(self, held: list, now_ms: int) -> None:
        """There was a receipt; the outbox still holds the events `held`."""
        for answer in self._open.values():
            if answer.settles_at is None and answer.event not in held:
                answer.settles_at = now_ms + _SETTLE_MS

    def settle(self, now_ms: int) -> list:
        """What became of answers, at once if the list shows it, or after a while.

        A list of: mine (it counts), changed, taken (by somebody faster) or over.
        """
        outcomes = []
        for id_ in list(self._open):
            answer, call = self._open[id_], self._calls.find(id_)
            mine = call is not None and self._calls.mine(call)
            wanted = (ACKNOWLEDGED, ARRIVED) if answer.word == "acknowledge" else (ARRIVED,)
            if mine and call.state in wanted:
                outcomes.append("mine")
            elif answer.settles_at is None or now_ms < answer.settles_at:
                continue  # not known yet
            elif answer.word != "decline":
                if call is None:
                    outcomes.append("over")
                else:
                    outcomes.append("changed" if call.state == RAISED or mine else "taken")
            del self._open[id_]
        return outcomes

    def settles_at(self) -> list:
        """The times in ms when `settle` may know more."""
        return [one.settles_at for one in self._open.values() if one.settles_at is not None]

    def look(self, call, online: bool) -> str:
        """In one word how a call stands with this pager."""
        answer = self._open.get(call.id)
        if answer is not None and answer.word != "decline":
            return "sending" if online else "queued"
        if call.state == RAISED:
            return "declined" if call.id in self.declined else "waiting"
        if self._calls.mine(call):
            return "mine" if call.state == ACKNOWLEDGED else "there"
        return "lost"
