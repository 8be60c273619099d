"""`overdoor broker user`: programs that listen on the broker. What mosquitto makes of it is tried
in tests/attack.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from typer.testing import CliRunner, Result

from overdoor.cli import app
from overdoor.config import read
from overdoor.device import DeviceError
from overdoor.device.folder import Folder, Site
from overdoor.device.provision import Bench

from .disk import full_disk
from .test_device_rotate import opens

SHOP = """\
[shop]
id = "demo"
name = "Demo Shop"

[mqtt]
{mqtt}

{more}

[[zone]]
id = "women"
name = "Women"

[[room]]
id = "w1"
name = "Women 1"
zone = "women"
device = "cp-w1"
"""
FOREIGN = 'url = "mqtt://gateway:word@192.0.2.9:1883"'
OWN = 'bind = "0.0.0.0"'


def a_shop(folder: Path, mqtt: str = FOREIGN, more: str = "[home_assistant]") -> Path:
    file = folder / "shop.toml"
    file.write_text(SHOP.format(mqtt=mqtt, more=more))
    return file


def user(file: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["broker", "user", *words, "--config", str(file)])


def refused(file: Path, *words: str) -> str:
    ended = user(file, *words)
    assert isinstance(ended.exception, DeviceError), ended.output
    return str(ended.exception)


@pytest.mark.parametrize("mqtt", [FOREIGN, OWN])
def test_a_password_is_printed_once_and_kept_nowhere(tmp_path: Path, mqtt: str) -> None:
    ended = user(a_shop(tmp_path, mqtt), "add", "screen")
    password = ended.stdout.strip()
    assert re.fullmatch(r"[\w-]{32}", password)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"mosquitto.passwords", "mosquitto.acl"}
    assert not [path for path in files if password in path.read_text()]


def test_another_mosquitto_is_given_the_files_and_the_user_stays_in_them(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    said = user(file, "add", "home-assistant", "--home-assistant").stderr
    assert "/etc/mosquitto/overdoor.acl" in said
    folder = Folder(file)
    folder.keep_site(Site("192.0.2.9", 1883, "shop", "geheim"))
    Bench(read(file), file, folder).add("w1", None, {"model": "x"})
    assert "\nhome-assistant:$7$" in (folder.path / "mosquitto.passwords").read_text()
    rules = (folder.path / "mosquitto.acl").read_text()
    own = rules.partition("user home-assistant\n")[2].partition("pattern ")[0]
    assert "topic write homeassistant/status\n" in own
    assert own.count("write") == 1


def test_the_list_says_which_there_are(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    assert "None yet" in user(file, "list").stderr
    user(file, "add", "screen")
    user(file, "add", "home", "--home-assistant")
    user(file, "add", "gone")
    user(file, "remove", "gone")
    lines = user(file, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["screen", "home"]
    assert "Home Assistant" in lines[1]


@pytest.mark.parametrize("name", ["cp-w1", "cp-w9", "cp-w8", "gateway", "gateway-check", "screen"])
def test_no_name_means_two(tmp_path: Path, name: str) -> None:
    """A device of shop.toml, one that is set up, one that was, the gateway, a program."""
    file = a_shop(tmp_path)
    user(file, "add", "screen")
    folder = Folder(file)
    folder.keep_site(Site("192.0.2.9", 1883, "shop", "geheim"))
    bench = Bench(read(file), file, folder)
    bench.add(None, "cp-w9", {"model": "x"})
    with folder.revoking("cp-w8"):
        pass
    before = (folder.path / "mosquitto.passwords").read_bytes()
    assert "'" + name + "'" in refused(file, "add", name)
    assert (folder.path / "mosquitto.passwords").read_bytes() == before


def test_no_device_gets_a_programs_name(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    folder = Folder(file)
    folder.keep_site(Site("192.0.2.9", 1883, "shop", "geheim"))
    user(file, "add", "screen")
    user(file, "add", "cp-1")
    bench = Bench(read(file), file, folder)
    with pytest.raises(DeviceError, match="a program's user"):
        bench.add(None, "screen", {"model": "x"})
    assert bench.add(None, None, {"model": "x"}) == "cp-2"
    file.write_text(file.read_text().replace("cp-w1", "screen"))  # by hand
    bench = Bench(read(file), file, folder)
    with pytest.raises(DeviceError, match="a program's user"):
        bench.add("w1", None, {"model": "x"})


@pytest.mark.parametrize("name", ["", "Screen", "a b", "a/b", "a:b", "+", "x" * 33, "a\nuser b"])
def test_a_name_is_an_id(tmp_path: Path, name: str) -> None:
    assert "1 to 32 of" in refused(a_shop(tmp_path), "add", name)


@pytest.mark.parametrize("word", ["renew", "remove"])
def test_who_is_not_there_is_named_with_those_who_are(tmp_path: Path, word: str) -> None:
    file = a_shop(tmp_path)
    user(file, "add", "screen")
    assert "there are screen" in refused(file, word, "scren")


def test_a_broker_without_passwords_wants_no_user(tmp_path: Path) -> None:
    file = a_shop(tmp_path, 'url = "embedded"')
    assert "[mqtt] bind" in refused(file, "add", "screen")
    assert not (tmp_path / "devices").exists()


def test_home_assistant_wants_the_shop_to_be_announced(tmp_path: Path) -> None:
    file = a_shop(tmp_path, more="")
    assert "Add [home_assistant]" in refused(file, "add", "home", "--home-assistant")


def test_a_list_that_is_damaged_is_said_and_not_written_over(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    user(file, "add", "screen")
    listed = tmp_path / "devices" / "mosquitto.programs"
    listed.write_text('{"screen": {"word": 1}}')
    assert "mosquitto.programs cannot be read" in refused(file, "add", "other")
    assert listed.read_text() == '{"screen": {"word": 1}}'


@pytest.mark.parametrize(
    ("word", "left"), [("add", n) for n in range(5)] + [("remove", n) for n in range(6)]
)
def test_wherever_a_change_ends_it_can_be_undone_and_no_program_may_do_what_a_device_may(
    tmp_path: Path, word: str, left: int
) -> None:
    file = a_shop(tmp_path)
    user(file, "add", "other")
    if word == "remove":
        user(file, "add", "screen")
    with full_disk(left):
        ended = user(file, word, "screen")
    passwords, rules = (tmp_path / "devices" / f"mosquitto.{end}" for end in ("passwords", "acl"))
    for _ in range(2):
        users = re.findall(r"^(.+):", passwords.read_text(), re.MULTILINE)
        assert set(users) <= set(re.findall(r"^user (.+)$", rules.read_text(), re.MULTILINE))
        if word == "remove" and ended.exit_code == 0:
            break
        ended = user(file, word := "remove", "screen")
    assert set(Folder(file).programs()) == {"other"}
    assert "screen" not in users
    assert "screen" not in rules.read_text()


def test_another_mosquitto_gets_a_programs_rules_before_its_password_and_loses_them_after(
    tmp_path: Path,
) -> None:
    file = a_shop(tmp_path)
    for word, first, second in (("add", ".acl", ".passwords"), ("remove", ".passwords", ".acl")):
        said = user(file, word, "screen").stderr
        assert 0 < said.index(f"/etc/mosquitto/overdoor{first}") < said.index(second)


def test_of_users_that_are_made_at_once_each_has_its_password(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    names, begin = [f"screen-{number}" for number in range(6)], Barrier(6, timeout=30)

    def make(name: str) -> str:
        bench = Bench(read(file), file, Folder(file))
        begin.wait()
        return bench.add_program(name, home_assistant=False)

    with ThreadPoolExecutor(6) as at_once:
        given = dict(zip(names, at_once.map(make, names), strict=True))
    for name, password in given.items():
        assert opens(file, name, password)
