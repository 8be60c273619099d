"""The shop's own certificates: who accepts them, for how long, and who can read the keys."""

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from overdoor import authority, trust
from overdoor.authority import Authority, AuthorityError
from overdoor.cli import app

from .test_cli import overdoor, write_shop

NAMES = ["overdoor.shop.lan", "192.168.1.10", "localhost", "127.0.0.1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tls"


def handshake(folder: Path, name: str, file: str = authority.WEB) -> str:
    """What a client that trusts the shop's CA, and nothing else, says to its server."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / file, folder / file.replace(".pem", ".key"))
    client = ssl.create_default_context(cafile=str(folder / authority.CA))
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name):
            return "trusted"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        here.close()
        thread.join()


def test_every_name_and_address_is_trusted_and_no_other(folder: Path) -> None:
    Authority.of(folder, "Demo", NAMES).issue_for_pages(NAMES)
    assert {handshake(folder, name) for name in NAMES} == {"trusted"}
    assert "mismatch" in handshake(folder, "other.shop.lan")


def test_keys_are_their_owners_alone(folder: Path) -> None:
    vouching = Authority.of(folder, "Demo", NAMES)
    vouching.issue_for_pages(NAMES)
    vouching.issue_for_broker(NAMES)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.glob("*.key")}
    assert modes == {"ca.key": 0o600, "web.key": 0o600, "broker.key": 0o600}


def test_phones_get_what_they_accept_and_devices_what_needs_no_clock(folder: Path) -> None:
    vouching = Authority.of(folder, "Demo", NAMES)
    pages, broker = vouching.issue_for_pages(NAMES), vouching.issue_for_broker(NAMES)
    assert pages.not_valid_after_utc - pages.not_valid_before_utc <= timedelta(days=825)
    boot = datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)
    for certificate in (vouching.certificate, broker):
        assert certificate.not_valid_before_utc <= boot < certificate.not_valid_after_utc
    for certificate in (pages, broker):
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert x509.ExtendedKeyUsageOID.SERVER_AUTH in usage


def test_a_second_time_nobody_has_to_trust_anything_anew(folder: Path) -> None:
    first = Authority.of(folder, "Demo", NAMES)
    again = Authority.of(folder, "Demo", NAMES)
    assert authority.fingerprint(again.certificate) == authority.fingerprint(first.certificate)
    again.issue_for_pages(["127.0.0.1", "10.3.4.5"])  # it moved to another private address
    assert handshake(folder, "10.3.4.5") == "trusted"


@pytest.mark.parametrize("name", ["bank.example", "8.8.8.8", "shop.lan.example"])
def test_it_vouches_for_the_shops_own_network_only(folder: Path, name: str) -> None:
    vouching = Authority.of(folder, "Demo", NAMES)
    with pytest.raises(AuthorityError, match="made without"):
        vouching.issue_for_pages([name])


def test_a_stolen_key_is_no_use_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vouching = Authority.of(folder, "Demo", NAMES)
    monkeypatch.setattr(Authority, "_vouches_for", lambda *_: True)  # a thief asks nobody
    vouching.issue_for_pages(["bank.example"])
    assert "permitted subtree" in handshake(folder, "bank.example")


def test_the_command_makes_them_and_says_what_is_next(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    ended = overdoor("ca", "overdoor.shop.lan", "-c", file)
    assert ended.returncode == 0, ended.stderr
    assert 'tls_cert = "tls/web.pem"' in ended.stdout
    assert handshake(tmp_path / "tls", "overdoor.shop.lan") == "trusted"
    assert handshake(tmp_path / "tls", "127.0.0.1", authority.BROKER) == "trusted"


def test_a_broker_on_an_address_that_is_not_private_is_vouched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "_own_address", lambda: "203.0.113.7")
    file = write_shop(tmp_path)
    file.write_text(file.read_text().replace("[mqtt]\n", '[mqtt]\nbind = "0.0.0.0"\n', 1))
    for _ in range(2):
        ended = CliRunner().invoke(app, ["ca", "-c", str(file)])
        assert ended.exit_code == 0, ended.exception
    assert handshake(tmp_path / "tls", "203.0.113.7", authority.BROKER) == "trusted"
