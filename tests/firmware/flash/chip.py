"""A flash chip that may lose power at any block operation.

Runs on MicroPython, whose LittleFS this is.
"""

import vfs

BLOCK = 4096
NOTHING, HALF, ALL = 0, 1, 2  # what of the operation is done when the power goes
_RAN_OUT = -5


class Fuse:
    """When the power goes: [(operations from the last time on, how much of that one is done)]."""

    def __init__(self, cuts=()):
        self.operations = 0
        self._cuts = list(cuts)
        self._left = self._cuts[0][0] if self._cuts else 0

    def spare(self):
        """From now on the power stays."""
        self._cuts = []

    def burn(self):
        """One operation. None, or how much of it is done when the power goes during it."""
        self.operations += 1
        self._left -= 1
        if self._left or not self._cuts:
            return None
        how = self._cuts.pop(0)[1]
        self._left = self._cuts[0][0] if self._cuts else 0
        return how


class Chip:
    """Flash memory, which is dead from the moment that its fuse burns through."""

    def __init__(self, data: bytearray, fuse: Fuse):
        self.data = data
        self.fuse = fuse
        self.writes = 0
        self.erases = 0
        self.bytes = 0
        self.dead = False

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        self.writes += 1
        self.bytes += len(buffer)
        return self._do(block * BLOCK + offset, buffer)

    def ioctl(self, op, argument):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            self.erases += 1
            return self._do(argument * BLOCK, b"\xff" * BLOCK)
        return 0

    def _do(self, start, buffer):
        if self.dead:
            return _RAN_OUT
        done = len(buffer)
        how = self.fuse.burn()
        if how is not None:
            self.dead = True
            done = done * how // 2
        self.data[start : start + done] = buffer[:done]
        return _RAN_OUT if self.dead else 0


def formatted(blocks: int) -> bytearray:
    """An empty LittleFS."""
    chip = Chip(bytearray(BLOCK * blocks), Fuse())
    vfs.VfsLfs2.mkfs(chip)
    return chip.data


def mount(chip: Chip) -> None:
    """The chip's file system as /flash. Raises Broken if it has none."""
    try:
        vfs.mount(vfs.VfsLfs2(chip), "/flash")
    except OSError as error:
        raise Broken("the file system cannot be mounted: %r" % error) from None


def unmount() -> None:
    """Whatever was mounted is no more."""
    try:
        vfs.umount("/flash")
    except OSError:
        return  # it could not even be mounted


class Broken(Exception):  # noqa: N818 - a promise that was broken
    """A promise was broken."""
