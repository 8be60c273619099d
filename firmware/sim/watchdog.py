"""The chip's watchdog, which looks at its clock whatever the program does."""

import _thread
import asyncio
import os
import time

import machine

_LOOK_MS = 200


async def watch(say) -> None:
    """While the program gives way: a reset, with status 3, once it was not fed."""
    while not machine.watchdog_bites():  # noqa: ASYNC110  (a chip beside the program has no event)
        await asyncio.sleep(1)
    say({"log": "the watchdog resets the board"})
    machine.reset()


class Beside:
    """While the program may block for ever: from a thread, by SIGALRM, as an alarm nobody stopped.

    Used as a context. Only a signal ends a program that never gives way.
    """

    def __enter__(self):
        self._over = False
        _thread.start_new_thread(self._watch, ())
        return self

    def __exit__(self, *_):
        self._over = True

    def _watch(self) -> None:
        while not self._over:
            if machine.watchdog_bites():
                os.system("kill -ALRM $PPID")  # noqa: S605, S607 - of a fixed text
            time.sleep_ms(_LOOK_MS)
