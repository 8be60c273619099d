"""A hand on a button."""

import asyncio
import time

_LIFT_MS = 60  # between two presses; no finger is faster

_fingers = {}  # pin number -> lock: a button has room for one finger


async def press(contact, edges: list, ms: int) -> None:
    """Close a contact for `ms`; it toggles at each of `edges` (ms after the closing) besides.

    Presses of one contact come one after the other, however late they are all heard of.
    """
    async with _fingers.setdefault(contact.number, asyncio.Lock()):
        began = time.ticks_ms()
        contact.drive(0)
        for at in edges:
            await _until(began, at)
            contact.drive(1 - contact.value())
        await _until(began, ms)
        contact.drive(1)
        await asyncio.sleep(_LIFT_MS / 1000)


async def _until(began: int, ms: int) -> None:
    left = ms - time.ticks_diff(time.ticks_ms(), began)
    if left > 0:
        await asyncio.sleep(left / 1000)
