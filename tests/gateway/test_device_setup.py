"""`overdoor device add`, `pair`, `replace`: files, secrets, the broker, a gateway that runs."""

import asyncio
import json
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from typer.testing import CliRunner, Result

from overdoor import firmware
from overdoor.config import read
from overdoor.device import DeviceError
from overdoor.device.command import app
from overdoor.device.folder import Folder, Site
from overdoor.device.provision import Bench
from tests.conftest import free_port, tool

from .disk import full_disk
from .test_cli import assert_one_sentence

SHOP = """\
[shop]
id = "demo"
name = "Demo Shop"

[mqtt]
url = "{url}"

[[zone]]
id = "women"
name = "Women"

[[room]]  # by the window
id = "w1"
name = "Women 1"
zone = "women"

[[room]]
id = "w2"
name = "Women 2"
zone = "women"
device = "cp-w2"
"""
SITE = Site("192.168.1.10", 1883, "shop", "geheim")


def a_shop(folder: Path, url: str = "mqtt://gateway:word@192.168.1.10:1883") -> Path:
    file = folder / "shop.toml"
    file.write_text(SHOP.format(url=url))
    return file


def bench(file: Path) -> Bench:
    folder = Folder(file)
    folder.keep_site(SITE)
    return Bench(read(file), file, folder)


def add(file: Path, room: str | None, wish: str | None = None) -> str:
    return bench(file).add(room, wish, {"model": "esp32-devkitc"})


def overdoor(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from overdoor.cli import main; main()", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin", **environment},
    )


def test_adding_a_device_from_the_command_line(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    ended = overdoor(
        *("device", "add", "w1", "--wifi", "shop", "--config", file),
        OVERDOOR_WIFI_PASSWORD="geheim",
    )
    assert ended.returncode == 0, ended.stderr
    assert "overdoor device flash cp-w1" in ended.stdout
    assert "geheim" not in ended.stdout
    made = json.loads((tmp_path / "devices" / "cp-w1.json").read_text())
    assert made["broker"]["password"] not in ended.stdout
    assert (made["shop"], made["device"], made["broker"]["user"]) == ("demo", "cp-w1", "cp-w1")
    assert (made["broker"]["host"], made["wifi"]["password"]) == ("192.168.1.10", "geheim")
    assert '[[room]]  # by the window\nid = "w1"\ndevice = "cp-w1"\n' in file.read_text()


WIFI = {"OVERDOOR_WIFI_PASSWORD": "geheim"}
UUID = "B9407F30-F5F8-466E-AFF9-25556B57FE6D"


def on_board(file: Path, device: str) -> Any:
    """What the firmware itself makes of a device's file."""
    return firmware.module("config").parse(json.dumps(Folder(file).config(device)))


def test_a_pager_gets_its_config_and_its_place_in_the_file(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    words = ("device", "add", "--kind", "pager", "--config", file)
    ended = overdoor(*words, "--wifi", "shop", **WIFI)
    assert ended.returncode == 0, ended.stderr
    assert "pg-1: a pager." in ended.stdout
    ended = overdoor(*words, "--screen", "st7789")
    assert ended.returncode == 0, ended.stderr
    first, second = on_board(file, "pg-1"), on_board(file, "pg-2")
    assert (first.kind, first.screen, first.pins["sda"]) == ("pager", "ssd1306", 21)
    assert (second.screen, second.model, second.pins["a"]) == ("st7789", "m5stickc-plus2", 37)
    assert [pager.device for pager in read(file).pager] == ["pg-1", "pg-2"]
    assert file.read_text().startswith(SHOP.format(url="mqtt://gateway:word@192.168.1.10:1883"))


def test_a_pager_that_the_file_names_gets_its_credentials_first(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    file.write_text(file.read_text() + '[[pager]]\ndevice = "stick"\nzone = "women"\n')
    before = file.read_text()
    assert bench(file).add(None, None, {"model": "x", "kind": "pager"}) == "stick"
    assert file.read_text() == before
    assert bench(file).add(None, None, {"model": "x", "kind": "pager"}) == "pg-1"


def test_pagers_that_stand_in_one_line_are_changed_by_hand(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    file.write_text('pager = [{device = "stick"}]\n' + file.read_text())
    before = file.read_text()
    with pytest.raises(DeviceError, match='by hand: add a pager with  device = "pg-1"'):
        bench(file).add(None, "pg-1", {"model": "x", "kind": "pager"})
    assert (file.read_text(), Folder(file).devices()) == (before, {})


def test_a_battery_button_that_listens_for_badges_and_one_that_replaces_it(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    words = ("--battery", "--badges", UUID, "--wifi", "shop", "--config", file)
    ended = overdoor("device", "add", "w1", *words, **WIFI)
    assert ended.returncode == 0, ended.stderr
    assert overdoor("device", "replace", "w1", "--config", file).returncode == 0
    again = on_board(file, "cp-w1-2")
    assert (again.power, again.badges) == ("battery", bytes.fromhex(UUID.replace("-", "")))
    assert overdoor("device", "replace", "w1", "--mains", "--config", file).returncode == 0
    assert on_board(file, "cp-w1-3").power == "mains"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("w1", "--kind", "pager"), "leave the room out"),
        (("w1", "--screen", "st7789"), '"screen" is for pagers'),
        (("--kind", "pager", "--battery"), "a pager never sleeps"),
        (("w1", "--badges", "ours"), '"badges" must be a UUID'),
        (("w1", "--broker-ip", "broker.lan"), "--broker-ip is an address"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    file = a_shop(tmp_path)
    before = file.read_text()
    ended = overdoor("device", "add", *words, "--wifi", "shop", "--config", file, **WIFI)
    assert_one_sentence(ended, says)
    assert (file.read_text(), Folder(file).devices()) == (before, {})


def resolving(monkeypatch: pytest.MonkeyPatch, names: dict[str, str]) -> list[str]:
    """A name server that knows these names; what it was asked for."""
    asked: list[str] = []

    def look_up(host: str, *_: object) -> list[Any]:
        asked.append(host)
        if host not in names:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (names[host], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def add_here(file: Path, *words: str) -> Result:
    """`overdoor device add` in this process."""
    return CliRunner().invoke(app, ["add", *words, "--config", str(file)], env=WIFI)


def test_the_broker_name_is_looked_up_once_and_every_device_knows_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_shop(tmp_path, "mqtt://localhost")
    asked = resolving(monkeypatch, {"broker.shop.lan": "192.168.1.20", "new.lan": "192.168.1.30"})
    for words in (("w1", "--broker", "broker.shop.lan", "--wifi", "shop"), ("w2",)):
        ended = add_here(file, *words)
        assert ended.exit_code == 0, ended.output
    for device in ("cp-w1", "cp-w2"):
        parsed = on_board(file, device)
        assert (parsed.host, parsed.ip, parsed.port) == ("broker.shop.lan", "192.168.1.20", 1883)
    assert asked == ["broker.shop.lan"]
    assert add_here(file, "--broker", "new.lan:1885").exit_code == 0
    moved = on_board(file, "cp-1")
    assert (moved.host, moved.ip, moved.port) == ("new.lan", "192.168.1.30", 1885)
    assert add_here(file, "--broker", "192.168.1.40").exit_code == 0
    assert on_board(file, "cp-2").ip is None


@pytest.mark.parametrize(
    ("names", "says"),
    [({}, "does not resolve here"), ({"broker.lan": "127.0.1.1"}, "this machine for itself only")],
)
def test_a_broker_name_that_leads_nowhere_is_one_sentence_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: dict[str, str], says: str
) -> None:
    file = a_shop(tmp_path, "mqtt://broker.lan")  # what shop.toml names is looked up, too
    resolving(monkeypatch, names)
    words = ("w1", "--wifi", "shop")
    ended = add_here(file, *words)
    assert isinstance(ended.exception, DeviceError)
    assert says in str(ended.exception)
    assert "--broker-ip" in str(ended.exception)
    assert Folder(file).devices() == {}
    assert add_here(file, *words, "--broker-ip", "192.168.1.20").exit_code == 0
    assert (on_board(file, "cp-w1").host, on_board(file, "cp-w1").ip) == (
        "broker.lan",
        "192.168.1.20",
    )


def test_without_the_wifi_and_a_terminal_to_ask_on_it_is_one_sentence(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    ended = overdoor("device", "add", "w1", "--config", file)
    assert_one_sentence(ended, "Say which Wi-Fi")
    assert not (tmp_path / "devices").exists()


@pytest.mark.parametrize("url", ["embedded", "mqtt://127.0.0.1", "mqtts://broker"])
def test_a_broker_that_devices_cannot_reach_is_one_sentence(tmp_path: Path, url: str) -> None:
    ended = overdoor("device", "add", "w1", "--wifi", "x", "--config", a_shop(tmp_path, url))
    assert_one_sentence(ended, "--broker HOST")


def test_what_is_no_certificate_is_one_sentence(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    for name, content in (("pem", b"-----BEGIN CERTIFICATE-----\nx"), ("der", b"\x30\x03abc")):
        (tmp_path / name).write_bytes(content)
        ended = overdoor("device", "add", "w1", "--ca", tmp_path / name, "--config", file)
        assert_one_sentence(ended, f"{name} is no certificate")
    assert not (tmp_path / "devices" / "ca.der").exists()


def test_a_device_from_before_updates_gets_its_key_with_the_next_flash(tmp_path: Path) -> None:
    add(a_shop(tmp_path), "w1")
    folder = Folder(tmp_path / "shop.toml")
    file = folder.path / "cp-w1.json"
    made = json.loads(file.read_text())
    assert folder.with_update_key("cp-w1") == made
    del made["update_key"]
    file.write_text(json.dumps(made))
    given = folder.with_update_key("cp-w1")
    assert len(bytes.fromhex(given["update_key"])) == 32
    assert folder.config("cp-w1") == given


def test_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    add(a_shop(tmp_path), "w1")
    folder = tmp_path / "devices"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_device_that_the_file_names_gets_its_credentials_first(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    before = file.read_text()
    assert add(file, "w2") == "cp-w2"
    assert file.read_text() == before
    assert add(file, "w2") == "cp-w2-2"
    assert 'devices = ["cp-w2", "cp-w2-2"]' in file.read_text()


def test_what_the_firmware_would_refuse_is_not_made(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    before = file.read_text()
    with pytest.raises(DeviceError, match="pins"):
        bench(file).add("w1", None, {"model": "x", "pins": {"call": 99}})
    with pytest.raises(DeviceError, match="no room 'w9'"):
        add(file, "w9")
    assert file.read_text() == before
    assert Folder(file).devices() == {}


def test_a_replacement_is_built_alike_and_the_old_one_is_never_issued_again(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    pins = {"call": 4, "ring": 5, "lamp": 6}
    bench(file).add("w1", None, {"model": "c3", "pins": pins, "ring_leds": 8})
    first = Folder(file).config("cp-w1")
    assert bench(file).replace("w1", None, {}) == ("cp-w1", "cp-w1-2")
    second = Folder(file).config("cp-w1-2")
    assert (second["model"], second["pins"], second["ring_leds"]) == ("c3", pins, 8)
    assert second["broker"]["password"] != first["broker"]["password"]
    assert list(Folder(file).devices()) == ["cp-w1-2"]
    assert bench(file).replace("w1", None, {}) == ("cp-w1-2", "cp-w1-3")
    assert read(file).room[0].all_devices() == ("cp-w1-3",)


@pytest.mark.parametrize("left", range(6))
def test_a_replacement_that_ends_half_way_leaves_no_old_password_and_can_be_repeated(
    tmp_path: Path, left: int
) -> None:
    file = a_shop(tmp_path)
    add(file, "w2")
    now = bench(file)
    with full_disk(left), pytest.raises(DeviceError, match="No space left"):
        now.replace("w2", None, {})
    assert list(Folder(file).devices()) == list(bench(file).planned())
    bench(file).replace("w2", None, {})
    (device,) = Folder(file).devices()
    assert list(bench(file).planned()) == [device]
    users = (tmp_path / "devices" / "mosquitto.passwords").read_text().splitlines()
    assert [line.partition(":")[0] for line in users] == [device, "gateway", "gateway-check"]


def test_a_room_of_several_wants_to_know_which_is_broken(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    add(file, "w2")
    add(file, "w2")
    with pytest.raises(DeviceError, match="cp-w2, cp-w2-2: say which"):
        bench(file).replace("w2", None, {})
    assert bench(file).replace("w2", "cp-w2", {}) == ("cp-w2", "cp-w2-3")
    assert read(file).room[1].all_devices() == ("cp-w2-3", "cp-w2-2")


def test_a_pager_is_replaced_where_it_stands_in_the_file(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    words = ("--kind", "pager", "--screen", "st7789", "--wifi", "shop", "--config", file)
    assert overdoor("device", "add", *words, **WIFI).returncode == 0
    zone = '[[pager]]\ndevice = "pg-1"\nzone = "women"  # the manager\'s\n'
    file.write_text(file.read_text().replace('[[pager]]\ndevice = "pg-1"\n', zone))
    first, before = Folder(file).config("pg-1"), file.read_text()
    ended = overdoor("device", "replace", "pg-1", "--config", file)
    assert ended.returncode == 0, ended.stderr
    assert "pg-2 takes the place of pg-1; pg-1 is revoked." in ended.stdout
    assert "overdoor device flash pg-2" in ended.stdout
    assert file.read_text() == before.replace('"pg-1"', '"pg-2"')
    again = on_board(file, "pg-2")
    assert (again.kind, again.screen, again.model) == ("pager", "st7789", "m5stickc-plus2")
    assert Folder(file).config("pg-2")["broker"]["password"] != first["broker"]["password"]
    assert list(Folder(file).devices()) == ["pg-2"]


def test_a_pager_of_which_nothing_is_known_but_its_place_is_replaced(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    file.write_text(file.read_text() + '[[pager]]\ndevice = "stick"\nzone = "women"\n')
    words = ("--screen", "st7789", "--wifi", "shop", "--config", file)
    ended = overdoor("device", "replace", "stick", *words, **WIFI)
    assert ended.returncode == 0, ended.stderr
    again = on_board(file, "stick-2")
    assert (again.kind, again.screen, again.model) == ("pager", "st7789", "m5stickc-plus2")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("w3",), "no room or pager 'w3'; there are pg-1, w1, w2"),
        (("pg-1", "--device", "cp-w2"), "'cp-w2' does not belong to 'pg-1'"),
    ],
)
def test_what_is_not_there_is_not_replaced(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    file = a_shop(tmp_path)
    bench(file).add(None, None, {"model": "x", "kind": "pager"})
    before = file.read_text()
    assert_one_sentence(overdoor("device", "replace", *words, "--config", file), says)
    assert file.read_text() == before


@pytest.mark.parametrize("name", ["gateway", "gateway-check", "cp-w2", "site"])
@pytest.mark.parametrize("by_hand", [False, True])
def test_an_id_that_means_something_else_is_given_to_no_device(
    tmp_path: Path, name: str, by_hand: bool
) -> None:
    """The gateway's users, a device that was replaced, the file that all devices share."""
    file = a_shop(tmp_path)
    add(file, "w2")
    bench(file).replace("w2", None, {})
    if by_hand:
        file.write_text(
            file.read_text().replace('name = "Women 1"', f'name = "1"\ndevice = "{name}"')
        )
    before = {path: path.read_bytes() for path in (tmp_path / "devices").iterdir()}
    with pytest.raises(DeviceError, match=f"'{name}' "):
        add(file, "w1" if by_hand else None, None if by_hand else name)
    assert {path: path.read_bytes() for path in (tmp_path / "devices").iterdir()} == before


async def test_mosquitto_takes_the_files_and_refuses_a_revoked_device(tmp_path: Path) -> None:
    """The real broker: a device reaches its own topics only, and nothing once it is replaced."""
    port = free_port()
    file = a_shop(tmp_path, f"mqtt://gateway:word@127.0.0.1:{port}")
    add(file, "w1")
    add(file, "w2")
    one, two = (Folder(file).config(device) for device in ("cp-w1", "cp-w2"))
    folder = tmp_path / "devices"
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nuser root\n"
        f"password_file {folder}/mosquitto.passwords\nacl_file {folder}/mosquitto.acl\n"
    )
    broker = await asyncio.create_subprocess_exec(
        tool("mosquitto"), "-c", settings, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        heard: list[str] = []
        async with asyncio.timeout(60), await gateway(port) as listening:
            await listening.subscribe("overdoor/1/demo/#", qos=1)
            async with device(port, one) as client:
                await client.publish("overdoor/1/demo/device/cp-w2/event", "forged", qos=1)
                await client.publish("overdoor/1/demo/gateway/status", "forged", qos=1)
                await client.publish("overdoor/1/demo/device/cp-w1/event", "own", qos=1)
            async for message in listening.messages:
                heard.append(str(message.topic))
                break
            assert heard == ["overdoor/1/demo/device/cp-w1/event"]

            bench(file).replace("w1", None, {})
            broker.send_signal(1)  # SIGHUP: reads its files again

            await refused(port, one)
            async with device(port, Folder(file).config("cp-w1-2")), device(port, two):
                pass
    finally:
        broker.kill()
        await broker.wait()


def device(port: int, config: dict[str, Any]) -> aiomqtt.Client:
    said = config["broker"]
    return aiomqtt.Client("127.0.0.1", port, username=said["user"], password=said["password"])


async def gateway(port: int) -> aiomqtt.Client:
    """A client with the gateway's password, once the broker listens."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return aiomqtt.Client("127.0.0.1", port, username="gateway", password="word")


async def refused(port: int, config: dict[str, Any]) -> None:
    """Returns once the broker has read its files and refuses this device."""
    while True:
        try:
            async with device(port, config):
                await asyncio.sleep(0.02)
        except aiomqtt.MqttError as error:
            assert "authori" in str(error), error
            return
