"""What a pager decides: the list of calls, two keys, answers, when it sounds. Pure.

Inputs are method calls with the time in ms; each returns a list of actions for the shell to do:

    (SEND, event)     publish `outbox.payload(event, now)` now
    (SHOW, view)      bring the screen up to date; `layout.py` turns a view into lines
    (ALERT, pattern)  sound and vibrate: call, taken, late or link
    (SHOWN, rev, "page")  tell the gateway that the screen has the list with this revision

Key A answers: it takes a waiting call, and says "I am there" for one's own. Key B goes to the next
call; held, it declines the selected one. What was answered counts once the gateway's list shows it.

It does not nag: a call sounds once when it begins to wait, once more each time an acknowledgement
lapsed, three times at most; a lost link sounds once. No I/O and no clock: `wake_at()` says when
`tick` wants to be called next.
"""

from collections import namedtuple

from .actions import ALERT, SEND, SHOW, SHOWN
from .answers import Answers
from .bell import Bell
from .calllist import ACKNOWLEDGED, RAISED, CallList
from .compat import const
from .outbox import Outbox
from .payload import receipted
from .selection import Selection

_HOLD_MS = const(800)
_LIT_MS = const(20000)
_NOTICE_MS = const(6000)
_LIVE_MS = const(600000)


# What the screen shows. `lit`: at all. `trouble`: None, link, gateway or old, why the list may not
# be true, and for how many seconds (None: nobody knows). `calls`: (name, zone, seconds, whether it
# may be more, look, need). `selected`: a place among them, or None. `notice`: changed, taken, over,
# full or None.
View = namedtuple("View", ("lit", "trouble", "trouble_s", "calls", "selected", "notice"))


class Pager:
    """One pager, from power-up on."""

    LEAF = "page"

    def __init__(self, device: str, boot: str, now_ms: int = 0):
        """`device` is its id: calls that are `by` it are its own."""
        self.outbox = Outbox(boot)
        self.online = False
        self._list = CallList(device)
        self._answers = Answers(self._list)
        self._selection = Selection(self._list, self._answers, now_ms)
        self._held = None  # ms of the press of key B, while it is down
        self._bell = Bell()
        self._lost_at = now_ms  # the link; None while it is up
        self._gateway_lost_at = None
        self._lit_until = now_ms + _LIT_MS
        self._notice = None
        self._notice_until = now_ms
        self._shown = None
        self._seconds_at = now_ms

    # ---- whoever carries it

    def button(self, key: str, closed: bool, at_ms: int, now_ms: int) -> list:
        """Key "a" or "b" went down or up at `at_ms`."""
        actions = []
        dark = not self._is_lit(now_ms)
        if closed:
            self._lit_until = now_ms + _LIT_MS
            if dark:
                pass  # nobody answers what they did not see
            elif key == "b":
                self._held = at_ms
            elif self._selection.is_seen(at_ms):
                self._key_a(actions, at_ms)
        elif key == "b" and self._held is not None:
            self._held = None
            self._selection.next(at_ms)
        return self._done(actions, now_ms)

    def _key_a(self, actions: list, at_ms: int) -> None:
        call = self._selection.call()
        if call is None or self._answers.waits(call):
            return
        if call.state == RAISED:
            self._answer(actions, call, "acknowledge", at_ms)
        elif call.state == ACKNOWLEDGED and self._list.mine(call):
            self._answer(actions, call, "arrive", at_ms)
        else:
            self._selection.next(at_ms)

    def _answer(self, actions: list, call, word: str, at_ms: int) -> None:
        fields = {"call": call.id, "rev": self._list.rev or 0, "answer": word}
        event = self.outbox.add("answer", fields, at_ms)
        if event is None:
            self._tell("full", at_ms)
            return
        self._answers.add(call.id, word, event)
        if word == "decline":
            self._selection.next(at_ms)

    # ---- the link

    def connected(self, now_ms: int) -> list:
        """The broker took us: subscribed, and status and info are on their way."""
        self.online = True
        self._lost_at = None
        self._bell.link_is_back()
        self._gateway_lost_at = None
        self._list.doubt()
        self.outbox.restart(now_ms)
        return self._done([], now_ms)

    def disconnected(self, now_ms: int) -> list:
        """The broker is gone, or the radio."""
        if self.online:
            self.online = False
            self._lost_at = now_ms
        return self._done([], now_ms)

    def gateway(self, payload: bytes, now_ms: int) -> list:
        """`gateway/status` said something."""
        if payload == b"online":
            if self._gateway_lost_at is not None:
                self._list.doubt()
            self._gateway_lost_at = None
        elif payload == b"offline" and self._gateway_lost_at is None:
            self._gateway_lost_at = now_ms
        return self._done([], now_ms)

    def receipt(self, payload: bytes, now_ms: int) -> list:
        """`receipt` said what is stored."""
        for boot, n in receipted(payload):
            self.outbox.cover(boot, n)
        self._answers.stored(list(self.outbox), now_ms)
        return self._done([], now_ms)

    def page(self, payload: bytes, retained: bool, now_ms: int) -> list:
        """`page` said which calls there are."""
        actions = []
        if not self._list.read(payload, retained, now_ms):
            return actions
        for call in self._list.calls:
            wanted = call.news and call.state == RAISED and call.id not in self._answers.declined
            if wanted and self._bell.may_ring(call.id, self._list):
                self._alert(actions, "call", now_ms)
        self._settle(actions, now_ms)
        self._selection.choose(now_ms)
        actions = self._done(actions, now_ms)
        actions.append((SHOWN, self._list.rev, "page"))
        return actions

    def _settle(self, actions: list, now_ms: int) -> None:
        for outcome in self._answers.settle(now_ms):
            if outcome == "mine":
                self._alert(actions, "taken", now_ms)
            else:
                self._tell(outcome, now_ms)
                self._alert(actions, "late", now_ms)

    # ---- time

    def tick(self, now_ms: int) -> list:
        """Do what is due at `now_ms`."""
        actions = []
        if self._held is not None and now_ms - self._held >= _HOLD_MS:
            held_at, self._held = self._held, None
            call = self._selection.call()
            if call is not None and call.state == RAISED and not self._answers.waits(call):
                self._answer(actions, call, "decline", held_at)
        self._settle(actions, now_ms)
        link_at = self._bell.link_at(self._lost_at)
        if link_at is not None and link_at <= now_ms:
            self._bell.told_link(now_ms)
            self._alert(actions, "link", now_ms)
        return self._done(actions, now_ms)

    def wake_at(self):
        """The time in ms when `tick` next has something to do, or None."""
        times = self._answers.settles_at()
        if self._held is not None:
            times.append(self._held + _HOLD_MS)
        link_at = self._bell.link_at(self._lost_at)
        if link_at is not None:
            times.append(link_at)
        if self._shown is None or self._shown.lit:
            times.append(self._seconds_at)  # the screen counts seconds
        if self.online and len(self.outbox):
            times.append(self.outbox.next_due())
        return min(times) if times else None

    def in_use(self, now_ms: int) -> bool:
        """Whether an answer is on its way; a restart can wait for it."""
        return any(
            event.at_ms is not None and now_ms - event.at_ms < _LIVE_MS for event in self.outbox
        )

    # ---- helpers

    def _alert(self, actions: list, pattern: str, now_ms: int) -> None:
        self._lit_until = now_ms + _LIT_MS
        if (ALERT, pattern) not in actions:
            actions.append((ALERT, pattern))

    def _tell(self, notice: str, now_ms: int) -> None:
        self._notice = notice
        self._notice_until = now_ms + _NOTICE_MS

    def _is_lit(self, now_ms: int) -> bool:
        return now_ms < self._lit_until or self._list.wants_attention(self._answers.declined)

    def _done(self, actions: list, now_ms: int) -> list:
        if self.online:
            actions.extend([(SEND, event) for event in self.outbox.due(now_ms)])
        self._seconds_at = now_ms + 1000 - now_ms % 1000
        view = self.view(now_ms)
        if view != self._shown:
            self._shown = view
            actions.append((SHOW, view))
        return actions

    def view(self, now_ms: int) -> View:
        """What the screen should show now."""
        trouble, since = None, None
        if self._lost_at is not None:
            trouble, since = "link", self._lost_at
        elif self._gateway_lost_at is not None:
            trouble, since = "gateway", self._gateway_lost_at
        elif self._list.dated:
            trouble = "old"
        rows = []
        for call in self._list.calls:
            age_s = max(0, now_ms - call.raised_at) // 1000
            look = self._answers.look(call, self.online)
            rows.append((call.name, call.zone, age_s, call.at_least, look, call.need))
        return View(
            self._is_lit(now_ms),
            trouble,
            None if since is None else (now_ms - since) // 1000,
            rows,
            self._selection.place(),
            self._notice if now_ms < self._notice_until else None,
        )
