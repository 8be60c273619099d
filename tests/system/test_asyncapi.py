"""docs/asyncapi.yaml against what a shop really says: firmware, gateway, bare client, broker."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import yaml
from jsonschema import Draft7Validator

from overdoor.bus import payloads
from overdoor.bus.payloads import Nonsense
from overdoor.core.events import WATCHED
from tests.system.conftest import LIMIT_S, Street, until
from tests.system.test_firmware_and_gateway import room

DOCUMENT = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "asyncapi.yaml").read_text(encoding="utf-8")
)
MESSAGES = DOCUMENT["components"]["messages"]
ID = "[a-z0-9-]{1,32}"
MANIFEST = f"overdoor-firmware 1\nversion 9.9.9\n{sha256(b'x').hexdigest()} 1 x.py\n"
UPDATE = {"manifest": MANIFEST, "mac": "ab" * 32, "files": ["eA=="]}
MORE = """
[[pager]]
device = "pg-1"

[policy]
sightings = true
"""


def closed(schema: Any) -> Any:
    """The schema with no key that it does not name: what is said and not documented shows."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return closed(at(schema["$ref"]))
    if "allOf" in schema:
        parts = [closed(part) for part in schema["allOf"]]
        whole: dict[str, Any] = {"type": "object", "required": [], "properties": {}}
        for part in parts:
            whole["required"] += part["required"]
            whole["properties"] |= part["properties"]
        whole["additionalProperties"] = any(part["additionalProperties"] for part in parts)
        return whole
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema:
        result.setdefault("additionalProperties", False)
    return result


def at(reference: str) -> Any:
    found = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


class Channel:
    """One channel: which topics are its own, and what may be said there."""

    def __init__(self, name: str, about: Mapping[str, Any]) -> None:
        self.name = name
        self.topic = re.compile(re.sub(r"\{\w+\}", ID, about["address"]))
        self.messages = {id_: at(ref["$ref"]) for id_, ref in about["messages"].items()}

    def wrong(self, payload: bytes) -> str | None:
        """What is wrong with this payload; None if some message of the channel is like it."""
        said = []
        for id_, message in self.messages.items():
            kind = message.get("contentType", "application/json")
            if kind == "text/plain":
                value: Any = payload.decode()
            elif kind == "application/json":
                value = json.loads(payload)
            else:
                value = json.loads(payload.partition(b"\n")[0])
            error = next(Draft7Validator(closed(message["payload"])).iter_errors(value), None)
            if error is None:
                return None
            said.append(f"{id_}: {error.message}")
        return f"{payload[:300]!r} is none: {'; '.join(said)}"


CHANNELS = [Channel(name, about) for name, about in DOCUMENT["channels"].items()]


def channel_of(topic: str) -> Channel | None:
    return next((one for one in CHANNELS if one.topic.fullmatch(topic)), None)


class Ear:
    """Hears everything on the broker."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = client
        self._more = asyncio.Event()

    async def listen(self) -> None:
        async for message in self._client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            self.heard.append((str(message.topic), payload))
            self._more.set()

    def has(self, leaf: str, *words: str) -> bytes | None:
        """The first thing said there that has these words."""
        for topic, said in self.heard:
            if topic.endswith(leaf) and all(word.encode() in said for word in words):
                return said
        return None

    async def until(self, leaf: str, *words: str) -> bytes:
        """The same, once it is said."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while (said := self.has(leaf, *words)) is None:
                    self._more.clear()
                    await self._more.wait()
                return said
        except TimeoutError:
            pytest.fail(f"nothing in {leaf} with {words}: {self.heard[-5:]}")


@asynccontextmanager
async def ear(port: int) -> AsyncIterator[Ear]:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("#", qos=1)
        one = Ear(client)
        listening = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_every_message_of_a_shop_is_as_the_document_says(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway(start=False)
    with gateway.config.open("a") as file:
        file.write(MORE)
    pager_config: dict[str, Any] = {"kind": "pager", "pins": {}}
    async with ear(street.mqtt) as heard:
        await gateway.start()
        async with (
            room(tmp_path, street.mqtt, "cp-w1") as fitting_room,
            room(tmp_path, street.mqtt, "pg-1", **pager_config) as pager,
        ):
            await heard.until("cp-w1/status", "online")
            await heard.until("pg-1/page", '"calls":[]')
            fitting_room.press("call")
            page = json.loads(await heard.until("pg-1/page", "Women 1"))
            await heard.until("pg-1/shown", str(page["rev"]))

            async def taken() -> bool:
                """A key counts only once its list has been on the screen for a moment."""
                pager.order(do="press", button="a")
                await asyncio.sleep(0.3)
                return heard.has("w1/event", "acknowledged") is not None

            await until(taken, "the pager takes the call")
            fitting_room.press("presence")
            await heard.until("w1/event", "arrived")
            order = {"verb": "identify"}
            answer = await gateway.http.post("/api/v1/devices/cp-w1/command", json=order)
            answer.raise_for_status()

            bare = await street.device("cp-w2")
            await bare.describe(rssi=-60)
            await bare.press()
            await bare.need("another-size")
            await bare.press(gesture="hold", held_ms=1000)
            await bare.press("cancel")
            await bare.send(n=5, type="fault", what="lamp")
            sighting = {"v": 1, "badge": "1.1", "rssi": -60}
            await bare.client.publish(bare.topic("sighting"), json.dumps(sighting))
            await heard.until("w2/event", "cancelled")
            service = {"service": "out", "until": None}
            await gateway.http.post("/api/v1/rooms/w2/service", json=service)
            await heard.until("w2/event", "serviced")
            await gateway.http.put("/api/v1/devices/cp-w2/update", json=UPDATE)
            await heard.until("cp-w2/command", "update")
            want = {"v": 1, "bundle": "ab" * 16, "file": 0, "at": 0, "size": 1024}
            await bare.client.publish(bare.topic("want"), json.dumps(want), qos=1)
            await heard.until("cp-w2/piece", "overdoor-firmware")
            await gateway.stop()
            await heard.until("gateway/status", "offline")

    wrong, channels = [], set()
    for topic, payload in heard.heard:
        channel = channel_of(topic)
        if channel is None:
            wrong.append(f"{topic} is not in the document")
            continue
        channels.add(channel.name)
        if payload and (what := channel.wrong(payload)):
            wrong.append(f"{topic}: {what}")
    assert not wrong, "\n".join(wrong)
    assert channels == {channel.name for channel in CHANNELS}


@pytest.mark.parametrize("name", MESSAGES)
def test_each_example_is_as_its_schema_says(name: str) -> None:
    examples = [example["payload"] for example in MESSAGES[name]["examples"]]
    assert examples
    for example in examples:
        Draft7Validator(closed(MESSAGES[name]["payload"])).validate(example)


@pytest.mark.parametrize("name", ["button", "answer", "need", "fault"])
def test_the_gateway_understands_each_example_of_an_event(name: str) -> None:
    for example in MESSAGES[name]["examples"]:
        event = payloads.parse_event("cp-w1", json.dumps(example["payload"]).encode())
        assert not isinstance(event, Nonsense)
        assert event.fault is None


def test_every_transition_and_need_is_named() -> None:
    known = MESSAGES["transition"]["payload"]["properties"]["event_type"]["enum"]
    assert {*known} == {*WATCHED}
    assert at("#/components/schemas/need")["enum"] == [*payloads.NEEDS]


@pytest.mark.parametrize(
    "topic",
    ["overdoor/1/t/device/cp-w1/other", "overdoor/1/t/room/W1/call", "overdoor/2/t/room/w1/call"],
)
def test_a_topic_that_is_not_in_the_document_is_noticed(topic: str) -> None:
    assert channel_of(topic) is None


def test_a_key_that_is_not_in_the_document_is_noticed() -> None:
    channel = channel_of("overdoor/1/t/room/w1/call")
    assert channel is not None
    good = MESSAGES["roomCall"]["examples"][0]["payload"]
    assert channel.wrong(json.dumps(good).encode()) is None
    assert "by" in str(channel.wrong(json.dumps(good | {"by": "ana"}).encode()))
