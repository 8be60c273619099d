"""Which password opens the broker. The shop changes it without a word to the device.

Each password has a number, and follows from it and the device's own key (number 0, which older
devices got by cable, is random), so the shop may write the next one into its broker at any time.
The device is refused then, tries other numbers, and stays with what opens.
"""

import binascii

from .compat import const
from .digest import Hmac

AHEAD = const(3)  # that many after the one that opened last are tried first
_KEY = "password"
_WALK = "walk"  # the turn of the walk, over a sleep or a restart
_REACH = const(32)  # so many each way; then anew
_STREAMS = const(3)
_AT_ONCE = const(8)
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
        self._refusals = 0  # since it started, or came in
        self._turn = numbers.get(_WALK)
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

        Returns whether to try that one at once; the first few are, whatever they are, for a battery
        button is awake for no more than that. First come the next numbers, then by turns the one
        that opened last (the broker may be what is wrong) and a walk through all within reach.
        """
        if self.number is None or code not in _LOGIN:
            return False
        self._refusals += 1
        tried = self._refusals
        if tried <= AHEAD:
            self.number = min(self._opened + tried, _MOST)
        elif tried > AHEAD + 1 and (tried < _AT_ONCE or tried % 2):
            self.number = self._walk()
        else:
            self.number = self._opened
        return tried <= _AT_ONCE

    def _walk(self) -> int:
        """The next number before the one that opened, after it, or after that by cable.

        The last, because who posed as the broker may have let us in with any, and must not have
        led us astray for good. What is tried first anyway is left out.
        """
        by_cable = self._config.password_number
        least = min(1, by_cable)  # where 0 did not come by cable nobody knows it
        for _ in range(_STREAMS * (AHEAD + 1)):
            step, stream = divmod(self._turn % (_STREAMS * _REACH), _STREAMS)
            self._turn = step * _STREAMS + stream + 1
            other = (self._opened - 1 - step, by_cable + step, self._opened + AHEAD + 1 + step)
            number = other[stream]
            if least <= number <= _MOST and not 0 <= number - self._opened <= AHEAD:
                return number
        return self._opened

    def rest(self) -> None:
        """A sleep or a restart comes: the walk goes on from here after it."""
        self._numbers.set(_WALK, self._turn)

    def accepted(self) -> None:
        """The broker took it: from now on it comes first."""
        self._refusals = self._turn = 0
        self.rest()
        if self.number is not None and self.number != self._opened:
            self._opened = self.number
            self._numbers.set(_KEY, self._mark | self.number)
