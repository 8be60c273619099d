"""Sends the weekly report on Monday, or as soon as the gateway runs after it. Once."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from overdoor.config import ReportPart
from overdoor.engine import Engine, NotStored
from overdoor.languages import speaking
from overdoor.notify.channels import Channels
from overdoor.notify.message import Message, NotSent
from overdoor.store.numbers import Numbers
from overdoor.web.report import Report, as_text, report

LOOK_EVERY_S = 300.0
_KEY = "reported"

log = structlog.get_logger()

Send = Callable[[str, Message], None]


def send(told: Report, to: tuple[str, ...], deliver: Send) -> list[str]:
    """Sends a report to each Apprise URL; gives what went wrong, without the URLs' secrets."""
    message = Message("weekly", f"{told.title} · {told.shop}", as_text(told))
    wrong = []
    for number, url in enumerate(to, 1):
        try:
            deliver(url, message)
        except NotSent as error:
            wrong.append(f"[report] to, number {number}: {error}")
    return wrong


class Weekly:
    """Looks every few minutes whether the last week is to be told."""

    def __init__(
        self,
        part: ReportPart,
        engine: Engine,
        numbers: Numbers,
        shop: str,
        language: str,
        deliver: Send | None = None,
    ) -> None:
        self._part = part
        self._engine = engine
        self._numbers = numbers
        self._shop = shop
        self._language = language
        self._deliver = deliver or Channels({}).send

    async def run(self) -> None:
        """For ever; at once over where nobody wants it."""
        while self._part.to:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.Event().wait()

    async def look(self) -> bool:
        """Sends what is due; whether something was. On a full disk the next look tries again."""
        monday = self._due()
        if monday is None:
            return False
        # Written first: a report that went out twice annoys, one that is lost can be asked for.
        kept = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
        try:
            await self._engine.write([(kept, (_KEY, str(monday)))])
        except NotStored:
            return False
        for wrong in await asyncio.to_thread(self._tell, monday):
            log.warning("the weekly report was not sent", why=wrong)
        return True

    def _due(self) -> date | None:
        """The Monday of the week that is to be told; None where it was, or there is nothing."""
        zone = ZoneInfo(self._engine.committed.plan.timezone)
        now = datetime.fromtimestamp(self._engine.clock() / 1000, zone)
        last = now.date() - timedelta(now.weekday() + 7)
        if now.weekday() == 0 and now.hour < self._part.hour:
            return None
        db = self._engine.store.reader()
        kept = db.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
        if kept is not None and kept[0] >= str(last):
            return None
        first = self._numbers.first_day()
        return None if first is None or first > last + timedelta(6) else last

    def _tell(self, monday: date) -> list[str]:
        plan = self._engine.committed.plan
        zones: Mapping[str, str] = {zone.id: zone.name for zone in plan.zones.values()}
        with speaking(self._language):
            told = report(
                self._shop,
                self._engine.store,
                self._numbers,
                monday,
                plan.policy.target_arrival_ms,
                zones,
            )
            return send(told, self._part.to, self._deliver)
