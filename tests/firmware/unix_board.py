"""What a board does at power-up, on the unix port: mounts its flash, runs main.py, then the prompt.

    micropython -i unix_board.py FLASH BLOCKS SIM

FLASH is the file that holds the flash memory: a real LittleFS in blocks of 4096 bytes. While a file
FLASH.finger appears, somebody presses the call button.
"""

import micropython

micropython.kbd_intr(-1)  # what follows is a board's own start, which Ctrl-C does not reach

import asyncio
import os
import sys

_BLOCK = 4096
_CALL = 32  # the pin of the call button
_PRESS_S = 0.1


class _Flash:
    """A block device in a file."""

    def __init__(self, path, blocks):
        self.blocks = blocks
        try:
            self.file = open(path, "r+b")
        except OSError:
            self.file = open(path, "w+b")

    def readblocks(self, number, buf, offset=0):
        self.file.seek(number * _BLOCK + offset)
        got = self.file.readinto(buf)
        for index in range(got, len(buf)):
            buf[index] = 0xFF

    def writeblocks(self, number, buf, offset=0):
        self.file.seek(number * _BLOCK + offset)
        self.file.write(buf)
        self.file.flush()

    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return _BLOCK
        return 0


def _attach_finger(path):
    """Have somebody beside whatever the board runs."""
    import machine

    run = asyncio.run

    async def finger():
        while True:
            await asyncio.sleep(_PRESS_S)
            try:
                os.remove(path)
            except OSError:
                continue
            contact = machine.input_pin(_CALL)
            contact.drive(0)
            await asyncio.sleep(_PRESS_S)
            contact.drive(1)

    async def both(job):
        asyncio.create_task(finger())
        return await job

    asyncio.run = lambda job: run(both(job))


def _power_up(path, blocks, sim):
    flash = _Flash(path, blocks)
    try:
        filesystem = os.VfsLfs2(flash)
    except OSError:
        os.VfsLfs2.mkfs(flash)
        filesystem = os.VfsLfs2(flash)
    os.mount(filesystem, "/flash")
    os.chdir("/flash")
    sys.path[:] = ["", sim, ".frozen"]
    _attach_finger(path + ".finger")
    micropython.kbd_intr(3)
    try:
        with open("main.py") as file:
            source = file.read()
    except OSError:
        return
    try:
        exec(source, {"__name__": "__main__"})
    except KeyboardInterrupt:
        pass


_power_up(sys.argv[1], int(sys.argv[2]), sys.argv[3])
