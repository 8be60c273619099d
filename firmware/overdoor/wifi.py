"""Wi-Fi: what the radio is told when, and what is wrong when it does not join. The choice is pure.

States: off, starting, joining, up, resting. Each fault (`fault.py`) leads to resting with backoff
and from there to a new try; a radio that does not obey is switched off and on. Faults of the broker
never come here.
"""

import asyncio
import random

from .compat import const
from .fault import FAULTS

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Changed, Now, Rand, Write

START = "start"  # switch the radio on, without its own reconnecting
JOIN = "join"  # ask the access point; always after LEAVE
LEAVE = "leave"  # a second connect() without it raises "Wifi Internal Error"
STOP = "stop"  # switch the radio off

_JOIN_MS = const(15000)
_BELIEVE_MS = const(1000)  # the status of an earlier try may linger; a pause clears it
_POLL_MS = const(100)
_WATCH_MS = const(1000)
_FIRST_BACKOFF_MS = const(1000)
_MAX_BACKOFF_MS = const(30000)
_RESTART_RADIO = const(4)  # failures in a row, whatever they are

_CONNECTING = const(1001)
# What ESP-IDF calls the reasons of a disconnection.
_NO_ACCESS_POINT = (201, 210, 211, 212)
_WRONG_PASSWORD = (15, 202, 204)  # many access points say only that the handshake timed out
_NO_FAULT = (0, 5, 1000, 1010, None)


def backoff_ms(failures: int, first: int, limit: int, rand: "Rand") -> int:
    """Full jitter: anything up to a limit that doubles with each failure. `rand()` is 0..1."""
    return int(rand() * min(limit, first << min(failures, 10)))


class Wifi:
    """What to do next, from what the radio says. Times in ms."""

    def __init__(self, rand: "Rand" = random.random):
        self.state = "off"
        self.fault = None  # the last one, until we are up
        self.joins = 0  # times that we came up
        self._rand = rand
        self._failures = 0
        self._since = 0  # when this state began
        self._until = 0  # when it ends by itself
        self._obeyed = False  # the radio said "connecting" during this try

    @property
    def up(self) -> bool:
        """Whether there is a network."""
        return self.state == "up"

    def step(self, connected: bool, status, associated: bool, now_ms: int) -> tuple:
        """Returns the orders for the radio; look again in `pause_ms()`.

        `connected`: it has an address. `associated`: an access point took us. `status`: its number.
        """
        if self.state == "off" and now_ms >= self._until:
            self._enter("starting", now_ms)
            return (START,)
        if self.state == "starting" or (self.state == "resting" and now_ms >= self._until):
            if connected:  # a soft restart leaves the radio as it was
                self._come_up(now_ms)
                return ()
            self._enter("joining", now_ms)
            self._obeyed = False
            return (LEAVE, JOIN)
        if self.state == "joining":
            if connected:
                self._come_up(now_ms)
                return ()
            fault = self._judge(status, associated, now_ms)
            return () if fault is None else self._fail(fault, now_ms)
        if self.state == "up" and not connected:
            return self._fail("wifi_lost", now_ms)
        return ()

    def refused(self, now_ms: int) -> tuple:
        """The radio raised an error instead of obeying."""
        return self._fail("radio_stuck", now_ms)

    def hurry(self) -> None:
        """Somebody pressed: rest no longer than the radio needs."""
        if self.state in ("off", "resting"):
            self._until = min(self._until, self._since + _FIRST_BACKOFF_MS)

    def pause_ms(self, now_ms: int) -> int:
        """How long nothing needs to be looked at."""
        if self.state in ("off", "resting"):
            return max(0, self._until - now_ms)
        return _WATCH_MS if self.state == "up" else _POLL_MS

    def _judge(self, status, associated: bool, now_ms: int):
        lasted = now_ms - self._since
        if status == _CONNECTING:
            self._obeyed = True
        if lasted >= _JOIN_MS:
            return "no_address" if associated else "not_joined"
        if status == _CONNECTING or status in _NO_FAULT or lasted < _BELIEVE_MS:
            return None
        if not self._obeyed:
            return "radio_stuck"  # it says what it said before we asked
        if status in _NO_ACCESS_POINT:
            return "no_access_point"
        return "wrong_password" if status in _WRONG_PASSWORD else "not_joined"

    def _fail(self, fault: str, now_ms: int) -> tuple:
        self.fault = fault
        self._failures += 1
        pause = backoff_ms(self._failures, _FIRST_BACKOFF_MS, _MAX_BACKOFF_MS, self._rand)
        stop = fault == "radio_stuck" or self._failures % _RESTART_RADIO == 0
        self._enter("off" if stop else "resting", now_ms)
        self._until = now_ms + _FIRST_BACKOFF_MS + pause
        return (STOP,) if stop else (LEAVE,)

    def _come_up(self, now_ms: int) -> None:
        self._enter("up", now_ms)
        self._failures = 0
        self.fault = None
        self.joins += 1

    def _enter(self, state: str, now_ms: int) -> None:
        self.state = state
        self._since = now_ms


class Radio:
    """A `network.WLAN` that does what `Wifi` wants."""

    def __init__(self, wlan, ssid: str, password: str, now: "Now", log: "Write"):
        """`now() -> int` gives ms; `log(text)` takes a line."""
        self.wifi = Wifi()
        self._wlan = wlan
        self._ssid = ssid
        self._password = password
        self._now = now
        self._log = log

    async def run(self, on_change: "Changed", beat: "Beat") -> None:
        """Stay joined, for ever. `on_change()` after each change of state; `beat()` each turn."""
        state = fault = None
        while True:
            beat()
            self._turn()
            if self.wifi.fault not in (None, fault):
                self._log("wifi: %s: %s" % (self.wifi.fault, FAULTS[self.wifi.fault][1]))
            if self.wifi.state != state:
                on_change()
            state, fault = self.wifi.state, self.wifi.fault
            # Short sleeps, so that the supervisor sees a rest from a hang.
            await asyncio.sleep(min(_WATCH_MS, self.wifi.pause_ms(self._now())) / 1000)

    def rssi(self):
        """Signal strength in dBm, or None where the radio does not say."""
        try:
            return self._wlan.status("rssi")
        except (OSError, ValueError):  # not associated; the caller goes on without
            return None

    def _turn(self) -> None:
        try:
            joining = self.wifi.state == "joining"
            orders = self.wifi.step(
                self._wlan.isconnected(),
                self._wlan.status(),
                joining and self.rssi() is not None,
                self._now(),
            )
            self._obey(orders)
        except (OSError, RuntimeError):  # next: off, a rest, and on again
            try:
                self._obey(self.wifi.refused(self._now()))
            except (OSError, RuntimeError):  # it cannot even be switched off: start() comes anyway
                return

    def _obey(self, orders: tuple) -> None:
        wlan = self._wlan
        for order in orders:
            if order == START:
                wlan.active(True)
                wlan.config(reconnects=0)  # else the status hides why a try failed
            elif order == STOP:
                wlan.active(False)
            elif order == LEAVE:
                wlan.disconnect()
            elif order == JOIN:
                wlan.connect(self._ssid, self._password)
