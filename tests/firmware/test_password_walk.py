"""However a device's life went, it finds the password that its shop's broker takes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from overdoor_device.nvs import Numbers
from overdoor_device.passwords import Passwords, derived

KEY = bytes(range(32))
MOST = 90  # tries in the 15 minutes after which a device starts anew, most of them 10 s apart


class Nvs:
    """What survives; `cut`: the power goes before the next write."""

    def __init__(self, kept: int | None = None) -> None:
        self.kept, self.cut = kept, False

    def get_i32(self, key: str) -> int:
        if self.kept is None:
            raise OSError
        return self.kept

    def set_i32(self, key: str, value: int) -> None:
        if not self.cut:
            self.kept = value

    def commit(self) -> None:
        pass


class Board:
    device, update_key = "cp-w1", KEY

    def __init__(self, number: int) -> None:
        self.password_number, self.password = number, password(number)


def password(number: int) -> str:
    return derived(KEY, "cp-w1", number) if number else "by cable"


def comes_in(passwords: Passwords, number: int) -> bool:
    """Whether it does before it would start anew, with a broker that takes this password alone."""
    for _ in range(MOST):
        if passwords.current() == password(number):
            passwords.accepted()
            return True
        passwords.refused(5)
    return False


LIFE = st.lists(
    st.one_of(
        st.tuples(st.just("rotated"), st.integers(1, 2)),
        st.tuples(st.just("restored"), st.integers(1, 3)),
        st.tuples(st.just("cut"), st.booleans()),
        st.tuples(st.just("nobody gets in"), st.integers(1, 200)),
        st.tuples(st.just("anybody gets in"), st.integers(1, 200)),
        st.tuples(st.just("started"), st.none()),
    ),
    max_size=30,
)


@settings(max_examples=150)
@given(LIFE, st.integers(0, 3), st.none() | st.integers(-(2**31), 2**31 - 1))
def test_it_comes_in_whatever_happened_and_goes_straight_in_the_next_time(
    life: list[tuple[str, Any]], by_cable: int, kept: int | None
) -> None:
    nvs, board, number = Nvs(kept), Board(by_cable), by_cable
    passwords = Passwords(board, Numbers(nvs))
    for happens, how in life:
        match happens:
            case "rotated":
                number = min(number + how, by_cable + 16)
            case "restored":
                number = max(number - how, by_cable)
            case "cut":
                nvs.cut = how
            case "nobody gets in":
                for _ in range(how):
                    passwords.refused(5)
            case "anybody gets in":  # somebody poses as the broker
                for _ in range(how):
                    passwords.refused(5)
                passwords.accepted()
            case "started":
                passwords = Passwords(board, Numbers(nvs))
    assert comes_in(Passwords(board, Numbers(nvs)), number)
    nvs.cut = False
    assert comes_in(again := Passwords(board, Numbers(nvs)), number)
    assert Passwords(board, Numbers(nvs)).number == again.number == number
