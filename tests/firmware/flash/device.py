"""A device whose flash chip may lose power at any block operation, and who keeps the books."""

from chip import Broken, Chip, Fuse, mount, unmount

from overdoor.flash import Files
from overdoor.journal import Journal
from overdoor.outbox import Outbox

BLOCKS = 24
WHOLE_RESTART_MS = 1000
SMALL = 400  # so that a short story has compactions in it


class Truth:
    """What happened to one event."""

    def __init__(self, order: int, live: bool):
        self.order = order
        self.live = live
        self.at = 0  # by the wall
        self.safe = 0  # presses that it stood for when it was last known to be on flash
        self.tried = 0  # and when that was last tried


class Gateway:
    """Stores events once and says receipts, by the rules of the contract."""

    def __init__(self):
        self.stored = {}  # (boot, n) -> count
        self.upto = {}

    def hear(self, said: dict) -> None:
        boot, n, count = said["boot"], said["n"], said.get("count", 1)
        if self.stored.setdefault((boot, n), count) != count:
            raise Broken("an event was rewritten after it was on the air")
        upto = max(self.upto.get(boot, 0), said["low"] - 1)
        while (boot, upto + 1) in self.stored:
            upto += 1
        self.upto[boot] = upto


class Device:
    """The firmware's outbox and journal, in a shell that does as `main.py`, through many lives."""

    files_type = Files
    air_first = False
    same_boot = False
    forgets_what_it_sends = False

    def __init__(self, data: bytearray, fuse: Fuse):
        self.gateway = Gateway()
        self.truths = {}
        self.lives = 0
        self.wall = 0
        self.known = ()  # events whose age a restart must not lose
        self.data = data
        self.fuse = fuse
        self._boot(False)

    # ---- lives

    def _boot(self, restarted):
        self.lives += 1
        self.chip = Chip(self.data, self.fuse)
        self.began = self.wall
        self.online = False
        mount(self.chip)
        self.outbox = Outbox("%012x" % (7 if self.same_boot else self.lives))
        self.journal = Journal(self.files_type("/flash"), lambda _: None, SMALL)
        self.journal.load(self.outbox, restarted)
        self._look(restarted)

    def cut(self, restarted=False):
        """The end of this life, and the beginning of the next."""
        unmount()
        self.wall += WHOLE_RESTART_MS
        self._boot(restarted)

    def lost_power(self) -> bool:
        return self.chip.dead

    def _look(self, restarted):
        """Everything safe and not receipted is there, in order, and nothing else."""
        held = {(event.boot, event.n): event for event in self.outbox}
        last = {True: 0, False: 0}
        for event in self.outbox:
            truth = self.truths.get((event.boot, event.n))
            if truth is None:
                raise Broken("an event was invented")
            if truth.order < last[event.live] or event.live != truth.live:
                raise Broken("the order was lost")
            last[event.live] = truth.order
            if not truth.safe <= event.count <= truth.tried:
                raise Broken("a count was lost")
            if event.at_ms is not None:
                self._judge_age(event, truth)
            elif (event.boot, event.n) in self.known and restarted and not self.chip.dead:
                raise Broken("an age was lost in a restart on purpose")
        for key, truth in self.truths.items():
            if truth.safe and key not in held and key not in self.gateway.stored:
                raise Broken("an event was lost that was on flash")

    def _judge_age(self, event, truth):
        late = (self.wall - self.began - event.at_ms) - (self.wall - truth.at)
        if not 0 <= late <= 3000 * self.lives:
            raise Broken("an age is %d ms off" % late)

    # ---- what happens

    def do(self, step: tuple) -> None:
        """One step of a story; the chip may be dead after it."""
        self.wall += 700
        getattr(self, step[0])(*step[1:])

    def now(self):
        return self.wall - self.began

    def press(self, button="call", live=True):
        kind = "button" if live else "fault"
        event = self.outbox.add(kind, {"button": button}, self.now(), live)
        if event is None:
            return
        truth = self.truths.setdefault(
            (event.boot, event.n), Truth(len(self.truths) + 1, event.live)
        )
        truth.at = self.wall
        truth.tried = event.count
        self._pass_on()
        if self.journal.ok and not self.chip.dead:
            truth.safe = event.count

    def fault(self):
        self.press("none", False)

    def connect(self):
        self.online = self.heard = True
        self.outbox.restart(self.now())
        self._pass_on()

    def deafen(self):
        """What is sent until the next connection gets lost on its way."""
        self.heard = False

    def disconnect(self):
        self.online = False

    def receipt(self):
        """What the gateway says of every boot arrives."""
        if self.online and self.heard:
            for boot, upto in self.gateway.upto.items():
                self.outbox.cover(boot, upto)
            self._pass_on()

    def wait(self):
        self.wall += 60000
        self._pass_on()

    def tend(self):
        self.journal.tend(self.outbox)

    def restart(self):
        """On purpose: the ages go with it."""
        self.known = {(event.boot, event.n) for event in self.outbox if event.at_ms is not None}
        if self.journal.rest(self.outbox, self.now()) and not self.chip.dead:
            self.cut(restarted=True)

    def power_cut(self):
        self.cut()

    def _pass_on(self):
        if self.air_first:
            self._send()
            self.journal.save(self.outbox)
        else:
            self.journal.save(self.outbox)
            self._send()

    def _send(self):
        if not self.online or self.chip.dead:
            return
        due = self.outbox.due(self.now())
        for event in due:
            unsaved = [other for other in self.outbox.unsaved if other is event]
            if unsaved and self.journal.ok:
                raise Broken("an event was on the air before it was on flash")
            if self.heard:
                self.gateway.hear(self.outbox.payload(event, self.now()))
        if self.forgets_what_it_sends:
            for event in due:
                self.outbox.cover(event.boot, event.n)

    # ---- the end

    def settle(self):
        """Power stays, the network holds: everything arrives, and the next boot works on."""
        self.cut()
        self.press("presence")
        self.connect()
        for _ in range(4):
            self.receipt()
            self.wait()
        self.receipt()
        if len(self.outbox):
            raise Broken("an event is held for ever")
        if not self.journal.ok:
            raise Broken("the journal does not work any more")
        for key, truth in self.truths.items():
            count = self.gateway.stored.get(key)
            if truth.safe and count is None:
                raise Broken("an event was lost that was on flash")
            if count is not None and not truth.safe <= count <= truth.tried:
                raise Broken("presses were lost, or counted twice")
        self.tend()
        self.cut()
        if len(self.outbox):
            raise Broken("what was receipted comes back for ever")
