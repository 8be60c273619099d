"""What the manager sees to on pages: rooms out of service or in test, calls that do not count."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from overdoor.authority import warning

from .api import Client

HTML = {"Accept": "text/html"}


async def room(shop: Client, room_id: str = "w1") -> dict[str, object]:
    found: dict[str, object] = (await shop.get(f"/rooms/{room_id}")).json()
    return found


async def test_a_room_is_out_of_service_for_so_long_and_opened_again(shop: Client) -> None:
    said = await shop.http.post("/rooms/w1/service", data={"service": "out", "minutes": "120"})
    assert (said.status_code, said.headers["location"]) == (303, "/rooms#w1")
    out = await room(shop)
    assert out["service"] == "out"
    ends = datetime.fromisoformat(str(out["service_until"])).timestamp() * 1000
    assert ends - shop.engine.clock() == 120 * 60_000
    page = (await shop.http.get("/rooms")).text
    assert "Open again" in page
    there = datetime.fromtimestamp(ends / 1000, shop.app.state.timezone)
    assert f"until {there:%H:%M}" in page
    await shop.http.post("/rooms/w1/service", data={"service": "open"})
    assert (await room(shop))["service"] == "open"


@pytest.mark.parametrize(
    "form", [{"service": "closed"}, {"service": "out", "minutes": "0"}, {"minutes": "30"}]
)
async def test_a_form_that_says_nonsense_changes_nothing(
    shop: Client, form: dict[str, str]
) -> None:
    assert (await shop.http.post("/rooms/w1/service", data=form)).status_code == 422
    assert (await room(shop))["service"] == "open"


async def test_a_closed_call_is_taken_out_of_the_numbers_with_a_reason(shop: Client) -> None:
    call = await shop.raised()
    page = (await shop.http.get(call)).text
    assert "Take it out" not in page
    await shop.post("/rooms/w1/cancel")
    assert "Take it out" in (await shop.http.get(call)).text
    refused = await shop.http.post(f"{call}/void", data={"reason": "  "}, headers=HTML)
    assert refused.status_code == 422
    assert "A reason is missing." in refused.text
    done = await shop.http.post(f"{call}/void", data={"reason": "fire drill"})
    assert (done.status_code, done.headers["location"]) == (303, call)
    page = (await shop.http.get(call)).text
    assert "fire drill" in page
    assert "Take it out" not in page
    assert "Voided" in (await shop.http.get("/dashboard/live")).text


def certificate(days: int) -> x509.Certificate:
    """One that ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.lan")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=800))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .sign(key, hashes.SHA256())
    )


async def test_a_certificate_that_ends_soon_is_said_from_thirty_days_on(shop: Client) -> None:
    shop.app.state.certificate = certificate(31)
    assert (await shop.http.get("/readyz")).json()["warnings"] == []
    shop.app.state.certificate = certificate(29)
    (said,) = (await shop.http.get("/readyz")).json()["warnings"]
    assert "the pages' certificate ends on " in said
    assert "certificate ends on " in (await shop.http.get("/dashboard/live")).text
    assert "phones refuse it" in (warning(certificate(-2)) or "")


async def test_a_shop_without_certificates_is_not_warned_of_any(shop: Client) -> None:
    assert (await shop.http.get("/readyz")).json()["warnings"] == []
