"""Updates as the gateway serves them: what is offered, asked for, and told."""

import json
from typing import Any

import pytest

from overdoor.core.inputs import DeviceSaid
from overdoor.core.model import DeviceStatus
from overdoor.store.updates import Kept
from overdoor.updates import PIECES_PER_S, Bundle, Stage, Updates

from .api import Client, assert_problem, serving
from .house import House, settled

BUNDLE = Bundle("0.2.0", b"manifest", "ab" * 32, [b"x" * 3000, b"y"])


def want(**changes: Any) -> bytes:
    body = {"v": 1, "bundle": "ab" * 16, "file": 1, "at": 1024, "size": 1024} | changes
    return json.dumps(body).encode()


@pytest.fixture
def updates(shop: Client) -> Updates:
    updates: Updates = shop.app.state.updates
    return updates


async def test_the_piece_that_is_asked_for(updates: Updates) -> None:
    offer = updates.offer("cp-w1", BUNDLE)
    piece = updates.piece("cp-w1", want())
    assert piece is not None
    head, _, data = piece.partition(b"\n")
    assert json.loads(head) == {"v": 1, "bundle": "ab" * 16, "file": 1, "at": 1024}
    assert data == b"x" * 1024
    assert (offer.stage, offer.sent) == (Stage.FETCHING, len(b"manifest") + 1024)
    assert updates.piece("cp-w2", want()) is None
    updates.close()


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"[]", b"{", b"\xff", b"[" * 500, b" " * 600, want(bundle="cd" * 16)]
    + [
        want(**{key: value})
        for key in ("file", "at", "size")
        for value in (-1, "1", None, True, 9999)
    ],
)
async def test_nonsense_gets_nothing(updates: Updates, nonsense: bytes) -> None:
    updates.offer("cp-w1", BUNDLE)
    assert updates.piece("cp-w1", nonsense) is None
    updates.close()


async def test_a_flood_gets_no_flood_back(updates: Updates) -> None:
    updates.offer("cp-w1", BUNDLE)
    served = [updates.piece("cp-w1", want()) for _ in range(5 * PIECES_PER_S)]
    assert sum(piece is not None for piece in served) <= 2 * PIECES_PER_S
    updates.close()


async def test_an_old_roll_back_is_not_taken_for_this_one(updates: Updates, shop: Client) -> None:
    old = {"version": "0.2.0", "state": "rolled-back", "reason": "once"}
    shop.engine.telemetry["cp-w1"] = {"update": old}
    offer = updates.offer("cp-w1", BUNDLE)
    updates.told("cp-w1", "0.1.0", old)
    assert offer.stage is Stage.WAITING
    offer.enter(Stage.STARTING)
    updates.told("cp-w1", "0.2.0", {"version": "0.2.0", "state": "trial"})
    assert offer.stage is Stage.TRIAL
    updates.told("cp-w1", "0.1.0", old)
    assert (offer.stage, offer.reason) == (Stage.ROLLED_BACK, "once")
    updates.close()


async def test_files_that_are_not_those_of_the_manifest(shop: Client) -> None:
    shop.engine.submit(DeviceSaid("cp-w1", DeviceStatus.ONLINE, False))
    await settled(shop.engine)
    manifest = "overdoor-firmware 1\nversion 0.2.0\n" + "ab" * 32 + " 1 overdoor/x.py\n"
    answer = await shop.http.put(
        "/api/v1/devices/cp-w1/update",
        json={"manifest": manifest, "mac": "ab" * 32, "files": ["eA=="]},
    )
    assert_problem(answer, 422, "The files are not those of the manifest.")


async def last_update(shop: Client, device: str = "cp-w1") -> Any:
    await settled(shop.engine)
    listed = (await shop.get("/devices")).json()["devices"]
    found = next(each for each in listed if each["id"] == device)["last_update"]
    assert (await shop.get(f"/devices/{device}")).json()["last_update"] == found
    return found


async def test_how_the_last_update_ended_outlives_the_gateway(house: House) -> None:
    confirmed = {"version": "0.2.0", "state": "confirmed"}
    async with serving(house) as shop:
        shop.engine.submit(DeviceSaid("cp-w1", DeviceStatus.ONLINE, False))
        assert await last_update(shop) is None
        updates: Updates = shop.app.state.updates
        updates.offer("cp-w1", BUNDLE)
        updates.told("cp-w1", "0.2.0", {"version": "0.2.0", "state": "trial"})
        assert (await last_update(shop))["stage"] == "trial"
        updates.close()
    async with serving(house) as shop:  # it was confirmed meanwhile
        assert (await last_update(shop))["stage"] == "trial"
        updates = shop.app.state.updates
        updates.told("cp-w1", "0.1.0", {"version": "0.0.9", "state": "rolled-back"})
        assert (await last_update(shop))["stage"] == "trial"
        updates.told("cp-w1", "0.2.0", confirmed)
        updates.close()
    async with serving(house) as shop:
        kept = await last_update(shop)
        assert (kept["version"], kept["stage"], kept["reason"]) == ("0.2.0", "confirmed", None)


async def test_why_a_device_went_back_is_kept(updates: Updates, shop: Client) -> None:
    shop.engine.submit(DeviceSaid("cp-w1", DeviceStatus.ONLINE, False))
    back = {"version": "0.2.0", "state": "rolled-back", "reason": "it does not start"}
    updates.offer("cp-w1", BUNDLE)
    updates.told("cp-w1", "0.1.0", back)
    kept = await last_update(shop)
    assert (kept["stage"], kept["reason"]) == ("rolled-back", "it does not start")
    updates.close()


async def test_a_refusal_is_not_taken_for_what_was_before(updates: Updates, shop: Client) -> None:
    shop.engine.submit(DeviceSaid("cp-w1", DeviceStatus.ONLINE, False))
    refused = Kept("cp-w1", 1, "0.2.0", "refused", "flash is too small")
    shop.engine.keep([refused.statement()])
    await settled(shop.engine)
    updates.told("cp-w1", "0.1.0", {"version": "0.2.0", "state": "rolled-back", "reason": "once"})
    assert (await last_update(shop))["stage"] == "refused"
