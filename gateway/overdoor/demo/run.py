"""Runs the demo: the shop itself, and its rooms and people beside it."""

import asyncio
from collections.abc import Callable, Sequence

from fastapi import APIRouter

from overdoor.core.sentence import Sentence
from overdoor.demo.page import DemoPage
from overdoor.demo.people import People
from overdoor.demo.rooms import SimulatedPager, SimulatedRoom, find_interpreter
from overdoor.demo.shop import NEEDS, PAGER, DemoShop
from overdoor.device.folder import NAME as DEVICES
from overdoor.engine import Engine
from overdoor.reach import Reach
from overdoor.serve import Extra, Running, serve


async def run_demo(shop: DemoShop, ready: Callable[[Running], None], *, busy: bool) -> None:
    """The demo, until it is stopped. Raises what `serve` raises, and `DemoError`."""
    interpreter = find_interpreter()
    rooms: dict[str, SimulatedRoom] = {}
    page = DemoPage(shop.drawing, rooms)
    page.pager = pager = SimulatedPager(PAGER, shop.config.shop.id, page.lights_changed)
    for room in shop.config.plan().rooms.values():
        rooms[room.id] = SimulatedRoom(
            room.id,
            room.devices[0],
            shop.config.shop.id,
            page.lights_changed,
            NEEDS.get(room.id, ()),
        )

    def extra(engine: Engine, reach: Reach) -> Extra:
        page.people = People(engine, reach, rooms, shop.drawing["zones"], page.people_changed)

        async def beside(running: Running) -> None:
            place = shop.folder / DEVICES
            place.mkdir(exist_ok=True)
            assert page.people is not None
            if busy:
                page.people.set_busy(True)
            try:
                async with asyncio.TaskGroup() as tasks:
                    for room in rooms.values():
                        tasks.create_task(room.run(interpreter, running.broker, place))
                    tasks.create_task(pager.run(interpreter, running.broker, place))
            finally:
                page.close()
                await page.people.stop()

        routers: Sequence[APIRouter] = (page.router(),)
        return routers, beside

    def announce(running: Running) -> None:
        page.addresses = [
            {
                "name": Sentence("Dashboard"),
                "url": f"{running.url}/",
                "what": Sentence("for the manager"),
            },
            {
                "name": Sentence("Handheld"),
                "url": f"{running.url}/handheld",
                "what": Sentence("for an associate"),
            },
        ]
        page.cards = [
            {"name": room.name, "url": running.cards.shopper_url(room.id)}
            for room in shop.config.room
        ]
        ready(running)

    await serve(shop.config, announce, extra=extra)
