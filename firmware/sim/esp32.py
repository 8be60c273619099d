"""Stands in for MicroPython's `esp32`: numbers that survive a restart, in a file beside."""

import json

_file = [None]  # where the numbers are kept; in memory only while there is none
_kept = {}


def keep_in(path):
    """Keep the numbers in a file from now on, with what it already holds."""
    _file[0] = path
    _kept.clear()
    try:
        with open(path) as file:
            _kept.update(json.load(file))
    except OSError:
        return  # the first start


WAKEUP_ALL_LOW = 0
WAKEUP_ANY_HIGH = 1


def wake_on_ext0(pin, level):
    """Have a level on a pin end the next deep sleep; the host plays the finger."""
    if level != WAKEUP_ALL_LOW or pin.value() == 0:
        raise ValueError("the pin would wake the board at once")


class NVS:
    """Whole numbers and bytes by name."""

    def __init__(self, namespace):
        self._namespace = namespace

    def get_i32(self, key):
        value = _kept.get(self._namespace + "/" + key)
        if value is None:
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        return value

    def set_i32(self, key, value):
        _kept[self._namespace + "/" + key] = value

    def erase_key(self, key):
        if _kept.pop(self._namespace + "/" + key, None) is None:
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")

    def commit(self):
        if _file[0] is not None:
            with open(_file[0], "w") as file:
                json.dump(_kept, file)
