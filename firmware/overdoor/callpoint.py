"""What a call point decides. What affects that lives here, in `outbox.py` and in `needs.py`.

Inputs are method calls with the time in ms; each returns a list of actions for the shell to do:

    (FLASH,)               light the ring for a moment: a press was felt
    (TAKEN, number)        light so many of the ring for a moment: that need was chosen
    (SHOW, pattern)        lights: idle, raised, acknowledged, arrived or offline
    (SEND, event)          publish `outbox.payload(event, now)` now
    (SHOWN, rev, pattern)  tell the gateway what the lights show

No I/O and no clock: `wake_at()` says when `tick` wants to be called next.
"""

from .absence import Absence
from .actions import FLASH, SEND, SHOW, SHOWN, TAKEN
from .compat import const
from .needs import Needs
from .outbox import Outbox
from .payload import receipted, signalled

_HOLD_MS = const(800)
_LONG_HOLD_MS = const(3000)  # while raised it may be the shopper who leans on the only button
CONFIRM_MS = const(2000)
_DEGRADED_MS = const(600000)

_WAITING = ("raised", "acknowledged")  # a call is open and nobody stands there yet


class CallPoint:
    """One room's call point, from power-up on."""

    LEAF = "signal"  # the topic that tells it what to show

    def __init__(
        self,
        boot: str,
        now_ms: int = 0,
        presence: bool = True,
        needs: tuple = (),
        reach_ms: int = CONFIRM_MS,
    ):
        """`presence`: whether it has such a button. `needs`: what its need button chooses from.

        `reach_ms`: how long a press without a link may wait before it counts as not confirmed.
        """
        self._reach_ms = reach_ms
        self._presence = presence
        self._needs = Needs(needs)
        self.outbox = Outbox(boot)
        self.state = "idle"  # of the last signal, or idle when that no longer says anything
        self.rev = None
        self._absence = Absence(now_ms)
        self._shows = "idle"
        self._down = {}  # button -> ms of the first edge, while its gesture is undecided
        self._degraded_at = None
        self._signalled = False  # a signal came that counts once a receipt covers the press

    @property
    def online(self) -> bool:
        """Whether there is a link to the broker."""
        return self._absence.online

    # ---- the person in the room, and staff at the door

    def button(self, button: str, closed: bool, at_ms: int, now_ms: int) -> list:
        """A debounced contact changed at `at_ms`."""
        actions = []
        if button == "need":
            if closed:
                self._choose(actions, at_ms, now_ms)
        elif closed:
            if button == "call":
                actions.append((FLASH,))
            if self.state == "idle":
                self._gesture(actions, button, "press", at_ms, now_ms)
            else:
                self._down[button] = at_ms
        else:
            down_at = self._down.pop(button, None)
            if down_at is not None:
                held_ms = at_ms - down_at
                gesture = "hold" if held_ms >= _HOLD_MS else "press"
                self._gesture(actions, button, gesture, down_at, now_ms, held_ms)
        return actions

    def _gesture(self, actions, button: str, gesture: str, at_ms: int, now_ms: int, held_ms=0):
        fields = {"button": button, "gesture": gesture}
        if gesture == "hold":
            fields["held_ms"] = _LONG_HOLD_MS if held_ms >= _LONG_HOLD_MS else _HOLD_MS
        event = self.outbox.add("button", fields, at_ms)
        if button == "presence":
            self._attended()
        elif event is not None:
            event.awaited = True
            self._signalled = False  # what was said before the press is no answer to it
            if event.confirm_by is None:
                # Without a link nothing is sent, and nobody may be left in the dark for that.
                event.confirm_by = now_ms + CONFIRM_MS if self.online else at_ms + self._reach_ms
        self._send_due(actions, now_ms)
        self._show(actions)

    def _choose(self, actions: list, at_ms: int, now_ms: int) -> None:
        number, need = self._needs.choose(at_ms)
        actions.append((TAKEN, number))
        # It never takes the place of a press: nobody is called by it.
        self.outbox.add("need", {"need": need}, at_ms, False)
        self._send_due(actions, now_ms)

    def _attended(self) -> None:
        """Somebody came: nobody waits for a receipt any more, and a degraded light has done."""
        for event in self.outbox:
            event.awaited = False
            event.confirm_by = None
        if self._degraded_at is not None:
            self._recover()
            self.state = "idle"  # what the gateway said last is too old to show

    # ---- the link

    def connected(self, now_ms: int) -> list:
        """The broker took us: subscribed, and status and info are on their way."""
        self._absence.connected()
        self.rev = None
        self.outbox.restart(now_ms)
        for event in self.outbox:
            # A link that flaps must not put off the degraded light again and again.
            fresh = not event.aired or event.confirm_by is None
            if fresh and event.awaited and now_ms - event.at_ms < _DEGRADED_MS:
                event.confirm_by = now_ms + CONFIRM_MS
        actions = []
        self._send_due(actions, now_ms)
        return actions

    def disconnected(self, now_ms: int) -> list:
        """The broker is gone, or the radio."""
        self._absence.disconnected(now_ms)
        return []

    def gateway(self, payload: bytes, now_ms: int) -> list:
        """`gateway/status` said something."""
        if self._absence.gateway(payload, now_ms):
            self.rev = None  # a gateway that lost its memory counts from a lower number
        return []

    def receipt(self, payload: bytes, now_ms: int) -> list:
        """`receipt` said what is stored."""
        actions = []
        for boot, n in receipted(payload):
            self.outbox.cover(boot, n)
        if self._signalled and not self._unconfirmed(now_ms):
            self._recover()
            self._show(actions)
        return actions

    def signal(self, payload: bytes, retained: bool, now_ms: int) -> list:
        """`signal` said what the lights should show. An empty payload means idle."""
        rev, state = signalled(payload) or (None, None)
        if state is None or (rev is not None and self.rev is not None and rev < self.rev):
            return []
        actions = []
        self.rev, self.state = rev, state
        if self._degraded_at is not None:
            # What the broker kept from before a press is no answer to it: that signal counts once
            # a receipt shows that the gateway is there.
            if retained and self._unconfirmed(now_ms):
                self._signalled = True
            else:
                self._recover()
        elif not retained:
            # Its receipt may come after the two seconds.
            self._signalled = self._unconfirmed(now_ms)
        self._show(actions)
        if rev is not None:
            actions.append((SHOWN, rev, self._shows))
        return actions

    # ---- time

    def tick(self, now_ms: int) -> list:
        """Do what is due at `now_ms`."""
        actions = []
        for button, down_at in list(self._down.items()):
            if now_ms - down_at >= self._decides_after(button):
                del self._down[button]
                self._gesture(actions, button, "hold", down_at, now_ms, now_ms - down_at)
        for event in self.outbox:
            if event.confirm_by is not None and event.confirm_by <= now_ms:
                event.confirm_by = None
                self._degraded_at = now_ms
        lost_at = self._call_lost_at()
        if lost_at is not None and lost_at <= now_ms:
            self._signalled = False
            self._degraded_at = now_ms
        if self._degraded_at is not None and now_ms - self._degraded_at >= _DEGRADED_MS:
            self._recover()
            self.state = "idle"  # nobody answered for ten minutes: promise nothing any more
        self._send_due(actions, now_ms)
        self._show(actions)
        return actions

    def wake_at(self):
        """The time in ms when `tick` next has something to do, or None."""
        times = [at_ms + self._decides_after(button) for button, at_ms in self._down.items()]
        times += [event.confirm_by for event in self.outbox if event.confirm_by is not None]
        if self._degraded_at is not None:
            times.append(self._degraded_at + _DEGRADED_MS)
        lost_at = self._call_lost_at()
        if lost_at is not None:
            times.append(lost_at)
        if self.online and len(self.outbox):
            times.append(self.outbox.next_due())
        return min(times) if times else None

    def in_use(self, now_ms: int) -> bool:
        """Whether somebody presses or waits: no moment to block, or to restart."""
        open_call = self.state in _WAITING or self._degraded_at is not None
        return open_call or bool(self._down) or self._unconfirmed(now_ms)

    # ---- helpers

    def _decides_after(self, button: str) -> int:
        """How long a button is held until nothing more can come of it, in ms."""
        # `offline` may stand over an open call that nobody was reached for.
        waits = self.state in ("raised", "offline")
        long = button == "call" and waits and not self._presence
        return _LONG_HOLD_MS if long else _HOLD_MS

    def _call_lost_at(self):
        """When an open call counts as lost, or None while it does not."""
        if self.state not in _WAITING or self._degraded_at is not None:
            return None
        return self._absence.call_lost_at()

    def _unconfirmed(self, now_ms: int) -> bool:
        return any(event.awaited and now_ms - event.at_ms < _DEGRADED_MS for event in self.outbox)

    def _recover(self) -> None:
        self._degraded_at = None
        self._signalled = False

    def _send_due(self, actions: list, now_ms: int) -> None:
        if self.online:
            actions.extend([(SEND, event) for event in self.outbox.due(now_ms)])

    def _show(self, actions: list) -> None:
        pattern = self.state if self._degraded_at is None else "offline"
        if pattern != self._shows:
            self._shows = pattern
            actions.append((SHOW, pattern))
