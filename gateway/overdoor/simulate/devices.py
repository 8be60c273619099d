"""Call points: the firmware's own step, in a shell like `main.py`'s and on a bad network.

The outbox is the firmware's, and so is the journal that carries it from boot to boot. Some devices
here have no flash, and that of others breaks for a while: their outbox is in RAM then, and a power
cut takes what no receipt covers yet.
"""

import json
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from overdoor import firmware
from overdoor.bus.topics import Topics
from overdoor.simulate.clock import Handle
from overdoor.simulate.flash import Flash
from overdoor.simulate.network import Client, Link, Message

if TYPE_CHECKING:
    from overdoor.simulate.world import World

BOOT_MS = 3_000  # what the journal allows for a restart on purpose
KEEP_ALIVE_MS = 30_000  # times one and a half, at the broker
PUBACK_MS = 5_000  # without it the firmware ends the connection
TEND_MS = 30_000
INFO_MS = 300_000


@dataclass
class Kept:
    """An event that a device took upon itself to deliver, and the gestures it stands for."""

    device: str
    boot: str
    n: int
    gestures: list[int] = field(default_factory=list)  # true times
    first: bool = False  # nothing else was held when it happened
    ended: int | None = None  # when the device lost power with it, and forgot its age
    lost: str | None = None  # why it will never be delivered
    receipted: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        """What names it in the log."""
        return (self.device, self.boot, self.n)


@dataclass(frozen=True)
class Build:
    """What kind of call point hangs in a room, at first."""

    room: str
    presence: bool = True
    flash: bool = True
    needs: tuple[str, ...] = ()
    second: bool = False  # beside another one

    @property
    def name(self) -> str:
        """What a script calls it: the first one like its room."""
        return f"{self.room}+" if self.second else self.room

    @property
    def device(self) -> str:
        """Its id."""
        return f"cp2-{self.room}" if self.second else f"cp-{self.room}"


class RoomDevice:
    """One call point, from its first boot on."""

    def __init__(self, world: "World", build: Build, topics: Topics, rng: Random) -> None:
        self.world = world
        self.build = build
        self.id = build.device
        self.rooms = [build.room]  # where it hung so far; the last is where it hangs
        self.reach = True  # Wi-Fi as far as this device
        self.link: Link | None = None
        self.kept: list[Kept] = []  # whatever was not given up or receipted
        self.point: Any = None
        self.applied: int | None = None  # the last revision, within the connection
        self.applied_at = 0
        self.degraded_at = 0
        self._topics = topics
        self._rng = rng
        self._callpoint = firmware.module("callpoint")
        self.flash = Flash()
        self.flash.broken = not build.flash
        self.journal: Any = None
        self._on_flash: set[tuple[str, int]] = set()  # when power went last
        self._faults_told = 0
        self._tending: Handle | None = None
        self._booted_at = 0
        self._life = 0
        self._alarm: Handle | None = None
        self._retry: Handle | None = None
        self._failures = 0

    @property
    def room(self) -> str:
        """Where it hangs."""
        return self.rooms[-1]

    # -- power -----------------------------------------------------------------------------------

    def boot(self, *, restarted: bool = False) -> None:
        """Power comes on, or the device is back from a restart on purpose."""
        self._life += 1
        self._booted_at = self.world.timeline.now
        boot = f"{self._rng.getrandbits(48):012x}"
        self.point = self._callpoint.CallPoint(boot, 0, self.build.presence, self.build.needs)
        self.journal = firmware.module("journal").Journal(self.flash, lambda _: None)
        self.journal.load(self.point.outbox, restarted)
        self._faults_told = 0
        self._tending = None
        self._failures = 0
        self._try_soon(self._rng.randint(200, 1500))
        self._do([])

    def reboot(self) -> None:
        """Power goes, and comes back."""
        if self.point is None:
            return
        for kept in self.kept:
            # The contract bounds an unknown age by the boot before the one that tells of it.
            kept.ended = self.world.timeline.now
        self._go_down()
        self._later(BOOT_MS, self.boot)

    def restart(self) -> None:
        """A restart on purpose, which takes the ages with it; or none, if flash does not work."""
        if self.point is None or not self.journal.rest(self.point.outbox, self._ticks()):
            return
        self._go_down()
        self._later(BOOT_MS, lambda: self.boot(restarted=True))

    def _go_down(self) -> None:
        held, self._on_flash = self.holds(), self._survivors()
        for kept in self.kept:
            key = (kept.boot, kept.n)
            if kept.lost is None and key in held and key not in self._on_flash:
                if self.journal.ok:
                    self.world.watch.broke(f"{self.id}: event {kept.n} was not on flash in time")
                self._give_up(kept, "power went while it was in RAM only")
        self.point = None
        self._life += 1
        link = self.world.broker.links.get(self.id)
        if link is not None:
            self._silence(link)
            link.end(tell=False)
        self.link = None

    # -- people ----------------------------------------------------------------------------------

    def contact(self, button: str, closed: bool) -> None:
        """A button goes down or comes up."""
        if self.point is None or (button == "presence" and not self.build.presence):
            return
        if button == "need" and not self.build.needs:
            return
        before, dropped = self._counts(), self.point.outbox.dropped
        now = self._ticks()
        began = self.point._down.get(button, now)
        self._do(self.point.button(button, closed, now, now))
        self._note(before, dropped, began)
        if closed and self.link is None and self._retry is not None:
            self._try_soon(500)

    def _note(self, before: dict[tuple[str, int], int], dropped: int, at: int) -> None:
        """Takes down which event stands for a gesture that was just decided."""
        now = self._counts()
        if self.point.outbox.dropped > dropped:
            for kept in self.kept:
                key = (kept.boot, kept.n)
                if key in before and key not in now:
                    self._give_up(kept, "the outbox was full")
        for event in self.point.outbox:
            key = (event.boot, event.n)
            if key not in before and event.kind != "fault":
                gestures = [self._booted_at + at]
                self.kept.append(Kept(self.id, *key, gestures, first=not before))
            elif key in before and event.count > before[key]:
                kept = next(kept for kept in self.kept if (kept.boot, kept.n) == key)
                kept.gestures.append(self._booted_at + at)
        self.world.watch.device_holds(self)

    def _counts(self) -> dict[tuple[str, int], int]:
        return {(event.boot, event.n): event.count for event in self.point.outbox}

    def _give_up(self, kept: Kept, why: str) -> None:
        """Nobody will ever hear of it, unless it was stored and only its receipt is missing."""
        kept.lost = why
        if not self.world.watch.is_stored(kept.key):
            self.world.story.lost += len(kept.gestures)

    # -- the link --------------------------------------------------------------------------------

    def cut(self) -> None:
        """Wi-Fi goes away; the broker learns of it when the keep-alive runs out."""
        self.reach = False
        link = self.link
        if link is not None:
            self._silence(link)
            self._later(self._rng.randint(0, 1500), lambda: self._lose(link))

    def go_silent(self) -> None:
        """The connection becomes half-open: nobody notices until something is not answered."""
        link = self.link
        if link is not None:
            self._silence(link)
            self._later(self._rng.randint(15_000, 40_000), lambda: self._lose(link))

    def mend(self) -> None:
        """Wi-Fi is back."""
        self.reach = True

    def _silence(self, link: Link) -> None:
        link.silent = True
        broker = self.world.broker
        self.world.timeline.after(KEEP_ALIVE_MS, lambda: broker.forget(link))

    def _lose(self, link: Link) -> None:
        if self.link is link:
            link.end()

    def _on_up(self, link: Link) -> None:
        if self.point is None or self.world.broker.links.get(self.id) is not link:
            return
        if not self.reach:
            self._silence(link)
            link.end()
            return
        self.link = link
        self.applied = None
        self._failures = 0
        link.subscribe(
            [
                self._topics.gateway_status,
                self._topics.device(self.id, "receipt"),
                self._topics.device(self.id, "signal"),
            ]
        )
        self._publish("status", b"online", retain=True)
        self._info()
        self._do(self.point.connected(self._ticks()))

    def _on_down(self) -> None:
        self.link = None
        if self.point is not None:
            self._do(self.point.disconnected(self._ticks()))
            self._try_soon(self._backoff())

    def _on_message(self, message: Message) -> None:
        if self.point is None:
            return
        now = self._ticks()
        if message.topic == self._topics.gateway_status:
            if message.payload == b"online":
                self.applied = None
            self._do(self.point.gateway(message.payload, now))
        elif message.topic.endswith("/receipt"):
            self._do(self.point.receipt(message.payload, now))
            self.world.watch.receipted(self)
        elif message.topic.endswith("/signal"):
            self._do(self.point.signal(message.payload, message.retained, now))

    def _try_soon(self, ms: int) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self._later(ms, self._try)

    def _try(self) -> None:
        self._retry = None
        if self.point is None or self.link is not None:
            return
        client = Client(
            self._in_this_life(self._on_up),
            self._in_this_life(self._on_message),
            self._in_this_life(self._on_down),
        )
        will = Message(self._topics.device(self.id, "status"), b"offline", retain=True)
        if not (self.reach and self.world.broker.connect(self.id, will, client)):
            self._failures += 1
            self._try_soon(self._backoff())

    def _backoff(self) -> int:
        return 500 + self._rng.randint(0, min(20_000, 500 << min(self._failures, 6)))

    # -- the firmware's shell --------------------------------------------------------------------

    def _ticks(self) -> int:
        return self.world.timeline.now - self._booted_at

    def _do(self, actions: list[Any]) -> None:
        self.journal.save(self.point.outbox)
        for action in actions:
            if action[0] == self._callpoint.SEND:
                body = self.point.outbox.payload(action[1], self._ticks())
                self._publish("event", json.dumps(body).encode())
                self._expect_puback()
            elif action[0] == self._callpoint.SHOWN:
                self.world.watch.applied(self, action[1])
                body = {"v": 1, "rev": action[1], "state": action[2]}
                self._publish("shown", json.dumps(body).encode())
            elif action[0] == self._callpoint.SHOW:
                if action[1] == "offline" != self.point.state:
                    self.degraded_at = self.world.timeline.now
                self.world.story.lamp(self, action[1])
        if self._faults_told != self.journal.faults:
            self._faults_told = self.journal.faults
            self.point.outbox.add("fault", {"fault": "flash"}, self._ticks(), False)
        self._set_alarm()
        if self._tending is None and (self.point.outbox.gone or not self.journal.ok):
            self._tending = self._later(TEND_MS, self._tend)

    def _tend(self) -> None:
        self._tending = None
        self.journal.tend(self.point.outbox)
        self._do([])

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        wake_at = self.point.wake_at()
        if wake_at is not None:
            self._alarm = self._later(max(0, wake_at - self._ticks()), self._tick)

    def _tick(self) -> None:
        before, dropped = self._counts(), self.point.outbox.dropped
        began = min(self.point._down.values(), default=self._ticks())
        self._do(self.point.tick(self._ticks()))
        self._note(before, dropped, began)

    def _expect_puback(self) -> None:
        link = self.link
        if link is not None and link.silent:
            self._later(PUBACK_MS, lambda: self._lose(link))

    def _info(self) -> None:
        caps = ["call", "ring", "lamp"]
        caps += ["presence"] * self.build.presence + ["need"] * bool(self.build.needs)
        body = {
            "v": 1,
            "kind": "callpoint",
            "model": "simulated",
            "firmware": "0.1.0",
            "boot": self.point.outbox.boot,
            "caps": caps,
            "uptime_s": self._ticks() // 1000,
            "outbox": len(self.point.outbox),
        }
        self._publish("info", json.dumps(body).encode(), retain=True)

    def _publish(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        if self.link is not None:
            self.link.publish(Message(self._topics.device(self.id, leaf), payload, retain))

    # -- small change ----------------------------------------------------------------------------

    def holds(self) -> set[tuple[str, int]]:
        """Boot and number of each event that it still holds."""
        if self.point is None:
            return self._on_flash
        counts = set(self._counts())
        return counts if self.journal._read else counts | self._on_flash

    def _survivors(self) -> set[tuple[str, int]]:
        """What the flash holds, also while it cannot be read."""
        outbox = firmware.module("outbox").Outbox("")
        journal = firmware.module("journal").Journal(self.flash.as_it_is(), lambda _: None)
        journal.load(outbox, False)
        return {(event.boot, event.n) for event in outbox}

    def _later(self, ms: int, do: Any) -> Handle:
        return self.world.timeline.after(ms, self._in_this_life(do))

    def _in_this_life(self, do: Any) -> Any:
        life = self._life

        def guarded(*args: Any) -> None:
            if life == self._life:
                do(*args)

        return guarded
