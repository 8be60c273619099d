"""`overdoor init`: five questions, asked again until they are answered, and a file that works."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from overdoor import beginning, config
from overdoor.cli import app
from overdoor.config import ConfigError


def asked(folder: Path, answers: str, *options: str) -> Result:
    words = ["init", "-c", str(folder / "shop.toml"), *options]
    return CliRunner().invoke(app, words, input=answers)


def test_five_answers_make_a_file_that_check_calls_good(tmp_path: Path) -> None:
    ended = asked(
        tmp_path, "Rose Street\nWomen 4, Men 3\nmon-fri 09:30-20:00\neurope/sofia\nhere\n"
    )
    assert ended.exit_code == 0, ended.output
    file = tmp_path / "shop.toml"
    read = config.read(file)
    assert (read.shop.id, read.shop.name) == ("rose-street", "Rose Street")
    assert read.shop.timezone == "Europe/Sofia"
    assert [room.id for room in read.room][3:5] == ["women-4", "men-1"]
    assert read.hours is not None
    assert (read.hours.fri, read.hours.sat) == ("09:30-20:00", None)
    checked = CliRunner().invoke(app, ["check", "-c", str(file)]).output
    assert "is good: Rose Street, 2 zones, 7 rooms" in checked
    assert read.mqtt.is_guarded


def test_a_bad_answer_is_said_and_asked_again(tmp_path: Path) -> None:
    ended = asked(
        tmp_path,
        "Shop\nWomen\nWomen 0\nWomen 2\nsometimes\nsun 20:00-10:00\nalways\nMars\nUTC\n"
        "http://x\nmqtt://gateway:word@192.168.1.10\n",
    )
    assert ended.exit_code == 0, ended.output
    for said in (
        "'Women' is no zone",
        "'Women 0' is no zone",
        "'sometimes' is no day",
        "Hours are written like",
        "'Mars' is no time zone",
        "'http://x' is no broker",
    ):
        assert said in ended.output
    read = config.read(tmp_path / "shop.toml")
    assert read.hours is None
    assert read.mqtt.url == "mqtt://gateway:word@192.168.1.10"
    assert stat.S_IMODE((tmp_path / "shop.toml").stat().st_mode) == 0o600


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        raise asked(tmp_path, "", "--yes").exception or AssertionError
    assert file.read_text() == "mine"


def test_answers_that_end_early_write_nothing(tmp_path: Path) -> None:
    assert asked(tmp_path, "Shop\n").exit_code != 0
    assert not [*tmp_path.iterdir()]


def test_options_answer_and_a_wrong_one_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    wrong = asked(folder, "", "--yes", "--hours", "noon")
    assert "'noon' is no day" in str(wrong.exception)
    assert not folder.exists()
    assert asked(folder, "", "--yes", "--name", "Здравей").exit_code == 0
    assert config.read(folder / "shop.toml").shop.id == "shop"


NAMES = st.text(min_size=1, max_size=90).filter(lambda name: "," not in name)


@settings(max_examples=100)
@given(NAMES, st.lists(st.tuples(NAMES, st.integers(1, 12)), min_size=1, max_size=4))
def test_whatever_a_shop_is_called_its_file_says_so_or_the_name_is_refused(
    name: str, zones: list[tuple[str, int]]
) -> None:
    try:
        name = beginning.a_name(name)
        zones = [(beginning.a_name(zone), count) for zone, count in zones]
    except ConfigError:
        return
    said = tomllib.loads(beginning.text_of(name, zones, {}, "UTC", beginning.HERE))
    shop = config.Config(**said)
    assert shop.shop.name == name
    assert [zone.name for zone in shop.zone] == [zone for zone, _ in zones]
    assert len({room.id for room in shop.room}) == sum(count for _, count in zones)
    assert {room.zone for room in shop.room} == {zone.id for zone in shop.zone}


@pytest.mark.parametrize("said", ["mon-sun 10:00-20:00", "sun-sat 10:00-20:00"])
def test_a_week_may_begin_on_any_day(said: str) -> None:
    assert len(beginning.opening(said)) == 7


def test_a_week_may_go_over_its_end() -> None:
    assert set(beginning.opening("fri-mon 10:00-20:00")) == {"fri", "sat", "sun", "mon"}
