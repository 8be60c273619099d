"""Wires a device: buttons and broker into decisions, decisions into lights, sound and messages."""

import asyncio
import json
import os

from . import PROTOCOL, VERSION, report
from .actions import ALERT, FLASH, SEND, SHOW, SHOWN, TAKEN
from .badges import Badges
from .button import Button
from .callpoint import CONFIRM_MS, CallPoint
from .clock import Clock
from .compat import const
from .journal import Journal
from .lamp import Lights
from .link import Link
from .log import Log
from .mqtt import MqttError
from .orders import Orders, RefusedError
from .slots import Slots
from .supervisor import WATCHDOG_MS, Boots, Supervisor
from .updater import Updater
from .wifi import Radio

_WAKING_MS = const(8000)  # a battery button has to find the broker first
_INFO_MS = const(300000)
_LOOK_S = const(1)
_TEND_MS = const(30000)
_RESTART_SETTLE_MS = const(1000)
_LOG_IN_REPORT = const(2000)  # characters; a packet has to fit into memory twice

# How long a task may go without a turn before the device restarts. The link's longest step is a
# rest of twenty seconds after ten of connecting.
_PATIENCE_MS = const(10000)
_LINK_PATIENCE_MS = const(60000)


class Board:
    """The hardware of one call point, as `main.py` finds it."""

    def __init__(self, machine, wlan, buttons, ring, lamp, numbers, ble=None, battery=None):
        """`buttons` maps call, perhaps presence and need to pins; `machine` is the module.

        `numbers` is an `nvs.Numbers`, `ble` a `bluetooth.BLE` if badges are listened for,
        `battery` a Battery if it sleeps between presses.
        """
        self.machine = machine
        self.wlan = wlan
        self.buttons = buttons
        self.ring = ring
        self.lamp = lamp
        self.numbers = numbers
        self.ble = ble
        self.battery = battery
        self.needed = ("call",)  # even in safe mode
        self.shows = ["ring", "lamp"]

    def parts(self, config, boot: str, now, served: list) -> tuple:
        """What decides, and what shows it. `now() -> int` gives ms; `served` names the buttons."""
        presence = "presence" in served
        reach_ms = CONFIRM_MS if self.battery is None else _WAKING_MS
        decider = CallPoint(boot, now(), presence, config.needs, reach_ms)
        return decider, Lights(self.ring, self.lamp, now)


class Device:
    """One running device: a call point, or whatever else a board is.

    `board.parts` gives what decides (`LEAF` names the topic that it follows, and its method for
    that) and what shows it.

    In safe mode, after ten starts that did not last, it does with as little as it can: the call
    button, the link, and lights that show the degraded pattern all the time.
    """

    def __init__(self, config, board, time, write, files, root="", guard=None):
        """`time` is the module of MicroPython; `write(text)` prints one line.

        `files` is a `flash.Files`, `root` the folder of the flash; `guard` is the timer that ends
        a trial (`firmware/main.py`), or None.
        """
        self.boot = "".join(["%02x" % byte for byte in os.urandom(6)])
        self._config = config
        self._board = board
        self._clock = Clock(time.ticks_ms, time.ticks_diff)
        now = self._clock.now
        self._log = Log(now, write, (config.wifi_password, config.password))
        self._reset = report.reset_name(board.machine)
        self._boots = Boots(board.numbers)
        self._supervisor = Supervisor(self._boots, now, self._log)
        self._prefix = "overdoor/1/%s/" % config.shop
        self._topic = "%sdevice/%s/" % (self._prefix, config.device)
        needed, safe = board.needed, self._boots.safe
        served = [name for name in board.buttons if name in needed or not safe]
        self._buttons = [
            Button(name, board.buttons[name], self._clock, time.ticks_ms) for name in served
        ]
        self._caps = served + board.shows
        self._decider, self._panel = board.parts(config, self.boot, now, served)
        self._follow = getattr(self._decider, self._decider.LEAF)
        self._journal = Journal(files, self._log)
        self._journal.load(self._decider.outbox, self._reset in report.ON_PURPOSE)
        self._tended_at = 0
        self._faults_told = 0
        self._client = None
        self._radio = Radio(board.wlan, config.wifi_ssid, config.wifi_password, now, self._log)
        will = (self._topic + "status", b"offline")
        self._link = Link(config, self._radio.wifi, now, will, self._log)
        self._decided = asyncio.Event()
        self._slots = Slots(root, VERSION)
        self._updater = Updater(self._slots, config.update_key, guard, now, self._in_use, self._say)
        self._orders = Orders(
            {
                "identify": self._identify,
                "report": self._report,
                "restart": self._restart_soon,
                "update": self._update,
            }
        )
        self._told_at = 0
        self._told = ()  # the tasks without progress in the last info

    async def run(self) -> None:
        """Serve the room, for ever."""
        self._log("boot %d, after %s" % (self._boots.count, self._reset))
        if self._boots.safe:
            self._log("safe mode")
            self._panel.stay_degraded()
        watchdog = self._board.machine.WDT(timeout=WATCHDOG_MS)
        expect = self._supervisor.expect
        jobs = []
        for button in self._buttons:
            beat = expect("button " + button.name, _PATIENCE_MS, button.poke)
            jobs.append(button.run(self._on_button, beat))
        link_beat = expect("link", _LINK_PATIENCE_MS, self._link.poke)
        jobs += [
            self._panel.run(expect("panel", _PATIENCE_MS, self._panel.poke)),
            self._keep_time(expect("time", _PATIENCE_MS, self._decided.set)),
            self._look_around(expect("diagnostics", _PATIENCE_MS)),
            self._radio.run(self._link.wifi_changed, expect("wifi", _PATIENCE_MS)),
            self._link.run(self._on_up, self._on_down, self._on_message, self._in_use, link_beat),
            self._updater.run(self._restart, expect("updates", _PATIENCE_MS, self._updater.poke)),
            self._supervisor.run(watchdog, self._broker_lost_ms, self._in_use, self._restart),
        ]
        if self._board.ble is not None:
            badges = Badges(self._board.ble, self._config.badges, self._log)
            beat = expect("badges", _PATIENCE_MS)
            jobs.append(badges.run(self._tell_badge, self._radio_wanted, beat))
        battery = self._board.battery
        if battery is not None:
            if battery.pressed:
                self._on_button("call", True, 0)
            beat = expect("battery", _PATIENCE_MS)
            jobs.append(battery.run(self._clock.now, self._said, self._say_goodnight, beat))
        await asyncio.gather(*jobs)

    # ---- inputs

    def _on_button(self, name: str, closed: bool, at_ms: int) -> None:
        self._do(self._decider.button(name, closed, at_ms, self._clock.now()))
        if closed:
            if self._board.battery is not None:
                self._board.battery.stirred(self._clock.now())
            self._radio.wifi.hurry()
            self._link.hurry()

    def _on_up(self, client) -> None:
        self._client = client
        self._panel.diagnose(None)
        topics = [
            self._topic + leaf for leaf in ("receipt", self._decider.LEAF, "command", "piece")
        ]
        topics.insert(0, self._prefix + "gateway/status")
        try:
            client.subscribe(topics)
        except MqttError as error:  # the session ends by itself and the next one says it again
            self._log("link: %s" % error)
        self._publish("status", b"online", True)
        self._publish_info()
        self._do(self._decider.connected(self._clock.now()))
        self._updater.up()

    def _on_down(self) -> None:
        self._client = None
        self._updater.down()
        self._do(self._decider.disconnected(self._clock.now()))

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        now = self._clock.now()
        if topic == self._prefix + "gateway/status":
            self._do(self._decider.gateway(payload, now))
        elif topic == self._topic + "receipt":
            self._do(self._decider.receipt(payload, now))
        elif topic == self._topic + self._decider.LEAF:
            self._do(self._follow(payload, retained, now))
        elif topic == self._topic + "command" and not retained:  # an order is for now or never
            result = self._orders.obey(payload)
            if result is not None:
                self._publish_json("result", result)
        elif topic == self._topic + "piece":
            self._updater.piece(payload)

    async def _keep_time(self, beat) -> None:
        while True:
            beat()
            self._decided.clear()
            wake_at = self._decider.wake_at()
            if wake_at is None:
                await self._decided.wait()
                continue
            delay = wake_at - self._clock.now()
            try:
                if delay > 0:
                    await asyncio.wait_for(self._decided.wait(), delay / 1000)
                    continue
            except asyncio.TimeoutError:
                delay = 0
            self._do(self._decider.tick(self._clock.now()))

    async def _look_around(self, beat) -> None:
        while True:
            beat()
            self._diagnose()
            self._tend_journal()
            late = self._clock.now() - self._told_at >= _INFO_MS
            if late or self._supervisor.stalled != self._told:
                self._publish_info()
            await asyncio.sleep(_LOOK_S)

    def _tend_journal(self) -> None:
        if self._clock.now() - self._tended_at >= _TEND_MS:
            self._tended_at = self._clock.now()
            was_ok = self._journal.ok
            self._journal.tend(self._decider.outbox)
            self._do([])  # in case that flash failed
            if self._journal.ok and not was_ok:
                self._publish_info()

    def _diagnose(self) -> None:
        """Until the first session, the ring says what is wrong."""
        course, wifi = self._link.course, self._radio.wifi
        fault = course.fault if wifi.up else wifi.fault
        self._panel.diagnose(None if course.sessions else fault)

    def _in_use(self) -> bool:
        return self._decider.in_use(self._clock.now())

    def _radio_wanted(self) -> bool:
        return self._client is None or self._in_use()

    def _broker_lost_ms(self):
        since = self._link.course.down_since
        return None if since is None else self._clock.now() - since

    # ---- outputs

    def _do(self, actions: list) -> None:
        """Lights first, because writing to flash takes its time; then flash; then the air."""
        for action in actions:
            if action[0] == FLASH:
                self._panel.flash()
            elif action[0] == TAKEN:
                self._panel.taken(action[1])
            elif action[0] == SHOW:
                self._panel.show(action[1])
            elif action[0] == ALERT:
                self._panel.alert(action[1])
        outbox = self._decider.outbox
        self._journal.save(outbox)
        for action in actions:
            if action[0] == SEND:
                self._publish_json("event", outbox.payload(action[1], self._clock.now()))
            elif action[0] == SHOWN:
                pattern = "offline" if self._boots.safe else action[2]
                self._publish_json("shown", {"v": PROTOCOL, "rev": action[1], "state": pattern})
        if self._faults_told != self._journal.faults:
            self._faults_told = self._journal.faults
            outbox.add("fault", {"fault": "flash"}, self._clock.now(), False)
            self._publish_info()
        self._decided.set()

    def _publish_info(self) -> None:
        self._told_at = self._clock.now()
        self._told = self._supervisor.stalled
        self._publish_json("info", self._info(), True)

    def _trouble(self) -> list:
        trouble = ["no progress of " + name for name in self._supervisor.stalled]
        if not self._journal.ok:
            trouble.append("no flash")
        return trouble

    def _info(self) -> dict:
        return report.info(
            self._config,
            self._caps,
            self.boot,
            self._reset,
            self._boots.safe,
            self._trouble(),
            self._radio.rssi(),
            self._clock.now(),
            len(self._decider.outbox),
            self._outcome(),
        )

    def _outcome(self):
        try:
            return self._slots.outcome()
        except OSError:
            return None

    def _say(self, leaf: str, body=None) -> None:
        """For updates: `want`, `result`, or info and log."""
        if leaf == "info":
            self._publish_info()
        elif leaf == "log":
            self._log(body)
        else:
            self._publish_json(leaf, body)

    def _publish_json(self, leaf: str, body: dict, retain: bool = False) -> None:
        self._publish(leaf, json.dumps(body).encode(), retain)

    def _tell_badge(self, badge: str, rssi: int) -> None:
        body = json.dumps({"v": PROTOCOL, "badge": badge, "rssi": rssi})
        self._publish("sighting", body.encode(), False, 0)

    def _publish(self, leaf: str, payload: bytes, retain: bool = False, qos: int = 1) -> None:
        if self._client is None:
            return
        try:
            self._client.publish(self._topic + leaf, payload, qos, retain)
        except MqttError as error:  # the session ends by itself; the outbox sends again
            self._log("link: %s" % error)

    # ---- commands

    def _identify(self, args: dict, id_) -> dict:
        self._panel.identify()
        return {}

    def _report(self, args: dict, id_) -> dict:
        data = self._info()
        data["boots"] = self._boots.count
        data["sessions"] = self._link.course.sessions
        data["joins"] = self._radio.wifi.joins
        data["resends"] = self._decider.outbox.resends
        data["dropped"] = self._decider.outbox.dropped
        data["flash_faults"] = self._journal.faults
        data["worst_delay_ms"] = self._supervisor.worst_delay_ms
        data["log"] = self._log.tail(_LOG_IN_REPORT)
        return data

    def _update(self, args: dict, id_) -> None:
        if self._board.battery is not None:  # it sleeps before it has fetched or confirmed it
            raise RefusedError("a battery button is updated by cable")
        self._updater.order(args, id_)

    def _restart_soon(self, args: dict, id_) -> dict:
        if self._only_in_ram():
            raise RefusedError("a press waits, and flash cannot keep it")
        asyncio.create_task(self._restart("restart was asked for"))
        return {}

    def _said(self) -> tuple:
        """Whether the broker is there, and how many events have no receipt."""
        return self._client is not None, len(self._decider.outbox)

    async def _say_goodnight(self) -> None:
        """What comes before a sleep; a will must not follow it."""
        self._boots.good()
        self._journal.tend(self._decider.outbox)
        self._publish("status", b"sleeping", True)
        client = self._client
        if client is not None:
            await client.settle(_RESTART_SETTLE_MS)
            client.leave()
            await client.settle(_RESTART_SETTLE_MS)

    async def _restart(self, why: str) -> None:
        """Start anew on purpose, so this was no bad boot. Not if that would lose an event."""
        if self._only_in_ram():
            return
        self._log("restart: " + why)
        self._boots.good()
        if self._client is not None:
            await self._client.settle(_RESTART_SETTLE_MS)
        if self._journal.rest(self._decider.outbox, self._clock.now()):
            self._board.machine.reset()

    def _only_in_ram(self) -> bool:
        return len(self._decider.outbox) > 0 and not self._journal.ok
