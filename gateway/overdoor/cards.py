"""The address on the card in each room, which only who stands before the card can know.

An address ends in a token that follows from a secret, the room, and how often the room's card was
rotated. Secret and counts are in `cards.json` in the data folder, beside the database and not in
it: a card can be printed again at any time, and a copy of the database opens no room.
"""

import base64
import fcntl
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FILE = "cards.json"
TOKEN_BYTES = 16  # 128 bits, 22 letters


class CardsError(Exception):
    """The file of the cards cannot be used. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Kept:
    secret: bytes
    turns: Mapping[str, int]  # room → how often its card was rotated
    tokens: dict[str, str] = field(default_factory=dict)  # that were worked out from these

    def token(self, room: str) -> str:
        if room not in self.tokens:
            said = f"overdoor card 1/{room}/{self.turns.get(room, 0)}".encode()
            digest = hmac.digest(self.secret, said, "sha256")[:TOKEN_BYTES]
            self.tokens[room] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self.tokens[room]


class Cards:
    """The cards of one shop. What another process rotates holds at once.

    `origin` is the scheme, name and port that phones open. Methods raise `CardsError`.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self._file = folder / FILE
        self._origin = origin
        self._stamp: tuple[int, int, int] | None = None
        self._kept: _Kept | None = None

    def shopper_url(self, room: str) -> str:
        """The address of a room's page: what the QR code on its card says."""
        return f"{self._origin}/s/{self.token(room)}"

    def token(self, room: str) -> str:
        """The token of a room as its card stands now."""
        return self._read().token(room)

    def room_of(self, token: str, rooms: Iterable[str]) -> str | None:
        """Which of these rooms a token is for. Takes as long for a good one as for a bad one."""
        kept, said, found = self._read(), token.encode(), None
        for room in rooms:
            if hmac.compare_digest(kept.token(room).encode(), said):
                found = room
        return found

    def rotate(self, room: str) -> None:
        """Makes the room's card void; the next one has another address."""
        self._read()  # makes the file, if this is the first that anybody wants of it
        with self._writing():
            kept = self._read()
            turns = {**kept.turns, room: kept.turns.get(room, 0) + 1}
            self._write(_Kept(kept.secret, turns))

    def _read(self) -> _Kept:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            if self._kept is None:
                self._make()
                return self._read()
            return self._kept  # somebody took the file away under a gateway that runs
        stamp = status.st_mtime_ns, status.st_size, status.st_ino
        if self._kept is None or stamp != self._stamp:
            self._kept, self._stamp = self._load(), stamp
        return self._kept

    def _load(self) -> _Kept:
        try:
            said = json.loads(self._file.read_text())
            secret = bytes.fromhex(said["secret"])
            turns = {str(room): int(turn) for room, turn in said["turns"].items()}
        except OSError as error:
            raise CardsError(f"{self._file} cannot be read: {error.strerror}.") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            secret, turns = b"", {}
        if len(secret) < TOKEN_BYTES:
            raise CardsError(
                f"{self._file} is damaged. Bring it back from a copy, or remove it: then every "
                "room needs a new card."
            )
        return _Kept(secret, turns)

    def _make(self) -> None:
        with self._writing():
            if not self._file.exists():  # another process may have been first
                self._write(_Kept(secrets.token_bytes(32), {}))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One process at a time."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise CardsError(f"{self._file} cannot be written: {error.strerror}.") from None

    def _write(self, kept: _Kept) -> None:
        """All or nothing, for the owner's eyes only."""
        said = {"secret": kept.secret.hex(), "turns": dict(kept.turns)}
        with tempfile.NamedTemporaryFile(
            "w", dir=self._file.parent, prefix=FILE, delete=False
        ) as new:
            new.write(json.dumps(said) + "\n")
            new.flush()
            os.fsync(new.fileno())
        Path(new.name).replace(self._file)
