"""Dashboard, wall board, floor plan and the page of a call, on a good day and a bad one."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, expect

from tests.system.conftest import Device

from .stage import LIMIT_MS, ROOMS, Shown, Stage, on_duty, sees, signs_on

VIEWS = {"dashboard": "/", "wall": "/wall", "plan": "/plan"}


async def a_day_on_the_floor(stage: Stage) -> AsyncIterator[Shown]:
    """Nobody is there; all is quiet; several wait; calls end; what breaks is said."""
    gateway = await stage.shop()
    rooms = await stage.devices()
    pages = {name: await stage.open(gateway.url + path) for name, path in VIEWS.items()}
    dashboard = pages["dashboard"]
    await expect(dashboard.locator('[data-face="idle"]')).to_have_count(len(ROOMS))
    await sees(dashboard, "Nobody is on duty.")
    yield Shown("dashboard-nobody-on-duty", dashboard)

    phone = await stage.open(f"{gateway.url}/handheld")
    await signs_on(phone, "Mira")
    ana, boris = await on_duty(gateway, "Ana"), await on_duty(gateway, "Boris", "men")
    for name, page in pages.items():
        await sees(page, "All quiet")
        yield Shown(f"{name}-quiet", page)

    await rooms["w1"].press(age_ms=105_000)
    await rooms["w2"].press(age_ms=48_000)
    await rooms["w2"].need("another-size")
    await rooms["w4"].press(age_ms=20_000)
    await rooms["m1"].press(age_ms=65_000)
    for room in ("w2", "w4", "m1"):
        await is_in(dashboard, room, "raised")
    await boris.says("m1", "acknowledge", age_ms=40_000)
    await boris.says("m1", "arrive", age_ms=5_000)
    await ana.says("w4", "acknowledge", age_ms=9_000)
    for name, page in pages.items():
        await is_in(page, "m1", "arrived")
        await is_in(page, "w4", "acknowledged")
        yield Shown(f"{name}-calls", page, printed=name != "wall")
    definition = dashboard.locator("#numbers summary").first
    await definition.click()
    await sees(dashboard, "had everybody waited for it")
    yield Shown("dashboard-how-it-is-counted", dashboard)
    await definition.click()
    call = await gateway.call_of("w4")
    assert call is not None
    story = await stage.open(f"{gateway.url}/calls/{call['id']}")
    await sees(story, "Ana is coming")
    yield Shown("call-open", story)

    await rooms["w4"].press("presence")
    await is_in(dashboard, "w4", "arrived")
    await ana.says("w4", "close")
    await sees(story, "Closed: served")
    yield Shown("call-served", story, printed=True)
    await ana.says("w2", "acknowledge", age_ms=20_000)
    left = await ana.says("w2", "nobody-there")
    await gateway.http.post("/api/v1/rooms/w1/cancel")
    await story.goto(f"{gateway.url}/calls/{left}")
    await story.get_by_text("Take it out of the numbers").click()
    yield Shown("call-to-be-voided", story)
    await story.get_by_role("textbox", name="Why").fill("fire drill")
    await story.get_by_role("button", name="Take it out").click()
    await sees(story, "fire drill")
    yield Shown("call-voided", story)
    async for shown in _trouble(stage, gateway.url, rooms, pages):
        yield shown
    await story.goto(f"{gateway.url}/calls/none")
    yield Shown("call-unknown", story)
    await gateway.kill()
    for name, page in pages.items():
        await expect(page.locator("#banner")).not_to_be_empty(timeout=LIMIT_MS)
        yield Shown(f"{name}-connection-lost", page)


async def _trouble(
    stage: Stage, url: str, rooms: dict[str, Device], pages: dict[str, Page]
) -> AsyncIterator[Shown]:
    dashboard = pages["dashboard"]
    upkeep = await stage.open(f"{url}/rooms")
    for room, service in (("m2", "Out of service"), ("m3", "Test")):
        await upkeep.locator(f'[data-room="{room}"]').get_by_role("button", name=service).click()
    await expect(upkeep.get_by_role("button", name="Open again")).to_have_count(2)
    yield Shown("rooms", upkeep)
    # A device that went, one in safe mode, and one that belongs nowhere.
    await rooms["w1"].client.publish(rooms["w1"].topic("status"), "offline", qos=1, retain=True)
    await rooms["w3"].describe(mode="safe")
    stranger = await stage.street.device("cp-new")
    await stranger.press()
    await sees(dashboard, "does not answer")
    await sees(dashboard, "cp-new")
    # Boris has no page open, and nobody else is in his zone.
    await rooms["m1"].press()
    await rooms["m2"].press()
    await sees(dashboard, "nobody could be reached")
    for name, page in pages.items():
        yield Shown(f"{name}-trouble", page)
    await stage.street.broker_dies()
    for name, page in pages.items():
        await sees(page, "the broker is not connected")
        yield Shown(f"{name}-no-broker", page)


async def is_in(page: Page, room: str, state: str) -> None:
    """Waits until a page shows a room in a state."""
    place = page.locator(f'[data-room="{room}"]')
    await expect(place).to_have_attribute("data-face", state, timeout=LIMIT_MS)
