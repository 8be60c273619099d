"""A file that a password opens: scrypt makes a key of it, AES-256-GCM seals piece after piece.

Each piece has its number, and whether it is the last, in its nonce (the STREAM construction of
Hoang, Reyhanitabar, Rogaway and Vizár, 2015), so that pieces cannot be left out, swapped or cut
off. The salt is new for each file, and so is the key.
"""

import io
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from overdoor.backups import BackupError

MAGIC = b"overdoor-sealed-1\n"
PIECE = 1 << 20
_TAG_BYTES, _SALT_BYTES, _KEY_BYTES = 16, 16, 32
# 64 MB and some tenths of a second: the most that a small box does without trouble.
_SCRYPT = {"length": _KEY_BYTES, "n": 2**16, "r": 8, "p": 1}


class Sealing(io.RawIOBase):
    """Seals what is written to it into another file; `close` seals the last piece."""

    def __init__(self, into: BinaryIO, password: str) -> None:
        salt = os.urandom(_SALT_BYTES)
        self._into, self._cipher = into, AESGCM(_key(password, salt))
        self._kept, self._number = bytearray(), 0
        into.write(MAGIC + salt)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, said: bytes) -> int:  # type: ignore[override]
        """Takes all of it."""
        self._kept += said
        while len(self._kept) > PIECE:  # never the last one: that is sealed as such
            self._seal(bytes(self._kept[:PIECE]), last=False)
            del self._kept[:PIECE]
        return len(said)

    def close(self) -> None:
        """Seals what is left."""
        if not self.closed:
            self._seal(bytes(self._kept), last=True)
        super().close()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._into.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, MAGIC))
        self._number += 1


class Opening(io.RawIOBase):
    """Reads what was sealed. Raises `BackupError` if the password is wrong or a bit is."""

    def __init__(self, file: BinaryIO, password: str) -> None:
        head = file.read(len(MAGIC) + _SALT_BYTES)
        self._file, self._cipher = file, AESGCM(_key(password, head[len(MAGIC) :]))
        self._number, self._open, self._ended = 0, b"", False
        self._next = file.read(PIECE + _TAG_BYTES)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fills the buffer as far as a piece reaches; 0 at the end."""
        while not self._open and not self._ended:
            self._unseal()
        size = min(len(buffer), len(self._open))
        buffer[:size], self._open = self._open[:size], self._open[size:]
        return size

    def _unseal(self) -> None:
        piece, self._next = self._next, self._file.read(PIECE + _TAG_BYTES)
        self._ended = not self._next
        try:
            nonce = _nonce(self._number, last=self._ended)
            self._open = self._cipher.decrypt(nonce, piece, MAGIC)
        except InvalidTag:
            raise BackupError(
                "The password is not the one of this backup, or the file is cut short."
                if self._number == 0
                else "The backup is damaged, or its end is missing. Take another one."
            ) from None
        self._number += 1


def is_sealed(file: BinaryIO) -> bool:
    """Whether a password is needed; the file is where it was afterwards."""
    head = file.read(len(MAGIC))
    file.seek(-len(head), os.SEEK_CUR)
    return head == MAGIC


def _key(password: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, **_SCRYPT).derive(password.encode())


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
