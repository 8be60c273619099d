"""The HTTP API beside calls: duty, service, problems, readiness, the stream."""

import asyncio
import json
from typing import Any

import pytest

from overdoor.core.times import rfc3339
from overdoor.store import Retention

from .api import API, Client, assert_problem
from .house import House, settled
from .shop import an_event

# -- duty ----------------------------------------------------------------------------------------


async def test_somebody_signs_on_moves_takes_a_break_comes_back_and_signs_off(
    shop: Client,
) -> None:
    ana = await shop.sign_on("Ana")
    assert (await shop.post("/duty", ana, zone="men")).json()["zone"] == "men"
    assert (await shop.post("/duty", ana, paused=True)).json()["paused"] is True
    assert (await shop.post("/duty", ana, paused=False)).json()["paused"] is False
    bearer = {"Authorization": f"Bearer {ana}"}
    assert (await shop.http.delete(f"{API}/duty", headers=bearer)).status_code == 204
    assert_problem(await shop.post("/duty", ana, zone="women"), 401)
    assert shop.engine.committed.duties == {}


async def test_after_the_shift_nothing_tells_who_it_was(shop: Client, house: House) -> None:
    ana = await shop.sign_on("Ana")
    await shop.http.delete(f"{API}/duty", headers={"Authorization": f"Bearer {ana}"})
    assert shop.engine.store.people() == {}


async def test_signing_on_again_elsewhere_ends_the_earlier_shift(shop: Client) -> None:
    first, second = await shop.sign_on("Ana"), await shop.sign_on("ana", "men")
    assert_problem(await shop.post("/duty", first, paused=True), 401)
    assert (await shop.post("/duty", second, paused=True)).status_code == 200


async def test_a_name_signs_on_once_however_often_it_is_tapped(shop: Client) -> None:
    await asyncio.gather(*(shop.post("/duty", name="Ana", zone="women") for _ in range(5)))
    assert len(shop.engine.committed.duties) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Ana"},
        {"name": "Ana", "zone": "moon"},
        {"name": "   ", "zone": "women"},
        {"name": "x" * 41, "zone": "women"},
        {"name": "\ud800", "zone": "women"},
        {"name": 5, "zone": "women"},
        {"nmae": "Ana"},
    ],
)
async def test_a_sign_on_that_makes_no_sense_is_not_understood(
    shop: Client, body: dict[str, object]
) -> None:
    content = json.dumps(body)
    headers = {"Content-Type": "application/json"}
    answer = await shop.http.post(f"{API}/duty", content=content, headers=headers)
    assert_problem(answer, 422)
    assert shop.engine.committed.duties == {}


# -- service -------------------------------------------------------------------------------------


async def test_out_of_service_ends_by_itself_after_half_an_hour(shop: Client, house: House) -> None:
    answer = await shop.post("/rooms/w1/service", service="out")
    assert answer.json()["service_until"] == "2026-09-21T14:43:20.000Z"
    await shop.engine.do(an_event())
    assert shop.engine.committed.calls == {}


async def test_a_call_in_a_room_under_test_is_a_test_and_not_counted(shop: Client) -> None:
    await shop.post("/rooms/w1/service", service="test")
    call = await shop.raised()
    assert (await shop.get(call)).json()["kind"] == "test"
    since = {"from": "2026-01-01T00:00:00Z"}
    assert (await shop.get("/insight/summary", **since)).json()["calls"] == 0


@pytest.mark.parametrize(
    "until", ["2020-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "tomorrow", "0001-01-01T00:00"]
)
async def test_an_end_of_service_that_makes_no_sense_is_not_understood(
    shop: Client, until: str
) -> None:
    assert_problem(await shop.post("/rooms/w1/service", service="out", until=until), 422)
    assert (await shop.get("/rooms")).status_code == 200


# -- problems ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/rooms/nowhere", "", 404),
        ("POST", "/rooms/nowhere/call", "{}", 404),
        ("POST", "/rooms/nowhere/cancel", "{}", 404),
        ("GET", "/calls/nothing", "", 404),
        ("GET", "/calls/%00%ff", "", 404),
        ("GET", "/nonsense", "", 404),
        ("DELETE", "/rooms", "", 405),
        ("PUT", "/duty", "{}", 405),
        ("POST", "/rooms/w1/cancel", "", 409),
        ("GET", "/calls?state=asleep", "", 422),
        ("GET", "/calls?from=yesterday", "", 422),
        ("GET", "/calls?limit=0", "", 422),
        ("GET", f"/calls?cursor={'x' * 27}", "", 422),
        ("POST", "/rooms/w1/service", "{", 422),
        ("POST", "/rooms/w1/service", "[]", 422),
        ("POST", "/rooms/w1/service", '{"service":"closed"}', 422),
        ("POST", "/rooms/w1/call", '{"need":"a coffee"}', 422),
        ("POST", "/rooms/w1/call", '{"ned":"question"}', 422),
        ("POST", "/rooms/w1/call", "\x00", 422),
    ],
)
async def test_every_error_is_a_problem_in_json(
    shop: Client, method: str, path: str, body: str, status: int
) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(
        await shop.http.request(method, API + path, content=body, headers=headers), status
    )


@pytest.mark.parametrize("path", ["/nowhere", "/calls/none"])
async def test_who_reads_pages_is_told_on_a_page(shop: Client, path: str) -> None:
    answer = await shop.http.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no" in answer.text
    assert 'href="/"' in answer.text


async def test_a_mistake_of_ours_is_a_problem_too(
    shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(shop.engine.store, "calls", broken)
    answer = await shop.get("/calls")
    assert_problem(answer, 500)
    assert "broken" not in answer.text


async def test_what_cannot_be_stored_is_503_and_changes_nothing(shop: Client) -> None:
    shop.engine._writer._db.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON event "
        "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
    )
    assert_problem(await shop.post("/rooms/w1/call"), 503, "full")
    assert (await shop.get("/calls")).json()["calls"] == []


# -- readiness and the stream --------------------------------------------------------------------


async def test_ready_says_why_it_is_not(shop: Client) -> None:
    answer = await shop.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["the broker is not connected"]
    shop.engine.broker(up=True)
    assert (await shop.http.get("/readyz")).status_code == 200
    shop.engine.trouble = "nothing can be stored: the disk is full"
    answer = await shop.http.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, [shop.engine.trouble])
    assert (await shop.http.get("/healthz")).status_code == 200


async def test_metrics_count_the_open_calls(shop: Client) -> None:
    await shop.raised()
    text = (await shop.http.get("/metrics")).text
    assert 'overdoor_open_calls{state="raised"} 1.0' in text


async def test_it_says_how_far_back_the_record_goes_and_what_went(shop: Client) -> None:
    assert (await shop.http.get("/readyz")).json()["retention"] is None
    engine = shop.engine
    engine.retention = Retention(engine._writer, engine._loop, engine.clock, 30 * 86_400_000)
    said = (await shop.http.get("/readyz")).json()["retention"]
    assert said == {"keep_days": 30, "ran_at": None, "removed": 0, "trouble": None}
    of = shop.engine.retention
    assert of is not None
    of.begin()
    while of.ran_at is None:
        await settled(shop.engine)
    of.removed = 12
    said = (await shop.http.get("/readyz")).json()["retention"]
    assert (said["ran_at"], said["removed"]) == (rfc3339(of.ran_at), 12)
    text = (await shop.http.get("/metrics")).text
    assert "overdoor_events_removed_total 12.0" in text
    assert f"overdoor_retention_ran_timestamp_seconds {of.ran_at / 1000:g}" in text


def data_of(message: str) -> dict[str, Any]:
    (line,) = [line for line in message.splitlines() if line.startswith("data: ")]
    data: dict[str, Any] = json.loads(line.removeprefix("data: "))
    return data


async def test_the_stream_says_where_it_is_and_then_what_changed(shop: Client) -> None:
    async with shop.stream() as said:
        first = data_of(await said.get())
        assert (first["seq"], first["changed"]) == (shop.engine.seq, [])
        call = (await shop.raised()).removeprefix("/calls/")
        poke = data_of(await said.get())
        assert poke["seq"] == shop.engine.seq
        assert set(poke["changed"]) >= {"room:w1", f"call:{call}"}


async def test_the_stream_tells_of_the_broker(shop: Client) -> None:
    async with shop.stream() as said:
        await said.get()
        shop.engine.broker(up=True)
        assert data_of(await said.get())["changed"] == ["gateway"]


async def test_a_gateway_that_stops_ends_its_streams(shop: Client) -> None:
    async with shop.stream() as said:
        await said.get()
        shop.app.state.hub.close()
        assert await said.get() == ""


# -- devices -------------------------------------------------------------------------------------


async def test_every_device_is_listed_with_its_room_and_one_that_knocked_without(
    shop: Client,
) -> None:
    await shop.engine.do(an_event(device="cp-new"))
    listed = {device["id"]: device for device in (await shop.get("/devices")).json()["devices"]}
    assert listed["cp-w1"]["room"] == "w1"
    assert (listed["cp-w1"]["heard"], listed["cp-w1"]["status"]) == (None, "unknown")
    assert listed["cp-new"]["room"] is None
    assert listed["cp-new"]["heard"] is not None
