"""The live stream: it only says that something changed, and the page then asks.

So a message that is missed, doubled or late does no harm, and one that waits may be merged with
the next.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from overdoor.engine import Done, Engine

PING_S = 5.0  # a page that hears nothing for 13 s gives its stream up


class Hub:
    """Pokes everybody who watches."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._watchers: set[_Watcher] = set()
        self._closed = False
        engine.listen(self._poke)

    async def watch(self, duty: str | None) -> AsyncIterator[str]:
        """Server-sent events until the client goes, the first at once. `duty`: who watches."""
        watcher = _Watcher(duty)
        self._seen(duty)
        self._watchers.add(watcher)
        try:
            yield f"retry: 1000\n{_message(self._engine.seq, [])}"
            while not self._closed:
                changed = await watcher.wait()
                if self._closed:
                    return
                if changed is None:
                    yield "event: ping\ndata: {}\n\n"
                else:
                    yield _message(self._engine.seq, changed)
        finally:
            self._watchers.discard(watcher)
            self._seen(duty)

    def close(self) -> None:
        """Ends every stream, so that the server can stop."""
        self._closed = True
        for watcher in self._watchers:
            watcher.poke(())

    def on_duty(self) -> set[str]:
        """Who on the floor has a page open; one on a break is not called."""
        watching = {watcher.duty for watcher in tuple(self._watchers)}  # they come and go meanwhile
        duties = self._engine.committed.duties.values()
        return {duty.id for duty in duties if duty.id in watching and not duty.paused}

    def pages(self, duty: str) -> int:
        """How many open pages somebody has."""
        return sum(watcher.duty == duty for watcher in tuple(self._watchers))

    def _seen(self, duty: str | None) -> None:
        """The first page of somebody comes, or the last one went: all show who can be reached."""
        if duty is None or any(watcher.duty == duty for watcher in self._watchers):
            return
        for watcher in self._watchers:
            watcher.poke(("duties",))

    def _poke(self, done: Done) -> None:
        changed = []
        for event in done.events:
            if event.room is not None:
                changed.append(f"room:{event.room}")
            if event.call is not None:
                changed.append(f"call:{event.call}")
            if event.device is not None:
                changed.append(f"device:{event.device}")
            if event.duty is not None:
                changed.append("duties")
        if not changed and done.effects:
            return  # something was said again
        for watcher in self._watchers:
            watcher.poke(changed or ("gateway",))


class _Watcher:
    """What one client has not been told yet."""

    def __init__(self, duty: str | None) -> None:
        self.duty = duty
        self._changed: dict[str, None] = {}
        self._news = asyncio.Event()

    def poke(self, changed: list[str] | tuple[str, ...]) -> None:
        self._changed.update(dict.fromkeys(changed))
        self._news.set()

    async def wait(self) -> list[str] | None:
        """What changed; None if nothing did for a while."""
        try:
            await asyncio.wait_for(self._news.wait(), PING_S)
        except TimeoutError:
            return None
        self._news.clear()
        changed, self._changed = list(self._changed), {}
        return changed


def _message(seq: int, changed: list[str]) -> str:
    return f"id: {seq}\ndata: {json.dumps({'seq': seq, 'changed': changed})}\n\n"
