"""The way to the broker, walked: session after session over a network that `wifi` keeps."""

import asyncio
import errno

from . import wire
from .compat import const
from .course import Course, refusal
from .errors import (
    MqttCertificateError,
    MqttClosedError,
    MqttError,
    MqttRefusedError,
    MqttTimeoutError,
)
from .fault import FAULTS
from .mqtt import MqttClient
from .payload import is_address

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Ask, Beat, Changed, Deliver, Now, Up, Write

_SHORTEST_REST_MS = const(500)  # however often somebody presses
_NOBODY_THERE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT)


class LinkError(MqttError):
    """There is no way to the broker. `fault` is a name of `fault.py`."""

    def __init__(self, fault: str):
        super().__init__(FAULTS[fault][1])
        self.fault = fault


class Link:
    """Keeps one device connected, for ever."""

    def __init__(self, config, passwords, wifi, now: "Now", will: tuple, log: "Write"):
        """`passwords` and `wifi` are a `Passwords` and a `wifi.Wifi`; `will` is (topic, payload).

        `log(text)` takes a line.

        Raises ValueError if the CA of `config` is no certificate.
        """
        self.course = Course(now())
        self.passwords = passwords
        self._config = config
        self._wifi = wifi
        self._now = now
        self._will = will
        self._log = log
        self._tls = None if config.ca is None else wire.tls_context(config.ca)
        known = config.ip or (config.host if is_address(config.host) else None)
        self._info = wire.resolve(known, config.port) if known else None
        self._asks_name = not is_address(config.host)
        self._client = None
        self._hurried = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(
        self,
        on_up: "Up",
        on_down: "Changed",
        on_message: "Deliver",
        press_waits: "Ask",
        beat: "Beat",
    ) -> None:
        """`on_up(client)` and `on_down()` frame a session, `on_message` is as in MqttClient.

        `press_waits()` tells whether somebody pressed and waits; `beat()` is called at each step.
        """
        while True:
            beat()
            await self._network(beat)
            try:
                await self._serve(on_up, on_down, on_message, press_waits, beat)
            except MqttError as error:  # next: a rest, and another try
                fault = self._fault_of(error)
                if fault != self.course.fault or self.course.state == "up":
                    self._log("link: %s: %s" % (fault, error))
                rest = self.course.failed(fault, self._now())
                if isinstance(error, MqttRefusedError) and self.passwords.refused(error.code):
                    rest = min(rest, _SHORTEST_REST_MS)
            beat()
            await self._rest(rest)

    def hurry(self) -> None:
        """Somebody pressed: try again now, not when the wait is over."""
        self._hurried.set()

    def poke(self) -> None:
        """Wake `run`, if it waits for Wi-Fi, for a turn."""
        self._changed.set()

    def wifi_changed(self) -> None:
        """Wi-Fi came or went."""
        self._changed.set()
        if not self._wifi.up and self._client is not None:
            self._client.abandon(LinkError("wifi_lost"))

    async def _network(self, beat: "Beat") -> None:
        while not self._wifi.up:
            self.course.enter("waiting")
            self._changed.clear()
            await self._changed.wait()
            beat()

    async def _rest(self, ms: int) -> None:
        self._hurried.clear()
        pause = min(ms, _SHORTEST_REST_MS)
        await asyncio.sleep(pause / 1000)
        try:
            await asyncio.wait_for(self._hurried.wait(), (ms - pause) / 1000)
        except asyncio.TimeoutError:
            return  # the wait is over: try again

    async def _serve(
        self,
        on_up: "Up",
        on_down: "Changed",
        on_message: "Deliver",
        press_waits: "Ask",
        beat: "Beat",
    ) -> None:
        config = self._config
        self._find(press_waits)
        beat()
        client = self._client = MqttClient(
            self._open,
            "overdoor-%s-%s" % (config.shop, config.device),
            self._now,
            self._will,
            config.user,
            self.passwords.current(),
            on_sent=self._greeted,
        )
        try:
            await client.connect()
            self.passwords.accepted()
            self.course.came_up(self._now())
            on_up(client)
            try:
                await client.run(on_message, beat)
            finally:
                on_down()
        finally:
            self._client = None

    def _find(self, press_waits: "Ask") -> None:
        """Look the broker's name up where that is needed and the moment allows it."""
        if not self._asks_name:
            return
        if self.course.may_resolve(self._info is not None, press_waits(), self._now()):
            self.course.enter("resolving")
            try:
                self._info = wire.resolve(self._config.host, self._config.port)
            except OSError as error:
                if self._info is None:
                    raise LinkError("no_name") from None
                self._log("link: no_name: %r; the last address is tried" % error)
            finally:
                self.course.resolved()
        elif self._info is None:
            raise LinkError("no_name")

    async def _open(self) -> tuple:
        """A stream to the broker. Raises OSError."""
        self.course.enter("opening")
        sock = await wire.open_tcp(self._info)
        if self._tls is not None:
            self.course.enter("securing")
            sock = wire.secured(sock, self._tls, self._config.host)
        else:
            self.course.enter("greeting")
        stream = asyncio.StreamReader(sock)
        return stream, stream

    def _greeted(self) -> None:
        self.course.enter("greeting")

    def _fault_of(self, error: MqttError) -> str:
        """The name of what went wrong, from the error and the part of the way where it was."""
        state = self.course.state
        if isinstance(error, LinkError):
            return error.fault
        if isinstance(error, MqttRefusedError):
            return refusal(error.code)
        if isinstance(error, MqttCertificateError):
            return "bad_certificate"
        if isinstance(error, MqttTimeoutError):
            return {"opening": "unreachable", "securing": "tls_silent"}.get(state, "silent")
        if isinstance(error, MqttClosedError):
            if state == "opening" or (state != "up" and error.errno in _NOBODY_THERE):
                return "unreachable"
            return "no_tls" if state == "securing" else "closed"
        return error.fault
