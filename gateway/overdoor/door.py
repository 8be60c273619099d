"""Where connections of the web are taken: nobody holds one open for nothing, or very many.

Uvicorn waits for the head of a request for as long as it takes. So it is given this protocol, its
own one with two limits more. It rests on what Uvicorn does not promise (`conn`,
`transport`, `client`, `on_response_complete`); tests/attack/test_slow.py tells if that changes.
"""

import asyncio
import ipaddress
import math
from collections import Counter
from typing import Any, ClassVar

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
LINGER_S = 5.0  # enough to read an answer that came before the request was whole
# Of one address; behind a router many phones may have one. A proxy on this machine counts itself.
CONNECTIONS = 200
COMPLAIN_EVERY_S = 60.0

log = structlog.get_logger()


class Door(H11Protocol):
    """One connection. A request's head is whole within `head_s`, or the connection ends.

    So does one that was answered, `linger_s` later, if its request was never whole.
    """

    head_s = HEAD_S
    linger_s = LINGER_S
    connections_most = CONNECTIONS
    _open: ClassVar[Counter[str]] = Counter()
    _complained: ClassVar[float] = -math.inf

    _patience: asyncio.TimerHandle | None = None
    _counted: str | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody came."""
        super().connection_made(transport)
        address = self.client[0] if self.client is not None else ""
        if not _is_here(address):
            if self._open[address] >= self.connections_most:
                self._complain(address)
                transport.abort()
                return
            self._counted = address
            self._open[address] += 1
        self._watch()

    def data_received(self, data: bytes) -> None:
        """They said something."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """They have their answer. A body that is not whole by then is not waited for."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(self.linger_s, self._end_body)

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._forget()
        if self._counted is not None:
            self._open[self._counted] -= 1
            if not self._open[self._counted]:
                del self._open[self._counted]
            self._counted = None
        super().connection_lost(exc)

    def _complain(self, address: str) -> None:
        """Once a minute: who opens connections without end shall not fill the log."""
        now = self.loop.time()
        if now - Door._complained >= COMPLAIN_EVERY_S:
            Door._complained = now
            log.warning("an address has too many connections open", address=address)

    def _watch(self) -> None:
        """The time runs from the first byte of a head, and on a new connection from its start."""
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._patience is None:
            self._patience = self.loop.call_later(self.head_s, self._end)

    def _end(self) -> None:
        self._patience = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()

    def _end_body(self) -> None:
        answered = self.conn.our_state is h11.DONE  # else this is another request by now
        if answered and self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self.transport.close()

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True  # a socket file
