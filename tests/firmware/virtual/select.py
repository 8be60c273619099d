"""Stands in for MicroPython's `select`, on the sockets and the clock beside this file."""

import time

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

steps = [0]  # turns of the event loop so far


class poll:  # noqa: N801
    def __init__(self):
        self._wanted = {}  # id -> [socket, events]

    def register(self, sock, events=POLLIN | POLLOUT):
        self._wanted[id(sock)] = [sock, events]

    def modify(self, sock, events):
        self._wanted[id(sock)][1] = events

    def unregister(self, sock):
        del self._wanted[id(sock)]

    def _ready(self):
        found = []
        for sock, wanted in list(self._wanted.values()):
            events = (POLLIN if sock.readable() else 0) | (POLLOUT if sock.writable() else 0)
            if events & wanted:
                found.append((sock, events & wanted))
        return found

    def ipoll(self, timeout=-1):
        steps[0] += 1
        found = self._ready()
        if not found and timeout > 0:
            time.advance(timeout)
        return found
