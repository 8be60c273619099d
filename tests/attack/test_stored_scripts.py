"""Markup in every text that somebody else can write, read in a real browser (stored XSS)."""

import asyncio
from dataclasses import replace

from overdoor.core.inputs import Configured, DeviceDescribed
from tests.gateway.api import Client
from tests.gateway.house import House
from tests.gateway.shop import a_plan, an_event
from tests.gateway.test_accounts import with_associate, with_manager
from tests.system.test_demo import browser

from .served import served

LIMIT_S = 60
# Short enough for a nickname; an element of it in a page is the fault, whether or not it runs.
EVIL = "<b onclick=x id=evil>"
LONG = f"\"'></script><img id=evil src=x onerror=x>{EVIL}"
PAGES = (
    "/",
    "/handheld",
    "/wall",
    "/plan",
    "/rooms",
    "/people",
    "/me",
    "/numbers",
    "/numbers/staffing",
)


async def an_evil_shop(shop: Client) -> tuple[str, list[str]]:
    """Every text that people, devices or files bring says more than text; a session, and pages."""
    plan = a_plan()
    plan = replace(
        plan,
        zones={id_: replace(zone, name=LONG) for id_, zone in plan.zones.items()},
        rooms={id_: replace(room, name=LONG) for id_, room in plan.rooms.items()},
    )
    engine = shop.engine
    await engine.do(Configured(plan))
    for device in ("cp-w1", "new-1"):
        await engine.do(DeviceDescribed(device, "callpoint", EVIL, EVIL, (EVIL,), EVIL))
        await engine.do(an_event(device))
    engine.telemetry["cp-w1"] = {
        "mode": "safe",
        "trouble": [EVIL],
        "update": {"version": EVIL, "state": EVIL, "reason": LONG},
    }
    manager = await with_manager(shop)
    associate = await with_associate(shop, manager, EVIL)
    shop.http.cookies.clear()
    assert (await shop.post("/duty", associate, zone="women")).status_code == 200
    call = engine.committed.calls["w1"].id
    assert (await shop.post(f"/calls/{call}/acknowledge", associate)).status_code == 200
    shop.http.cookies.clear()  # a cookie goes before a bearer
    noted = await shop.post("/annotations", manager, day="2026-09-21", text=LONG[:200], zone=None)
    assert noted.status_code == 201, noted.text
    card = shop.app.state.cards.token("w1")
    return manager, [*PAGES, f"/calls/{call}", f"/s/{card}", f"/s/{card}?call={call}"]


async def test_no_text_becomes_markup_on_any_page(house: House) -> None:
    async with asyncio.timeout(LIMIT_S), served(house, LONG) as shop:
        manager, pages = await an_evil_shop(shop)
        url = str(shop.http.base_url)
        found, seen = [], 0
        async with browser() as chromium:
            context = await chromium.new_context()
            cookie = {"name": "overdoor_session", "value": manager, "url": url}
            await context.add_cookies([cookie])  # type: ignore[list-item]
            page = await context.new_page()
            page.set_default_timeout(20_000)
            page.on("dialog", lambda dialog: found.append(dialog.message))
            page.on(
                "console",
                lambda said: found.append(said.text) if "Content Security" in said.text else None,
            )
            for path in pages:
                answer = await page.goto(url + path, wait_until="domcontentloaded")
                assert answer is not None
                assert answer.status == 200, (path, answer.status)
                seen += "id=evil" in await page.inner_text("body")
                if await page.locator("#evil").count() or await page.title() == "evil":
                    found.append(path)
        assert found == []
        assert seen >= 6, "the texts are shown nowhere, so this proves nothing"
