"""The ladder: a page is tried on one rung after the other until somebody is known to have it.

Whom to page is the core's decision and in the log; this carries it out. Each person who is paged
has a climb of their own (`rungs`), a channel of a policy step too. Pagers stand beside: they list
what waits, and what one shows has reached somebody. When all climbs of a call have ended and
nothing proves that anybody has it, the core is told, and it decides what follows.

Nothing here is stored but rows for the record. After a restart the climbs of calls that still wait
begin anew, under the same tag; a phone that shows the page already shows it once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog

from overdoor.core.dispatch import CHANNEL
from overdoor.core.events import Event, Fact
from overdoor.core.inputs import Unreached
from overdoor.core.model import Call, State
from overdoor.core.sentence import Sentence
from overdoor.engine import Done, Engine
from overdoor.languages import original
from overdoor.notify import rungs
from overdoor.notify.message import Gone, Message, NotSent, page_of, taken, trial
from overdoor.notify.rungs import PATIENCE_MS, Climb
from overdoor.reach import PROOF, Reach, Rung, Told
from overdoor.store import reach as kept
from overdoor.store.reach import Row, Way

AT_ONCE = 8  # messages that leave together; each blocks a thread for some seconds at most
WAITING_LIMIT = 64  # messages that wait for one of these threads, or are on their way

_ENDS = frozenset({Fact.ACKNOWLEDGED, Fact.ARRIVED, Fact.CLOSED})

log = structlog.get_logger()


class Handle(Protocol):
    """What can be cancelled."""

    def cancel(self) -> object:
        """It does not happen any more."""


class PushService(Protocol):
    """Sends to a browser, and blocks meanwhile. Raises `Gone`, `NotSent`."""

    def send(self, way: Way, message: Message) -> None:
        """Sends one push."""


class ChannelService(Protocol):
    """Sends to a channel, and blocks meanwhile. Raises `NotSent`."""

    def url(self, name: str) -> str | None:
        """Where a channel of the shop leads."""

    def send(self, url: str, message: Message) -> None:
        """Sends one message."""


class Ladder:
    """Climbs for one engine, on its event loop. `later(seconds, then)` is its `call_later`.

    `language`: what the shop's own channels are told in; people are in their own.
    """

    def __init__(
        self,
        engine: Engine,
        reach: Reach,
        push: PushService | None = None,
        channels: ChannelService | None = None,
        later: Callable[[float, Callable[[], None]], Handle] | None = None,
        language: str = original,
    ) -> None:
        self._engine, self._reach = engine, reach
        self._push, self._channels = push, channels
        self._language = language
        self._loop = asyncio.get_running_loop()
        self._later = later or self._loop.call_later
        self._climbs: dict[str, dict[str, Climb]] = {}  # call → who → climb
        self._timers: dict[tuple[str, str], Handle] = {}
        self._pushed: dict[str, dict[str, Way]] = {}  # call → endpoint → whom a push went to
        self._messaged: set[tuple[str, str]] = set()  # calls that a channel was told of
        self._waiting = {Rung.PUSH: 0, Rung.CHANNEL: 0}
        self._tasks: set[asyncio.Task[None]] = set()
        # Apart, so that a channel that hangs keeps no push waiting.
        self._pools = {
            kind: ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"overdoor-{kind}")
            for kind in (Rung.PUSH, Rung.CHANNEL)
        }
        reach.heard_by(self._heard)
        if channels is not None:
            reach.try_out = lambda way: self._try_out(way, channels)
        engine.listen(self._follow)
        for call in engine.committed.calls.values():
            if call.state is State.RAISED:
                rows = [row for row in reach.rows(call.id) if row.at >= call.loop_at]
                had = {row.who for row in rows if row.state in PROOF}
                self._climb(call, [duty for duty in call.paged if duty not in had])

    def stop(self) -> None:
        """Tries nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    # -- what happens ----------------------------------------------------------------------------

    def _follow(self, done: Done) -> None:
        for event in done.events:
            call = event.call and self._engine.committed.call(event.call)
            if event.fact is Fact.PAGED and call:
                self._climb(call, _asked(event))
            elif event.fact is Fact.DECLINED:
                self._answered(event)
            elif event.fact in _ENDS:
                self._answered(event)
                self._end(event)

    def _climb(self, call: Call, who: Iterable[str]) -> None:
        """Begins to climb for each of these, unless a climb for them goes on or has proof."""
        climbs = self._climbs.setdefault(call.id, {})
        for one in who:
            known = climbs.get(one)
            if known is None or (known.over and known.proved is None):
                climbs[one] = self._first(one)
                self._try(call, one)
        self._weigh(call.id)

    def _first(self, who: str) -> Climb:
        if who.startswith(CHANNEL):
            return rungs.of_channel()
        return rungs.begin(
            page=self._reach.pages(who) > 0,
            push=bool(self._push and self._reach.ways(who, kept.PUSH)),
            channel=bool(self._channels and self._reach.ways(who, kept.CHANNEL)),
        )

    def _heard(self, row: Row) -> None:
        """A receipt, or what a service said."""
        climbs = self._climbs.get(row.call, {})
        climb = climbs.get(row.who)
        rung, state = Rung(row.rung), Told(row.state)
        if climb is None:
            return
        climbs[row.who] = climb.heard(rung, state)
        if state is Told.FAILED and climb.rung is rung:
            self._up(row.call, row.who)
        elif climbs[row.who].over:
            self._stop_waiting(row.call, row.who)

    def _answered(self, event: Event) -> None:
        """Who answers has it, however they came to know."""
        climb = self._climbs.get(event.call or "", {}).get(event.duty or "")
        if climb is not None and event.call is not None and event.duty is not None:
            self._reach.note(event.call, event.duty, climb.proved or Rung.PAGE, Told.ACTED)

    def _end(self, event: Event) -> None:
        """The call is in somebody's hands, or over: the others are told so where they were told."""
        assert event.call is not None and event.room is not None
        for who in self._climbs.pop(event.call, {}):
            self._stop_waiting(event.call, who)
        pushed = self._pushed.pop(event.call, {})
        if event.fact is Fact.CLOSED:
            self._messaged = {pair for pair in self._messaged if pair[0] != event.call}
        shop = self._engine.committed
        call = shop.calls.get(event.room) or shop.room(event.room).last
        if not pushed or call is None or call.id != event.call:
            return
        name = self._engine.name_of(call.by) if call.state is not State.CLOSED else None
        messages = [(way, taken(call, shop.plan, way.language, name)) for way in pushed.values()]
        self._start(self._withdraw(call, messages))

    # -- rungs -----------------------------------------------------------------------------------

    def _try(self, call: Call, who: str) -> None:
        climb = self._climbs[call.id][who]
        match climb.rung:
            case Rung.PAGE:
                if self._reach.pages(who):
                    self._reach.note(call.id, who, Rung.PAGE, Told.SENT)
            case Rung.PUSH:
                self._begin(call, who, Rung.PUSH, self._by_push(call, who))
            case Rung.CHANNEL:
                self._begin(call, who, Rung.CHANNEL, self._by_channel(call, who))
            case _:
                return
        patience = PATIENCE_MS[climb.rung] / 1000
        self._timers[call.id, who] = self._later(patience, lambda: self._up(call.id, who))

    def _up(self, call_id: str, who: str) -> None:
        """No receipt in time: the next rung."""
        self._stop_waiting(call_id, who)
        call, climb = self._engine.committed.call(call_id), self._climbs.get(call_id, {}).get(who)
        if call is None or climb is None or climb.over:
            return
        self._climbs[call_id][who] = climb.next()
        self._try(call, who)
        self._weigh(call_id)

    def _stop_waiting(self, call_id: str, who: str) -> None:
        timer = self._timers.pop((call_id, who), None)
        if timer is not None:
            timer.cancel()

    def _weigh(self, call_id: str) -> None:
        """If all climbs have ended and nobody has it, the core should know."""
        call, climbs = self._engine.committed.call(call_id), self._climbs.get(call_id)
        if call is None or call.state is not State.RAISED or not climbs:
            return
        ended = all(climb.over for climb in climbs.values())
        if ended and not any(climb.proved for climb in climbs.values()):
            told = any(climb.told for climb in climbs.values()) or self._reach.on_pager(call)
            self._engine.submit(Unreached(call_id, call.fence, tuple(climbs), told=told))

    # -- sending ---------------------------------------------------------------------------------

    async def _by_push(self, call: Call, who: str) -> None:
        """To each browser of this person; the call may be over before a thread is free."""
        ways = self._reach.ways(who, kept.PUSH)
        silent = not self._reach.may_chime(call.id, who, Rung.PUSH, count=False)
        plan = self._engine.committed.plan
        messages = [(way, page_of(call, plan, way.language, silent=silent)) for way in ways]
        self._pushed.setdefault(call.id, {}).update({way.target: way for way in ways})
        results = await asyncio.gather(
            *(self._push_to(way, message) for way, message in messages), return_exceptions=True
        )
        troubles = [result for result in results if isinstance(result, Exception)]
        if len(troubles) == len(ways):
            raise troubles[0] if troubles else NotSent(Sentence("no browser subscribes"))

    async def _push_to(self, way: Way, message: Message) -> None:
        push = self._push
        if push is None:
            raise NotSent(Sentence("push is off"))
        self._reach.pushed(way)
        try:
            await self._in_thread(Rung.PUSH, lambda: push.send(way, message))
        except Gone:
            self._reach.drop(way)
            raise NotSent(Sentence("the browser no longer subscribes")) from None

    async def _by_channel(self, call: Call, who: str) -> None:
        """Once for each call; again only where a person's second chime is not used up."""
        channels, name = self._channels, who.removeprefix(CHANNEL)
        own = self._reach.ways(who, kept.CHANNEL)
        url = own[0].target if own else channels.url(name) if channels else None
        if channels is None or url is None:
            raise NotSent(Sentence("there is no such channel"))
        sounds = self._reach.may_chime(call.id, who, Rung.CHANNEL)
        if not sounds and (call.id, who) in self._messaged:
            return
        self._messaged.add((call.id, who))
        language = own[0].language if own else self._language
        message = page_of(call, self._engine.committed.plan, language, silent=not sounds)
        try:
            await self._in_thread(Rung.CHANNEL, lambda: channels.send(url, message))
        except NotSent as trouble:
            self._reach.channel_said(name, trouble.args[0])
            raise
        self._reach.channel_said(name, None)

    async def _try_out(self, way: Way, channels: ChannelService) -> str | None:
        """One message that is about no call; why it did not leave, or None."""
        message = trial(way.language)
        try:
            await self._in_thread(Rung.CHANNEL, lambda: channels.send(way.target, message))
        except NotSent as trouble:
            why: str = trouble.args[0]
            return why
        return None

    async def _withdraw(self, call: Call, messages: Sequence[tuple[Way, Message]]) -> None:
        results = await asyncio.gather(
            *(self._push_to(way, message) for way, message in messages), return_exceptions=True
        )
        outcomes = zip(messages, results, strict=True)
        done = {way.duty for (way, _), trouble in outcomes if trouble is None}
        for duty in sorted(done):
            self._reach.note(call.id, duty, Rung.PUSH, Told.WITHDRAWN)

    def _begin(self, call: Call, who: str, rung: Rung, send: Awaitable[None]) -> None:
        """Lets a message go; what came of it is noted, and a failure climbs at once."""
        self._reach.note(call.id, who, rung, Told.QUEUED)

        async def sending() -> None:
            try:
                await send
            except NotSent as trouble:
                self._reach.note(call.id, who, rung, Told.FAILED, str(trouble))
            else:
                self._reach.note(call.id, who, rung, Told.SENT)

        self._start(sending())

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a message was not sent", error=repr(task.exception()))

    async def _in_thread(self, rung: Rung, work: Callable[[], None]) -> None:
        if self._waiting[rung] >= WAITING_LIMIT:
            raise NotSent(Sentence("too many messages wait"))
        self._waiting[rung] += 1
        try:
            await self._loop.run_in_executor(self._pools[rung], work)
        finally:
            self._waiting[rung] -= 1


def _asked(event: Event) -> tuple[str, ...]:
    """The duties that a page asks, or the channel."""
    target: str = event.data["target"]
    return (target,) if target.startswith(CHANNEL) else tuple(event.data["duties"])
