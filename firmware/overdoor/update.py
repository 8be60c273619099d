"""Fetches another version of the firmware, checks it, and has it tried. No clock, no network.

The gateway orders an update; the device asks for a piece at a time (`want`) and gets it (`piece`),
so it sets the pace. Each `step` does a little: a piece written or a piece read back. A piece is
all that is held in RAM, and what is whole on flash is not fetched again after a reset.

While a press waits nothing is done at all.
"""

import binascii
import hashlib
import json

from . import PROTOCOL
from .compat import const
from .digest import Hmac, holds, read_through, same
from .manifest import MAX_SIZE, NAME, ManifestError, read, read_version
from .payload import is_count
from .slots import remove

WANT = "want"  # (WANT, body): publish it
RESULT = "result"  # (RESULT, id, status, data): publish it
RESTART = "restart"  # (RESTART, why): start anew, and another version with it

_PIECE = const(1024)
_ASK_AGAIN_MS = (2000, 4000, 8000, 16000, 30000)
_GIVE_UP_MS = const(600000)  # connected, and no piece came
_BAD_HASHES = const(2)  # of one file; each time it is fetched anew


class UpdateError(Exception):
    """An update that cannot be done; the message says why."""


class Update:
    """At most one update at a time."""

    def __init__(self, slots, key):
        """`key`: bytes that the shop signs with, or None: then every update is refused."""
        self._slots = slots
        self._key = key
        self._id = None  # of the command, for its result
        self._order = None  # (version, size of the manifest, its HMAC)
        self._job = None
        self._want = None  # (file, at, size) that is asked for
        self._data = None  # the answer to it
        self._asked = 0
        self._ask_at = 0
        self._since = None  # ms of the last piece or connect

    # ---- inputs

    def order(self, id_, args: dict, press_waits: bool) -> list:
        """The command `update`. What comes of it is told once, as its result."""
        try:
            order = self._understand(args)
            if order[0] == self._slots.running:
                state = "trial" if self._slots.on_trial() else "runs"
                return [(RESULT, id_, "ok", {"state": state, "version": order[0]})]
            trial = self._slots.pointer().get("new")
        except (UpdateError, OSError) as error:
            return [_refusal(id_, error)]
        if press_waits or trial:
            why = "a press waits" if press_waits else "%s is on trial" % trial
            return [(RESULT, id_, "error", {"reason": why, "later": True})]
        if order != self._order:
            self._end()
            self._order = order
            self._job = self._whole(order)
        self._id = id_
        return []

    def _understand(self, args: dict) -> tuple:
        if self._key is None:
            raise UpdateError('config.json has no "update_key"')
        version, size, mac = args.get("version"), args.get("size"), args.get("mac")
        if read_version(version) is None:
            raise UpdateError("version is no version")
        if not is_count(size) or not 0 < size <= MAX_SIZE:
            raise UpdateError("size is not that of a manifest")
        try:
            raw = binascii.unhexlify(mac)
        except (ValueError, TypeError):
            raise UpdateError("mac is not hexadecimal") from None
        return version, size, raw

    def connected(self, now_ms: int) -> None:
        """The broker took us: ask again at once."""
        self._since = now_ms
        self._asked = 0
        self._ask_at = now_ms

    def piece(self, payload: bytes, now_ms: int) -> None:
        """`piece` said something: a line of JSON, then the bytes."""
        if self._want is None or self._data is not None:
            return
        end = payload.find(b"\n")
        try:
            head = json.loads(payload[:end]) if end > 0 else None
        except (ValueError, RuntimeError):
            return
        index, at, size = self._want
        wanted = isinstance(head, dict) and head.get("bundle") == self._bundle()
        if not wanted or (head.get("file"), head.get("at")) != (index, at):
            return  # of an earlier try, or of a want that was heard twice
        data = memoryview(payload)[end + 1 :]
        if len(data) == size:
            self._data = data
            self._since = now_ms

    # ---- work

    @property
    def active(self) -> bool:
        """Whether there is anything to do."""
        return self._job is not None

    def wait_ms(self, now_ms: int) -> int:
        """In how many ms `step` has something to do, unless a piece comes first."""
        if self._want is None or self._data is not None:
            return 0
        return max(0, self._ask_at - now_ms)

    def step(self, now_ms: int, press_waits: bool) -> list:
        """Do the next bit; to be called while `active` and connected."""
        if press_waits or self._job is None:
            return []
        if self._want is not None and self._data is None:
            return self._ask(now_ms)
        data, self._data = self._data, None
        try:
            self._want = self._job.send(data)
        except StopIteration:
            version, id_ = self._order[0], self._id
            self._end()
            told = {"state": "restarts", "version": version}
            return [(RESULT, id_, "ok", told), (RESTART, "update to " + version)]
        except (UpdateError, ManifestError, OSError, MemoryError) as error:
            id_ = self._id
            self._end()
            return [_refusal(id_, error)]
        if self._want is None:
            return []
        self._asked = 0
        self._since = now_ms
        return self._ask(now_ms, True)

    def _ask(self, now_ms: int, at_once: bool = False) -> list:
        if now_ms - self._since >= _GIVE_UP_MS:
            id_ = self._id
            self._end()
            return [_refusal(id_, "the gateway sends nothing")]
        if not at_once and now_ms < self._ask_at:
            return []
        pause = _ASK_AGAIN_MS[min(self._asked, len(_ASK_AGAIN_MS) - 1)]
        self._asked += 1
        self._ask_at = now_ms + pause
        index, at, size = self._want
        body = {"v": PROTOCOL, "bundle": self._bundle(), "file": index, "at": at, "size": size}
        return [(WANT, body)]

    def _bundle(self) -> str:
        """The first half of the HMAC names what is fetched."""
        return binascii.hexlify(self._order[2][:16]).decode()

    def _end(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.close()  # a file may be open
        self._order = self._want = self._data = self._id = None

    # ---- the job: generators that yield None after a bit of work, or what they want

    def _whole(self, order: tuple):
        version, size, mac = order
        slots = self._slots
        folder = slots.folder(version)
        yield from slots.tidy(version)
        path = folder + "/" + NAME
        if not same((yield from self._mac(path)), mac):
            yield from remove(folder)
            slots.make(path)
            yield from self._fetch(path, 0, size)
            if not same((yield from self._mac(path)), mac):
                yield from remove(folder)
                raise UpdateError("the signature is wrong")
        with open(path) as file:
            manifest = read(file)
        self._check(manifest, version)
        yield from self._check_room(manifest, folder)
        for index, (name, length, digest) in enumerate(manifest.files):
            yield from self._bring(folder, name, index + 1, length, digest)
        for name, length, digest in manifest.files:  # what flash really holds
            if not (yield from holds(folder + "/" + name, length, digest)):
                raise UpdateError("flash does not keep " + name)
        slots.arm(version)

    def _check(self, manifest, version: str) -> None:
        if manifest.version != version:
            raise UpdateError("the manifest is of another version")
        running = self._slots.running
        older = read_version(version) < read_version(running)
        if older and manifest.back_from != running:
            raise UpdateError("%s is older, and not signed for going back" % version)

    def _check_room(self, manifest, folder: str):
        free, block = self._slots.free()
        there = 0
        for name, length, digest in manifest.files:
            if (yield from holds(folder + "/" + name, length, digest)):
                there += -(-length // block) * block
        needed = manifest.size(block) - there
        if needed > free:
            raise UpdateError("flash is too small: %d bytes, %d free" % (needed, max(0, free)))

    def _bring(self, folder: str, name: str, index: int, size: int, digest: bytes):
        path = folder + "/" + name
        if (yield from holds(path, size, digest)):
            return
        self._slots.make(path)
        for _ in range(_BAD_HASHES):
            if same((yield from self._fetch(path, index, size)), digest):
                return
        yield from remove(path)
        raise UpdateError("the hash of %s is wrong" % name)

    def _fetch(self, path: str, index: int, size: int):
        """Write a file piece by piece; gives its SHA-256."""
        sha = hashlib.sha256()
        at = 0
        with open(path, "wb") as file:
            while at < size:
                data = yield index, at, min(_PIECE, size - at)
                file.write(data)
                sha.update(data)
                at += len(data)
        return sha.digest()

    def _mac(self, path: str):
        mac = Hmac(self._key)
        yield from read_through(path, mac)
        return mac.digest()


def _refusal(id_, why) -> tuple:
    return RESULT, id_, "error", {"reason": str(why) if not isinstance(why, OSError) else repr(why)}
