"""Orders to devices: asked for over HTTP, carried by the bus, answered by the device."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from overdoor.bus.payloads import Nonsense, parse_info, parse_result
from overdoor.core.inputs import DeviceSaid
from overdoor.core.model import DeviceStatus
from overdoor.device.api import readable
from overdoor.orders import Answer, NoAnswer, Order, Orders

from .api import Client, assert_problem
from .broker import HOST, Broker, gateway
from .house import TIMEOUT_S, settled

COMMAND = "/devices/cp-w1/command"


async def has(shop: Client, status: DeviceStatus) -> None:
    shop.engine.submit(DeviceSaid("cp-w1", status, False))
    await settled(shop.engine)


def answering(shop: Client, reason: str | None = None, **data: Any) -> list[Order]:
    """The device answers each order so; the orders that it got."""
    orders: Orders = shop.app.state.orders
    carried: list[Order] = []

    def carry(order: Order) -> bool:
        carried.append(order)
        orders.answered("cp-w2", Answer(order.id, None, {"from": "another one"}))
        orders.answered("cp-w1", Answer("another order", None, {}))
        orders.answered("cp-w1", Answer(order.id, reason, data))
        orders.answered("cp-w1", Answer(order.id, None, {"said": "twice"}))
        return True

    orders.carried_by(carry)
    return carried


async def test_an_order_is_answered_by_the_device_that_got_it(shop: Client) -> None:
    await has(shop, DeviceStatus.ONLINE)
    shop.engine.broker(up=True)
    carried = answering(shop, rssi=-60)
    answer = await shop.post(COMMAND, verb="report")
    assert answer.json() == {"device": "cp-w1", "verb": "report", "data": {"rssi": -60}}
    assert [(order.device, order.verb) for order in carried] == [("cp-w1", "report")]


async def test_what_a_device_refuses_is_a_conflict(shop: Client) -> None:
    await has(shop, DeviceStatus.ONLINE)
    shop.engine.broker(up=True)
    answering(shop, reason="a press waits for its receipt")
    answer = await shop.post(COMMAND, verb="restart")
    assert_problem(answer, 409, "cp-w1 refuses: a press waits for its receipt.")


async def test_a_device_that_is_away_gets_no_order(shop: Client) -> None:
    await has(shop, DeviceStatus.OFFLINE)
    shop.engine.broker(up=True)
    carried = answering(shop)
    assert_problem(await shop.post(COMMAND, verb="identify"), 409, "not connected")
    assert carried == []


async def test_a_device_of_the_shop_that_was_never_there_keeps_nobody_waiting(
    shop: Client,
) -> None:
    shop.engine.broker(up=True)
    carried = answering(shop)
    assert_problem(await shop.post(COMMAND, verb="identify"), 409, "not connected")
    assert carried == []


async def test_without_a_broker_there_are_no_orders(shop: Client) -> None:
    await has(shop, DeviceStatus.ONLINE)
    assert_problem(await shop.post(COMMAND, verb="identify"), 503, "broker")
    shop.engine.broker(up=True)  # it is there again, but not yet for us
    assert_problem(await shop.post(COMMAND, verb="identify"), 503, "broker")


async def test_a_device_that_nobody_knows_is_not_found(shop: Client) -> None:
    assert_problem(await shop.post("/devices/nobody/command", verb="identify"), 404, "nobody")


@pytest.mark.parametrize("body", [{}, {"verb": "dance"}, {"verb": "restart", "at": "once"}])
async def test_orders_without_sense(shop: Client, body: dict[str, Any]) -> None:
    assert_problem(await shop.post(COMMAND, **body), 422)


async def test_a_device_that_does_not_answer() -> None:
    orders = Orders()
    orders.carried_by(lambda _: True)
    with pytest.raises(NoAnswer):
        await orders.give("cp-w1", "identify", {}, limit_s=0)
    assert orders._waiting == {}


@pytest.mark.parametrize("kind", ["mosquitto", "iotcore"])
async def test_over_a_real_broker(kind: str, tmp_path: Path) -> None:
    broker, orders = Broker(kind, tmp_path), Orders()
    try:
        async with (
            gateway(tmp_path, broker.port, orders=orders),
            aiomqtt.Client(HOST, broker.port) as bare,
        ):
            topic = "overdoor/1/test/device/cp-w1/"
            await bare.subscribe(topic + "command", qos=1)
            giving = asyncio.create_task(orders.give("cp-w1", "identify", {}))
            async with asyncio.timeout(TIMEOUT_S):
                message = await anext(bare.messages)
            order = json.loads(message.payload)
            assert (order["v"], order["verb"], order["args"]) == (1, "identify", {})
            assert not message.retain
            result = {"v": 1, "id": order["id"], "status": "ok", "data": {"x": 1}}
            await bare.publish(topic + "result", json.dumps(result), qos=1)
            assert (await giving).data == {"x": 1}
    finally:
        broker.stop()


def info(**more: Any) -> tuple[Any, dict[str, Any]]:
    parsed = parse_info("cp-w1", json.dumps({"v": 1, "kind": "callpoint"} | more).encode())
    assert not isinstance(parsed, Nonsense)
    return parsed


@pytest.mark.parametrize("mode", ["odd", 5, None])
def test_a_mode_that_nobody_knows_is_left_out(mode: object) -> None:
    assert info(mode=mode, trouble=[])[1] == {}


async def test_safe_mode_is_told_to_the_manager_and_to_programs(shop: Client) -> None:
    await has(shop, DeviceStatus.ONLINE)
    told = info(mode="safe", trouble=["no progress of lights", 5, "x" * 1000])[1]
    assert told == {"mode": "safe", "trouble": ["no progress of lights"]}
    shop.engine.telemetry["cp-w1"] = told
    devices = (await shop.get("/devices")).json()["devices"]
    assert next(one for one in devices if one["id"] == "cp-w1")["mode"] == "safe"
    page = (await shop.http.get("/")).text
    assert "cp-w1 is in safe mode" in page
    shop.engine.telemetry["cp-w1"] = info(mode="normal", trouble=[])[1]
    assert "safe mode" not in (await shop.http.get("/")).text


def result(**but: Any) -> bytes:
    return json.dumps({"v": 1, "id": "a", "status": "ok", "data": {}} | but).encode()


def test_results_are_read() -> None:
    assert parse_result(result(data={"n": 1})) == Answer("a", None, {"n": 1})
    assert parse_result(result(data=None)) == Answer("a", None, {})
    refused = result(status="error", data={"reason": "not now"})
    assert parse_result(refused) == Answer("a", "not now", {"reason": "not now"})
    assert parse_result(result(status="error")) == Answer("a", "no reason given", {})
    assert parse_result(result(data={"half": "\ud800"})) == Answer("a", None, {"half": "?"})


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"\xff", result(id=5), result(status="maybe"), result(data="x" * 70_000)],
    ids=lambda payload: repr(payload[:30]),
)
def test_results_without_sense(payload: bytes) -> None:
    assert isinstance(parse_result(payload), Nonsense)


def test_a_report_is_lines_without_anything_that_moves_a_cursor() -> None:
    log = [[1500, "boot 1"], [61000, "link: \x1b[2Jgone"], "no line", [None, "x"]]
    assert readable({"rssi": -60, "caps": ["call", "lamp"], "log": log}) == [
        "rssi  -60",
        "caps  call, lamp",
        "       1.5  boot 1",
        "      61.0  link: ?[2Jgone",
    ]
    assert readable({"log": 5}) == []
