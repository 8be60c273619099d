"""The last lines that the device wrote, for `report`. No secret is ever in them."""

import struct

from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Now, Write

_SIZE = const(2048)  # bytes of all lines; more than a report can carry
_LENGTH = const(120)
_HEAD = ">QH"  # ms, bytes of the text that follows
_HEAD_SIZE = const(10)  # what struct.calcsize says of it
_SHORTEST_SECRET = const(4)  # a shorter one would tear holes into plain words


class Log:
    """Prints lines, and keeps the last ones with the ms at which they came.

    They are kept in one buffer from the start: trouble that lasts for hours takes no memory.
    """

    def __init__(self, now: "Now", write: "Write", secrets=()):
        """`now() -> int` gives ms; `write(text)` prints; `secrets` are texts to leave out.

        Nothing in the firmware logs a secret. But an error's text comes from elsewhere.
        """
        self._now = now
        self._write = write
        self._secrets = [text for text in secrets if text and len(text) >= _SHORTEST_SECRET]
        self._kept = memoryview(bytearray(_SIZE))
        self._used = 0

    def __call__(self, text: str) -> None:
        """Take one line."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = text[:_LENGTH]
        self._keep(text.encode())
        self._write(text)

    def _keep(self, text: bytes) -> None:
        size = _HEAD_SIZE + len(text)
        while self._used + size > _SIZE:
            self._drop()
        start, end = self._used + _HEAD_SIZE, self._used + size
        struct.pack_into(_HEAD, self._kept, self._used, self._now(), len(text))
        self._kept[start:end] = text
        self._used = end

    def _drop(self) -> None:
        """The oldest line makes room."""
        size = _HEAD_SIZE + struct.unpack_from(_HEAD, self._kept, 0)[1]
        self._kept[: self._used - size] = self._kept[size : self._used]
        self._used -= size

    def tail(self, size: int) -> list:
        """The latest lines as [ms, text], oldest first, that fit into `size` characters."""
        lines = []
        at = 0
        while at < self._used:
            at_ms, length = struct.unpack_from(_HEAD, self._kept, at)
            at += _HEAD_SIZE
            lines.append([at_ms, str(self._kept[at : at + length], "utf-8")])
            at += length
        tail = []
        for line in reversed(lines):
            size -= len(line[1]) + 16
            if size < 0:
                break
            tail.insert(0, line)
        return tail
