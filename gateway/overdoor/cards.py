"""The address on the card in each room, which only who stands before the card can know.

An address ends in a token that follows from a secret, the room, and how often the room's card was
rotated. Secret and counts are in `cards.json` in the data folder, beside the database and not in
it: a card can be printed again at any time, and a copy of the database opens no room.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overdoor.keptfile import KeptFile

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
        self._file = KeptFile(folder / FILE, _parse, CardsError, "then every room needs a new card")
        self._origin = origin

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
        with self._file.writing():
            kept = self._read()
            turns = {**kept.turns, room: kept.turns.get(room, 0) + 1}
            self._write(_Kept(kept.secret, turns))

    def _read(self) -> _Kept:
        kept = self._file.read()
        if kept is None:
            with self._file.writing():
                if self._file.read() is None:  # another process may have been first
                    self._write(_Kept(secrets.token_bytes(32), {}))
            return self._read()
        return kept

    def _write(self, kept: _Kept) -> None:
        self._file.write({"secret": kept.secret.hex(), "turns": dict(kept.turns)})


def _parse(said: Any) -> _Kept:
    secret = bytes.fromhex(said["secret"])
    if len(secret) < TOKEN_BYTES:
        raise ValueError("too short")
    return _Kept(secret, {str(room): int(turn) for room, turn in said["turns"].items()})
