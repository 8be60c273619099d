"""One shop, one script: everything put together, and let happen."""

from dataclasses import replace
from random import Random

from overdoor.bus.topics import Topics
from overdoor.core.inputs import Need
from overdoor.core.model import Call
from overdoor.engine import Done
from overdoor.simulate.associates import Associate
from overdoor.simulate.clock import EPOCH_MS, Luck, Timeline, clock_time
from overdoor.simulate.devices import RoomDevice
from overdoor.simulate.gateway import SHOP, Gateway
from overdoor.simulate.network import Broker
from overdoor.simulate.pagers import Pager
from overdoor.simulate.script import HOUR, NEEDS, Happening, Script
from overdoor.simulate.shoppers import Shopper
from overdoor.simulate.story import Story
from overdoor.simulate.watch import Broken, Watch

ALONE_MS = 200_000  # in order and left alone: every resend, backoff and retry is shorter
SLACK_MS = 10_000


class World:
    """Runs a script. Raises `Broken` at the first promise that is not kept."""

    def __init__(self, script: Script, *, telling: bool = False) -> None:
        self.script = script
        self.timeline = Timeline()
        self.timeline.now = max(0, script.opens - HOUR // 2)
        self.story = Story(self, telling=telling)
        self.watch = Watch(self)
        luck = Luck(f"network {script.seed}")
        self.broker = Broker(self.timeline, luck, script.slow_ms, script.doubles)
        self.gateway = Gateway(self, script.plan, self._rng("gateway"))
        topics = Topics(SHOP)
        self.devices = {
            build.name: RoomDevice(self, build, topics, self._rng(f"device {build.name}"))
            for build in script.builds
        }
        self.by_id = {device.id: device for device in self.devices.values()}
        self.pagers = [Pager(self, id_, topics, self._rng(id_)) for id_ in script.plan.pagers]
        self.staff = {name: Associate(self, name, self._rng(name)) for name in script.staff}
        self.people: dict[str, Associate] = {}  # duty → who it is
        self._jump = 0  # of the wall clock
        self._down: set[tuple[str, str]] = set()

    def run(self) -> None:
        """The whole script, and the quiet after it. Raises `Broken`."""
        self.gateway.start()
        for device in self.devices.values():
            device.boot()
        for pager in self.pagers:
            pager.connect()
        for happening in self.script.happenings:
            self.timeline.at(happening.at, lambda it=happening: self._happen(it))  # type: ignore[misc]
        end = max([self.script.closes, *(it.at for it in self.script.happenings)]) + SLACK_MS
        self._pass_time(end)
        self._put_in_order()
        policy = self.script.plan.policy
        self._pass_time(end + ALONE_MS)
        # Every open call ends by itself: given up, or closed after an arrival.
        self._pass_time(end + ALONE_MS + 2 * policy.give_up_ms + policy.close_after_ms)
        self.watch.the_end()
        self._look()
        self.gateway.disk.db.disk = None

    def _pass_time(self, until: int) -> None:
        self.timeline.run(until, self._look)

    def _look(self) -> None:
        self.watch.calm()
        if self.watch.broken is not None:
            raise Broken(self.watch.broken, self.timeline.now)

    def _rng(self, name: str) -> Random:
        """Chance for one part of the world, so that one part less changes little in the others."""
        return Random(f"{self.script.seed}/{name}")  # noqa: S311 - the same world again

    # -- what comes from outside -----------------------------------------------------------------

    def _happen(self, it: Happening) -> None:
        match it.what:
            case "press":
                self.press(it.who, "call", it.much)
            case "presence":
                self.press(it.who, "presence", it.much)
            case "need":
                self.gateway.ask(Need(self.devices[it.who].room, NEEDS[it.much].replace(" ", "-")))
            case "choose":
                self.press(it.who, "need", it.much)
            case "page asks":
                Shopper(self, it.who).asks(it.much)
            case "page says":
                Shopper(self, it.who).says(it.much)
            case "page rates":
                Shopper(self, it.who).rates(it.much)
            case "train":
                self.staff[it.who].train()
            case "rehang":
                self._rehang(it)
            case "sign on" | "move":
                self.staff[it.who].sign_on(list(self.script.plan.zones)[it.much])
            case "break":
                self.staff[it.who].take_break()
            case "sign off":
                self.staff[it.who].sign_off()
            case "reboot":
                self.story.fault(f"{self.place(it.who)} loses power for a moment")
                self.devices[it.who].reboot()
            case "restart":
                self.story.fault(f"{self.room_name(it.who)} restarts on purpose")
                self.devices[it.who].restart()
            case "flash breaks":
                self._flash_breaks(it)
            case "cut":
                self._cut(it)
            case "half-open":
                self.story.fault(f"the connection of {self.place(it.who)} goes deaf and dumb")
                self.devices[it.who].go_silent()
            case _:
                self._happen_to_the_box(it)

    def _happen_to_the_box(self, it: Happening) -> None:
        match it.what:
            case "gateway crash":
                self.gateway.crash(it.much, 700 if it.who == "soon" else 30_000)
            case "gateway cut":
                self.story.fault("the gateway's connection to the broker breaks")
                self.gateway.cut(silent=False)
            case "gateway half-open":
                self.story.fault("the gateway's connection to the broker goes deaf and dumb")
                self.gateway.cut(silent=True)
            case "broker dies":
                self._broker_dies(it)
            case "disk full" | "disk locked":
                self._disk_fails(it)
            case "clock jumps":
                self.story.fault(f"the wall clock jumps by {it.much} h")
                self._jump += it.much * HOUR
            case _:
                raise ValueError(f"nobody knows what {it.what!r} is")

    def press(self, name: str, button: str, ms: int) -> None:
        """Somebody presses a button for so long. A button that is down cannot be pressed."""
        device = self.devices[name]
        if (name, button) in self._down:
            return
        self._down.add((name, button))
        self.story.press(device, button, ms)
        device.contact(button, True)

        def up() -> None:
            self._down.discard((name, button))
            device.contact(button, False)

        self.timeline.after(ms, up)

    def _rehang(self, it: Happening) -> None:
        """A device is carried to another room, and the file is changed."""
        device, plan = self.devices[it.who], self.gateway.plan
        real = [room for room in plan.rooms.values() if not room.training]
        home = real[it.much % len(real)].id
        rooms = {}
        for room in plan.rooms.values():
            devices = tuple(other for other in room.devices if other != device.id)
            rooms[room.id] = replace(
                room, devices=(*devices, device.id) if room.id == home else devices
            )
        self.story.note(f"{device.id} is hung in {self.room_name(home)}")
        device.rooms.append(home)
        self.gateway.reconfigure(replace(plan, rooms=rooms))

    def _cut(self, it: Happening) -> None:
        device = self.devices[it.who]
        self.story.fault(f"{self.place(it.who)} loses Wi-Fi for {it.much // 1000} s")
        device.cut()
        self.timeline.after(it.much, device.mend)

    def _flash_breaks(self, it: Happening) -> None:
        device = self.devices[it.who]
        seconds = it.much // 1000
        self.story.fault(f"the flash of {self.room_name(it.who)} fails for {seconds} s")
        device.flash.broken = True

        def mend() -> None:
            device.flash.broken = not device.build.flash

        self.timeline.after(it.much, mend)

    def _broker_dies(self, it: Happening) -> None:
        forgets = " and forgets everything" if it.who == "forgets" else ""
        self.story.fault(f"the broker dies for {it.much / 1000:g} s{forgets}")
        self.broker.die(forgets=it.who == "forgets")
        self.timeline.after(it.much, self.broker.revive)

    def _disk_fails(self, it: Happening) -> None:
        fault = "database or disk is full" if it.what == "disk full" else "database is locked"
        self.story.fault(f"nothing can be written for {it.much / 1000:g} s: {fault}")
        self.gateway.disk.fault = fault

        def recover() -> None:
            self.gateway.disk.fault = None

        self.timeline.after(it.much, recover)

    def _put_in_order(self) -> None:
        self.gateway.fuse = None
        self.gateway.disk.fault = None
        self.broker.revive()
        for device in self.devices.values():
            device.mend()

    # -- what everybody may know -----------------------------------------------------------------

    def told(self, done: Done) -> None:
        """A durable turn, as the pages get it."""
        self.watch.told(done)
        for event in done.events:
            self.story.told(event)
            if event.call is not None:
                for duty in (event.duty, *event.data.get("duties", ())):
                    if duty in self.people:
                        self.people[duty].hears(event)

    def wall(self) -> int:
        """The wall clock."""
        return EPOCH_MS + self.timeline.now + self._jump

    def room_name(self, room: str) -> str:
        """What people call a room."""
        known = self.script.plan.rooms.get(room)
        return known.name if known is not None else room

    def place(self, name: str) -> str:
        """Where the device hangs that a script calls so."""
        return self.room_name(self.devices[name].room)

    def zone_name(self, zone: str) -> str:
        """What people call a zone."""
        return self.script.plan.zones[zone].name

    def name_of(self, duty: str | None) -> str:
        """Who it is."""
        if duty is None:
            return "somebody"
        return self.people[duty].name if duty in self.people else duty

    def calls(self) -> list[Call]:
        """All calls of the day, as they are stored."""
        engine = self.gateway.engine
        return engine.store.calls(limit=100_000) if engine is not None else []

    def when(self) -> str:
        """The time on the shop's wall."""
        return clock_time(self.timeline.now)
