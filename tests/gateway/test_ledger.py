"""Receipts: never for an event that is not stored, and in the end for every one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from overdoor.core.effects import Receipt
from overdoor.core.inputs import DeviceEvent
from overdoor.core.ledger import Boot

from .shop import Floor, an_event, only

BOOTS = ("00000000000a", "00000000000b", "00000000000c")


class HonestDevice:
    """Keeps each event until a receipt covers it, and says the smallest number it keeps."""

    def __init__(self) -> None:
        self.held: dict[str, set[int]] = {}
        self.made: dict[str, int] = {}

    def make(self, boot: str) -> None:
        self.made[boot] = self.made.get(boot, 0) + 1
        self.held.setdefault(boot, set()).add(self.made[boot])

    def message(self, boot: str, n: int) -> DeviceEvent:
        return an_event(boot=boot, n=n, low=min(self.held[boot]), button="presence")

    def read(self, receipt: Receipt) -> set[tuple[str, int]]:
        """Lets go of what is covered, and returns it."""
        covered = {
            (boot, n) for boot, upto in receipt.boots for n in self.held.get(boot, ()) if n <= upto
        }
        for boot, n in covered:
            self.held[boot].discard(n)
        return covered


moves = st.lists(
    st.tuples(st.sampled_from(["make", "send", "send", "lose", "repeat"]), st.integers(0, 999)),
    max_size=80,
)


@settings(max_examples=150)
@given(moves)
def test_a_receipt_covers_only_what_is_stored_and_in_the_end_everything(
    moves: list[tuple[str, int]],
) -> None:
    """Messages and receipts are lost, doubled and reordered; several boots are told at once."""
    floor, device = Floor(), HonestDevice()
    stored: set[tuple[str, int]] = set()
    old: list[DeviceEvent] = []  # still under way somewhere

    def arrive(message: DeviceEvent, *, receipt_lost: bool) -> None:
        floor.do(message)
        stored.add((message.boot, message.n))
        (receipt,) = only(Receipt, floor.effects)
        if not receipt_lost:
            assert device.read(receipt) <= stored

    for move, pick in moves:
        pending = sorted((boot, n) for boot, held in device.held.items() for n in held)
        if move == "make":
            device.make(BOOTS[pick % len(BOOTS)])
        elif move == "repeat" and old:
            arrive(old[pick % len(old)], receipt_lost=False)
        elif pending:
            message = device.message(*pending[pick % len(pending)])
            old.append(message)
            arrive(message, receipt_lost=move == "lose")

    for boot in BOOTS:
        while device.held.get(boot):
            arrive(device.message(boot, min(device.held[boot])), receipt_lost=False)
    assert {(boot, n) for boot, made in device.made.items() for n in range(1, made + 1)} == stored


def test_an_event_that_overtook_another_is_covered_once_the_other_is_stored() -> None:
    floor = Floor()
    floor.send(n=2)
    assert not floor.covers("cp-w1", BOOTS[0], 2)
    floor.send(n=1)
    assert floor.covers("cp-w1", BOOTS[0], 2)


def test_what_the_device_let_go_of_is_not_waited_for() -> None:
    floor = Floor()
    floor.send(n=7, low=7)
    assert floor.covers("cp-w1", BOOTS[0], 7)


def test_a_repeat_with_a_higher_low_moves_the_receipt_on() -> None:
    floor = Floor()
    floor.send(n=5, low=1)
    floor.send(n=5, low=5)
    assert floor.covers("cp-w1", BOOTS[0], 5)


def test_the_receipt_names_the_newest_boot_and_eight_others() -> None:
    floor = Floor()
    boots = [f"{number:012x}" for number in range(12)]
    for boot in boots:
        floor.send(boot=boot)
    (receipt,) = only(Receipt, floor.effects)
    assert [boot for boot, _ in receipt.boots] == boots[:2:-1]


def test_a_repeat_from_a_boot_that_was_forgotten_is_receipted_again() -> None:
    """The engine looks such a boot up in the log and says what is known of it."""
    floor = Floor()
    first = floor.send(boot="0000000000ff")
    for number in range(12):
        floor.send(boot=f"{number:012x}")
    repeat = an_event(boot=first.boot, button="presence", ledger=Boot(first.boot, upto=1))
    floor.do(repeat)
    assert floor.covers("cp-w1", first.boot, first.n)


def test_an_event_whose_low_makes_no_sense_swallows_no_other() -> None:
    floor = Floor()
    floor.send(n=3, low=1, fault="low is not a whole number", button=None, gesture=None)
    floor.send(n=2, button="call")
    assert floor.call() is not None
