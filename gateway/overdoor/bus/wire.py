"""The broker's socket as paho sees it: it reads from a buffer, and writes into one.

paho asks its socket for a byte, another byte and the rest of each packet, and sends each packet by
itself. A `Wire` in the socket's place takes all that has come with one call to the kernel, and
gives all that was said in a turn with another.
"""

import socket
import ssl

CHUNK = 1 << 16  # more than a TLS record: what `recv` leaves is still in the kernel, and seen there
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """Stands in for a connected socket that does not block."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._in = b""
        self._at = 0  # how much of it was read
        self._out = bytearray()
        self._lost: OSError | None = None

    # -- the loop's side -------------------------------------------------------------------------

    def fill(self) -> None:
        """Takes what has come. What went wrong is raised by `recv`, after what came before it."""
        try:
            data = self._sock.recv(CHUNK)
        except _LATER:
            return
        except OSError as error:
            self._lost = error
            return
        if not data:
            self._lost = ConnectionResetError("the broker closed the connection")
        self._in, self._at = self._in[self._at :] + data, 0

    def drain(self) -> bool:
        """Sends what has gathered; False if some of it has to wait until the socket can be written.

        A connection that turns out to be lost drops it, and tells so to who reads.
        """
        while self._out:
            try:
                sent = self._sock.send(self._out)
            except _LATER:
                return False
            except OSError:
                self._out.clear()
                break
            del self._out[:sent]
        return True

    # -- paho's side -----------------------------------------------------------------------------

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes of what was taken. Raises `BlockingIOError` if there are none."""
        data = self._in[self._at : self._at + size]
        if not data:
            raise self._lost or BlockingIOError()
        self._at += len(data)
        return data

    def pending(self) -> int:
        """How many bytes were taken and not read."""
        return len(self._in) - self._at

    def send(self, data: bytes | bytearray) -> int:
        """Keeps all of it for the next `drain`."""
        self._out += data
        return len(data)

    def fileno(self) -> int:
        """What the loop watches; -1 once it is closed."""
        return self._sock.fileno()

    def close(self) -> None:
        """Sends what it can, and ends the connection."""
        self.drain()
        self._in, self._at = b"", 0
        self._out.clear()
        self._sock.close()
