"""A board on a flash chip that is updated, through many lives, by a gateway that never tires.

What runs is the real boot stub, `slots.py`, `update.py` and `trial.py` on a real LittleFS; what it
picks is really imported from there. The versions are small, and say of each of their files which
they are.
"""

import binascii
import hashlib
import json
import sys

from chip import Broken, Chip, Fuse, formatted, mount, unmount

import main as stub
from overdoor.digest import Hmac
from overdoor.slots import Slots
from overdoor.trial import Trial
from overdoor.update import RESTART, RESULT, WANT, Update

ROOT = "/flash"
BLOCKS = 64
KEY = bytes(range(32))
FACTORY, OLD, NEW, NEXT = "0.1.0", "0.2.0", "0.3.0", "0.4.0"
FINE, NO_IMPORT, NO_LINK = "fine", "no import", "no link"
_LIVES = 30
_STEPS = 100


def files_of(version: str, manner: str = FINE) -> dict:
    """path -> bytes. `manner`: whether it starts, and reaches the broker."""
    start = "from . import PARTS\nfrom .part import PART\nfrom .long import LONG\n"
    start += "VERSION = %r\nMANNER = %r\n" % (version, manner)
    if manner == NO_IMPORT:
        start += "import there_is_no_such_module\n"
    parts = {
        "__init__": "PARTS = %r\n" % version,
        "start": start,
        "part": "PART = %r\n" % version,
        "long": "LONG = %r\n" % version + "# so that it takes some blocks\n" * 180,
    }
    return {"overdoor/%s.py" % name: text.encode() for name, text in parts.items()}


def manifest_of(version: str, files: dict, back_from=None) -> bytes:
    """As the gateway writes it."""
    lines = ["overdoor-firmware 1", "version " + version]
    if back_from:
        lines.append("back-from " + back_from)
    for path in sorted(files):
        digest = binascii.hexlify(hashlib.sha256(files[path]).digest()).decode()
        lines.append("%s %d %s" % (digest, len(files[path]), path))
    return ("\n".join(lines) + "\n").encode()


def sign(manifest: bytes, key: bytes = KEY) -> str:
    mac = Hmac(key)
    mac.update(manifest)
    return binascii.hexlify(mac.digest()).decode()


class Bundle:
    """What the gateway serves."""

    def __init__(self, version: str, files: dict, key: bytes = KEY, back_from=None):
        self.version = version
        self.manifest = manifest_of(version, files, back_from)
        self.parts = [self.manifest] + [files[path] for path in sorted(files)]
        mac = sign(self.manifest, key)
        self.args = {"version": version, "size": len(self.manifest), "mac": mac}
        self.asked = 0

    def piece(self, want: dict) -> bytes:
        self.asked += 1
        data = self.parts[want["file"]][want["at"] : want["at"] + want["size"]]
        head = {"v": 1, "bundle": want["bundle"], "file": want["file"], "at": want["at"]}
        return json.dumps(head).encode() + b"\n" + data


class Board:
    """One board with its flash, which outlives its lives."""

    slots_type = Slots
    update_type = Update
    trial_type = Trial

    def __init__(self, data: bytearray, fuse: Fuse, known: dict):
        """`known`: version -> its files; nothing else may ever run."""
        self.data = data
        self.fuse = fuse
        self.known = known
        self.ran = []
        self.results = []

    def reach(self, bundle, done) -> None:
        """Lives on until `done(version, pointer)`. Raises Broken if that takes too many lives."""
        for _ in range(_LIVES):
            if self._live(bundle, done):
                return
        raise Broken("the update never ends; ran %s" % self.ran[-8:])

    def _live(self, bundle, done) -> bool:
        """From power-up until a restart, or the end of it all."""
        chip = Chip(self.data, self.fuse)
        mount(chip)
        try:
            version = self._boot()
            if version is not None and not chip.dead:
                return self._run(chip, version, bundle, done)
        except OSError:
            if not chip.dead:
                raise
        finally:
            unmount()
        return False

    def _boot(self):
        """The version that the real stub starts, or None if it restarts instead."""
        mine = {name: sys.modules.pop(name) for name in list(sys.modules) if name[:8] == "overdoor"}
        path = list(sys.path)
        sys.path.insert(0, ROOT)
        try:
            chosen, self.guard = stub.start(ROOT)
            version, self.manner = chosen.VERSION, chosen.MANNER
            if not chosen.PARTS == chosen.PART == chosen.LONG == version:
                raise Broken("parts of two versions run together")
        except SystemExit:
            return None
        finally:
            sys.path[:] = path
            for name in list(sys.modules):
                if name[:8] == "overdoor":
                    del sys.modules[name]
            sys.modules.update(mine)
        folder = ROOT if version == FACTORY else "%s/fw/%s" % (ROOT, version)
        for name, content in self.known[version].items():
            with open(folder + "/" + name, "rb") as file:
                if file.read() != content:
                    raise Broken("a version runs that is not whole")
        self.ran.append(version)
        return version

    def _run(self, chip, version, bundle, done) -> bool:
        slots = self.slots_type(ROOT, version)
        trial = self.trial_type(slots, None)
        update = self.update_type(slots, KEY)
        if self.manner != NO_LINK:
            trial.up(0)
        now = 0
        for _ in range(_STEPS):
            now += 1000 if now < 60000 else 10000
            actions = trial.step(now, False)
            if self.manner != NO_LINK:
                if now == 20000 and slots.pointer().get("failed") != bundle.version:
                    update.connected(now)
                    actions += update.order(1, bundle.args, False)
                while update.active and not actions and not chip.dead:
                    actions = update.step(now, False)
                    if actions and actions[0][0] == WANT:
                        update.piece(bundle.piece(actions[0][1]), now)
                        actions = []
            if chip.dead:
                return False
            for action in actions:
                if action[0] == RESULT:
                    self.results.append(action[2:])
                elif action[0] == RESTART:
                    return False
            if now >= 60000 and done(version, slots.pointer()):
                return True
        return False


def put(board: Board, files: dict) -> None:
    """Flash by cable."""
    chip = Chip(board.data, Fuse())
    mount(chip)
    slots = Slots(ROOT, FACTORY)
    for name, content in files.items():
        slots.make(ROOT + "/" + name)
        with open(ROOT + "/" + name, "wb") as file:
            file.write(content)
    unmount()


def updated_once() -> bytearray:
    """A chip whose board was flashed with 0.1.0 and updated to 0.2.0."""
    known = {FACTORY: files_of(FACTORY), OLD: files_of(OLD)}
    board = Board(formatted(BLOCKS), Fuse(), known)
    put(board, known[FACTORY])
    board.reach(Bundle(OLD, known[OLD]), lambda _, pointer: pointer == {"run": OLD})
    return board.data
