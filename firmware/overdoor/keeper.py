"""Sees to the journal: when it is tended, and that a fault of flash is told."""

from .compat import const
from .journal import Journal

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Now, Write

_TEND_MS = const(30000)


class Keeper:
    """Keeps one outbox on flash."""

    def __init__(self, files, outbox, now: "Now", log: "Write", restarted: bool):
        """Gives the outbox what earlier boots left. `now() -> int` gives ms; see `Journal`."""
        self._journal = Journal(files, log)
        self._outbox = outbox
        self._now = now
        self._tended_at = 0
        self._faults_told = 0
        self._journal.load(outbox, restarted)

    @property
    def ok(self) -> bool:
        """Whether flash works."""
        return self._journal.ok

    @property
    def faults(self) -> int:
        """How often flash failed since this boot began."""
        return self._journal.faults

    def save(self) -> None:
        """Write down what is new."""
        self._journal.save(self._outbox)

    def failed(self) -> bool:
        """Whether flash failed since this was last asked; an event says so then."""
        if self._faults_told == self._journal.faults:
            return False
        self._faults_told = self._journal.faults
        self._outbox.add("fault", {"fault": "flash"}, self._now(), False)
        return True

    def look(self) -> bool:
        """Tend the journal every half a minute. Whether flash is back since then."""
        if self._now() - self._tended_at < _TEND_MS:
            return False
        self._tended_at = self._now()
        was_ok = self._journal.ok
        self.tend()
        return self._journal.ok and not was_ok

    def tend(self) -> None:
        """Forget what is receipted, try a failed flash again."""
        self._journal.tend(self._outbox)

    def rest(self) -> bool:
        """Before a restart on purpose: write down how old everything is. Whether that worked."""
        return self._journal.rest(self._outbox, self._now())

    def only_in_ram(self) -> bool:
        """Whether a restart would lose an event."""
        return len(self._outbox) > 0 and not self._journal.ok
