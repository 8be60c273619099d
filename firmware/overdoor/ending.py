"""How a device stops on purpose: a restart, or the sleep of a battery button."""

import asyncio

from .compat import const
from .orders import RefusedError

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Write


class Ending:
    """Nothing is lost by it, and it is no bad boot."""

    def __init__(self, machine, boots, keeper, air, passwords, log: "Write"):
        """`machine` is the module; the others are objects of the classes with these names."""
        self._machine = machine
        self._boots = boots
        self._keeper = keeper
        self._air = air
        self._passwords = passwords
        self._log = log

    def restart_soon(self, args: dict, id_) -> dict:
        """The command `restart`. Raises RefusedError if an event would be lost."""
        if self._keeper.only_in_ram():
            raise RefusedError("a press waits, and flash cannot keep it")
        asyncio.create_task(self.restart("restart was asked for"))
        return {}

    async def restart(self, why: str) -> None:
        """Start anew, unless that would lose an event."""
        if self._keeper.only_in_ram():
            return
        self._log("restart: " + why)
        self._boots.good()
        self._passwords.rest()
        await self._air.settle()
        if self._keeper.rest():
            self._machine.reset()

    async def goodnight(self) -> None:
        """What comes before a sleep; a will must not follow it."""
        self._boots.good()
        self._passwords.rest()
        self._keeper.tend()
        self._air.publish("status", b"sleeping", True)
        await self._air.leave()
