"""Takes up what changed in `shop.toml` while the gateway runs, so that pairing needs no restart."""

import asyncio
from pathlib import Path

import structlog

from overdoor import config as configuration
from overdoor.config import Config, ConfigError
from overdoor.core.inputs import Configured, Restate
from overdoor.engine import Engine, NotStored

LOOK_EVERY_S = 1.0
_AT_START_ONLY = ("shop", "mqtt", "web", "data", "notify", "channel", "webhook", "home_assistant")

log = structlog.get_logger()


class ShopFile:
    """The file of a shop that runs."""

    def __init__(self, file: Path, running: Config, engine: Engine) -> None:
        self._file = file
        self._stay = {part: getattr(running, part) for part in _AT_START_ONLY}
        self._engine = engine
        self._seen = _stamp(file)

    async def follow(self) -> None:
        """Looks at the file now and then, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Takes up what changed since the last look. A file with a mistake changes nothing."""
        now = _stamp(self._file)
        if now is None or now == self._seen:
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


def _stamp(file: Path) -> tuple[int, int, int] | None:
    """Changes with the file, also when another one is put in its place; None while it is away."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
