"""The addresses on the cards: only a card that hangs there now opens its room."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overdoor.cards import FILE, Cards, CardsError
from overdoor.config import WebPart

ORIGIN = "http://shop.lan:8080"
ROOMS = ("w1", "w2", "m1")

rooms = st.sampled_from(ROOMS)


@given(st.lists(st.tuples(st.sampled_from(["rotate", "restart"]), rooms), max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_card_opens_its_own_room_until_it_is_rotated(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("data")
    cards = Cards(folder, ORIGIN)
    valid = {room: cards.token(room) for room in ROOMS}
    void: set[str] = set()
    for what, room in story:
        if what == "rotate":
            Cards(folder, ORIGIN).rotate(room)  # another process than the one that serves
            void.add(valid[room])
            valid[room] = cards.token(room)
        else:
            cards = Cards(folder, ORIGIN)
        assert {one: cards.token(one) for one in ROOMS} == valid
        assert {cards.room_of(token, ROOMS) for token in void} <= {None}
        assert [cards.room_of(token, ROOMS) for token in valid.values()] == list(ROOMS)
    assert len({*valid.values(), *void}) == len(valid) + len(void)


@given(st.text(max_size=40), rooms, st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_near_a_token_is_one(
    tmp_path: Path, noise: str, room: str, data: st.DataObject
) -> None:
    cards = Cards(tmp_path, ORIGIN)
    token = cards.token(room)
    at = data.draw(st.integers(0, len(token)))
    for near in (noise, token[:at] + noise, token[:at] + noise + token[at:], token.swapcase()):
        if near != token:
            assert cards.room_of(near, ROOMS) is None


def test_two_shops_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = Cards(tmp_path / "one", ORIGIN), Cards(tmp_path / "other", ORIGIN)
    assert one.token("w1") != other.token("w1")
    assert other.room_of(one.token("w1"), ROOMS) is None


def test_an_address_can_be_printed_again_and_is_hard_to_guess(tmp_path: Path) -> None:
    address = Cards(tmp_path, ORIGIN).shopper_url("w1")
    assert Cards(tmp_path, ORIGIN).shopper_url("w1") == address
    assert address.startswith(f"{ORIGIN}/s/")
    assert len(address.rpartition("/")[2]) == 22  # 128 bits


def test_only_the_owner_of_the_gateway_can_read_the_secret(tmp_path: Path) -> None:
    Cards(tmp_path, ORIGIN).rotate("w1")
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert Cards(tmp_path, ORIGIN).token("w1") not in (tmp_path / FILE).read_text()


def test_a_room_that_is_not_there_any_more_has_no_card(tmp_path: Path) -> None:
    cards = Cards(tmp_path, ORIGIN)
    assert cards.room_of(cards.token("w1"), ("w2", "m1")) is None


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"secret": "ab", "turns": {}}', '{"secret": 1, "turns": []}']
)
def test_a_damaged_file_is_said_and_never_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CardsError, match="damaged"):
        Cards(tmp_path, ORIGIN).token("w1")
    assert (tmp_path / FILE).read_text() == text


def test_a_gateway_that_runs_keeps_its_cards_when_the_file_is_taken_away(tmp_path: Path) -> None:
    cards = Cards(tmp_path, ORIGIN)
    token = cards.token("w1")
    (tmp_path / FILE).unlink()
    assert cards.token("w1") == token


def _rotate(folder: Path) -> None:
    Cards(folder, ORIGIN).rotate("w1")


def test_rotations_at_the_same_time_all_count(tmp_path: Path) -> None:
    seen = {Cards(tmp_path, ORIGIN).token("w1")}
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_rotate, args=(tmp_path,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    again = tmp_path / "again"
    again.mkdir()
    kept = (tmp_path / FILE).read_text()
    (again / FILE).write_text(kept.replace('"w1": 4', '"w1": 3'))
    seen |= {Cards(again, ORIGIN).token("w1"), Cards(tmp_path, ORIGIN).token("w1")}
    assert len(seen) == 3  # none, three, four


@pytest.mark.parametrize(
    ("part", "origin"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"bind": "10.0.0.5:80"}, "http://10.0.0.5:80"),
        ({"bind": "[fd00::5]:80"}, "http://[fd00::5]:80"),
        ({"bind": "0.0.0.0:80", "names": ["overdoor.lan"]}, "http://overdoor.lan:80"),
        ({"names": ["overdoor.lan"], "url": "https://call.example/"}, "https://call.example"),
    ],
)
def test_what_stands_before_the_path(part: dict[str, object], origin: str) -> None:
    assert WebPart.model_validate(part).origin == origin


def test_the_name_on_the_cards_is_one_that_the_gateway_answers_to() -> None:
    part = WebPart.model_validate({"names": ["a.lan"], "url": "https://call.example:8443"})
    assert part.all_names == ("a.lan", "call.example")
