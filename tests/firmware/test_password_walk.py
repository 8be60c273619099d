"""However a device's life went, it finds the password that its shop's broker takes."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overdoor_device.course import Course
from overdoor_device.nap import Nap
from overdoor_device.nvs import Numbers
from overdoor_device.passwords import Passwords, derived

KEY = bytes(range(32))
MOST = 90  # tries in the 15 minutes after which a device starts anew, most of them 10 s apart
LIVES = 3  # ... and each goes on where the last one was


class Nvs:
    """What survives; `cut`: the power goes before the next write."""

    def __init__(self, **kept: int) -> None:
        self.kept, self.cut = kept, False

    def get_i32(self, key: str) -> int:
        if key not in self.kept:
            raise OSError
        return self.kept[key]

    def set_i32(self, key: str, value: int) -> None:
        if not self.cut:
            self.kept[key] = value

    def commit(self) -> None:
        pass


class Board:
    device, update_key = "cp-w1", KEY

    def __init__(self, number: int) -> None:
        self.password_number, self.password = number, password(number)


def password(number: int) -> str:
    return derived(KEY, "cp-w1", number) if number else "by cable"


def comes_in(board: Board, nvs: Nvs, number: int) -> Passwords | None:
    """In one of the lives of a device on the mains, each of which ends for want of a broker."""
    for _ in range(LIVES):
        passwords = Passwords(board, Numbers(nvs))
        for _ in range(MOST):
            if passwords.current() == password(number):
                passwords.accepted()
                return passwords
            passwords.refused(5)
        passwords.rest()
    return None


KEPT = st.none() | st.integers(-(2**31), 2**31 - 1)
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


@settings(max_examples=300)
@given(LIFE, st.integers(0, 3), KEPT, KEPT)
def test_it_comes_in_whatever_happened_and_goes_straight_in_the_next_time(
    life: list[tuple[str, Any]], by_cable: int, password_kept: int | None, turn: int | None
) -> None:
    kept = {"password": password_kept, "walk": turn}
    nvs = Nvs(**{key: value for key, value in kept.items() if value is not None})
    board, number = Board(by_cable), by_cable
    passwords = Passwords(board, Numbers(nvs))
    for happens, how in life:
        match happens:
            case "rotated":
                number = min(number + how, by_cable + 31)
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
                passwords.rest()
                passwords = Passwords(board, Numbers(nvs))
    nvs.cut = False
    assert comes_in(board, nvs, number)
    again = comes_in(board, nvs, number)
    assert again
    assert Passwords(board, Numbers(nvs)).number == again.number == number


def wakings(board: Board, nvs: Nvs, number: int, most: int, rand: random.Random) -> int | None:
    """In which of its wakings a battery button comes in; None if in none of so many."""
    for waking in range(1, most + 1):
        passwords, nap = Passwords(board, Numbers(nvs)), Nap(waking - 1)
        course = Course(0, rand.random)
        now_ms = rand.uniform(2000, 4000)  # Wi-Fi and DHCP
        while nap.look(False, 1, False, int(now_ms)) is None:
            now_ms += rand.uniform(1000, 1500)  # TCP, TLS, CONNECT
            if passwords.current() == password(number):
                passwords.accepted()
                return waking
            rest = course.failed("refused_login", int(now_ms))
            now_ms += min(rest, 500) if passwords.refused(5) else rest
        passwords.rest()
    return None


@pytest.mark.parametrize(
    ("opened", "by_cable", "now", "most"),
    [
        (1, 1, 2, 1),
        (1, 1, 3, 1),  # two new ones while it slept
        (1, 1, 4, 1),
        (3, 1, 2, 1),  # a backup was restored
        (9, 1, 1, 2),
        (1, 1, 5, 2),  # rotated four times while it slept
        (1, 1, 8, 8),
        (1, 1, 17, 24),
    ],
)
def test_a_battery_button_that_is_awake_for_15_s_at_a_time_comes_in(
    opened: int, by_cable: int, now: int, most: int
) -> None:
    for seed in range(30):
        nvs, board = Nvs(), Board(by_cable)
        passwords = Passwords(board, Numbers(nvs))
        passwords.number = opened
        passwords.accepted()
        assert wakings(board, nvs, now, most, random.Random(seed)) is not None


def test_flash_is_written_once_a_waking_while_nobody_lets_it_in() -> None:
    writes: list[str] = []

    class Counting(Nvs):
        def set_i32(self, key: str, value: int) -> None:
            writes.append(key)
            super().set_i32(key, value)

    nvs = Counting()
    assert wakings(Board(1), nvs, 999, 5, random.Random(1)) is None
    assert writes == ["walk"] * 5
