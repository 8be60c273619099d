"""What systemd is told: that the gateway is ready, that it is still alive, that it stops.

The protocol of sd_notify(3): a datagram to the socket in NOTIFY_SOCKET. Outside systemd there is
none, and nothing is said.
"""

import asyncio
import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress


class Supervisor:
    """systemd, if it started us."""

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        said = os.environ if environment is None else environment
        # Taken out, as sd_notify(3) can: a mosquitto below us would speak for itself.
        self._socket = said.pop("NOTIFY_SOCKET", "")
        for_us = said.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        limit = said.pop("WATCHDOG_USEC", "")
        limit = limit if for_us else ""
        self.limit_s = int(limit) / 1e6 if limit.isdigit() else None

    def ready(self) -> None:
        """Pages and broker can be reached."""
        self._say("READY=1")

    def stopping(self) -> None:
        """It was asked to stop, and has a last word to say before."""
        self._say("STOPPING=1")

    async def reassure(self) -> None:
        """Says again and again that the event loop turns, for ever.

        It comes from the loop itself: a loop that hangs says nothing, and systemd starts the
        gateway anew.
        """
        if not self._socket or self.limit_s is None:
            await asyncio.Event().wait()
            return
        while True:
            self._say("WATCHDOG=1")
            await asyncio.sleep(self.limit_s / 3)

    def _say(self, words: str) -> None:
        if not self._socket.startswith(("/", "@")):
            return
        address = f"\0{self._socket[1:]}" if self._socket[0] == "@" else self._socket
        kind = socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0)
        with suppress(OSError), socket.socket(socket.AF_UNIX, kind) as said:
            said.setblocking(False)  # the loop waits for nobody
            said.sendto(words.encode(), address)
