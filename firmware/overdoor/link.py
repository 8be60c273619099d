"""The way to the broker: Wi-Fi, then session after session, with backoff and full jitter.

A broker fault never touches Wi-Fi. Every fault is an MqttError or a WifiError, and what follows
either is the same: wait a random time below a limit that doubles, and try again.
"""

import asyncio
import errno
import random
import socket

from .compat import const
from .mqtt import MqttClient, MqttError

_FIRST_BACKOFF_MS = const(500)
_MAX_BACKOFF_MS = const(20000)
_STABLE_MS = const(10000)  # a session that lived so long was no part of a storm
_RESOLVE_AGAIN = const(3)  # failures after which a host name is looked up again
_JOIN_MS = const(15000)
_WATCH_S = const(1)
_IPPROTO_TCP = const(6)  # the constants are missing on some ports, the option is not
_TCP_NODELAY = const(1)


class WifiError(Exception):
    """The radio did not come up, or fell away."""


def backoff_ms(failures: int, rand) -> int:
    """Full jitter: anything up to a limit that doubles with each failure. `rand()` is 0..1."""
    return int(rand() * min(_MAX_BACKOFF_MS, _FIRST_BACKOFF_MS << min(failures, 10)))


class Link:
    """Keeps one device connected, for ever."""

    def __init__(self, config, wlan, now, will, log):
        """`wlan` is a `network.WLAN`; `will` is (topic, payload); `log(text)` takes a line."""
        self._config = config
        self._wlan = wlan
        self._now = now
        self._will = will
        self._log = log
        self._address = None
        self._up_at = None  # when this session began
        self._hurried = asyncio.Event()
        self.sessions = 0

    async def run(self, on_up, on_down, on_message) -> None:
        """`on_up(client)` and `on_down()` frame a session, `on_message` is as in MqttClient."""
        failures = 0
        while True:
            self._up_at = None
            try:
                await self._join_wifi()
                await self._serve(on_up, on_down, on_message)
            except (MqttError, WifiError) as error:
                self._log("link: %s" % error)
            stable = self._up_at is not None and self._now() - self._up_at >= _STABLE_MS
            failures = 0 if stable else failures + 1
            if failures % _RESOLVE_AGAIN == _RESOLVE_AGAIN - 1:
                self._address = None
            await self._rest(backoff_ms(failures, random.random))

    def hurry(self) -> None:
        """Somebody pressed: try again now, not when the wait is over."""
        self._hurried.set()

    async def _rest(self, ms: int) -> None:
        self._hurried.clear()
        pause = min(ms, _FIRST_BACKOFF_MS)  # however often somebody presses
        await asyncio.sleep(pause / 1000)
        try:
            await asyncio.wait_for(self._hurried.wait(), (ms - pause) / 1000)
        except asyncio.TimeoutError:
            return  # the wait is over: try again

    async def _join_wifi(self) -> None:
        wlan = self._wlan
        if wlan.isconnected():
            return
        try:
            wlan.active(True)
            wlan.disconnect()  # a second connect() without it raises "Wifi Internal Error"
            wlan.connect(self._config.wifi_ssid, self._config.wifi_password)
        except OSError as error:
            raise WifiError("the radio refused: %r" % error) from None
        give_up = self._now() + _JOIN_MS
        while not wlan.isconnected():
            if self._now() >= give_up:
                raise WifiError("no Wi-Fi within %d s" % (_JOIN_MS // 1000))
            await asyncio.sleep(0.1)

    async def _serve(self, on_up, on_down, on_message) -> None:
        config = self._config
        client = MqttClient(
            self._open,
            "overdoor-%s-%s" % (config.shop, config.device),
            self._now,
            self._will,
            config.user,
            config.password,
        )
        await client.connect()
        self._up_at = self._now()
        self.sessions += 1
        on_up(client)
        watcher = asyncio.create_task(self._watch_wifi(client))
        try:
            await client.run(on_message)
        finally:
            watcher.cancel()
            on_down()

    async def _watch_wifi(self, client) -> None:
        while self._wlan.isconnected():  # noqa: ASYNC110  (the radio has no event to wait for)
            await asyncio.sleep(_WATCH_S)
        client.abandon(WifiError("Wi-Fi is gone"))

    async def _open(self) -> tuple:
        """A TCP stream to the broker. `asyncio.open_connection` would leak a cancelled socket."""
        if self._address is None:
            # Blocks while a name is looked up, so the answer is kept; an IP address never blocks.
            self._address = socket.getaddrinfo(
                self._config.host, self._config.port, 0, socket.SOCK_STREAM
            )[0]
        family, kind, protocol, _, address = self._address
        sock = socket.socket(family, kind, protocol)
        stream = None
        try:
            sock.setblocking(False)
            try:
                sock.connect(address)
            except OSError as error:
                if error.errno != errno.EINPROGRESS:
                    raise
            await _writable(sock)
            try:
                sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
            except OSError:
                self._log("link: this port cannot set TCP_NODELAY")  # slower, not worse
            stream = asyncio.StreamReader(sock)
            return stream, stream
        finally:
            if stream is None:
                sock.close()


def _writable(sock):
    yield asyncio.core._io_queue.queue_write(sock)
