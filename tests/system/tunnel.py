"""A network between a phone and the gateway that can be slow, dead, or gone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

CHUNK = 65_536
HEAD_ENDS = b"\r\n\r\n"


class Tunnel:
    """Forwards TCP from `port` to the gateway, as long as it is let."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._clear = asyncio.Event()
        self._clear.set()
        self._refusing = False
        self._stalling = False
        self._links: set[_Link] = set()

    @contextlib.asynccontextmanager
    async def dug(self) -> AsyncIterator["Tunnel"]:
        server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for link in list(self._links):
                await link.end()

    def hold(self) -> None:
        """Nothing comes through, and nobody is told; it comes later, when let through."""
        self._clear.clear()

    def let_through(self) -> None:
        self._clear.set()

    def collapse(self) -> None:
        """Connections that there are hear nothing any more, ever; new ones are fine."""
        for link in self._links:
            link.dead = True

    def stall(self) -> None:
        """Each connection stands still once the head of an answer is through."""
        self._stalling = True
        for link in self._links:
            link.stalling = True

    async def cut(self) -> None:
        """No connection, until it is mended."""
        self._refusing = True
        for link in list(self._links):
            await link.end()

    def mend(self) -> None:
        self._refusing = False

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._refusing:
                raise ConnectionError
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link((reader, writer), there, self._clear)
        link.stalling = self._stalling
        self._links.add(link)
        await link.run()
        self._links.discard(link)


_Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection."""

    def __init__(self, here: _Way, there: _Way, clear: asyncio.Event) -> None:
        self.dead = False
        self.stalling = False
        self._here, self._there, self._clear = here, there, clear

    async def run(self) -> None:
        ways = ((self._here[0], self._there[1]), (self._there[0], self._here[1]))
        self._tasks = [asyncio.create_task(self._carry(*way)) for way in ways]
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        await self.end()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._clear.wait()
                if self.dead:
                    continue
                if self.stalling and reader is self._there[0] and HEAD_ENDS in data:
                    data = data[: data.index(HEAD_ENDS) + len(HEAD_ENDS)]
                    self.dead = True
                writer.write(data)
                await writer.drain()

    async def end(self) -> None:
        for _, writer in (self._here, self._there):
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
