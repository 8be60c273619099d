"""A pager end to end: real firmware, real interpreter, real broker, read off its screen."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from .conftest import PREFIX, Broker, Room, Shop, open_room, room_config
from .eyes import Eyes, NoTextError

PAGER = f"{PREFIX}device/pg-1/"


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes()


class Carried:
    """A pager, whoever carries it, and the shop that it hears."""

    def __init__(self, room: Room, shop: Shop, eyes: Eyes) -> None:
        self.room = room
        self.shop = shop
        self._eyes = eyes

    async def reads(self, wanted: Callable[[list[str]], bool]) -> list[str]:
        """The next screen whose lines are as wanted."""
        seen: list[list[str]] = []

        def matches(line: dict[str, Any]) -> bool:
            if "screen" not in line:
                return False
            try:
                seen.append(self._eyes.read(line["screen"]))
            except NoTextError:
                return False  # it is being drawn
            return wanted(seen[-1])

        await self.room.lines.until(matches)
        return seen[-1]

    async def sounds(self) -> None:
        await self.room.lines.until(lambda line: bool(line.get("buzzer") and line["motor"]))
        await self.room.lines.until(lambda line: line.get("buzzer") == 0 and line["motor"] == 0)

    async def page(self, rev: int, *calls: dict[str, Any]) -> None:
        body = json.dumps({"v": 1, "rev": rev, "calls": calls, "more": 0}).encode()
        await self.shop.client.publish(PAGER + "page", body, qos=1, retain=True)

    async def answered(self, answer: str) -> dict[str, Any]:
        found = await self.shop.messages.until(
            lambda m: m[0] == PAGER + "event" and json.loads(m[1]).get("answer") == answer
        )
        event: dict[str, Any] = json.loads(found[1])
        return event


def call(**changes: Any) -> dict[str, Any]:
    plain = {"call": "c1", "room": "w1", "name": "Women 1", "zone": "women", "zone_name": "Women"}
    return plain | {"state": "raised", "age_ms": 61_000, "need": None, "by": None} | changes


def pager_config(port: int, **changes: Any) -> dict[str, Any]:
    plain = {"device": "pg-1", "kind": "pager", "pins": {"motor": 26}}
    return room_config(port, **(plain | changes))


@pytest.fixture
async def carried(broker: Broker, shop: Shop, tmp_path: Path, eyes: Eyes) -> AsyncIterator[Carried]:
    async with open_room(tmp_path, pager_config(broker.port)) as room:
        await shop.messages.until(lambda m: m[:2] == (PAGER + "status", b"online"))
        yield Carried(room, shop, eyes)


async def test_it_says_what_it_is(carried: Carried) -> None:
    found = await carried.shop.messages.until(lambda m: m[0] == PAGER + "info")
    info = json.loads(found[1])
    assert info["kind"] == "pager"
    assert sorted(info["caps"]) == ["a", "b", "buzzer", "motor", "screen"]


async def test_a_call_is_read_heard_and_felt(carried: Carried) -> None:
    await carried.page(1, call(need="another-size"))
    await carried.sounds()
    lines = await carried.reads(lambda lines: "Women 1" in lines)
    assert lines[0] == "1 waiting"
    assert lines[2].split() == ["Women", "1:01"] or lines[2].split() == ["Women", "1:02"]
    assert lines[3].split() == ["waiting", "size"]
    assert lines[-1] == "A go   B next/no"


async def test_key_a_takes_it_and_then_says_i_am_there(carried: Carried) -> None:
    await carried.page(5, call())
    await carried.reads(lambda lines: "Women 1" in lines)
    await carried.reads(lambda lines: "1:02" in lines[2])  # nobody is faster
    carried.room.do(do="down", button="a")
    event = await carried.answered("acknowledge")
    assert (event["type"], event["call"], event["rev"]) == ("answer", "c1", 5)
    await carried.reads(lambda lines: "sending…" in lines)
    await carried.page(6, call(state="acknowledged", by="pg-1"))
    await carried.reads(lambda lines: "yours" in lines)
    carried.room.do(do="up", button="a")
    await carried.reads(lambda lines: "1:03" in lines[2])
    carried.room.do(do="down", button="a")
    assert (await carried.answered("arrive"))["rev"] == 6


@pytest.mark.parametrize(
    "name", ["Пробна 3", "Δοκιμή 12", "Umkleide 3ä", "Ženska šminka", "Щъркел 7"]
)
async def test_names_in_the_letters_of_the_shop(carried: Carried, name: str) -> None:
    await carried.page(1, call(name=name))
    seen = await carried.reads(lambda lines: len(lines) > 3 and lines[3] == "waiting")
    assert alike(seen[1]) == alike(name)


async def test_a_lost_link_is_on_the_screen(broker: Broker, carried: Carried) -> None:
    await carried.page(1, call())
    await carried.reads(lambda lines: len(lines) > 2 and "1:02" in lines[2])
    await broker.stop()
    lines = await carried.reads(lambda lines: bool(lines) and lines[0].startswith("NO LINK"))
    assert "Women 1" in lines
    carried.room.do(do="press", button="a")
    await carried.reads(lambda lines: "not sent yet" in lines)


async def test_before_the_first_session_it_says_what_is_wrong(
    tmp_path: Path, eyes: Eyes, broker: Broker, shop: Shop
) -> None:
    await broker.stop()
    async with open_room(tmp_path, pager_config(broker.port)) as room:
        carried = Carried(room, shop, eyes)
        lines = await carried.reads(lambda lines: "unreachable" in lines)
        assert lines[0].startswith("NO LINK")


async def test_the_colour_screen_shows_the_same(
    broker: Broker, shop: Shop, tmp_path: Path, eyes: Eyes
) -> None:
    async with open_room(tmp_path, pager_config(broker.port, screen="st7789", pins={})) as room:
        await shop.messages.until(lambda m: m[:2] == (PAGER + "status", b"online"))
        carried = Carried(room, shop, eyes)
        await carried.page(1, call(name="Дамски 1", state="acknowledged", by="pg-1"))
        await shop.messages.until(lambda m: m[0] == PAGER + "info")
        for _ in range(50):
            room.do(do="screen")
            said = await room.lines.until(lambda line: "points" in line)
            with suppress(NoTextError):
                text = eyes.read_colour(said["points"])
                if "yours" in text:
                    break
        assert alike(text[1]) == alike("Дамски 1")
        assert text[3] == "yours"


def alike(text: str) -> str:
    """Letters that look the same are the same to an eye."""
    pairs = str.maketrans(
        "АВЕЗКМНОРСТХаеорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧνορυ", "ABE3KMHOPCTXaeopcyxABEZHIKMNOPTYXvopu"
    )
    return text.translate(pairs).replace("κ", "к").replace("χ", "x")
