"""The pages' certificate while the gateway runs: a new one is taken up, one that ends is told."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from overdoor.authority import CA_KEY, WEB, WEB_KEY, Authority
from overdoor.config import WebPart
from overdoor.renewal import DAY_S, Renewal, Tls, show_instead

NAMES = ["shop.lan"]
LIMIT_S = 60


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.of(tmp_path / "tls", "Shop", NAMES)


def valid_for(authority: Authority, days: int) -> x509.Certificate:
    now = datetime.now(UTC)
    return authority.issue(NAMES, now - timedelta(days=90), now + timedelta(days), WEB, WEB_KEY)


def pages(authority: Authority) -> WebPart:
    return WebPart(tls_cert=authority.folder / WEB, tls_key=authority.folder / WEB_KEY)


def renewal(authority: Authority, taken: list[x509.Certificate], clock: list[float]) -> Renewal:
    def take(tls: Tls) -> None:
        taken.append(tls.certificate)

    return Renewal(pages(authority), take, lambda: clock[0])


async def shown(port: int) -> x509.Certificate:
    """To who connects, by an address and without a name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(LIMIT_S):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    return x509.load_der_x509_certificate(der)


async def test_a_new_certificate_is_taken_up_once_both_its_files_are_there(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    valid_for(authority, 300)
    taken: list[x509.Certificate] = []
    follower = renewal(authority, taken, [0.0])
    old = (authority.folder / WEB).read_bytes()
    new = valid_for(authority, 400)
    arriving = (authority.folder / WEB).read_bytes()
    (authority.folder / WEB).write_bytes(old)  # its key came first, and does not fit
    await follower.look(asked=False)
    (authority.folder / WEB).write_bytes(arriving)
    for _ in range(3):
        await follower.look(asked=False)
    assert taken == [new]
    assert "cannot be served" not in capsys.readouterr().out


async def test_files_that_change_while_one_is_taken_up_spoil_nothing(authority: Authority) -> None:
    """What was found good is shown, not what is on the disk a moment later."""
    valid_for(authority, 300)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(authority.folder / WEB, authority.folder / WEB_KEY)

    def take(tls: Tls) -> None:
        (authority.folder / WEB_KEY).write_bytes((authority.folder / CA_KEY).read_bytes())
        show_instead(served, tls)

    async with await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=served
    ) as server:
        port = server.sockets[0].getsockname()[1]
        follower = Renewal(pages(authority), take)
        new = valid_for(authority, 400)
        await follower.look(asked=True)
        assert await shown(port) == new
        await follower.look(asked=True)
        assert await shown(port) == new


async def test_a_chain_that_was_mended_is_taken_up_though_its_certificate_is_the_same(
    authority: Authority,
) -> None:
    there = valid_for(authority, 300)
    file = authority.folder / WEB
    whole = file.read_bytes()
    file.write_bytes(there.public_bytes(Encoding.PEM))
    taken: list[x509.Certificate] = []
    follower = renewal(authority, taken, [0.0])
    file.write_bytes(whole)
    await follower.look(asked=True)
    assert taken == [there]


async def test_one_that_cannot_be_used_is_said_once_and_changes_nothing(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    valid_for(authority, 300)
    taken: list[x509.Certificate] = []
    follower = renewal(authority, taken, [0.0])
    (authority.folder / WEB_KEY).unlink()
    for _ in range(4):
        await follower.look(asked=False)
    assert taken == []
    assert capsys.readouterr().out.count("goes on") == 1
    await follower.look(asked=True)
    assert capsys.readouterr().out.count("goes on") == 1


async def test_one_that_ends_soon_is_said_every_day_until_it_is_renewed(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    valid_for(authority, 20)
    clock = [0.0]
    follower = renewal(authority, [], clock)
    for now in (0.0, DAY_S / 2, DAY_S, DAY_S * 1.5):
        clock[0] = now
        await follower.look(asked=False)
    assert capsys.readouterr().out.count("certificate ends on") == 2
    valid_for(authority, 300)
    await follower.look(asked=True)
    clock[0] = DAY_S * 3
    await follower.look(asked=False)
    assert "certificate ends on" not in capsys.readouterr().out


async def test_a_shop_without_https_has_nothing_to_renew(tmp_path: Path) -> None:
    await Renewal(WebPart(), lambda _: None).look(asked=True)
