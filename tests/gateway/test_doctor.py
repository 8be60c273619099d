"""`overdoor doctor`: what helps is in it, and not one of the secrets that were planted."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from overdoor.cli import app
from overdoor.config import ConfigError
from overdoor.store import Store
from overdoor.store.accounts import Role

from .test_cli import write_shop
from .test_durable import full_disk

PLANTED = {
    "broker": "br0ker-pa:ss",
    "channel": "tgramB0tT0ken99",
    "mail": "mailPassw0rd",
    "webhook": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "hook": "h00kPathT0ken",
    "query": "qu3ryT0ken",
    "contact": "it-person@shop.example",
    "device": 'dev1ce-pass"word',
    "wifi": "w1fi pass/word",
    "update": "0badcafe" * 8,
    "cards": "ca4d5" * 8,
    "tags": "7a65ec4e7" * 4,
    "push": "MIGHAgEAMBMGByqGSM49AgEGpush",
    "tls": "MIGHAgEAMBMGByqGSM49AgEGtls0",
    "person": "Ana",
    "join": "j0inT0kenThatOpensTheShop",
    "bearer": "b3arerT0kenOfAProgram",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop with a secret wherever a shop can have one, and a log that repeats them all."""
    file = write_shop(tmp_path)
    text = file.read_text().replace(
        'url = "embedded"', 'url = "mqtt://gateway:br0ker-pa%3Ass@127.0.0.1:1"'
    )
    file.write_text(
        text
        + f"""
[notify]
contact = "mailto:{PLANTED["contact"]}"
push_services = []

[[channel]]
id = "office"
url = "json://{PLANTED["channel"]}/hook"

[report]
to = ["mailto://user:{PLANTED["mail"]}@mail.example?to=manager@shop.example"]

[[webhook]]
id = "chat"
url = "https://chat.shop.example/overdoor/{PLANTED["hook"]}?key={PLANTED["query"]}"
secret = "{PLANTED["webhook"]}"
"""
    )
    data, devices, tls = tmp_path / "data", tmp_path / "devices", tmp_path / "tls"
    store = Store(data)
    store._db.execute("INSERT INTO person VALUES ('d1', ?, 'hash', NULL)", (PLANTED["person"],))
    store._db.execute(
        "INSERT INTO account VALUES ('a1', ?, 'k', ?, '[]', '[]', 'argon', 1, 1, NULL)",
        (PLANTED["person"], Role.MANAGER),
    )
    store.close()
    devices.mkdir()
    tls.mkdir()
    device: dict[str, Any] = {"broker": {"user": "cp-w1", "password": PLANTED["device"]}}
    device |= {
        "wifi": {"ssid": "Shop", "password": PLANTED["wifi"]},
        "update_key": PLANTED["update"],
    }
    (devices / "cp-w1.json").write_text(json.dumps(device))
    (data / "cards.json").write_text(json.dumps({"secret": PLANTED["cards"], "turns": {}}))
    (data / "tags.json").write_text(json.dumps({"secret": PLANTED["tags"], "tags": {}}))
    pem = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"
    (data / "vapid.pem").write_text(pem.format(PLANTED["push"]))
    (tls / "web.key").write_text(pem.format(PLANTED["tls"]))
    lines = [
        f"something failed with {value}"
        for name, value in PLANTED.items()
        if name not in ("contact", "join", "bearer")
    ]
    lines += [f"GET /join/{PLANTED['join']}", f"Authorization: Bearer {PLANTED['bearer']}"]
    lines += [json.dumps({"event": "not connected", "password": PLANTED["device"]})]
    (tmp_path / "overdoor.log").write_text("\n".join([*lines, "the disk is slow"]))
    return file


def bundled(shop: Path) -> dict[str, str]:
    bundle = shop.parent / "bundle.zip"
    words = ["doctor", str(bundle), "-c", str(shop), "--log", str(shop.parent / "overdoor.log")]
    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == 0, ended.exception
    with zipfile.ZipFile(bundle) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_no_secret_is_in_it(shop: Path) -> None:
    everything = "\n".join(bundled(shop).values())
    for name, secret in PLANTED.items():
        assert secret not in everything, name
        assert json.dumps(secret)[1:-1] not in everything, name
    assert "br0ker-pa%3Ass" not in everything
    assert "manager@shop.example" not in everything


def test_what_helps_is_in_it(shop: Path) -> None:
    parts = bundled(shop)
    config = json.loads(parts["config.json"])
    assert config["mqtt"]["url"] == "mqtt://127.0.0.1:1"
    assert config["webhook"][0]["secret"] == "(left out)"
    assert config["room"][0]["name"] == "Women 1"
    assert "✗  The broker at 127.0.0.1:1 does not answer" in parts["check.txt"]
    assert "the disk is slow" in parts["log.txt"]
    assert "overdoor" in parts["machine.txt"]
    database = json.loads(parts["database.json"])
    assert database["check"] == "ok"
    assert database["rows"]["person"] == 1
    assert "sqlite-utils" in parts["machine.txt"]


def test_words_that_every_log_has_are_no_secrets(shop: Path) -> None:
    parts = bundled(shop)
    assert "gateway" in json.dumps(parts)  # the broker's user
    shop.write_text(
        shop.read_text().replace("mqtt://gateway:br0ker-pa%3Ass@127.0.0.1:1", "embedded")
    )
    (shop.parent / "bundle.zip").unlink()
    assert "The embedded broker" in bundled(shop)["check.txt"]


def test_a_full_disk_leaves_no_empty_bundle(shop: Path) -> None:
    target = shop.parent / "bundle.zip"
    with full_disk(left=100):
        ended = CliRunner().invoke(app, ["doctor", str(target), "-c", str(shop)])
    assert isinstance(ended.exception, ConfigError)
    assert "cannot be written" in str(ended.exception)
    assert not target.exists()


def test_what_cannot_be_packed_is_one_sentence_and_leaves_nothing(shop: Path) -> None:
    for target, more, said in (
        (shop.parent / "bundle.zip", ["--log", "/nowhere/log"], "/nowhere/log cannot be read"),
        (shop / "bundle.zip", [], "bundle.zip cannot be written: Not a directory"),
    ):
        ended = CliRunner().invoke(app, ["doctor", str(target), "-c", str(shop), *more])
        assert isinstance(ended.exception, ConfigError)
        assert said in str(ended.exception)
        assert not target.exists()


def test_it_never_overwrites(shop: Path) -> None:
    (shop.parent / "bundle.zip").write_text("mine")
    words = ["doctor", str(shop.parent / "bundle.zip"), "-c", str(shop)]
    assert isinstance(CliRunner().invoke(app, words).exception, ConfigError)
    assert (shop.parent / "bundle.zip").read_text() == "mine"
