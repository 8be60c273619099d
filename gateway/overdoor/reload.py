"""Takes up what changed in `shop.toml` while the gateway runs, so that pairing needs no restart."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from overdoor import config as configuration
from overdoor.config import Config, ConfigError
from overdoor.core.inputs import Configured, Restate
from overdoor.engine import Engine, NotStored

LOOK_EVERY_S = 1.0
_AT_START_ONLY = (
    *("shop", "mqtt", "web", "data", "privacy", "notify", "channel", "webhook"),
    *("home_assistant", "staffing", "report"),
)

Stamp = tuple[int, ...]

log = structlog.get_logger()


class Followed(Protocol):
    """Files that may change."""

    async def look(self, *, asked: bool) -> None:
        """Takes up what changed since the last look. `asked`: somebody wants to hear of it."""


async def follow(files: Sequence[Followed], asked: asyncio.Event) -> None:
    """Looks at files now and then, and when somebody asks, for ever.

    A fault of ours in a look ends neither this nor the gateway. It is in the log once, until it is
    another, or somebody asks.
    """
    said: dict[Followed, str] = {}
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await asked.wait()
        is_asked = asked.is_set()
        asked.clear()
        for file in files:
            try:
                await file.look(asked=is_asked)
            except Exception as error:
                if is_asked or said.get(file) != repr(error):
                    log.exception("a file that changed could not be taken up")
                said[file] = repr(error)
            else:
                said.pop(file, None)


class ShopFile:
    """The file of a shop that runs."""

    def __init__(self, file: Path, running: Config, engine: Engine, seen: Stamp | None) -> None:
        """`seen`: its stamp when `running` was read."""
        self._file = file
        self._stay = {part: getattr(running, part) for part in _AT_START_ONLY}
        self._engine = engine
        self._seen = seen

    async def look(self, *, asked: bool) -> None:
        """Takes up what changed since the last look. A file with a mistake changes nothing."""
        now = stamp(self._file)
        if not asked and now in (None, self._seen):
            return
        try:
            given = configuration.read(self._file)
        except ConfigError as error:
            self._seen = now
            log.warning("shop.toml has a mistake, so nothing changes", why=str(error))
            return
        changed = [part for part, value in self._stay.items() if getattr(given, part) != value]
        if changed:
            parts = ", ".join(f"[{part}]" for part in changed)
            log.warning("this part of shop.toml is read at the start only", parts=parts)
        try:
            await self._engine.do(Configured(given.model_copy(update=self._stay).plan()))
        except NotStored:
            return  # the next look tries again
        self._seen = now
        self._engine.submit(Restate())
        log.info("shop.toml was read again")


def stamp(file: Path) -> Stamp | None:
    """Changes with a file and with who may read it, also when another one is put in its place.

    None while it is away.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
