"""Stands in for `asyncio.ThreadSafeFlag`: a simulated interrupt comes from the loop itself.

The real one makes the unix port poll every millisecond (measured: 3 % of a core while idle).
"""

import asyncio


class Flag(asyncio.Event):
    """An event that whoever waits for it clears."""

    async def wait(self):
        await super().wait()
        self.clear()
