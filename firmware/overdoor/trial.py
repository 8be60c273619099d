"""Whether a new version stays. Decides from what the link does; no clock, no network.

The new version is confirmed once the broker has kept its session for ten seconds: it can then be
updated again. If it cannot, the next boot runs the old version, which waits until it reaches the
broker itself, however long that takes, and only then counts the try as failed and has the next one
made. So a broker that is away for everybody is no evidence, and each try begins while it is there.
"""

from .compat import const
from .update import RESTART

TELL = "tell"  # (TELL,): publish info, it says something new

_SETTLED_MS = const(10000)  # longer than the broker may take to refuse the subscription
_TRIAL_MS = const(300000)


class Trial:
    """The first minutes of a boot, as far as updates go."""

    def __init__(self, slots, guard=None):
        """`guard`: the timer by which the boot stub ends a trial that does not end itself, or None.

        Flash that cannot be read is as if there was no update.
        """
        self._slots = slots
        self._guard = guard
        self._up_at = None
        self._tidying = None
        try:
            pointer = slots.pointer()
            self._trial = slots.on_trial()
        except OSError:
            pointer, self._trial = {}, False
        self._judging = bool(pointer.get("new")) and not self._trial

    @property
    def active(self) -> bool:
        """Whether there is anything left to do."""
        return self._trial or self._judging or self._tidying is not None

    def up(self, now_ms: int) -> None:
        """A session began."""
        self._up_at = now_ms

    def down(self) -> None:
        """The session ended."""
        self._up_at = None

    def step(self, now_ms: int, press_waits: bool) -> list:
        """To be called about once a second, with the ms since power-up. May raise OSError."""
        if press_waits:
            return []
        settled = self._up_at is not None and now_ms - self._up_at >= _SETTLED_MS
        if self._trial:
            if settled:
                return self._confirm()
            return [(RESTART, "the trial is over")] if now_ms >= _TRIAL_MS else []
        if self._judging and settled:
            again = self._slots.judge()
            self._judging = False
            self._tidying = self._slots.tidy()
            return [(RESTART, "the new version is tried again")] if again else [(TELL,)]
        if self._tidying is not None:
            try:
                next(self._tidying)
            except StopIteration:
                self._tidying = None
        return []

    def _confirm(self) -> list:
        self._slots.confirm()
        self._trial = False
        if self._guard is not None:
            self._guard.deinit()
        self._tidying = self._slots.tidy()
        return [(TELL,)]
