"""Files that survive a power cut. Wants a file system whose rename is atomic, as LittleFS has."""

import errno
import os

from .compat import const

_PIECE = const(256)


class Files:
    """The files of one folder. Whatever cannot be done raises OSError."""

    def __init__(self, folder: str = ""):
        """`folder` must exist; without one, it is the folder that the device starts in."""
        self._prefix = folder + "/" if folder else ""

    def read(self, name: str):
        """The content, piece by piece; nothing if there is no such file."""
        try:
            os.stat(self._prefix + name)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        with open(self._prefix + name, "rb") as file:
            while True:
                piece = file.read(_PIECE)
                if not piece:
                    return
                yield piece

    def append(self, name: str, data: bytes) -> None:
        """Add to a file, or begin it. Durable when this returns; on failure it may be, in part."""
        self._write(name, "ab", [data])

    def replace(self, name: str, pieces) -> None:
        """Give a file this content, or leave it as it was. Durable when this returns."""
        self._write(name + ".new", "wb", pieces)
        os.rename(self._prefix + name + ".new", self._prefix + name)

    def rename(self, name: str, to: str) -> None:
        """Move a file over another one, or out of the way."""
        os.rename(self._prefix + name, self._prefix + to)

    def remove(self, name: str) -> None:
        """Remove a file that is there."""
        os.remove(self._prefix + name)

    def _write(self, name: str, mode: str, pieces) -> None:
        with open(self._prefix + name, mode) as file:
            for piece in pieces:
                if file.write(piece) != len(piece):
                    raise OSError(errno.EIO)
            file.flush()  # on MicroPython this syncs; closing does too
