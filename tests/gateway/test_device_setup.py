"""`overdoor device add`, `pair`, `replace`: files, secrets, the broker, a gateway that runs."""

import asyncio
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from overdoor.config import read
from overdoor.device import DeviceError
from overdoor.device.folder import Folder, Site
from overdoor.device.provision import Bench
from tests.conftest import tool

from .test_cli import assert_one_sentence, free_port

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
        timeout=20,
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


def test_a_room_of_several_wants_to_know_which_is_broken(tmp_path: Path) -> None:
    file = a_shop(tmp_path)
    add(file, "w2")
    add(file, "w2")
    with pytest.raises(DeviceError, match="cp-w2, cp-w2-2: say which"):
        bench(file).replace("w2", None, {})
    assert bench(file).replace("w2", "cp-w2", {}) == ("cp-w2", "cp-w2-3")
    assert read(file).room[1].all_devices() == ("cp-w2-3", "cp-w2-2")


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
        async with asyncio.timeout(20), await gateway(port) as listening:
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
