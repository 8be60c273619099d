"""The records of the journal: bytes in, records out, whatever the bytes are. Pure.

    0xA5, length of body (2 bytes), body (512 at most), CRC-32 of length and body (4); big-endian

    an event    "E", boot (6 bytes), n (4), age in ms (4), live (1), count (2), JSON [kind, fields]
    a release   "G", boot (6), first n (4), last n (4): these events are held no more
    a rest      "S": a restart on purpose; the ages before it are those of its moment
    a waking    "W": a boot took these ages over

Each record says all it means by itself, so one that is damaged takes no other with it. An age
is 0xFFFFFFFF except in the rewriting just before a rest: while the device runs, its clock knows
better, and after a power cut nobody knows.

A firmware that went back may read what a newer one wrote. So a newer one may add records of other
kinds, bytes behind those of a release, rest or waking, and items to an event's list; it must not
change what is said above. Who does not know an addition passes over it and loses nothing else.
"""

import binascii
import json
import struct

from .compat import const

EVENT = "E"
GONE = "G"
REST = "S"
WAKE = "W"
OTHER = "?"  # whole, and not of our time

_MAGIC = b"\xa5"
_HEAD = const(3)
_CRC = const(4)
_MAX_BODY = const(512)
_EVENT = ">B6sIIBH"
_EVENT_SIZE = const(18)  # what struct.calcsize says of it
_GONE = ">B6sII"
_GONE_SIZE = const(15)
_UNKNOWN = const(0xFFFFFFFF)
_MAX_COUNT = const(0xFFFF)


def event(boot: str, n: int, age_ms, live: bool, count: int, kind: str, fields: dict) -> bytes:
    """An event; `age_ms` may be None. Raises ValueError if it is too long to be kept."""
    age = _UNKNOWN if age_ms is None else min(max(0, age_ms), _UNKNOWN - 1)
    head = struct.pack(
        _EVENT, ord(EVENT), binascii.unhexlify(boot), n, age, int(live), min(count, _MAX_COUNT)
    )
    return _framed(head + json.dumps([kind, fields]).encode())


def gone(boot: str, first: int, last: int) -> bytes:
    """The events `first` to `last` of a boot are held no more."""
    return _framed(struct.pack(_GONE, ord(GONE), binascii.unhexlify(boot), first, last))


def rest() -> bytes:
    """The device restarts on purpose, at once."""
    return _framed(b"S")


def wake() -> bytes:
    """The device is back, and knows how old everything is."""
    return _framed(b"W")


def _framed(body: bytes) -> bytes:
    if len(body) > _MAX_BODY:
        raise ValueError("too long for the journal")
    framed = struct.pack(">H", len(body)) + body
    return _MAGIC + framed + struct.pack(">I", binascii.crc32(framed))


class Reader:
    """Finds the records in what `feed` is given, piece by piece, in little memory."""

    def __init__(self):
        self.damaged = 0  # bytes that belong to no record
        self._data = b""

    def feed(self, data: bytes) -> list:
        """The records that are complete by now, as tuples that begin with their kind."""
        self._data += data
        return self._records(False)

    def end(self) -> list:
        """Nothing more comes: what looked like the beginning of a record is none."""
        return self._records(True)

    def _records(self, last: bool) -> list:
        found = []
        data, at = self._data, 0
        while True:
            start = data.find(_MAGIC, at)
            if start < 0:
                self.damaged += len(data) - at
                at = len(data)
                break
            self.damaged += start - at
            at = start
            size = _size(data, at)
            if size is None or at + size > len(data):
                if not last:
                    break  # the rest may follow
                size = 0
            body = _body(data, at, size) if size else None
            if body is None:
                self.damaged += 1
                at += 1
                continue
            at += size
            found.append(_parse(body))
        self._data = data[at:]
        return found


def _size(data: bytes, at: int):
    """Bytes of the record that may begin here, 0 if none can, None if too little is known."""
    if len(data) - at < _HEAD:
        return None
    length = struct.unpack(">H", data[at + 1 : at + _HEAD])[0]
    return _HEAD + length + _CRC if 0 < length <= _MAX_BODY else 0


def _body(data: bytes, at: int, size: int):
    end = at + size - _CRC
    if binascii.crc32(data[at + 1 : end]) != struct.unpack(">I", data[end : end + _CRC])[0]:
        return None
    return data[at + _HEAD : end]


def _parse(body: bytes) -> tuple:
    """What a body says."""
    kind = body[:1]
    if kind == b"E" and len(body) > _EVENT_SIZE:
        return _read_event(body) or (OTHER,)
    if kind == b"G" and len(body) >= _GONE_SIZE:
        _, boot, first, last = struct.unpack(_GONE, body[:_GONE_SIZE])
        return (GONE, _hex(boot), first, last)
    if kind == b"S":
        return (REST,)
    if kind == b"W":
        return (WAKE,)
    return (OTHER,)


def _read_event(body: bytes):
    _, boot, n, age, live, count = struct.unpack(_EVENT, body[:_EVENT_SIZE])
    try:
        said = json.loads(body[_EVENT_SIZE:])
    except (ValueError, RuntimeError):
        return None
    if not (isinstance(said, list) and len(said) >= 2):
        return None
    name, fields = said[:2]
    if not (isinstance(name, str) and isinstance(fields, dict) and n and count):
        return None
    age = None if age == _UNKNOWN else age
    return (EVENT, _hex(boot), n, age, bool(live), count, name, fields)


def _hex(boot: bytes) -> str:
    return binascii.hexlify(boot).decode()
