"""`overdoor device rotate`: what it writes, whom it leaves, and when it stops."""

import base64
import fcntl
import hashlib
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from overdoor import firmware
from overdoor.config import read
from overdoor.device import DeviceError, api
from overdoor.device import rotate as rotating
from overdoor.device.command import app
from overdoor.device.folder import Folder, Site
from overdoor.device.provision import Bench
from overdoor.device.signing import Release
from overdoor.device.update import Shop
from overdoor.resources import folder as resources

SHOP = """\
[shop]
id = "demo"
name = "Demo Shop"

[mqtt]
{mqtt}

[[zone]]
id = "women"
name = "Women"

[[room]]
id = "w1"
name = "Women 1"
zone = "women"

[[room]]
id = "w2"
name = "Women 2"
zone = "women"
"""
OWN = 'url = "embedded"\nbind = "0.0.0.0"'
FOREIGN = 'url = "mqtt://gateway:word@192.168.1.10:1883"'
WELL = {"status": "online", "mpy": 0, "password_number": 1, "since": "2026-01-01T09:00:00.000Z"}


def a_shop(folder: Path, mqtt: str = FOREIGN) -> Path:
    file = folder / "shop.toml"
    file.write_text(SHOP.format(mqtt=mqtt))
    made = Folder(file)
    made.keep_site(Site("192.168.1.10", 1883, "shop", "geheim"))
    for room in ("w1", "w2"):
        Bench(read(file), file, made).add(room, None, {"model": "esp32-devkitc"})
    return file


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What the gateway says of each device; what is under `then`, once it has a new password."""
    known: dict[str, dict[str, Any]] = {"cp-w1": {**WELL}, "cp-w2": {**WELL}}

    def said(_: Any) -> list[dict[str, Any]]:
        has = numbers(tmp_path / "shop.toml")
        return [
            {"id": each, "room": None, **how, **(how.get("then", {}) if has[each] > 1 else {})}
            for each, how in known.items()
        ]

    monkeypatch.setattr(api, "devices", said)
    monkeypatch.setattr(rotating, "SETTLED_S", 0.0)
    return known


def overdoor(file: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(file)])


def numbers(file: Path) -> dict[str, int]:
    made = Folder(file).devices()
    return {name: each["broker"].get("password_number", 0) for name, each in made.items()}


def opens(file: Path, device: str, password: str) -> bool:
    """Whether a mosquitto with the file of passwords would let it in."""
    lines = (file.parent / "devices" / "mosquitto.passwords").read_text().splitlines()
    _, _, rounds, salt, wanted = next(
        line for line in lines if line.startswith(f"{device}:")
    ).split("$")
    salted = base64.b64decode(salt)
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salted, int(rounds))
    return base64.b64encode(made).decode() == wanted


def test_another_broker_gets_a_file_that_opens_to_what_the_board_finds(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    file = a_shop(tmp_path)
    reading, passwords = firmware.module("config"), firmware.module("passwords")
    board = reading.parse(json.dumps(Folder(file).config("cp-w1")))  # as it hangs there
    assert board.password == passwords.derived(board.update_key, board.device, 1)
    for number in (2, 3):
        ended = overdoor(file, "rotate", "cp-w1")
        assert ended.exit_code == 0, ended.output
        assert "sudo install" in ended.output
        assert "mosquitto.passwords" in ended.output
        found = passwords.derived(board.update_key, board.device, number)
        assert opens(file, "cp-w1", found)
        assert found not in ended.output
    assert not opens(file, "cp-w1", board.password)
    assert numbers(file) == {"cp-w1": 3, "cp-w2": 1}
    again = reading.parse(json.dumps(Folder(file).config("cp-w1")))  # as it would be flashed now
    assert (again.password, again.password_number) == (found, 3)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"status": "offline"}, "not heard since the gateway started"),
        ({"status": "online", "mpy": 0}, "overdoor device update cp-w1 first"),
        (WELL | {"update": {"version": "0.2.0", "state": "trial"}}, "on trial"),
    ],
)
def test_who_might_not_find_it_keeps_the_old_one(
    tmp_path: Path, told: dict[str, Any], how: dict[str, Any], says: str
) -> None:
    file = a_shop(tmp_path)
    told["cp-w1"] = how
    ended = overdoor(file, "rotate", "--all")
    assert ended.exit_code == 1
    assert "Left: cp-w1: " in ended.output
    assert says in ended.output
    assert numbers(file) == {"cp-w1": 1, "cp-w2": 2}


def test_one_that_may_need_long_to_find_it_is_left_unless_that_is_said(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    file = a_shop(tmp_path)
    for _ in range(3):  # before the first file was brought to the broker
        assert overdoor(file, "rotate", "cp-w1").exit_code == 0
    ended = overdoor(file, "rotate", "--all")
    assert ended.exit_code == 1
    assert "Left: cp-w1: it was not in by its last 3 new passwords" in ended.output
    assert "--anyway" in ended.output
    assert numbers(file) == {"cp-w1": 4, "cp-w2": 2}
    assert overdoor(file, "rotate", "cp-w1", "--anyway").exit_code == 0
    assert numbers(file)["cp-w1"] == 5


def test_a_button_that_sleeps_gets_no_fourth_password_before_it_was_in_again(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    file = a_shop(tmp_path, OWN)
    told["cp-w1"]["status"] = "sleeping"
    codes = [overdoor(file, "rotate", "cp-w1").exit_code for _ in range(4)]
    assert (codes, numbers(file)["cp-w1"]) == ([0, 0, 0, 1], 4)
    told["cp-w1"]["password_number"] = 4
    assert overdoor(file, "rotate", "cp-w1").exit_code == 0


def test_a_device_of_which_number_0_came_by_cable_goes_on_from_it(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    file = a_shop(tmp_path)
    old = Folder(file).config("cp-w1")
    del old["broker"]["password_number"]
    old["broker"]["password"] = "random"
    (tmp_path / "devices" / "cp-w1.json").write_text(json.dumps(old))
    told["cp-w1"]["password_number"] = 0
    assert overdoor(file, "rotate", "cp-w1").exit_code == 0
    assert numbers(file)["cp-w1"] == 1


@pytest.mark.parametrize("number", [0, 7, 65535])
def test_no_number_that_a_device_tells_keeps_it_from_a_new_password(
    tmp_path: Path, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(rotating, "BACK_S", 0.0)
    file = a_shop(tmp_path, OWN)
    for _ in range(4):
        Folder(file).rotate("cp-w1")
    told["cp-w1"]["password_number"] = number  # as whoever stole the present one may say
    overdoor(file, "rotate", "cp-w1")
    assert numbers(file)["cp-w1"] == 6


def test_a_device_without_a_key_is_left(tmp_path: Path, told: dict[str, Any]) -> None:
    file = a_shop(tmp_path)
    old = Folder(file).config("cp-w1")
    del old["update_key"]
    (tmp_path / "devices" / "cp-w1.json").write_text(json.dumps(old))
    ended = overdoor(file, "rotate", "cp-w1")
    assert ended.exit_code == 1
    assert "overdoor device flash cp-w1, by cable" in ended.output
    with pytest.raises(DeviceError, match="before devices had keys"):
        Folder(file).rotate("cp-w1")


def test_the_first_that_does_not_come_back_ends_it(
    tmp_path: Path, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "BACK_S", 0.0)
    file = a_shop(tmp_path, OWN)
    ended = overdoor(file, "rotate", "--all")
    assert ended.exit_code == 1
    assert "cp-w1 did not come back within 0 s" in ended.output
    assert numbers(file) == {"cp-w1": 2, "cp-w2": 1}
    assert "newest password yet: cp-w1.\n" in overdoor(file, "list").output


def test_nobody_is_back_who_only_said_the_next_number_before(
    tmp_path: Path, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "BACK_S", 0.3)
    file = a_shop(tmp_path, OWN)
    told["cp-w1"]["password_number"] = 2
    ended = overdoor(file, "rotate", "cp-w1")
    assert ended.exit_code == 1
    assert "cp-w1 did not come back" in ended.output


def test_nobody_is_back_who_came_in_by_the_old_one_before_the_broker_knew_the_new(
    tmp_path: Path, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "BACK_S", 1.0)
    monkeypatch.setattr(rotating, "SETTLED_S", 0.3)
    file = a_shop(tmp_path, OWN)
    ours = tmp_path / "devices" / "mosquitto.passwords"
    theirs = tmp_path / "data" / "mosquitto.passwords"
    theirs.parent.mkdir()
    shutil.copy(ours, theirs)
    thief = {"password_number": 2, "since": "2999-01-01T00:00:00.000Z"}
    told["cp-w1"]["then"] = thief
    pauses = iter(range(100))

    def broker_reads(_: float) -> None:
        if next(pauses) == 1:
            shutil.copy(ours, theirs)
            thief["status"] = "offline"
        time.sleep(0.1)

    clock = SimpleNamespace(monotonic=time.monotonic, sleep=broker_reads)
    monkeypatch.setattr(rotating, "time", clock)
    ended = overdoor(file, "rotate", "cp-w1")
    assert ended.exit_code == 1
    assert "cp-w1 did not come back" in ended.output


def test_those_that_are_there_come_first_and_nobody_waits_for_the_others(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    file = a_shop(tmp_path, OWN)
    told["cp-w1"]["status"] = "sleeping"
    # The gateway's clock may be years behind this machine's.
    told["cp-w2"]["then"] = {"password_number": 2, "since": "2026-01-01T09:00:02.000Z"}
    ended = overdoor(file, "rotate", "--all")
    assert ended.exit_code == 0
    first, second = ended.output.splitlines()
    assert first.startswith("cp-w2: new password in use after 0.")
    assert second == "cp-w1: the old password is void; away, it takes the new one later"
    assert numbers(file) == {"cp-w1": 2, "cp-w2": 2}


@pytest.mark.parametrize(
    ("mqtt", "words", "says"),
    [
        (FOREIGN, (), "Say which devices, or --all."),
        (FOREIGN, ("cp-w1", "--all"), "Say which devices, or --all."),
        (FOREIGN, ("cp-w9",), "'cp-w9' was not set up here"),
        (FOREIGN, ("site",), "'site' was not set up here"),
        ('url = "embedded"', ("--all",), "without passwords"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, told: dict[str, Any], mqtt: str, words: tuple[str, ...], says: str
) -> None:
    file = a_shop(tmp_path)
    file.write_text(file.read_text().replace(FOREIGN, mqtt))
    ended = overdoor(file, "rotate", *words)
    assert isinstance(ended.exception, DeviceError)
    assert says in str(ended.exception)
    assert set(numbers(file).values()) == {1}


def test_without_a_gateway_no_password_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "devices", lambda _: None)
    file = a_shop(tmp_path)
    ended = overdoor(file, "rotate", "--all")
    assert "Start it first" in str(ended.exception)
    assert set(numbers(file).values()) == {1}


def test_no_update_takes_a_device_back_to_where_it_would_not_find_its_password(
    tmp_path: Path,
) -> None:
    file = a_shop(tmp_path)
    older = tmp_path / "older"
    shutil.copytree(resources("firmware"), older)
    (older / "overdoor" / "passwords.py").unlink()
    shop = Shop(read(file), Folder(file))
    old, new = (Release(place, None, None) for place in (older, resources("firmware")))
    without_number = Folder(file).config("cp-w2")
    del without_number["broker"]["password_number"]
    (tmp_path / "devices" / "cp-w2.json").write_text(json.dumps(without_number))
    shop.check_password("cp-w2", old)
    shop.check_password("cp-w1", new)
    with pytest.raises(DeviceError, match="too old to find it: overdoor device flash cp-w1"):
        shop.check_password("cp-w1", old)


def test_a_device_that_is_replaced_while_another_is_rotated_is_out_and_the_new_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_shop(tmp_path)
    lock, devices, begun, held = fcntl.flock, Folder.devices, Event(), Event()

    def waits(handle: int, how: int) -> None:
        try:
            lock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            held.set()
            lock(handle, how)

    def replace() -> None:
        begun.wait(30)
        Bench(read(file), file, Folder(file)).replace("w2", None, {})
        held.set()

    def read_for_the_broker(folder: Folder) -> dict[str, Any]:
        found = devices(folder)
        if not begun.is_set():
            begun.set()
            assert held.wait(30)
        return found

    monkeypatch.setattr(fcntl, "flock", waits)
    monkeypatch.setattr(Folder, "devices", read_for_the_broker)
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(replace)
        Bench(read(file), file, Folder(file)).rotate("cp-w1")
        other.result(30)
    made = Folder(file).devices()
    assert set(made) == {"cp-w1", "cp-w2-2"}
    assert all(opens(file, each, config["broker"]["password"]) for each, config in made.items())
    assert "cp-w2:" not in (tmp_path / "devices" / "mosquitto.passwords").read_text()


def test_who_was_replaced_meanwhile_is_not_rotated_back_to_life(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    late = Bench(read(file), file, Folder(file))
    Bench(read(file), file, Folder(file)).replace("w2", None, {})
    with pytest.raises(DeviceError, match="'cp-w2' was not set up here"):
        late.rotate("cp-w1", "cp-w2")
    with pytest.raises(DeviceError, match="'cp-w2' does not belong to 'w2'"):
        late.replace("w2", "cp-w2", {})
    assert numbers(file) == {"cp-w1": 1, "cp-w2-2": 1}
