"""What a version of the firmware consists of; a line for each file, so that little RAM reads it.

::

    overdoor-firmware 1
    version 0.2.0
    back-from 0.3.0                  only where 0.3.0 may go back to this version
    <SHA-256 in hex> <bytes> overdoor/main.mpy
"""

import binascii

from .compat import const

NAME = "manifest"
MAX_SIZE = const(16384)
_MAX_FILES = const(96)
_MAX_FILE = const(131072)
_FIRST = "overdoor-firmware 1"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."


class ManifestError(Exception):
    """The manifest makes no sense; the message says why."""


class Manifest:
    """A version and its files: (path, bytes, SHA-256), in order."""

    def __init__(self):
        self.version = None
        self.back_from = None
        self.files = []

    def size(self, block: int) -> int:
        """Bytes on a flash of such blocks: a file begins a block, and its name takes some room."""
        return sum([(-(-size // block) + 1) * block for _, size, _ in self.files])


def read_version(text):
    """The three numbers of "1.2.3", or None for anything else."""
    parts = text.split(".") if isinstance(text, str) and len(text) <= 16 else ()
    if len(parts) != 3:
        return None
    for part in parts:
        if not part or any(digit not in "0123456789" for digit in part):
            return None
        if part != "0" and part[0] == "0":
            return None  # or one version would have two names
    return tuple([int(part) for part in parts])


def read(lines) -> Manifest:
    """The manifest in an iterable of lines (texts). Raises ManifestError."""
    manifest = Manifest()
    first = True
    for ended in lines:
        line = ended.rstrip("\n")
        if first:
            if line != _FIRST:
                raise ManifestError("not a manifest that this version reads")
            first = False
            continue
        words = line.split(" ")
        if len(words) == 2 and words[0] in ("version", "back-from"):
            if read_version(words[1]) is None:
                raise ManifestError("%s is not a version" % words[0])
            if words[0] == "version":
                manifest.version = words[1]
            else:
                manifest.back_from = words[1]
        elif len(words) == 3:
            manifest.files.append(_file(words))
            if len(manifest.files) > _MAX_FILES:
                raise ManifestError("too many files")
        else:
            raise ManifestError("a line that makes no sense")
    if manifest.version is None or not manifest.files:
        raise ManifestError("no version, or no files")
    if len({path for path, _, _ in manifest.files}) != len(manifest.files):
        raise ManifestError("a file is named twice")
    return manifest


def _file(words: list) -> tuple:
    digest, size, path = words
    try:
        raw = binascii.unhexlify(digest)
    except ValueError:
        raise ManifestError("a hash that is none") from None
    if len(raw) != 32:
        raise ManifestError("a hash that is none")
    if not size or len(size) > 6 or any(digit not in "0123456789" for digit in size):
        raise ManifestError("a size that is none")
    if int(size) > _MAX_FILE:
        raise ManifestError("a file that is too long")
    for name in path.split("/"):
        if not name or name[0] == "." or any(letter not in _LETTERS for letter in name):
            raise ManifestError("a path that is none")
    if len(path) > 64 or path == NAME:
        raise ManifestError("a path that is none")
    return path, int(size), raw
