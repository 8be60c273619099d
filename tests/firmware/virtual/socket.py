"""Stands in for MicroPython's `socket`: there is one broker, `broker`, which a test replaces."""

import time

AF_INET = 2
SOCK_STREAM = 1
RESOLVE_MS = 5000  # for which a name that does not resolve blocks

names = {}  # name -> address
lookups = []  # (ms, name)
broker = [None]


def getaddrinfo(host, port, family=0, kind=0):
    if not host.replace(".", "").isdigit():
        lookups.append((time.ticks_ms(), host))
        if host not in names:
            time.sleep_ms(RESOLVE_MS)
            raise OSError(-2)
        host = names[host]
    return [(AF_INET, SOCK_STREAM, 0, "", (host, port))]


class socket:  # noqa: N801
    """One end; the other is a `Conversation` of the broker."""

    open = 0  # sockets that nobody closed

    def __init__(self, family=AF_INET, kind=SOCK_STREAM, protocol=0):
        socket.open += 1
        self._closed = False
        self._other = None
        self.inbox = b""
        self.ended = False

    def setblocking(self, on):
        assert not on

    def setsockopt(self, level, option, value):
        raise OSError(92)

    def connect(self, address):
        self._other = broker[0].accept(self, address)
        raise OSError(115)

    def readable(self):
        return bool(self.inbox) or self.ended

    def writable(self):
        return self._other is not None and self._other.takes

    def read(self, size):
        if not self.readable():
            return None
        data, self.inbox = self.inbox[:size], self.inbox[size:]
        return data

    def write(self, data):
        if self._other.refuses:
            raise OSError(111)
        if not self._other.takes:
            return None
        self._other.hear(bytes(data))
        return len(data)

    def close(self):
        if not self._closed:
            self._closed = True
            socket.open -= 1
