"""Which password opens the broker. The shop changes it without a word to the device.

Each password has a number. One came by cable, number 0 at first; every other one follows from its
number and the device's own key, so the shop may write the next one into its broker at any time. The
device is refused then, tries the numbers around the one that it knows, and stays with what opens.
"""

import binascii

from .compat import const
from .digest import Hmac

_KEY = "password"
_REACH = const(32)  # so many each way; then anew
_LIKELY = const(8)
_MOST = const(0xFFFF)
_LOGIN = (4, 5)  # what a CONNACK says of user and password


def derived(key: bytes, device: str, number: int) -> str:
    """The password with this number, from 1 on. `key`: what the shop signs for this device with."""
    mac = Hmac(key)
    mac.update(("overdoor-password 1\n%s\n%d" % (device, number)).encode())
    return binascii.hexlify(mac.digest()).decode()


class Passwords:
    """The passwords of one device, of which the broker takes one."""

    def __init__(self, config, numbers):
        """`numbers` is a `nvs.Numbers`: it keeps which one opened last, with a mark of the key.

        What is kept is a hint: without it the walk begins at the one that came by cable.
        """
        self._config = config
        self._numbers = numbers
        self._refusals = 0
        self.number = None  # of the one to try, or by which we are in; None: there is only one
        if config.password is None or config.update_key is None:
            return
        self._mark = (binascii.crc32(config.update_key) & 0x7FFF) << 16
        kept = numbers.get(_KEY)
        same_key = kept & ~_MOST == self._mark  # else this board was another device
        self._opened = kept & _MOST if same_key else config.password_number
        self.number = self._opened

    def current(self):
        """The one to try now; None where the broker asks for none."""
        if self.number is None or self.number == self._config.password_number:
            return self._config.password
        return derived(self._config.update_key, self._config.device, self.number)

    def refused(self, code: int) -> bool:
        """The broker said no with this code: if that means the password, another one is next.

        Returns whether to try that one at once; those that are likely come first.
        Every other turn is that of the one that opened last, for the broker may be what is wrong.
        The others go to its neighbours, and to those after the one that came by cable: who posed
        as the broker may have let us in with any, and must not have led us astray for good.
        """
        if self.number is None or code not in _LOGIN:
            return False
        turn = self._refusals
        self._refusals += 1
        self.number = self._opened
        if turn % 2:
            return turn < _LIKELY
        step = turn // 4 % _REACH
        if turn % 4:
            other = self._config.password_number + step
        else:
            away = step // 2 + 1
            other = self._opened + (-away if step % 2 else away)
        if min(1, self._config.password_number) <= other <= _MOST:
            self.number = other
        return turn < _LIKELY

    def accepted(self) -> None:
        """The broker took it: from now on it comes first."""
        self._refusals = 0
        if self.number is not None and self.number != self._opened:
            self._opened = self.number
            self._numbers.set(_KEY, self._mark | self.number)
