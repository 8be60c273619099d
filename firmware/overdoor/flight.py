"""Packets that the broker has not acknowledged yet."""


class Flight:
    """Gives each packet an id that no other one in flight has."""

    def __init__(self):
        self._last = 0
        self._waiting = {}  # packet id -> (ms sent, topics subscribed or 0)

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self, now_ms: int, topics: int) -> int:
        """The id of a packet that is sent now; of a SUBSCRIBE with so many topics, or 0."""
        while True:
            self._last = self._last % 65535 + 1
            if self._last not in self._waiting:
                break
        self._waiting[self._last] = (now_ms, topics)
        return self._last

    def end(self, packet_id: int) -> int:
        """It was acknowledged. Returns how many topics it subscribed, 0 if it is not known."""
        return self._waiting.pop(packet_id, (0, 0))[1]

    def oldest(self, ping_ms):
        """The ms at which the oldest one was sent, or a ping at `ping_ms`; None if none waits."""
        sent = [at for at, _ in self._waiting.values()]
        if ping_ms is not None:
            sent.append(ping_ms)
        return min(sent) if sent else None
