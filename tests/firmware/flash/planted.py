"""Ways to get a journal wrong, to show that the power cuts would find them."""

import os

from device import Device

from overdoor.flash import Files


class RenamesFirst(Files):
    def replace(self, name, pieces):
        with open(self._prefix + name + ".new", "wb") as file:
            for piece in pieces:
                file.write(piece)
            os.rename(self._prefix + name + ".new", self._prefix + name)


class WritesInPlace(Files):
    def replace(self, name, pieces):
        os.remove(self._prefix + name)
        self._write(name, "wb", pieces)


class DoesNotSync(Files):
    """Leaves it to chance when what was appended gets to flash, as a file does that stays open."""

    def __init__(self, folder):
        super().__init__(folder)
        self.waiting = b""

    def append(self, name, data):
        self.waiting += data
        if len(self.waiting) > 200:
            super().append(name, self.waiting)
            self.waiting = b""


class RenameFirstDevice(Device):
    files_type = RenamesFirst


class InPlaceDevice(Device):
    files_type = WritesInPlace


class UnsyncedDevice(Device):
    files_type = DoesNotSync


class AirFirstDevice(Device):
    air_first = True


class SameBootDevice(Device):
    same_boot = True


class ForgetfulDevice(Device):
    forgets_what_it_sends = True


BUGS = {
    "none": Device,
    "renamed before it is synced": RenameFirstDevice,
    "rewritten in place": InPlaceDevice,
    "appended without sync": UnsyncedDevice,
    "on the air before it is on flash": AirFirstDevice,
    "numbers that begin again": SameBootDevice,
    "let go without a receipt": ForgetfulDevice,
}
