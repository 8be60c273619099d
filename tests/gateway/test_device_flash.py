"""`overdoor device flash`: what goes onto the board beside the firmware."""

import ssl
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from overdoor.cli import app
from overdoor.device import command
from overdoor.device.flash import Flashed

SHOP = """\
[shop]
id = "demo"
name = "Demo Shop"

[mqtt]
bind = "0.0.0.0"
tls_cert = "tls/broker.pem"
tls_key = "tls/broker.key"
ca = "tls/ca.pem"

[[zone]]
id = "women"
name = "Women"

[[room]]
id = "w1"
name = "Women 1"
zone = "women"
"""


def overdoor(*words: str | Path) -> None:
    wifi = {"OVERDOOR_WIFI_PASSWORD": "geheim"}
    ended = CliRunner(env=wifi).invoke(app, [str(word) for word in words])
    assert ended.exit_code == 0, ended.output


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What was put onto the board beside its config, at the last flash."""
    brought: dict[str, bytes] = {}

    @contextmanager
    def on_usb(_: str) -> Any:
        yield None

    def bring(_: Any, config: dict[str, Any], more: dict[str, bytes], *__: Any) -> Flashed:
        brought.update({config["broker"]["ca"]: more[config["broker"]["ca"]]})
        return Flashed(1, 0, 1, None)

    monkeypatch.setattr(command.Board, "open", on_usb)
    monkeypatch.setattr(command, "flash_board", bring)
    return brought


def test_after_a_new_authority_a_board_is_flashed_with_that_one(
    tmp_path: Path, brought: dict[str, bytes]
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(SHOP)
    overdoor("ca", "--config", file)
    overdoor("device", "add", "w1", "--wifi", "shop", "--broker", "127.0.0.1", "--config", file)
    ours = tmp_path / "tls"
    overdoor("device", "flash", "cp-w1", "--port", "usb", "--config", file)
    assert brought == {"ca.der": ssl.PEM_cert_to_DER_cert((ours / "ca.pem").read_text())}
    ours.rename(tmp_path / "tls.old")  # its key got out
    overdoor("ca", "--config", file)
    overdoor("device", "flash", "cp-w1", "--port", "usb", "--config", file)
    assert brought == {"ca.der": ssl.PEM_cert_to_DER_cert((ours / "ca.pem").read_text())}


def test_a_certificate_that_was_given_is_kept_until_another_one_is(
    tmp_path: Path, brought: dict[str, bytes]
) -> None:
    """Of a broker of the devices that is not the one of shop.toml."""
    file, ours, other = tmp_path / "shop.toml", tmp_path / "tls" / "ca.pem", tmp_path / "other.pem"
    file.write_text(SHOP)
    overdoor("ca", "--config", file)
    ours.parent.rename(tmp_path / "theirs")
    (tmp_path / "theirs" / "ca.pem").rename(other)
    overdoor("ca", "--config", file)
    where = ("--wifi", "shop", "--broker", "127.0.0.1:8884", "--config", file)
    overdoor("device", "add", "w1", "--ca", other, *where)
    given = {"ca.der": ssl.PEM_cert_to_DER_cert(other.read_text())}
    overdoor("device", "flash", "cp-w1", "--port", "usb", "--config", file)
    assert brought == given
    overdoor("device", "add", "w1", "--config", file)
    overdoor("device", "flash", "cp-w1-2", "--port", "usb", "--config", file)
    assert brought == given
    overdoor("device", "replace", "w1", "--device", "cp-w1", "--ca", ours, "--config", file)
    overdoor("device", "flash", "cp-w1-2", "--port", "usb", "--config", file)
    assert brought == {"ca.der": ssl.PEM_cert_to_DER_cert(ours.read_text())}
