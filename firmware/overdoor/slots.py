"""Versions of the firmware on flash, side by side, and the file that says which one is run.

    firmware.json        read at power-up by `main.py`, which is never updated
    fw/0.2.0/manifest    what belongs to the version
    fw/0.2.0/overdoor/   its files

`firmware.json` is written beside itself and renamed, so it is always whole:

    {"run": "0.1.0"}                                             "" is what was flashed by cable
    {"run": "0.1.0", "new": "0.2.0", "armed": true, "tries": 2}  the next boot tries 0.2.0
    {"run": "0.1.0", "new": "0.2.0", "armed": false, "tries": 2} it does, or did in vain
    {"run": "0.1.0", "failed": "0.2.0", "why": "..."}            rolled back

What is not named by it is not run, and may be removed.
"""

import errno
import json
import os

from .compat import const

POINTER = "firmware.json"
_FOLDER = "fw"
_TRIES = const(3)
_KEPT_FREE = const(65536)  # bytes: the outbox, and what LittleFS needs to move things
_IS_FOLDER = const(0x4000)
_WHY_MAX = const(120)


class Slots:
    """The versions on one flash. What flash refuses raises OSError."""

    def __init__(self, root: str, running: str):
        """`root`: where flash is mounted, "" for the current folder; `running`: our own version."""
        self._root = root + "/" if root else ""
        self.running = running

    def pointer(self) -> dict:
        """What `firmware.json` says; nothing if there is none, or nonsense in it."""
        try:
            with open(self._root + POINTER) as file:
                said = json.load(file)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return {}
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    def _point(self, pointer: dict) -> None:
        new = self._root + POINTER + ".new"
        with open(new, "w") as file:
            file.write(json.dumps(pointer))
        os.rename(new, self._root + POINTER)

    # ---- which version runs

    def on_trial(self) -> bool:
        """Whether we are the new version, and not confirmed yet."""
        return self.pointer().get("new") == self.running

    def outcome(self):
        """How the last update stands, for `info`; None if there was none."""
        pointer = self.pointer()
        if pointer.get("new"):
            return {"version": pointer["new"], "state": "trial"}
        if pointer.get("failed"):
            why = str(pointer.get("why"))[:_WHY_MAX]
            return {"version": pointer["failed"], "state": "rolled-back", "reason": why}
        return {"version": self.running, "state": "confirmed"} if pointer.get("run") else None

    def arm(self, version: str) -> None:
        """Have the next boot try a version that is whole."""
        run = self.pointer().get("run", "")
        self._point({"run": run, "new": version, "armed": True, "tries": _TRIES - 1})

    def confirm(self) -> None:
        """We, the new version, are the one that runs from now on."""
        self._point({"run": self.running})

    def judge(self):
        """We, the old version, reached the broker after a try of the new one.

        Returns True if the next boot tries it again, False if it is given up, and None if there is
        nothing to judge.
        """
        pointer = self.pointer()
        new, tries = pointer.get("new"), pointer.get("tries", 0)
        if not new or new == self.running or pointer.get("armed"):
            return None
        if tries > 0:
            pointer.update({"armed": True, "tries": tries - 1})
            self._point(pointer)
            return True
        why = "it did not reach the broker in %d tries" % _TRIES
        self._point({"run": pointer.get("run", ""), "failed": new, "why": why})
        return False

    # ---- folders

    def folder(self, version: str) -> str:
        """Where a version is."""
        return "%s%s/%s" % (self._root, _FOLDER, version)

    def make(self, path: str) -> None:
        """Make the folders that lead to a file, below our root."""
        at = len(self._root)
        while True:
            at = path.find("/", at) + 1
            if not at:
                return
            try:
                os.stat(path[: at - 1])
            except OSError:
                os.mkdir(path[: at - 1])

    def free(self) -> tuple:
        """Bytes that an update may take, and the size of a block."""
        state = os.statvfs(self._root or "/")
        return state[1] * state[3] - _KEPT_FREE, state[1]

    def tidy(self, keep=None):
        """Generator: removes the versions that nobody needs, a file at a time."""
        pointer = self.pointer()
        needed = (pointer.get("run"), pointer.get("new"), keep, self.running)
        try:
            found = os.listdir(self._root + _FOLDER)
        except OSError:  # there was no update yet
            return
        for version in found:
            if version not in needed:
                yield from remove(self.folder(version))


def remove(path: str):
    """Generator: removes a file or a whole folder, if it is there, a file at a time."""
    try:
        is_folder = os.stat(path)[0] & _IS_FOLDER
    except OSError:
        return
    if is_folder:
        for name in os.listdir(path):
            yield from remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)
    yield
