"""An engine on a real database, and a clock in the hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from overdoor.engine import Done, Engine
from overdoor.store import Store

from .shop import NOW, a_plan

TIMEOUT_S = 60  # only a test that fails waits so long, however busy the machine is


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class House:
    """A data folder, and the engines that ran on it one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.keep_ms: int | None = None
        self.turns: list[Done] = []

    @asynccontextmanager
    async def open(self, **policy: object) -> AsyncIterator[Engine]:
        """A gateway without a door; it ends with the block."""
        self.turns.clear()
        store = Store(self.folder)
        try:
            engine = Engine(store, self.clock)  # type: ignore[arg-type]
        except BaseException:
            store.close()
            raise
        engine.listen(self.turns.append)
        engine.start(a_plan(**policy), keep_ms=self.keep_ms)
        await settled(engine)
        try:
            yield engine
        finally:
            engine.stop()

    def facts(self) -> list[str]:
        """What happened since the last opening."""
        return [str(event.fact) for turn in self.turns for event in turn.events]


async def settled(engine: Engine) -> None:
    """Waits until every turn that was submitted before is durable."""
    passed = asyncio.Event()
    engine.follow(passed.set)
    await passed.wait()


async def until(engine: Engine, condition: Callable[[], bool]) -> None:
    """Waits for a durable turn after which the condition holds."""
    passed = asyncio.Event()
    engine.listen(lambda _: passed.set())
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():
            passed.clear()
            await passed.wait()
