"""A hand on a button."""

import asyncio
import time


async def press(contact, edges: list, ms: int) -> None:
    """Close a contact for `ms`; it toggles at each of `edges` (ms after the closing) besides."""
    began = time.ticks_ms()
    contact.drive(0)
    for at in edges:
        await _until(began, at)
        contact.drive(1 - contact.value())
    await _until(began, ms)
    contact.drive(1)


async def _until(began: int, ms: int) -> None:
    left = ms - time.ticks_diff(time.ticks_ms(), began)
    if left > 0:
        await asyncio.sleep(left / 1000)
