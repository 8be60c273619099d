"""Wires a call point: buttons and broker into decisions, decisions into lights and messages."""

import asyncio
import json
import os

from . import PROTOCOL, report
from .button import Button
from .callpoint import FLASH, SEND, SHOW, SHOWN, CallPoint
from .clock import Clock
from .compat import const
from .lamp import Lights
from .link import Link
from .mqtt import MqttError
from .payload import is_count, load_object

_INFO_S = const(300)
_RESTART_SETTLE_MS = const(1000)


class Board:
    """The hardware of one call point, as `main.py` finds it."""

    def __init__(self, machine, wlan, buttons, ring, lamp):
        """`buttons` maps call and perhaps presence to pins; `machine` is the module."""
        self.machine = machine
        self.wlan = wlan
        self.buttons = buttons
        self.ring = ring
        self.lamp = lamp


class Device:
    """One running call point."""

    def __init__(self, config, board, time, log):
        """`time` is the module of MicroPython; `log(text)` takes one line."""
        self.boot = "".join(["%02x" % byte for byte in os.urandom(6)])
        self._config = config
        self._board = board
        self._log = log
        self._clock = Clock(time.ticks_ms, time.ticks_diff)
        self._reset = report.reset_name(board.machine)
        self._prefix = "overdoor/1/%s/" % config.shop
        self._topic = "%sdevice/%s/" % (self._prefix, config.device)
        self._lights = Lights(board.ring, board.lamp, self._clock.now)
        self._callpoint = CallPoint(self.boot, self._clock.now())
        self._client = None
        self._link = Link(
            config, board.wlan, self._clock.now, (self._topic + "status", b"offline"), log
        )
        self._buttons = [
            Button(name, pin, self._clock, time.ticks_ms) for name, pin in board.buttons.items()
        ]
        self._decided = asyncio.Event()

    async def run(self) -> None:
        """Serve the room, for ever."""
        jobs = [button.run(self._on_button) for button in self._buttons]
        jobs += [
            self._lights.run(),
            self._keep_time(),
            self._tell_info(),
            self._link.run(self._on_up, self._on_down, self._on_message),
        ]
        await asyncio.gather(*jobs)

    # ---- inputs

    def _on_button(self, name: str, closed: bool, at_ms: int) -> None:
        self._do(self._callpoint.button(name, closed, at_ms, self._clock.now()))
        if closed:
            self._link.hurry()

    def _on_up(self, client) -> None:
        self._client = client
        topics = [self._topic + leaf for leaf in ("receipt", "signal", "command")]
        topics.insert(0, self._prefix + "gateway/status")
        try:
            client.subscribe(topics)
        except MqttError as error:  # the session ends by itself and the next one says it again
            self._log("link: %s" % error)
        self._publish("status", b"online", True)
        self._publish_info()
        self._do(self._callpoint.connected(self._clock.now()))

    def _on_down(self) -> None:
        self._client = None
        self._do(self._callpoint.disconnected(self._clock.now()))

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        now = self._clock.now()
        if topic == self._prefix + "gateway/status":
            self._do(self._callpoint.gateway(payload, now))
        elif topic == self._topic + "receipt":
            self._do(self._callpoint.receipt(payload, now))
        elif topic == self._topic + "signal":
            self._do(self._callpoint.signal(payload, retained, now))
        elif topic == self._topic + "command" and not retained:  # an order is for now or never
            self._obey(payload)

    async def _keep_time(self) -> None:
        while True:
            self._decided.clear()
            wake_at = self._callpoint.wake_at()
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
            self._do(self._callpoint.tick(self._clock.now()))

    async def _tell_info(self) -> None:
        while True:
            await asyncio.sleep(_INFO_S)
            self._publish_info()

    # ---- outputs

    def _do(self, actions: list) -> None:
        for action in actions:
            if action[0] == FLASH:
                self._lights.flash()
            elif action[0] == SHOW:
                self._lights.show(action[1])
            elif action[0] == SEND:
                event = self._callpoint.outbox.payload(action[1], self._clock.now())
                self._publish_json("event", event)
            elif action[0] == SHOWN:
                shown = {"v": PROTOCOL, "rev": action[1], "state": action[2]}
                self._publish_json("shown", shown)
        self._decided.set()

    def _publish_info(self) -> None:
        self._publish_json("info", self._info(), True)

    def _info(self) -> dict:
        uptime = self._clock.now()
        waiting = len(self._callpoint.outbox)
        return report.info(self._config, self.boot, self._reset, self._board.wlan, uptime, waiting)

    def _publish_json(self, leaf: str, body: dict, retain: bool = False) -> None:
        self._publish(leaf, json.dumps(body).encode(), retain)

    def _publish(self, leaf: str, payload: bytes, retain: bool = False) -> None:
        if self._client is None:
            return
        try:
            self._client.publish(self._topic + leaf, payload, 1, retain)
        except MqttError as error:  # the session ends by itself; the outbox sends again
            self._log("link: %s" % error)

    # ---- commands

    def _obey(self, payload: bytes) -> None:
        command = load_object(payload)
        if command is None:
            return
        id_ = command.get("id")
        if not (is_count(id_) or (isinstance(id_, str) and len(id_) <= 64)):
            return  # nobody could tell what the result belongs to
        verb = command.get("verb")
        status, data = "ok", {}
        if verb == "identify":
            self._lights.identify()
        elif verb == "report":
            data = self._info()
            data["sessions"] = self._link.sessions
            data["dropped"] = self._callpoint.outbox.dropped
        elif verb == "restart":
            if len(self._callpoint.outbox):
                status, data = "error", {"reason": "a press waits for its receipt"}
            else:
                asyncio.create_task(self._restart())
        else:
            status, data = "error", {"reason": "unknown verb"}
        body = {"v": PROTOCOL, "id": id_, "status": status, "data": data}
        self._publish_json("result", body)

    async def _restart(self) -> None:
        if self._client is not None:
            await self._client.settle(_RESTART_SETTLE_MS)
        self._board.machine.reset()
