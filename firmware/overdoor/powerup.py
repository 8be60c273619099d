"""What holding the call button at power-up does: set-up, or forgetting everything.

Runs before anything else, and blocks: there is no room to serve yet, and no watchdog.
"""

import os

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Show

RUN = "run"
SETUP = "setup"
ERASE = "erase"

_SETUP_MS = const(3000)
_ERASE_MS = const(10000)
_STUCK_MS = const(20000)  # no hand holds so long: the contact is stuck, or somebody leans on it
_LOOK_MS = const(20)

SETUP_COLOUR = (170, 60, 255)
_COLOURS = {RUN: (0, 0, 0), SETUP: SETUP_COLOUR, ERASE: (255, 255, 255)}


def choice(held_ms: int) -> str:
    """What letting go after so long asks for. A contact that is stuck asks for nothing."""
    if _SETUP_MS <= held_ms < _ERASE_MS:
        return SETUP
    return ERASE if _ERASE_MS <= held_ms < _STUCK_MS else RUN


def ask(pin, show: "Show", time) -> str:
    """Wait for the button to open; returns RUN, SETUP or ERASE.

    `pin` reads 0 while closed; `show(colour)` lights the ring; `time` is the module of MicroPython.
    """
    began = time.ticks_ms()
    shown = RUN
    while pin.value() == 0:
        held = time.ticks_diff(time.ticks_ms(), began)
        if held >= _STUCK_MS:
            break
        if choice(held) != shown:
            shown = choice(held)
            show(_COLOURS[shown])
        time.sleep_ms(_LOOK_MS)
    chosen = choice(time.ticks_diff(time.ticks_ms(), began))
    show(_COLOURS[RUN])
    return chosen


def erase(names) -> None:
    """Remove these files. One that cannot be removed is told by OSError, after all the others."""
    failure = None
    present = os.listdir()
    for name in names:
        try:
            if name in present:
                os.remove(name)
        except OSError as error:
            failure = error
    if failure is not None:
        raise failure
