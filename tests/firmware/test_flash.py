"""`overdoor device flash`: the real mpremote on a real MicroPython with a real LittleFS."""

import asyncio
import json
import os
import re
import ssl
import subprocess
import sys
import tty
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import serial

from overdoor.config import read
from overdoor.device import DeviceError, board, bundle
from overdoor.device.board import Board
from overdoor.device.flash import Flashed, Progress, flash
from overdoor.device.folder import Folder, Site
from overdoor.device.provision import Bench
from tests.conftest import free_port, tool

from .certificates import Authority
from .conftest import TIMEOUT_S, Broker, Shop, listening, room_config
from .usb import UsbBoard

MPREMOTE = Path(sys.executable).with_name("mpremote")
QUICK_S = 0.3
SHOP = (
    '[shop]\nid = "t"\nname = "T"\n[[zone]]\nid = "z"\nname = "Z"\n'
    '[[room]]\nid = "w1"\nname = "W"\nzone = "z"\n'
)


@pytest.fixture
def usb(tmp_path: Path) -> UsbBoard:
    return UsbBoard(tmp_path)


def flashed(port: str, config: dict[str, Any], progress: Progress = lambda *_: None) -> Flashed:
    with Board.open(port) as there:
        return flash(there, config, {}, lambda _: None, progress)


def pulls_at(usb: UsbBoard, share: float) -> Progress:
    """Pulls the cable in the middle of the packet after this share of what is sent."""
    sent = 0

    def progress(size: int, total: int) -> None:
        nonlocal sent
        sent += size
        if sent - size < share * total <= sent:
            usb.pull_after(100)

    return progress


def hash_on(port: str, path: str) -> str:
    """What mpremote's own command says of a file."""
    words = [MPREMOTE, "connect", port, "resume", "sha256sum", f":{path}"]
    ended = subprocess.run(words, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    return ended.stdout.split()[-1]


def files_of(config: dict[str, Any], march: str = "x64") -> dict[str, bytes]:
    return bundle.make(march) | {bundle.CONFIG: json.dumps(config).encode()}


async def test_a_new_board_is_flashed_and_comes_to_the_shop(
    usb: UsbBoard, broker: Broker, shop: Shop
) -> None:
    config = room_config(broker.port)
    with usb.plugged_in() as port:
        done = flashed(port, config)
        await shop.status(b"online")
        assert (await shop.heard("info"))["model"] == "sim"
        with Board.open(port):
            pass  # stops it, so that its files can be looked at
        for path, content in files_of(config).items():
            assert hash_on(port, path) == bundle.digest(content), path
    assert done == Flashed(len(files_of(config)), 0, done.size, "x64")
    assert done.size == sum(map(len, files_of(config).values()))


async def test_from_add_to_online_with_tls_and_the_password_that_was_made(
    usb: UsbBoard, tmp_path: Path
) -> None:
    """All of it: the folder's files for mosquitto, its CA on the board, the firmware's own TLS."""
    authority = Authority()
    port = free_port()
    (tmp_path / "ca.der").write_bytes(authority.der())
    shop_file = tmp_path / "shop.toml"
    shop_file.write_text(SHOP + f'[mqtt]\nurl = "mqtts://gateway:word@localhost:{port}"\n')
    folder = Folder(shop_file)
    folder.keep_ca(tmp_path / "ca.der")
    folder.keep_site(Site("localhost", port, "shop", "geheim"))
    device = Bench(read(shop_file), shop_file, folder).add("w1", None, {"model": "sim"})
    certificate, key = authority.issue(tmp_path, ["localhost"])
    settings = tmp_path / "tls.conf"
    settings.write_text(
        f"user root\nlistener {port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\n"
        f"password_file {folder.path}/mosquitto.passwords\nacl_file {folder.path}/mosquitto.acl\n"
    )
    broker = await asyncio.create_subprocess_exec(
        tool("mosquitto"), "-c", settings, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await listening(port)
        client = aiomqtt.Client(
            "localhost",
            port,
            username="gateway",
            password="word",
            tls_context=ssl.create_default_context(cadata=authority.der()),
        )
        async with client:
            await client.subscribe(f"overdoor/1/t/device/{device}/status")
            with usb.plugged_in() as at, Board.open(at) as there:
                certificates = {"ca.der": folder.ca() or b""}
                config = folder.config(device)
                await asyncio.to_thread(
                    flash, there, config, certificates, lambda _: None, lambda *_: None
                )
                async for message in client.messages:
                    assert message.payload == b"online"
                    break
    finally:
        broker.kill()
        await broker.wait()


def test_flashing_again_sends_only_what_changed(usb: UsbBoard) -> None:
    config = room_config(1)
    with usb.plugged_in() as port:
        everything = flashed(port, config).sent
        resets = usb.resets
        same = flashed(port, config)
        assert (same.sent, same.kept) == (0, everything)
        config["model"] = "another"
        changed = flashed(port, config)
    assert (changed.sent, changed.kept) == (2, everything - 2)  # the config, and main.py anew
    assert usb.resets >= resets + 3  # the last also stopped what ran; a slow one more often


def assert_holds(port: str, files: dict[str, bytes]) -> None:
    with Board.open(port) as there:
        found = {path: stored.digest for path, stored in there.stored(files).items()}
    assert found == {path: bundle.digest(content) for path, content in files.items()}


def test_flashing_removes_what_came_over_the_air(usb: UsbBoard) -> None:
    with usb.plugged_in() as port:
        flashed(port, room_config(1))
        with Board.open(port) as there:
            there.make_folder("fw")
            there.make_folder("fw/9.0.0")
            there.write("fw/9.0.0/manifest", b"x", lambda _: None)
            there.write("firmware.json", b'{"run": "9.0.0"}', lambda _: None)
        flashed(port, room_config(1))
        with Board.open(port) as there:
            assert not {"fw", "firmware.json"} & set(there.listing(""))


@pytest.mark.parametrize("share", [0.001, 0.2, 0.5, 0.8, 0.97, 1])
def test_a_pulled_cable_leaves_a_board_that_waits_and_the_next_attempt_goes_on(
    usb: UsbBoard, share: float
) -> None:
    config = room_config(1)
    with usb.plugged_in() as port, pytest.raises(DeviceError) as told:
        flashed(port, config, pulls_at(usb, share))
    assert "again" in str(told.value)
    usb.printed = b""
    with usb.plugged_in() as port:
        done = flashed(port, config)
        assert_holds(port, files_of(config))
    assert b"ImportError" not in usb.printed  # no half of it ever ran
    assert share < 0.2 or done.kept > 0


def test_a_pulled_cable_over_a_running_board_never_leaves_old_and_new_together(
    usb: UsbBoard,
) -> None:
    with usb.plugged_in() as port:
        flashed(port, room_config(1))
        with Board.open(port) as there:  # an older version, in source
            there.remove("overdoor/lamp.mpy")
            there.write("overdoor/lamp.py", b"raise SystemExit", lambda _: None)
            there.reset()
    with usb.plugged_in() as port, pytest.raises(DeviceError):
        flashed(port, room_config(1), pulls_at(usb, 0.001))
    with usb.plugged_in() as port:
        with Board.open(port) as there:
            assert bundle.MAIN not in there.listing("")
        flashed(port, room_config(1))
        with Board.open(port) as there:
            assert sorted(there.listing("overdoor")) == sorted(
                path.partition("/")[2] for path in bundle.make("x64") if "/" in path
            )


def test_a_full_board_is_one_sentence_and_goes_on_as_it_was(tmp_path: Path) -> None:
    small = UsbBoard(tmp_path, blocks=12)
    with small.plugged_in() as port:
        with Board.open(port) as there:
            there.write("main.py", b"print('still here')\n", lambda _: None)
        with pytest.raises(DeviceError, match="no room left"):
            flashed(port, room_config(1))
        with Board.open(port) as there:
            assert there.listing("") == ["main.py"]


def test_a_board_that_fills_up_on_the_way_is_one_sentence(tmp_path: Path) -> None:
    small = UsbBoard(tmp_path, blocks=12)
    with (
        small.plugged_in() as port,
        Board.open(port) as there,
        pytest.raises(DeviceError, match="no room left"),
    ):
        there.write("big", b"x" * 60_000, lambda _: None)


def test_what_the_flash_kept_wrongly_is_found_and_does_not_run(
    usb: UsbBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Board.write

    def worn(self: Board, path: str, content: bytes, progress: Any) -> None:
        if path == "overdoor/lamp.mpy":
            content = content[:-1] + bytes([content[-1] ^ 1])
        write(self, path, content, progress)

    monkeypatch.setattr(Board, "write", worn)
    with usb.plugged_in() as port:
        with pytest.raises(DeviceError, match=re.escape("overdoor/lamp.mpy")):
            flashed(port, room_config(1))
        with Board.open(port) as there:
            assert bundle.MAIN not in there.listing("")


def test_a_board_that_is_too_old_is_one_sentence(
    usb: UsbBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "OLDEST", (1, 99))
    with usb.plugged_in() as port, pytest.raises(DeviceError, match=r"has MicroPython 1\.\d+;"):
        flashed(port, room_config(1))


def test_a_port_that_is_not_there_is_one_sentence() -> None:
    with (
        pytest.raises(DeviceError, match="There is no port /dev/ttyNONE"),
        Board.open("/dev/ttyNONE"),
    ):
        pass


def test_a_port_in_use_is_one_sentence(usb: UsbBoard) -> None:
    with (
        usb.plugged_in() as port,
        serial.Serial(port, exclusive=True),
        pytest.raises(DeviceError, match="in use by another program"),
        Board.open(port),
    ):
        pass


def test_something_that_is_no_micropython_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "_ANSWER_S", QUICK_S)
    mine, its = os.openpty()
    tty.setraw(its)
    try:
        with (
            pytest.raises(DeviceError, match="Nothing that speaks MicroPython"),
            Board.open(os.ttyname(its)),
        ):
            pass
    finally:
        os.close(mine)
        os.close(its)


def test_the_command_flashes_a_device_and_knows_it_again(usb: UsbBoard, tmp_path: Path) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text(SHOP)

    def overdoor(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("overdoor"), "device", *words, "--config", shop],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "OVERDOOR_WIFI_PASSWORD": "geheim"},
        )

    assert overdoor("add", "w1", "--broker", "127.0.0.1:1", "--wifi", "shop").returncode == 0
    with usb.plugged_in() as port:
        unnamed = overdoor("flash", "--port", port)
        assert unnamed.returncode == 2
        assert "say which device it shall be: cp-w1" in unnamed.stderr
        named = overdoor("flash", "cp-w1", "--port", port)
        assert named.returncode == 0, named.stderr
        again = overdoor("flash", "--port", port)
        assert "0 files sent" in again.stdout, again.stderr
        wrong = overdoor("flash", "cp-w9", "--port", port)
        assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("machine", "chip"),
    [
        ("Generic ESP32 module with ESP32", "ESP32"),
        ("ESP32C3 module with ESP32C3", "ESP32C3"),
        ("Generic ESP32S3 module with ESP32S3", "ESP32S3"),
    ],
)
def test_pins_that_a_chip_does_not_have_are_one_sentence(machine: str, chip: str) -> None:
    from overdoor.device.chips import check_pins

    facts = board.Facts((1, 27), machine, 0, 0, 1)
    assert facts.chip == chip
    config = room_config(1, pins={"call": 4, "ring": 5, "lamp": 18, "presence": 21})
    check_pins(config, chip)
    config["pins"]["presence"] = 34 if chip == "ESP32" else 30
    with pytest.raises(DeviceError, match=f"{chip}, where this cannot work: presence is on GPIO3"):
        check_pins(config, chip)


def test_the_keys_of_a_pager_may_be_where_only_its_board_has_a_pull_up() -> None:
    from overdoor.device.chips import check_pins

    stick = room_config(1, kind="pager", screen="st7789", pins={})
    check_pins(stick, "ESP32")
    stick["pins"] = {"buzzer": 36}
    with pytest.raises(DeviceError, match="buzzer is on GPIO36"):
        check_pins(stick, "ESP32")
    with pytest.raises(DeviceError, match="a is on GPIO37, b is on GPIO39"):
        check_pins(room_config(1, kind="pager", screen="st7789", pins={}), "ESP32C3")
