"""Ways to get an update wrong, to show that the power cuts would find them."""

import os

from updating import Board

from overdoor import update
from overdoor.slots import POINTER, Slots
from overdoor.trial import Trial
from overdoor.update import Update


class RemovesThePointer(Slots):
    def _point(self, pointer):
        if pointer.get("armed"):
            os.remove(self._root + POINTER)
        super()._point(pointer)


class RemovesEarly(Slots):
    def arm(self, version):
        run = self.pointer()["run"]
        super().arm(version)
        for _ in update.remove(self.folder(run)):
            pass


class ArmsEarly(Update):
    def _check(self, manifest, version):
        super()._check(manifest, version)
        self._slots.arm(version)


class TrustsWhatIsThere(Update):
    """Neither fetches again what is there, nor looks at what it is."""

    def _bring(self, folder, name, index, size, digest):
        try:
            with open(folder + "/" + name):
                return
        except OSError:
            self._slots.make(folder + "/" + name)
            yield from self._fetch(folder + "/" + name, index, size)

    def _whole(self, order):
        holds, update.holds = update.holds, _nods
        try:
            yield from super()._whole(order)
        finally:
            update.holds = holds


def _nods(path, size, digest):
    yield
    return True


class NeverJudges(Trial):
    def __init__(self, slots, guard=None):
        super().__init__(slots, guard)
        self._judging = False


class NoPointerBoard(Board):
    slots_type = RemovesThePointer


class EarlyRemovalBoard(Board):
    slots_type = RemovesEarly


class EarlyArmBoard(Board):
    update_type = ArmsEarly


class TrustingBoard(Board):
    update_type = TrustsWhatIsThere


class NeverJudgingBoard(Board):
    trial_type = NeverJudges


BUGS = {
    "none": Board,
    "the pointer is removed before there is another": NoPointerBoard,
    "the old version is removed before the new one is confirmed": EarlyRemovalBoard,
    "armed before it is whole": EarlyArmBoard,
    "what is there is trusted": TrustingBoard,
    "a try is never judged": NeverJudgingBoard,
}
