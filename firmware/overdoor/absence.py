"""Whether the link and the gateway are there, and since when they are not. Pure."""

from .compat import const

_GATEWAY_LOST_MS = const(15000)
_LINK_LOST_MS = const(60000)


class Absence:
    """What a call point knows of whoever should answer it."""

    def __init__(self, now_ms: int):
        self.online = False
        self._link_lost_at = now_ms  # None while there is one
        self._gateway = None  # whether it is there; None until the broker said
        self._gateway_lost_at = None

    def connected(self) -> None:
        """The broker took us."""
        self.online = True
        self._link_lost_at = self._gateway = self._gateway_lost_at = None

    def disconnected(self, now_ms: int) -> None:
        """The broker is gone, or the radio."""
        if self.online:
            self.online = False
            self._link_lost_at = now_ms

    def gateway(self, payload: bytes, now_ms: int) -> bool:
        """`gateway/status` said something. Returns whether the gateway came."""
        if payload not in (b"online", b"offline"):
            return False
        there = payload == b"online"
        changed = there is not self._gateway
        if changed:
            self._gateway = there
            self._gateway_lost_at = None if there else now_ms
        return changed and there

    def call_lost_at(self):
        """When an open call counts as lost without them, in ms, or None while both are there."""
        times = []
        if self._gateway_lost_at is not None:
            times.append(self._gateway_lost_at + _GATEWAY_LOST_MS)
        if self._link_lost_at is not None:
            times.append(self._link_lost_at + _LINK_LOST_MS)
        return min(times) if times else None
