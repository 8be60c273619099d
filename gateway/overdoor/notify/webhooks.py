"""Webhooks: each transition is posted to the shop's other programs, signed.

The form is that of Standard Webhooks (https://www.standardwebhooks.com). The log is what waits:
of each webhook and room it is kept how far it was told, so a restart loses nothing and repeats at
most what was under way, under the same `webhook-id`. Within a room the order is that of the log;
rooms do not wait for each other. What is not taken is tried again, for a day.

A receiver is given by the shop's file, never by a page. Even so no redirect is followed, and a name
is looked at where it leads (`config.programs.may_lead_to`), at each connection anew.
"""

import asyncio
import base64
import errno
import hashlib
import hmac
import json
import random
import socket
import sqlite3
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from overdoor import __version__
from overdoor.config.programs import WebhookPart, key_of, may_lead_to
from overdoor.core.events import WATCHED, Event
from overdoor.core.model import Millis
from overdoor.core.outside import told_of
from overdoor.core.times import rfc3339
from overdoor.engine import Done, Engine
from overdoor.hooks import Hook, Hooks
from overdoor.store import webhooks as kept

PAUSES_S = (1.0, 2.0, 5.0, 15.0, 60.0)  # after each try; the last one from there on
TIMEOUT_S = 10.0
AT_ONCE = 4  # posts to one webhook
GIVE_UP_MS = 24 * 3_600_000
WAITING_LIMIT = 10_000  # events for one webhook

log = structlog.get_logger()


@dataclass(slots=True)
class _Line:
    """The facts of one room that wait: `(number, noted at)`."""

    facts: deque[tuple[int, Millis]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class Webhooks:
    """Posts for one engine, on its event loop, from here until `stop`."""

    def __init__(
        self,
        engine: Engine,
        shop: str,
        parts: Sequence[WebhookPart],
        board: Hooks,
        pauses_s: Sequence[float] = PAUSES_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._engine = engine
        self._shop = shop
        self._pauses_s = pauses_s
        self._seen = engine.seq  # every fact up to here is in a line, or is for nobody
        self._hooks = [
            _Hook(part, board.by_id.setdefault(part.id, Hook()), timeout_s) for part in parts
        ]
        self._catch_up()
        engine.listen(self._follow)

    async def stop(self) -> None:
        """Posts nothing any more; what waits is posted after the next start."""
        tasks = [line.task for hook in self._hooks for line in hook.lines.values() if line.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for hook in self._hooks:
            await hook.close()

    # -- what waits ------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """What earlier runs left behind. A webhook that is new hears of what comes."""
        engine = self._engine
        at = kept.positions(engine.store)
        ids = {hook.part.id for hook in self._hooks}
        engine.keep(kept.forgetting({id_ for id_, _ in at} - ids))
        for hook in self._hooks:
            if (hook.part.id, "") not in at:
                at[hook.part.id, ""] = self._seen
                engine.keep(kept.told_all(hook.part.id, self._seen))
        first = min((at[id_, ""] for id_ in ids), default=self._seen)
        for seq, room, fact, noted_at in kept.happened(engine.store, first):
            self._seen = max(self._seen, seq)
            for hook in self._hooks:
                done = max(at[hook.part.id, ""], at.get((hook.part.id, room), 0))
                if seq > done and hook.wants(fact):
                    self._queue(hook, room, seq, noted_at)

    def _follow(self, done: Done) -> None:
        for seq, event in enumerate(done.events, done.seq - len(done.events) + 1):
            if seq <= self._seen:
                continue  # read from the log already
            self._seen = seq
            if event.fact in WATCHED and event.room is not None:
                for hook in self._hooks:
                    if hook.wants(event.fact):
                        self._queue(hook, event.room, seq, event.noted_at)

    def _queue(self, hook: "_Hook", room: str, seq: int, noted_at: Millis) -> None:
        line = hook.lines.setdefault(room, _Line())
        line.facts.append((seq, noted_at))
        hook.told.waiting += 1
        if hook.told.waiting > WAITING_LIMIT:
            waiting = {room: line.facts[0] for room, line in hook.lines.items() if line.facts}
            self._give_up(hook, min(waiting, key=lambda room: waiting[room]))
        if line.task is None:
            line.task = asyncio.create_task(self._work_off(hook, room))

    async def _work_off(self, hook: "_Hook", room: str) -> None:
        line = hook.lines[room]
        tries = 0
        while line.facts:
            seq, noted_at = line.facts[0]
            if self._engine.clock() - noted_at > GIVE_UP_MS:
                self._give_up(hook, room)
                continue
            try:
                event = kept.fact(self._engine.store, seq)
            except sqlite3.Error as error:
                why: str | None = f"the log cannot be read: {error}"
            else:
                if event is None:
                    self._give_up(hook, room)
                    continue
                async with hook.at_once:
                    why = await hook.post(f"{noted_at:x}-{seq}", self._body(event))
            if why is None:
                hook.told.took()
                tries = 0
                if line.facts and line.facts[0][0] == seq:
                    self._done_with(hook, room)
                continue
            if hook.told.failed(why, self._engine.clock()):
                log.warning("a webhook did not take an event", webhook=hook.part.id, why=why)
            pause_s = self._pauses_s[min(tries, len(self._pauses_s) - 1)]
            tries += 1
            await asyncio.sleep(pause_s * random.uniform(0.75, 1))  # noqa: S311 - jitter
        del hook.lines[room]

    def _done_with(self, hook: "_Hook", room: str) -> None:
        """The first of a line, delivered or given up."""
        seq, _ = hook.lines[room].facts.popleft()
        hook.told.waiting -= 1
        if hook.told.waiting:
            self._engine.keep(kept.told(hook.part.id, room, seq))
        else:
            self._engine.keep(kept.told_all(hook.part.id, self._seen))

    def _give_up(self, hook: "_Hook", room: str) -> None:
        seq, noted_at = hook.lines[room].facts[0]
        self._done_with(hook, room)
        hook.told.given_up += 1
        log.error(
            "a webhook will never be told of an event",
            webhook=hook.part.id,
            room=room,
            number=seq,
            noted_at=rfc3339(noted_at),
        )

    # -- a post ----------------------------------------------------------------------------------

    def _body(self, event: Event) -> bytes:
        plan = self._engine.committed.plan
        room = plan.rooms.get(event.room or "")
        zone = plan.zones.get(room.zone) if room else None
        said = {
            "type": event.fact,
            "timestamp": rfc3339(event.at),
            "data": {
                "v": 1,
                "shop": self._shop,
                "room": event.room,
                "name": room.name if room else event.room,
                "zone": zone.id if zone else None,
                "zone_name": zone.name if zone else None,
                **told_of(event),
            },
        }
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


class _Hook:
    """One webhook: what waits for it, and how it is posted to."""

    def __init__(self, part: WebhookPart, told: Hook, timeout_s: float) -> None:
        self.part = part
        self._timeout_s = timeout_s
        self.told = told
        self.lines: dict[str, _Line] = {}
        self.at_once = asyncio.Semaphore(AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    def wants(self, fact: str) -> bool:
        """Whether it is told of such facts."""
        return not self.part.events or fact in self.part.events

    async def post(self, id_: str, body: bytes) -> str | None:
        """Posts once; why it was not taken, or None if it was."""
        try:
            async with self._open().post(
                self.part.url,
                data=body,
                headers=signed(self.part.secret, id_, int(time.time()), body),
                allow_redirects=False,
            ) as answer:
                return None if 200 <= answer.status < 300 else f"it answers {answer.status}"
        except TimeoutError:
            return f"no answer within {self._timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a name that is none
            return str(error) or type(error).__name__

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=AT_ONCE, resolver=_Resolver(local=self.part.local), ttl_dns_cache=10
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": f"Overdoor/{__version__}",
                },
            )
        return self._session


def signed(secret: str, id_: str, at_s: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over id, time of the try and body."""
    mac = hmac.digest(key_of(secret), f"{id_}.{at_s}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


class _Resolver(AbstractResolver):
    """Gives only addresses that a webhook may be posted to; it is these that are connected to."""

    def __init__(self, *, local: bool) -> None:
        self._local = local
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        good = [one for one in found if may_lead_to(one["host"], local=self._local)]
        if not good:
            how = "" if self._local else "; if it is the shop's own, say local = true"
            raise OSError(errno.EACCES, f"{host} leads to where a webhook may not{how}")
        return good

    async def close(self) -> None:
        await self._inner.close()
