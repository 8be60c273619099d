"""Whom the pages answer."""

import pytest

from .api import API, Client, assert_problem


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ],
)
async def test_a_page_from_elsewhere_cannot_cancel_a_call(
    shop: Client, headers: dict[str, str]
) -> None:
    await shop.raised()
    answer = await shop.http.post(f"{API}/rooms/w1/cancel", headers=headers)
    assert_problem(answer, 403)
    assert "w1" in shop.engine.committed.calls


async def test_our_own_page_and_a_program_can(shop: Client) -> None:
    own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert (await shop.http.post(f"{API}/rooms/w1/call", headers=own)).status_code == 201
    assert (await shop.http.post(f"{API}/rooms/w1/cancel")).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", ""])
async def test_a_name_that_is_not_ours_is_not_answered(shop: Client, host: str) -> None:
    assert_problem(await shop.http.get(f"{API}/rooms", headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST"])
async def test_our_own_names_are(shop: Client, host: str) -> None:
    assert (await shop.http.get(f"{API}/rooms", headers={"Host": host})).status_code == 200


async def test_every_answer_forbids_foreign_scripts(shop: Client) -> None:
    for path in ("/", "/handheld", f"{API}/rooms", "/nowhere"):
        policy = (await shop.http.get(path)).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
