"""HMAC-SHA256 (RFC 2104), which MicroPython does not bring, and comparisons with what is known.

What reads a file is a generator, and yields between bits of work.
"""

import hashlib

from .compat import const

_BLOCK = 64
_CHUNK = const(1024)


class Hmac:
    """The HMAC-SHA256 of what `update` was given."""

    def __init__(self, key: bytes):
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        key = key + bytes(_BLOCK - len(key))
        self._outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
        self._inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))

    def update(self, data) -> None:
        """Add bytes."""
        self._inner.update(data)

    def digest(self) -> bytes:
        """32 bytes. To be asked once: MicroPython's hashes end with it."""
        self._outer.update(self._inner.digest())
        return self._outer.digest()


def same(one: bytes, other: bytes) -> bool:
    """Whether both are equal; takes the same time wherever they differ."""
    if len(one) != len(other):
        return False
    difference = 0
    for a, b in zip(one, other):  # noqa: B905 - MicroPython's zip knows no `strict`
        difference |= a ^ b
    return difference == 0


def holds(path: str, size: int, digest: bytes):
    """Whether flash has this file, by reading it."""
    sha = hashlib.sha256()
    if (yield from read_through(path, sha)) != size:
        return False
    return same(sha.digest(), digest)


def read_through(path: str, sink):
    """Give a file to `sink.update`; returns its bytes, or None if it cannot be read."""
    size = 0
    try:
        with open(path, "rb") as file:
            while True:
                data = file.read(_CHUNK)
                if not data:
                    return size
                size += len(data)
                sink.update(data)
                yield
    except OSError:
        return None
