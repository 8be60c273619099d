"""Nobody can be reached: the ring, the dashboard and the record say so. And a pager that can be."""

import json
from typing import Any

from tests.system.conftest import Street, until


async def test_when_nobody_can_be_reached_the_ring_asks_to_call_out(street: Street) -> None:
    gateway = await street.gateway()
    room = await street.device("cp-w1")
    signed_on = await gateway.http.post("/api/v1/duty", json={"name": "Ana", "zone": "women"})
    bearer = {"Authorization": f"Bearer {signed_on.json()['token']}"}
    await room.press()
    raised = await room.hears("signal", lambda said: said["state"] == "raised")
    # Ana has no page open anywhere: after three seconds there is nobody left to try.
    away = await room.hears("signal", lambda said: said["state"] == "offline")
    assert away["call"] == raised["call"]
    call = await gateway.call_of("w1")
    assert call is not None
    assert (call["state"], call["unreached"]) == ("raised", True)
    assert "nobody could be reached" in (await gateway.http.get("/dashboard/live")).text

    # Her phone is back: it shows the call, and the ring is as before.
    room.forget()
    shown = f"/api/v1/calls/{call['id']}/receipt"
    await gateway.http.post(shown, json={"state": "shown"}, headers=bearer)
    await room.hears("signal", lambda said: said["state"] == "raised")


async def test_a_pager_that_says_what_it_shows_has_reached_somebody(street: Street) -> None:
    gateway = await street.gateway(start=False)
    gateway.config.write_text(gateway.config.read_text() + '\n[[pager]]\ndevice = "pg-1"\n')
    await gateway.start()
    pager, room = await street.device("pg-1"), await street.device("cp-w1")
    await pager.client.subscribe(pager.topic("page"), qos=1)
    await room.press()
    listed = await pager.hears("page", lambda said: said["calls"])
    shown = {"v": 1, "rev": listed["rev"], "state": "page"}
    await pager.client.publish(pager.topic("shown"), json.dumps(shown), qos=1)
    call = listed["calls"][0]["call"]

    async def reached() -> list[Any]:
        rows: list[Any] = (await gateway.get(f"/calls/{call}"))["reach"]
        return rows

    (row,) = await until(reached, "the pager's receipt is in the record")
    assert (row["who"], row["rung"], row["state"]) == ("pg-1", "pager", "shown")
