"""Where the house is held together: inputs in, one step at a time, effects out after the commit.

The engine owns the shop as it was decided and the shop as it was committed. Nothing leaves, and
nothing is shown, that is not committed.
"""

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from overdoor.core import ledger
from overdoor.core.effects import Effect, Refused, Wake
from overdoor.core.escalation import Timer
from overdoor.core.events import Event, Fact
from overdoor.core.inputs import Configured, DeviceEvent, Input, Restate, TimerFired
from overdoor.core.model import Millis, Plan, Shop
from overdoor.core.sentence import Sentence
from overdoor.core.step import step
from overdoor.store import Retention, Store, Turned
from overdoor.store.projections import Statement

RETRY_S = 1.0
COMPLAIN_EVERY_S = 60.0
BROKER_AWAY = Sentence("the broker is not connected")
DRIFT_LIMIT_MS = 60_000

log = structlog.get_logger()


class Clock:
    """Milliseconds since 1970 UTC that never run backwards.

    The wall clock counts once, at the start; from there on it is the monotonic clock, and it
    never begins below the last instant that was logged.
    """

    def __init__(self, floor: Millis = 0) -> None:
        self._start = max(time.time_ns() // 1_000_000, floor)
        self._monotonic = time.monotonic_ns()

    def drift_ms(self) -> Millis:
        """How far it is ahead of this machine's clock, which may have been set meanwhile."""
        return self() - time.time_ns() // 1_000_000

    def __call__(self) -> Millis:
        """Now."""
        return self._start + (time.monotonic_ns() - self._monotonic) // 1_000_000


class NotStored(Exception):  # noqa: N818 - a fact in the past tense reads better where it is raised
    """A turn could not be written; nothing of it happened."""


@dataclass(slots=True)
class Done:
    """A turn that is durable: its facts, and the refusal if it was refused."""

    seq: int
    events: Sequence[Event]
    effects: Sequence[Effect]
    refused: Refused | None


class Engine:
    """Runs one shop.

    `submit` takes an input and calls back when it is durable; `do` is the same to await.
    Listeners are called with every durable turn, in order, on the event loop.
    """

    def __init__(self, store: Store, clock: Callable[[], Millis] | None = None) -> None:
        self.store = store
        with store.opening():
            self.clock = clock or Clock(store.last_noted_at())
            self.committed: Shop = store.load()
            self.people = store.people()
            self.seq = store.last_seq()
        self.signing = asyncio.Lock()  # one person signs on at a time
        self.trouble: Sentence | None = None  # why nothing can be stored just now
        self.broker_up = False
        self.broker_losses = 0  # since the start
        self.write_ms: float | None = None  # of the disk at the start; None: not measured
        self.telemetry: dict[str, dict[str, Any]] = {}  # device → its last info, in memory only
        self._shop = self.committed
        self._listeners: list[Callable[[Done], None]] = []
        self._lights: list[Callable[[Iterable[Effect]], None]] = []
        self._timers: list[Timer] = []
        self._awaited: set[Timer] = set()  # the same ones: a restatement asks for them again
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at: Millis | None = None
        self._loop = asyncio.get_running_loop()
        self._writer = store.writer(self._loop)
        self._writer.first = self._light
        self._retry: asyncio.TimerHandle | None = None
        self._failures = 0
        self._complaints = _Complaints()
        self.retention: Retention | None = None  # None: everything is kept

    def start(self, plan: Plan, *, keep_ms: Millis | None = None) -> None:
        """Begins to write, takes the plan, and sets the timers that an earlier run waited for.

        What is older than `keep_ms` goes from then on.
        """
        self._writer.start()
        self.submit(Configured(plan))
        self.submit(Restate())
        if keep_ms is not None:
            self.retention = Retention(self._writer, self._loop, self.clock, keep_ms)

    def stop(self) -> None:
        """Writes what is under way and lets go of the file."""
        for handle in (self._alarm, self._retry):
            if handle is not None:
                handle.cancel()
        if self.retention is not None:
            self.retention.stop()
        self._writer.stop()
        self.store.close()

    def listen(
        self,
        listener: Callable[[Done], None],
        *,
        lights: Callable[[Iterable[Effect]], None] | None = None,
    ) -> None:
        """Calls `listener` with every durable turn from here on.

        `lights` gets the wishes of all turns that became durable together, before anybody else
        gets any of them: the lamp does not wait for the rest.
        """
        self._listeners.append(listener)
        if lights is not None:
            self._lights.append(lights)

    def submit(
        self,
        given: Input,
        then: Callable[[Done | None], None] | None = None,
        also: Sequence[Statement] = (),
    ) -> None:
        """Decides on an input. `then` gets the durable turn, or None if it could not be stored.

        `also` are statements for the same transaction; they are left out if it is refused.
        """
        if isinstance(given, DeviceEvent):
            given = self._with_ledger(given)
        before, failures = self._shop, self._failures
        after, events, effects = step(before, given, self.clock())
        self._shop = after
        if after is before and not effects and then is None:
            return  # nothing came of it, as of most timers
        if any(isinstance(effect, Refused) for effect in effects):
            also = ()

        def written(turned: Turned, error: Exception | None) -> None:
            if error is not None:
                if failures == self._failures:  # else it rested on a turn that failed
                    self._not_stored(error)
                if then is not None:
                    then(None)
                return
            done = self._stored(turned)
            if then is not None:
                then(done)

        self._writer.put(Turned(before, after, events, effects, also, written))

    async def do(self, given: Input, also: Sequence[Statement] = ()) -> Done:
        """`submit`, awaited. Raises `NotStored`."""
        future: asyncio.Future[Done] = self._loop.create_future()

        def then(done: Done | None) -> None:
            if future.cancelled():
                return
            if done is None:
                future.set_exception(
                    NotStored(self.trouble or Sentence("the database cannot be written"))
                )
            else:
                future.set_result(done)

        self.submit(given, then, also)
        return await future

    def keep(self, statements: Sequence[Statement]) -> None:
        """Writes what is no fact of the shop, in its turn."""
        shop, failures = self._shop, self._failures

        def written(turned: Turned, error: Exception | None) -> None:
            if error is not None and failures == self._failures:
                self._not_stored(error)

        self._writer.put(Turned(shop, shop, (), (), statements, written))

    async def write(self, statements: Sequence[Statement]) -> None:
        """`keep`, awaited; whoever watches is told. Raises `NotStored`."""
        future: asyncio.Future[None] = self._loop.create_future()
        shop, failures = self._shop, self._failures

        def written(turned: Turned, error: Exception | None) -> None:
            if error is None:
                self._stored(turned)
            elif failures == self._failures:
                self._not_stored(error)
            if not future.cancelled():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(NotStored(str(error)))

        self._writer.put(Turned(shop, shop, (), (), statements, written))
        await future

    def follow(self, then: Callable[[], None]) -> None:
        """Calls `then` once every turn that was submitted before is durable, or has failed."""
        shop = self._shop
        self._writer.put(Turned(shop, shop, (), (), (), lambda *_: then()))

    def broker(self, *, up: bool) -> None:
        """The connection to the broker came or went; whoever watches is told."""
        if up != self.broker_up:
            self.broker_up = up
            self.broker_losses += not up
            for listener in self._listeners:
                listener(Done(self.seq, (), (), None))

    def reasons(self) -> list[Sentence]:
        """Why the shop is not ready, in words; nothing if it is."""
        reasons = [] if self.broker_up else [BROKER_AWAY]
        if self.trouble:
            reasons.append(self.trouble)
        drift = self.clock.drift_ms() if isinstance(self.clock, Clock) else 0
        if abs(drift) > DRIFT_LIMIT_MS:
            reasons.append(_drifted(drift))
        return reasons

    def name_of(self, by: str | None) -> str | None:
        """The nickname behind a duty, while it lasts; a pager is called by its id."""
        if by is None:
            return None
        if by in self.people:
            return self.people[by].name
        return by if by in self.committed.plan.pagers else None

    def _with_ledger(self, given: DeviceEvent) -> DeviceEvent:
        """Asks the store about a boot that is new, or was forgotten."""
        device = self._shop.devices.get(given.device)
        if device is not None and ledger.find(device.boots, given.boot) is not None:
            return given
        return replace(given, ledger=self.store.ledger(given.device, given.boot))

    def _light(self, group: Sequence[Turned]) -> None:
        for lights in self._lights:
            lights(effect for turned in group for effect in turned.effects)

    def _stored(self, turned: Turned) -> Done:
        if turned.events or turned.also or turned.after.rev != turned.before.rev:
            self._complaints.ended()
            self.trouble = None  # something was written
        self.committed = turned.after
        self.seq += len(turned.events)
        if turned.also or any(event.fact is Fact.DUTY_ENDED for event in turned.events):
            self.people = self.store.people()
        refused = None
        for effect in turned.effects:
            if isinstance(effect, Wake):
                if effect.timer not in self._awaited:
                    self._awaited.add(effect.timer)
                    heapq.heappush(self._timers, effect.timer)
            elif isinstance(effect, Refused):
                refused = effect
        self._set_alarm()
        done = Done(self.seq, turned.events, turned.effects, refused)
        for listener in self._listeners:
            listener(done)
        return done

    def _not_stored(self, error: Exception) -> None:
        """Forgets what was decided but not written, and tries again soon.

        Nobody got a receipt for it: devices hold on to their events and send them again.
        """
        self._failures += 1
        self._complaints.say(str(error))
        self.trouble = Sentence("nothing can be stored: %(why)s", why=error)
        self._shop = self.committed
        self._writer.resume()
        if self._retry is None:
            self._retry = self._loop.call_later(RETRY_S, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        self.submit(Restate())

    def _set_alarm(self) -> None:
        if not self._timers or self._timers[0].at == self._alarm_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = self._timers[0].at
        delay = max(0, self._alarm_at - self.clock()) / 1000
        self._alarm = self._loop.call_later(delay, self._ring)

    def _ring(self) -> None:
        self._alarm_at = None
        now = self.clock()
        while self._timers and self._timers[0].at <= now:
            timer = heapq.heappop(self._timers)
            self._awaited.discard(timer)
            self.submit(TimerFired(timer))
        self._set_alarm()


class _Complaints:
    """Tells the log that nothing can be stored, at most once a minute, and when that ended.

    A log that fills the disk helps nobody; and on a full one small writes go on between others.
    """

    def __init__(self) -> None:
        self._why: str | None = None
        self._at = 0.0  # seconds of the monotonic clock
        self._is_open = False

    def say(self, why: str) -> None:
        now = time.monotonic()
        if why != self._why or now - self._at >= COMPLAIN_EVERY_S:
            self._why, self._at, self._is_open = why, now, True
            log.error("nothing can be stored; devices hold their presses", error=why)

    def ended(self) -> None:
        if self._is_open:
            self._is_open = False
            log.info("storing again")


def _drifted(drift: Millis) -> Sentence:
    minutes = abs(drift) // 60_000
    if drift > 0:
        return Sentence(
            "the gateway's clock is %(minutes)s min ahead of this machine's: set the machine's "
            "clock if it is wrong; if it is right, start the gateway again tomorrow before the "
            "shop opens",
            minutes=minutes,
        )
    return Sentence(
        "the gateway's clock is %(minutes)s min behind this machine's: set the machine's clock, "
        "then start the gateway again",
        minutes=minutes,
    )
