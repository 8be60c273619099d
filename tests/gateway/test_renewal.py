"""The pages' certificate while the gateway runs: a new one is taken up, one that ends is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from overdoor.authority import WEB, WEB_KEY, Authority
from overdoor.config import WebPart
from overdoor.renewal import DAY_S, Renewal

NAMES = ["shop.lan"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.of(tmp_path / "tls", "Shop", NAMES)


def valid_for(authority: Authority, days: int) -> x509.Certificate:
    now = datetime.now(UTC)
    return authority.issue(NAMES, now - timedelta(days=90), now + timedelta(days), WEB, WEB_KEY)


def renewal(authority: Authority, taken: list[x509.Certificate], clock: list[float]) -> Renewal:
    folder = authority.folder
    web = WebPart(tls_cert=folder / WEB, tls_key=folder / WEB_KEY)
    return Renewal(web, taken.append, lambda: clock[0])


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
