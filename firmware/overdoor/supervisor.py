"""Sees to it that the device works or starts anew: watchdog, bad boots, safe mode.

The hardware watchdog is fed only while every task makes progress. A task that waits for something
that may never come is woken by its `poke` to show that it could.
"""

import asyncio

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Ask, LostMs, Now, Poke, Restart, Write

WATCHDOG_MS = const(30000)  # longer than a TLS handshake or a name that does not resolve

_LOOK_MS = const(1000)
_BAD_BOOTS = const(10)
_GOOD_MS = const(60000)
_SAFE_MS = const(300000)  # then the whole firmware gets another chance
_NO_BROKER_MS = const(900000)


class Pulse:
    """Whether each task makes progress. Times in ms.

    It is asked every second for years, so while all is well it makes no garbage.
    """

    def __init__(self):
        self._tasks = []  # [name, patience, last beat, poke or None]

    def expect(self, name: str, patience_ms: int, now_ms: int, poke: "Poke" = None):
        """From now on `name` beats at least every `patience_ms`, woken by `poke()` if need be.

        Returns `beat(now_ms)`, which says that it made a turn.
        """
        task = [name, patience_ms, now_ms, poke]
        self._tasks.append(task)

        def beat(now_ms: int) -> None:
            task[2] = now_ms

        return beat

    def stalled(self, now_ms: int):
        """The names of the tasks that should have beaten by now, or an empty tuple."""
        names = ()
        for task in self._tasks:
            if now_ms - task[2] > task[1]:
                names += (task[0],)
        return names

    def poke(self, now_ms: int) -> None:
        """Wake those that have been quiet for half of their patience."""
        for task in self._tasks:
            if task[3] is not None and 2 * (now_ms - task[2]) >= task[1]:
                task[3]()


class Boots:
    """Counts starts that did not last a minute, in a store that survives them.

    `store` has `get(key) -> int` and `set(key, value)`, neither of which raises.
    """

    def __init__(self, store):
        self._store = store
        self._good = False
        self.count = store.get("boots") + 1
        self.safe = self.count > _BAD_BOOTS
        store.set("boots", self.count)

    def good(self) -> None:
        """None of the bad ones, this start: it lasted, or it was ended on purpose."""
        if not self._good:
            self._good = True
            self._store.set("boots", 0)


def due(uptime_ms: int, broker_lost_ms, safe: bool, press_lives: "Ask"):
    """What is due: "good" (this start lasts), a reason to restart, or None.

    `broker_lost_ms`: for how long, or None. Nothing restarts while `press_lives()`.
    """
    why = None
    if broker_lost_ms is not None and broker_lost_ms >= _NO_BROKER_MS:
        why = "no broker"
    elif safe and uptime_ms >= _SAFE_MS:
        why = "safe mode is over"
    if why is not None and not press_lives():
        return why
    return "good" if uptime_ms >= _GOOD_MS and not safe else None


class Supervisor:
    """Feeds the watchdog, and restarts the device when that is due."""

    def __init__(self, boots, now: "Now", log: "Write"):
        """`now() -> int` gives ms."""
        self.pulse = Pulse()
        self.worst_delay_ms = 0  # by which the loop came late to this task
        self._boots = boots
        self._now = now
        self._log = log
        self.stalled = ()  # the tasks without progress

    def expect(self, name: str, patience_ms: int, poke: "Poke" = None):
        """Watch a task; returns what it calls at each turn."""
        beat = self.pulse.expect(name, patience_ms, self._now(), poke)
        return lambda: beat(self._now())

    async def run(
        self, watchdog, broker_lost_ms: "LostMs", press_lives: "Ask", restart: "Restart"
    ) -> None:
        """For ever. `watchdog` is a `machine.WDT`; `await restart(why)` starts anew.

        `broker_lost_ms()` and `press_lives()` give what `due` wants.
        """
        while True:
            before = self._now()
            await asyncio.sleep(_LOOK_MS / 1000)
            now = self._now()
            self.worst_delay_ms = max(self.worst_delay_ms, now - before - _LOOK_MS)
            self._feed(watchdog, now)
            todo = due(now, broker_lost_ms(), self._boots.safe, press_lives)
            if todo == "good" and not self.stalled:
                self._boots.good()
            elif todo is not None and todo != "good":
                await restart(todo)

    def _feed(self, watchdog, now: int) -> None:
        stalled = self.pulse.stalled(now)
        if stalled:
            if stalled != self.stalled:
                self._log("supervisor: no progress of %s" % ", ".join(stalled))
        else:
            watchdog.feed()
        self.stalled = stalled
        self.pulse.poke(now)
