"""Wires a device: buttons and broker into decisions, decisions into lights, sound and messages."""

import asyncio
import os

from . import PROTOCOL, VERSION
from .actions import ALERT, FLASH, SEND, SHOW, SHOWN, TAKEN
from .air import GATEWAY, Air
from .alarm import Alarm
from .badges import Badges
from .button import Button
from .clock import Clock
from .compat import const
from .ending import Ending
from .keeper import Keeper
from .link import Link
from .log import Log
from .orders import Orders, verbs
from .passwords import Passwords
from .report import ON_PURPOSE, Report, reset_name
from .slots import Slots
from .supervisor import WATCHDOG_MS, Boots, Supervisor
from .updater import Updater
from .wifi import Radio

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Write

_LOOK_S = const(1)

# How long a task may go without a turn before the device restarts. The link's longest step is a
# rest of twenty seconds after ten of connecting.
_PATIENCE_MS = const(10000)
_LINK_PATIENCE_MS = const(60000)


class Device:
    """One running device: a call point, or whatever else a board is.

    `board.parts` gives what decides (`LEAF` names the topic that it follows, and its method for
    that) and what shows it.

    In safe mode, after ten starts that did not last, it does with as little as it can: the call
    button, the link, and lights that show the degraded pattern all the time.
    """

    def __init__(self, config, board, time, write: "Write", files, root="", guard=None):
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
        self._reset = reset_name(board.machine)
        self._boots = Boots(board.numbers)
        self._supervisor = Supervisor(self._boots, now, self._log)
        needed, safe = board.needed, self._boots.safe
        served = [name for name in board.buttons if name in needed or not safe]
        self._buttons = [
            Button(name, board.buttons[name], self._clock, time.ticks_ms) for name in served
        ]
        self._decider, self._panel = board.parts(config, self.boot, now, served)
        self._follow = getattr(self._decider, self._decider.LEAF)
        self._alarm = Alarm(self._decider, now, self._do)
        outbox = self._decider.outbox
        self._keeper = Keeper(files, outbox, now, self._log, self._reset in ON_PURPOSE)
        self._radio = Radio(board.wlan, config.wifi_ssid, config.wifi_password, now, self._log)
        leaves = ("receipt", self._decider.LEAF, "command", "piece")
        self._air = Air(config, leaves, self._log)
        passwords = Passwords(config, board.numbers)
        self._link = Link(config, passwords, self._radio.wifi, now, self._air.will, self._log)
        self._ending = Ending(
            board.machine, self._boots, self._keeper, self._air, passwords, self._log
        )
        slots = Slots(root, VERSION)
        self._updater = Updater(slots, config.update_key, guard, now, self._in_use, self._say)
        self._report = Report(
            config,
            served + board.shows,
            self.boot,
            self._reset,
            self._boots,
            self._supervisor,
            self._keeper,
            outbox,
            self._link,
            self._radio,
            slots,
            self._log,
            now,
        )
        self._orders = Orders(
            verbs(self._panel, self._report, self._ending, self._updater, board.battery is not None)
        )

    async def run(self) -> None:
        """Serve the room, for ever."""
        self._log("boot %d, after %s" % (self._boots.count, self._reset))
        if self._boots.safe:
            self._log("safe mode")
            self._panel.stay_degraded()
        watchdog = self._board.machine.WDT(timeout=WATCHDOG_MS)
        expect, restart = self._supervisor.expect, self._ending.restart
        jobs = []
        for button in self._buttons:
            beat = expect("button " + button.name, _PATIENCE_MS, button.poke)
            jobs.append(button.run(self._on_button, beat))
        link_beat = expect("link", _LINK_PATIENCE_MS, self._link.poke)
        jobs += [
            self._panel.run(expect("panel", _PATIENCE_MS, self._panel.poke)),
            self._alarm.run(expect("time", _PATIENCE_MS, self._alarm.poke)),
            self._look_around(expect("diagnostics", _PATIENCE_MS)),
            self._radio.run(self._link.wifi_changed, expect("wifi", _PATIENCE_MS)),
            self._link.run(self._on_up, self._on_down, self._on_message, self._in_use, link_beat),
            self._updater.run(restart, expect("updates", _PATIENCE_MS, self._updater.poke)),
            self._supervisor.run(watchdog, self._broker_lost_ms, self._in_use, restart),
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
            jobs.append(battery.run(self._clock.now, self._said, self._ending.goodnight, beat))
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
        self._panel.diagnose(None)
        self._air.begin(client)
        self._publish_info()
        self._do(self._decider.connected(self._clock.now()))
        self._updater.up()

    def _on_down(self) -> None:
        self._air.end()
        self._updater.down()
        self._do(self._decider.disconnected(self._clock.now()))

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        now, leaf = self._clock.now(), self._air.leaf(topic)
        if leaf == GATEWAY:
            self._do(self._decider.gateway(payload, now))
        elif leaf == "receipt":
            self._do(self._decider.receipt(payload, now))
        elif leaf == self._decider.LEAF:
            self._do(self._follow(payload, retained, now))
        elif leaf == "command" and not retained:  # an order is for now or never
            result = self._orders.obey(payload)
            if result is not None:
                self._air.say("result", result)
        elif leaf == "piece":
            self._updater.piece(payload)

    async def _look_around(self, beat: "Beat") -> None:
        while True:
            beat()
            self._diagnose()
            flash_is_back = self._keeper.look()
            self._tell_of_flash()
            if flash_is_back or self._report.due():
                self._publish_info()
            await asyncio.sleep(_LOOK_S)

    def _diagnose(self) -> None:
        """Until the first session, the ring says what is wrong."""
        course, wifi = self._link.course, self._radio.wifi
        fault = course.fault if wifi.up else wifi.fault
        self._panel.diagnose(None if course.sessions else fault)

    def _in_use(self) -> bool:
        return self._decider.in_use(self._clock.now())

    def _radio_wanted(self) -> bool:
        return not self._air.up or self._in_use()

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
        self._keeper.save()
        for action in actions:
            if action[0] == SEND:
                body = self._decider.outbox.payload(action[1], self._clock.now())
                self._air.say("event", body)
            elif action[0] == SHOWN:
                pattern = "offline" if self._boots.safe else action[2]
                self._air.say("shown", {"v": PROTOCOL, "rev": action[1], "state": pattern})
        self._tell_of_flash()
        self._alarm.poke()

    def _tell_of_flash(self) -> None:
        if self._keeper.failed():
            self._publish_info()
            self._alarm.poke()

    def _publish_info(self) -> None:
        self._air.say("info", self._report.info(), True)

    def _say(self, leaf: str, body=None) -> None:
        """For updates: `want`, `result`, or info and log."""
        if leaf == "info":
            self._publish_info()
        elif leaf == "log":
            self._log(body)
        else:
            self._air.say(leaf, body)

    def _tell_badge(self, badge: str, rssi: int) -> None:
        self._air.say("sighting", {"v": PROTOCOL, "badge": badge, "rssi": rssi}, False, 0)

    def _said(self) -> tuple:
        """Whether the broker is there, and how many events have no receipt."""
        return self._air.up, len(self._decider.outbox)
