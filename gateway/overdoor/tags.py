"""The shop's signed tags: in which room each sticks, and the keys that were put into it.

All keys follow from one secret in `tags.json` in the data folder, so that a tag can be set up
again, and a copy of the database signs nothing. Only one key is the same in all tags: the one that
hides their numbers, because without it nobody could tell whose signature to check.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overdoor import sun
from overdoor.keptfile import KeptFile

FILE = "tags.json"
_ENCRYPTED, _SIGNED = "0" * 32, "0" * 16  # what the tag writes over
_NDEF_HEAD = 7  # bytes before the address: 2 of length, 4 of record head, 1 for the scheme
_SCHEMES = {"https": 4, "http": 3}  # how an NDEF URI record shortens them
_LONGEST = 255  # bytes of a short NDEF record


class TagsError(Exception):
    """The tags cannot be used so. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag in one room. `id` is new each time the tag is set up: its counter begins anew."""

    uid: str
    room: str
    turn: int

    @property
    def id(self) -> str:
        """What the shop's record calls it."""
        return f"{self.uid}.{self.turn}"


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is to be put into a tag. Keys and settings are hex digits, as tools want them."""

    tag: Tag
    url: str
    master_key: str  # key 0
    file_key: str  # key 1
    meta_key: str  # key 2
    ndef: str
    settings: str  # the data of ChangeFileSettings for file 2


class Tags:
    """The tags of one shop. What another process sets up holds at once.

    `origin` is the scheme, name and port that phones open. Methods raise `TagsError`.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        remedy = "then every tag has to be set up again"
        self._file = KeptFile(folder / FILE, _parse, TagsError, remedy)
        self._origin = origin

    def read(self, encrypted: str, signature: str) -> tuple[Tag, int] | None:
        """The tag that wrote these into its address, and its counter; None if none of ours did."""
        try:
            said, signed = bytes.fromhex(encrypted), bytes.fromhex(signature)
        except ValueError:
            return None
        kept = self._read()
        picc = sun.decrypt(_key(kept, "meta"), said) if kept else None
        tag = _tag(kept, picc.uid.hex()) if picc else None
        if not picc or not tag or not sun.is_signed(_file_key(kept, tag), picc, signed):
            return None
        return tag, picc.counter

    def all(self) -> list[Tag]:
        """The tags, in the order in which they were set up first."""
        kept = self._read()
        tags = (_tag(kept, uid) for uid in kept.get("tags", ()))
        return [tag for tag in tags if tag is not None]

    def add(self, uid: str, room: str) -> SetUp:
        """Gives a tag to a room, with new keys: what it signed before is void."""
        uid = re.sub("[ :-]", "", uid).lower()
        if not re.fullmatch(rf"[0-9a-f]{{{2 * sun.UID_BYTES}}}", uid):
            raise TagsError(
                f"{uid!r} is no tag's number; it has 14 hex digits, like 04DE5F1EACC040."
            )
        with self._file.writing():
            kept = self._read() or {"secret": secrets.token_hex(32), "tags": {}}
            before = kept["tags"].get(uid, {"turn": 0})
            entry = {"room": room, "turn": before["turn"] + 1}
            self._file.write({**kept, "tags": {**kept["tags"], uid: entry}})
        return self.set_up(uid)

    def set_up(self, uid: str) -> SetUp:
        """What is to be put into a tag that was added."""
        kept = self._read()
        tag = _tag(kept, uid)
        if tag is None:
            raise TagsError(f"There is no tag {uid}.")
        url = f"{self._origin}/t?e={_ENCRYPTED}&c={_SIGNED}"
        ndef, settings = _file(url)
        return SetUp(
            tag,
            url,
            master_key=_key(kept, f"master/{tag.id}").hex().upper(),
            file_key=_file_key(kept, tag).hex().upper(),
            meta_key=_key(kept, "meta").hex().upper(),
            ndef=ndef.hex().upper(),
            settings=settings.hex().upper(),
        )

    def remove(self, uid: str) -> None:
        """A tag is lost or broken: what it signs counts no more."""
        uid = re.sub("[ :-]", "", uid).lower()
        with self._file.writing():
            kept = self._read()
            if _tag(kept, uid) is None:
                raise TagsError(f"There is no tag {uid}.")
            # Its turn stays: should it come back, its old keys do not.
            entry = {**kept["tags"][uid], "room": None}
            self._file.write({**kept, "tags": {**kept["tags"], uid: entry}})

    def _read(self) -> dict[str, Any]:
        return self._file.read() or {}


def _parse(said: Any) -> dict[str, Any]:
    if len(bytes.fromhex(said["secret"])) < sun.KEY_BYTES:
        raise ValueError("too short")
    tags = {
        str(uid): {"room": tag["room"] and str(tag["room"]), "turn": int(tag["turn"])}
        for uid, tag in said["tags"].items()
    }
    return {"secret": said["secret"], "tags": tags}


def _tag(kept: Mapping[str, Any], uid: str) -> Tag | None:
    entry = kept.get("tags", {}).get(uid)
    return (
        None if entry is None or entry["room"] is None else Tag(uid, entry["room"], entry["turn"])
    )


def _file_key(kept: Mapping[str, Any], tag: Tag) -> bytes:
    return _key(kept, f"file/{tag.id}")


def _key(kept: Mapping[str, Any], of: str) -> bytes:
    secret, said = bytes.fromhex(kept["secret"]), f"overdoor tag 1/{of}".encode()
    return hmac.digest(secret, said, "sha256")[: sun.KEY_BYTES]


def _file(url: str) -> tuple[bytes, bytes]:
    """The tag's file with this address, and the settings that let the tag write into it.

    Source: NXP AN12196, section 5.9: number and counter mirrored as hex digits, encrypted with
    key 2; the signature with key 1, over nothing else; free to read, changed with key 0 only.
    """
    scheme, _, rest = url.partition("://")
    address = bytes([_SCHEMES[scheme]]) + rest.encode()
    if len(address) > _LONGEST:
        raise TagsError(
            "The address of the gateway is too long for a tag: give a shorter [web] url."
        )
    record = bytes([0xD1, 0x01, len(address), 0x55]) + address
    ndef = len(record).to_bytes(2, "big") + record
    encrypted_at = _NDEF_HEAD + rest.index(_ENCRYPTED)
    signed_at = _NDEF_HEAD + rest.index(f"c={_SIGNED}") + 2
    offsets = (encrypted_at, signed_at, signed_at)
    settings = bytes.fromhex("4000E0C1F121") + b"".join(at.to_bytes(3, "little") for at in offsets)
    return ndef, settings
