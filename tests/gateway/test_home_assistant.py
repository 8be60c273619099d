"""What is announced to Home Assistant. `make home-assistant` asks the real one."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from jsonschema import Draft202012Validator

from overdoor.bus import Discovery
from overdoor.core.inputs import Configured, DeviceDescribed
from overdoor.core.model import Pager, Plan, Room, Zone
from overdoor.engine import Engine

from .broker import HOST, Broker, device, gateway
from .house import TIMEOUT_S
from .shop import a_plan

_numbers = count()

# By https://www.home-assistant.io/integrations/mqtt/ and the pages of these four platforms.
ENTITY = Draft202012Validator(
    {
        "type": "object",
        "required": ["unique_id", "state_topic", "device", "origin"],
        "properties": {
            "unique_id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "object_id": {"type": "string", "pattern": "^[a-z0-9_]+$"},
            "name": {"type": "string", "minLength": 1},
            "state_topic": {"type": "string", "pattern": "^overdoor/1/"},
            "value_template": {"type": "string", "pattern": r"^\{"},
            "entity_category": {"const": "diagnostic"},
            "availability_mode": {"const": "all"},
            "availability": {
                "type": "array",
                "items": {"type": "object", "required": ["topic"]},
                "minItems": 1,
            },
            "device": {
                "type": "object",
                "required": ["identifiers", "name"],
                "properties": {
                    "identifiers": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    "name": {"type": "string"},
                    "configuration_url": {"type": "string", "pattern": "^https?://"},
                    "via_device": {"type": "string"},
                    "suggested_area": {"type": "string"},
                },
            },
            "origin": {"type": "object", "required": ["name"]},
        },
    }
)
CLASSES = {
    "event": {"button"},
    "sensor": {"enum", "signal_strength", "duration"},
    "binary_sensor": {"light", "connectivity"},
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    running = Broker("mosquitto", tmp_path_factory.mktemp("broker"))
    yield running
    running.stop()


@pytest.fixture
def shop() -> str:
    return f"ha-{next(_numbers)}"


def announcing(shop: str, *, wanted: bool = True) -> Callable[[Engine], Discovery]:
    return lambda engine: Discovery(
        engine,
        shop,
        "Test Shop",
        prefix=f"disco/{shop}",
        wanted=wanted,
        url="http://overdoor.shop.lan:8080",
        language="en",
    )


class Listener:
    """What is retained under the prefix, by component and object; None: cleared."""

    def __init__(self, client: aiomqtt.Client, shop: str) -> None:
        self.client = client
        self.found: dict[str, Any] = {}
        self.count = 0
        self._prefix = f"disco/{shop}/"
        self._shop = shop
        self._more = asyncio.Event()

    async def listen(self) -> None:
        await self.client.subscribe(f"{self._prefix}#", qos=1)
        async for message in self.client.messages:
            place = str(message.topic).removeprefix(self._prefix)
            if place != "status":
                key = place.replace(f"/overdoor-{self._shop}/", " ").removesuffix("/config")
                payload = bytes(message.payload)  # type: ignore[arg-type]
                self.found[key] = json.loads(payload) if payload else None
                self.count += 1
            self._more.set()

    async def until(self, true: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not true():
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"announced: {sorted(self.found)}") from None

    def now(self) -> set[str]:
        return {key for key, config in self.found.items() if config is not None}


@asynccontextmanager
async def listener(port: int, shop: str) -> AsyncIterator[Listener]:
    async with aiomqtt.Client(HOST, port) as client:
        one = Listener(client, shop)
        listening = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def the_shop(*, rooms: int = 2) -> Plan:
    all_rooms = {
        "w1": Room("w1", "Women 1", "women", (4.0, 2.5), ("cp-w1",)),
        "w2": Room("w2", "Women 2", "women", (6.0, 2.5), ("button-w2", "lamp-w2")),
    }
    kept = dict(list(all_rooms.items())[:rooms])
    pagers = {"pg-1": Pager("pg-1")} if rooms == 2 else {}
    return replace(a_plan(), zones={"women": Zone("women", "Women")}, rooms=kept, pagers=pagers)


BARE = {
    "binary_sensor gateway-online",
    "binary_sensor room-w1-cp-w1-online",
    "binary_sensor room-w2-button-w2-online",
    "binary_sensor room-w2-lamp-w2-online",
    "binary_sensor device-pg-1-online",
    "sensor room-w1-call",
    "sensor room-w2-call",
}
OF_CALL_POINT = {
    "event room-w1-button",
    "binary_sensor room-w1-cp-w1-lamp",
    "sensor room-w1-cp-w1-rssi",
    "sensor room-w1-cp-w1-uptime",
}
INFO = {"kind": "callpoint", "model": "overdoor-1", "firmware": "0.3.0", "rssi": -61, "uptime_s": 9}


async def test_only_what_exists_is_announced_and_the_rest_once_it_is_known(
    broker: Broker, shop: str, tmp_path: Path
) -> None:
    async with (
        gateway(tmp_path, broker.port, shop, the_shop(), discovery=announcing(shop)),
        listener(broker.port, shop) as heard,
        device(broker.port, shop=shop) as cp,
    ):
        await heard.until(lambda: heard.now() == BARE)
        said = json.dumps(INFO | {"v": 1, "caps": ["call", "ring", "lamp"]}).encode()
        await cp.publish("info", said, retain=True)
        await heard.until(lambda: heard.now() == BARE | OF_CALL_POINT)
        lamp = heard.found["binary_sensor room-w1-cp-w1-lamp"]
    assert (lamp["device"]["model"], lamp["device"]["sw_version"]) == ("overdoor-1", "0.3.0")
    assert lamp["state_topic"] == f"overdoor/1/{shop}/device/cp-w1/signal"
    assert [one["topic"] for one in lamp["availability"]] == [
        f"overdoor/1/{shop}/gateway/status",
        f"overdoor/1/{shop}/device/cp-w1/status",
    ]


async def test_each_message_is_as_home_assistant_wants_it(
    broker: Broker, shop: str, tmp_path: Path
) -> None:
    async with gateway(tmp_path, broker.port, shop, the_shop(), discovery=announcing(shop)) as up:
        engine, _ = up
        for id_ in ("cp-w1", "button-w2", "lamp-w2"):
            caps = ("call", "presence", "ring", "lamp")
            await engine.do(DeviceDescribed(id_, "callpoint", "overdoor-1", "0.3.0", caps))
        found = announcing(shop)(engine)
        homes = [("gateway", ""), ("room", "w1"), ("room", "w2"), ("pager", "pg-1")]
        entities = [entity for home in homes for entity in found.entities(home)]
    assert len(entities) == 1 + 6 + 10 + 3
    ids = [entity.config["unique_id"] for entity in entities]
    assert len({*ids}) == len(ids)
    for entity in entities:
        ENTITY.validate(entity.config)
        assert entity.config["device_class"] in CLASSES[entity.component]
    names = {entity.config["device"]["name"] for entity in entities}
    assert names == {
        "Test Shop",
        "Women 1",
        "Women 2",
        "Women 2 button-w2",
        "Women 2 lamp-w2",
        "Pager pg-1",
    }


async def test_what_left_the_shop_is_cleared_at_once(
    broker: Broker, shop: str, tmp_path: Path
) -> None:
    async with (
        gateway(tmp_path, broker.port, shop, the_shop(), discovery=announcing(shop)) as (engine, _),
        listener(broker.port, shop) as heard,
    ):
        await heard.until(lambda: heard.now() == BARE)
        await engine.do(Configured(the_shop(rooms=1)))
        await heard.until(
            lambda: (
                heard.now()
                == {key for key in BARE if "w1" in key} | {"binary_sensor gateway-online"}
            )
        )


async def test_what_left_while_the_gateway_was_down_is_cleared_and_the_rest_stays(
    broker: Broker, shop: str, tmp_path: Path
) -> None:
    async with (
        gateway(tmp_path, broker.port, shop, the_shop(), discovery=announcing(shop)),
        listener(broker.port, shop) as heard,
        device(broker.port, shop=shop) as cp,
    ):
        said = json.dumps(INFO | {"v": 1, "caps": ["call", "lamp"]}).encode()
        await cp.publish("info", said)  # not retained: the next gateway knows no signal strength
        await heard.until(lambda: heard.now() == BARE | OF_CALL_POINT)
        foreign = f"disco/{shop}/sensor/overdoor-other/room-x-call/config"
        await heard.client.publish(foreign, b"{}", qos=1, retain=True)
    plan = the_shop(rooms=1)
    async with (
        gateway(tmp_path, broker.port, shop, plan, discovery=announcing(shop)),
        listener(broker.port, shop) as heard,
    ):
        kept = {key for key in BARE | OF_CALL_POINT if "w1" in key}
        kept |= {"binary_sensor gateway-online", "sensor/overdoor-other/room-x-call"}
        await heard.until(lambda: heard.now() == kept)


async def test_a_birth_brings_everything_again(broker: Broker, shop: str, tmp_path: Path) -> None:
    async with (
        gateway(tmp_path, broker.port, shop, the_shop(), discovery=announcing(shop)),
        listener(broker.port, shop) as heard,
    ):
        await heard.until(lambda: heard.now() == BARE)
        before = heard.count
        await heard.client.publish(f"disco/{shop}/status", b"offline", qos=1)
        await heard.client.publish(f"disco/{shop}/status", b"online", qos=1)
        await heard.until(lambda: heard.count == before + len(BARE))


async def test_discovery_false_clears_all_of_it(broker: Broker, shop: str, tmp_path: Path) -> None:
    async with (
        gateway(tmp_path, broker.port, shop, the_shop(), discovery=announcing(shop)),
        listener(broker.port, shop) as heard,
    ):
        await heard.until(lambda: heard.now() == BARE)
    async with (
        listener(broker.port, shop) as heard,
        gateway(tmp_path, broker.port, shop, the_shop(), discovery=announcing(shop, wanted=False)),
    ):
        await heard.until(lambda: {*heard.found} == BARE and not heard.now())


async def test_without_the_section_nothing_is_said_there(
    broker: Broker, shop: str, tmp_path: Path
) -> None:
    async with (
        listener(broker.port, shop) as heard,
        gateway(tmp_path, broker.port, shop, the_shop()),
        device(broker.port, shop=shop) as cp,
    ):
        await cp.signal("idle")  # whatever was to be said at the start was said before
        assert not heard.found
