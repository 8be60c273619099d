"""`shop.toml`: a good one is understood, and of a bad one a single sentence says where and why."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overdoor.config import Config, ConfigError, read

GOOD = """\
[shop]
id = "demo"
name = "Demo Shop"
timezone = "Europe/Sofia"

[mqtt]
url = "mqtt://127.0.0.1:1883"

[web]
bind = "127.0.0.1:8080"

[data]
path = "data"

[[zone]]
id = "women"
name = "Women"

[[room]]
id = "w1"
name = "Women 1"
zone = "women"
at = [4.0, 2.5]
device = "cp-w1"

[[room]]
id = "w2"
name = "Women 2"
zone = "women"
devices = ["button-w2", "lamp-w2"]

[[pager]]
device = "pg-1"

[policy]
stale_press_s = 120
give_up_s = 900

[[policy.step]]
after_s = 0
page = "nearest"

[[policy.step]]
after_s = 20
page = "channel:headsets"

[[channel]]
id = "headsets"
url = "ntfy://192.168.1.10/overdoor"

[notify]
contact = "mailto:it@shop.example"
personal = ["ntfy://192.168.1.10/"]

[[webhook]]
id = "chat"
url = "https://chat.shop.example/overdoor"
secret = "whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"
events = ["raised", "closed"]

[home_assistant]
prefix = "homeassistant"
"""

# what to write instead of what, and what the sentence must say, with its line
MISTAKES = {
    "channel-nowhere": ('"channel:headsets"', '"channel:radio"', "no channel 'radio'", 45),
    "channel-url": ("ntfy://192", "nonsense://192", "Apprise does not know", 49),
    "contact-apple-refuses": ("it@shop.example", "it@localhost", "'mailto:it@shop.example'", 52),
    "contact-of-no-name": ("it@shop.example", "it@shop.local", "'mailto:it@shop.example'", 52),
    "personal-anywhere": ('"ntfy://192.168.1.10/"]', '"ntfy://192"]', "beginning of a URL", 53),
    "webhook-of-no-event": ('"closed"', '"ended"', "there is no event 'ended'", 59),
    "webhook-secret": ("whsec_QUJD", "whsec_QUJ", "openssl rand -base64 32", 58),
    "webhook-secret-short": ("whsec_QUJDQUJDQUJD", "whsec_", "24 to 64 random bytes", 58),
    "webhook-in-the-clear": ("https://chat", "http://chat", "not https", 55),
    "webhook-with-password": ("https://chat", "https://a:b@chat", "nor a password", 55),
    "webhook-to-a-cloud": ("chat.shop.example", "169.254.169.254", "nobody's in a shop", 55),
    "webhook-nowhere": ("https://chat.shop", "chat.shop", "url is like 'https://", 55),
    "discovery-prefix": ('"homeassistant"', '"home/+"', "it is the beginning of a topic", 62),
    "no-toml": ('id = "demo"', "id = demo", "is not valid TOML", 2),
    "unknown-key": ('bind = "127', 'bnid = "127', "web.bnid is not a key that Overdoor knows", 10),
    "kept-no-day": ('path = "data"', "keep_days = 0", "data.keep_days is 0", 13),
    "unknown-table": ("[data]", "[date]", "date is not a key that Overdoor knows", 12),
    "missing-name": ('name = "Women 1"\n', "", "room[1].name is missing", 19),
    "bad-id": ('id = "w1"', 'id = "W 1"', "an id has 1 to 32 of a-z, 0-9 and -", 20),
    "empty-id": ('id = "w1"', 'id = ""', "an id has 1 to 32 of a-z, 0-9 and -", 20),
    "no-such-zone": ('zone = "women"\nat', 'zone = "wimen"\nat', "there is no such zone", 22),
    "zone-missing": ('zone = "women"\nat', "at", "room[1].zone is missing", 19),
    "two-rooms": ('id = "w2"', 'id = "w1"', "two rooms have the id 'w1'", 27),
    "one-device-twice": ('"lamp-w2"', '"cp-w1"', "device 'cp-w1' is in room 'w1' and in", 30),
    "pager-in-a-room": ('device = "pg-1"', 'device = "cp-w1"', "is a pager and in a room", 33),
    "pager-zone": ('device = "pg-1"', 'device = "pg-1"\nzone = "x"', "no zone 'x'", 34),
    "both": ('device = "cp-w1"', 'device = "a"\ndevices = ["b"]', "either device or devices", 19),
    "timezone": ("Europe/Sofia", "Mars/Olympus", "is no time zone", 4),
    "url": ("mqtt://127.0.0.1:1883", "http://127.0.0.1", "it is 'embedded', 'mqtt://", 7),
    "url-port": (":1883", ":99999", "it is 'embedded', 'mqtt://", 7),
    "bind": ("127.0.0.1:8080", "8080", "it is an address and a port", 10),
    "bind-port": (":8080", ":65536", "it is an address and a port", 10),
    "negative": ("give_up_s = 900", "give_up_s = -1", "greater than 0", 37),
    "a-word": ("give_up_s = 900", 'give_up_s = "long"', "policy.give_up_s is 'long'", 37),
    "nowhere": ("at = [4.0, 2.5]", "at = [inf, 2.5]", "finite", 23),
    "one-number": ("at = [4.0, 2.5]", "at = [4.0]", "room[1].at", 23),
    "page": ('"nearest"', '"everybody"', "it is nearest, zone, shop, manager", 41),
    "order": ("after_s = 0", "after_s = 30", "in the order of their after_s", None),
    "doubled": ("[[zone]]", "[[shop]]", "", None),
    "table-not-list": ("[[pager]]", "[pager]", "pager", 32),
    "list-not-table": ("[web]", "[[web]]", "web", 9),
}


def check(folder: Path, text: str | bytes) -> Config:
    file = folder / "shop.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(file)


def test_a_good_file_becomes_a_plan(tmp_path: Path) -> None:
    config = check(tmp_path, GOOD)
    plan = config.plan()
    assert plan.rooms["w1"].at == (4.0, 2.5)
    assert plan.rooms["w2"].devices == ("button-w2", "lamp-w2")
    assert list(plan.pagers) == ["pg-1"]
    assert plan.policy.give_up_ms == 900_000
    assert [step.page for step in plan.policy.steps] == ["nearest", "channel:headsets"]


def test_the_data_folder_is_relative_to_the_file(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD).data.path == tmp_path / "data"


def test_how_long_calls_are_kept(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD).data.keep_days == 30
    longer = GOOD.replace('path = "data"', 'path = "data"\nkeep_days = 365')
    assert check(tmp_path, longer).data.keep_days == 365
    assert check(tmp_path, longer).data.path == tmp_path / "data"


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERDOOR_MQTT__URL", "embedded")
    assert check(tmp_path, GOOD).mqtt.url == "embedded"


def test_numbers_and_switches_come_from_the_environment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERDOOR_DATA__KEEP_DAYS", "90")
    monkeypatch.setenv("OVERDOOR_PRIVACY__SMALL_GROUPS", "true")
    monkeypatch.setenv("OVERDOOR_SHOP__NAME", "1901")
    config = check(tmp_path, GOOD)
    assert config.data.keep_days == 90
    assert config.privacy.small_groups is True
    assert config.shop.name == "1901"


@pytest.mark.parametrize(("old", "new", "says", "line"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_sentence_with_its_line(
    tmp_path: Path, old: str, new: str, says: str, line: int | None
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        check(tmp_path, GOOD.replace(old, new, 1))
    sentence = str(caught.value)
    assert says in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    if line is not None:
        assert re.search(rf"\bline {line}\b", sentence), sentence


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfe", b"[shop", b"_env_file = 5\n" + GOOD.encode(), b"\xef\xbb\xbf" + b"[shop]"],
    ids=["empty", "no-utf-8", "cut", "underscore-key", "byte-order-mark"],
)
def test_a_hopeless_file_is_told_in_one_sentence(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"\.$"):
        check(tmp_path, text)


def test_a_missing_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no file"):
        read(tmp_path / "shop.toml")


def test_a_folder_in_place_of_the_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["OVERDOOR_ZONE", "OVERDOOR_SHOP", "OVERDOOR_WEB__BIND"])
def test_a_mistake_in_the_environment_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "abc")
    with pytest.raises(ConfigError, match=rf"{name}.*\.$"):
        check(tmp_path, GOOD)


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_bytes(b'[shop]\nname = "Caf\xe9"\n')
    with pytest.raises(ConfigError, match="line 2: this is not UTF-8"):
        read(tmp_path / "shop.toml")


LINES = GOOD.splitlines()
VALUES = ["0", "-1", '""', '"x"', "[]", "{}", "nan", "true", "1979-05-27", "[[1]]", '"a\\u0000b"']


def mutate(lines: list[str], what: str, where: int, value: str) -> list[str]:
    """The file with one line deleted, doubled, moved, or given another value."""
    where %= len(lines)
    line, rest = lines[where], lines[:where] + lines[where + 1 :]
    key, equals, _ = line.partition("=")
    match what:
        case "delete":
            return rest
        case "double":
            return [*lines[:where], line, *lines[where:]]
        case "move":
            return [line, *rest]
        case "alter" if equals:
            return [*lines[:where], f"{key}= {value}", *lines[where + 1 :]]
        case "brackets":
            swapped = line.strip("[]") if line.startswith("[[") else f"[{line}]"
            return [*lines[:where], swapped, *lines[where + 1 :]]
    return lines


mutations = st.lists(
    st.tuples(
        st.sampled_from(["delete", "double", "move", "alter", "brackets"]),
        st.integers(0, 99),
        st.sampled_from(VALUES),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300)
@given(mutations)
def test_any_change_to_a_good_file_gives_a_config_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int, str]]
) -> None:
    lines = LINES
    for change in changes:
        lines = mutate(lines, *change) or [""]
    folder = tmp_path_factory.getbasetemp()
    try:
        check(folder, "\n".join(lines)).plan()
    except ConfigError as error:
        assert "\n" not in str(error)
