"""Updates of a running device: does what `update.py` and `trial.py` decide, bit by bit."""

import asyncio

from . import PROTOCOL
from .compat import const
from .trial import TELL, Trial
from .update import RESTART, RESULT, WANT, Update

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Ask, Beat, Now, Restart, Say

_LOOK_MS = const(1000)


class Updater:
    """Between two bits of work every other task has its turn; while the room is in use it rests."""

    def __init__(self, slots, key, guard, now: "Now", in_use: "Ask", say: "Say"):
        """`key` as in `Update`, `guard` as in `Trial`, `now() -> int` gives ms.

        `in_use()`: whether somebody presses or waits. `say(leaf, body)` publishes `want` and
        `result`; `say("info")` publishes the info, and `say("log", text)` logs.
        """
        self._update = Update(slots, key)
        self._trial = Trial(slots, guard)
        self._now = now
        self._in_use = in_use
        self._say = say
        self._online = False
        self._woken = asyncio.Event()
        self.poke = self._woken.set

    def up(self) -> None:
        """A session began."""
        self._online = True
        self._update.connected(self._now())
        self._trial.up(self._now())
        self._woken.set()

    def down(self) -> None:
        """The session ended."""
        self._online = False
        self._trial.down()

    def order(self, args: dict, id_) -> None:
        """The command `update`; its result follows once there is one."""
        self._tell(self._update.order(id_, args, self._in_use()))
        self._woken.set()

    def piece(self, payload: bytes) -> None:
        """`piece` said something."""
        self._update.piece(payload, self._now())
        self._woken.set()

    async def run(self, restart: "Restart", beat: "Beat") -> None:
        """For ever. Calls `beat()` at each turn; `poke()` causes one. `await restart(why)`."""
        while True:
            beat()
            self._woken.clear()
            wait_ms = await self._turn(restart)
            if wait_ms == 0:
                await asyncio.sleep(0)
            elif wait_ms is None:
                await self._woken.wait()
            else:
                try:
                    await asyncio.wait_for(self._woken.wait(), wait_ms / 1000)
                except asyncio.TimeoutError:
                    continue  # the next turn looks at the clock

    async def _turn(self, restart: "Restart"):
        """One bit of work; returns the ms until the next, or None if only a message brings it."""
        in_use, now = self._in_use(), self._now()
        try:
            actions = self._trial.step(now, in_use)
        except OSError as error:
            self._say("log", "update: flash failed: %r" % error)
            return _LOOK_MS
        working = self._update.active and self._online
        if working:
            actions = actions + self._update.step(now, in_use)
        self._tell(actions)
        for action in actions:
            if action[0] == RESTART:
                await restart(action[1])
        if working and not in_use and self._update.active:
            return min(self._update.wait_ms(now), _LOOK_MS)
        return _LOOK_MS if self._update.active or self._trial.active else None

    def _tell(self, actions: list) -> None:
        for action in actions:
            if action[0] == WANT:
                self._say("want", action[1])
            elif action[0] == RESULT:
                _, id_, status, data = action
                result = {"v": PROTOCOL, "id": id_, "status": status, "data": data}
                self._say("result", result)
            elif action[0] == TELL:
                self._say("info")
