"""Which events of a device are stored, told in the form of a receipt.

A device numbers its events from 1 within a boot and keeps each until a receipt covers it. With
every event it says `low`, the smallest number of that boot that it still holds; whatever lies
below is no longer its business. So per boot one number says almost everything, `upto`: all
events that the device still holds, up to this one, are stored. Events that overtook a missing
one wait in `beyond`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

BOOTS_REMEMBERED = 9  # the newest, and the eight others that a receipt names
BEYOND_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Boot:
    """The stored events of one boot of a device."""

    id: str
    upto: int = 0
    beyond: frozenset[int] = frozenset()

    def has(self, n: int) -> bool:
        """Whether event `n` is stored, or was let go by the device."""
        return n <= self.upto or n in self.beyond

    def full(self) -> bool:
        """Whether so many events overtook a missing one that no more can be taken."""
        return len(self.beyond) > BEYOND_LIMIT

    def store(self, n: int, low: int) -> "Boot":
        """The boot with event `n` stored, said by a device that holds nothing below `low`."""
        if n == self.upto + 1 and not self.beyond and low <= n:
            return Boot(self.id, n)  # nothing is missing, as nearly always
        return self.settle(low, self.beyond | {n})

    def settle(self, low: int, beyond: frozenset[int] | None = None) -> "Boot":
        """The boot once the device holds nothing below `low`."""
        beyond = self.beyond if beyond is None else beyond
        upto = max(self.upto, low - 1)
        while upto + 1 in beyond:
            upto += 1
        return replace(self, upto=upto, beyond=frozenset(n for n in beyond if n > upto))


def find(boots: Iterable[Boot], boot_id: str) -> Boot | None:
    """The ledger of one boot, if it is remembered."""
    for boot in boots:
        if boot.id == boot_id:
            return boot
    return None


def put(boots: tuple[Boot, ...], boot: Boot) -> tuple[Boot, ...]:
    """The ledgers with this one written: in its place if known, in front if it is a new boot."""
    if find(boots, boot.id) is None:
        return (boot, *boots)[:BOOTS_REMEMBERED]
    return tuple(boot if other.id == boot.id else other for other in boots)
