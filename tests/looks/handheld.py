"""The handheld: a shift with all that can be on its screen."""

from collections.abc import AsyncIterator

from playwright.async_api import Locator, Page, expect

from tests.system.conftest import Device
from tests.system.tunnel import Tunnel

from .stage import LIMIT_MS, Shown, Stage, on_duty, sees, signs_on


def _card(page: Page, state: str, room: str = "") -> Locator:
    return page.locator(f'[data-call][data-state="{state}"]').filter(has_text=room)


async def a_shift(stage: Stage) -> AsyncIterator[Shown]:
    """From the first look to the break."""
    gateway = await stage.shop()
    rooms = await stage.devices()
    page = await stage.open(f"{gateway.url}/handheld")
    yield Shown("handheld-sign-on", page)
    await signs_on(page, "Ana")
    await expect(page.get_by_text("All quiet")).to_be_visible()
    yield Shown("handheld-quiet", page)

    await rooms["w1"].press(age_ms=75_000)
    await rooms["w2"].press(age_ms=32_000)
    await rooms["w2"].press(age_ms=4_000)
    await rooms["w2"].need("another-size")
    await expect(_card(page, "raised")).to_have_count(2)
    await sees(page, "Another size")
    yield Shown("handheld-calls", page)
    taken = _card(page, "raised", "Women 2")
    await taken.locator('[data-verb="acknowledge"]').click()
    taken = _card(page, "acknowledged")
    await expect(taken).to_be_visible()
    yield Shown("handheld-acknowledged-undo", page)
    await taken.locator("summary").click()
    yield Shown("handheld-more", page)
    mira = await on_duty(gateway, "Mira")
    await taken.locator('[data-verb="hand-off"]').click()
    await expect(page.locator("#handoff")).to_be_visible()
    yield Shown("handheld-hand-off", page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Tell the shopper").click()
    yield Shown("handheld-reply", page)
    await page.locator("#reply-missing").get_by_role("button", name="M", exact=True).click()
    await expect(page.locator("#reply-offer")).to_be_visible()
    yield Shown("handheld-reply-size", page)
    await page.locator("#reply-offer").get_by_role("button", name="L", exact=True).click()
    await sees(page, "You told the shopper")
    yield Shown("handheld-told", page)
    await taken.locator('[data-verb="arrive"]').click()
    arrived = _card(page, "arrived")
    await expect(arrived).to_be_visible()
    yield Shown("handheld-arrived", page)
    await page.wait_for_timeout(500)  # "I'm there" must not be "Done" at once
    await arrived.locator('[data-verb="close"]').click()
    await expect(page.locator(".closing")).to_be_visible()
    yield Shown("handheld-just-closed", page)

    await mira.says("w1", "acknowledge")
    await sees(page, "Mira has it")
    yield Shown("handheld-others-have", page)
    await mira.says("w1", "arrive")
    await _takes(page, rooms["w4"], called_ms=75_000, taken_ms=45_000)
    await sees(page, "Still waiting")
    yield Shown("handheld-still-waiting", page)
    await _takes(page, rooms["w3"], called_ms=98_000, taken_ms=80_000)
    await sees(page, "Were you there?")
    yield Shown("handheld-were-you-there", page)
    await page.click("#duty")
    await expect(page.locator("#shift")).to_be_visible()
    yield Shown("handheld-shift", page)
    await page.click("#shift-break")
    await sees(page, "You are on a break.")
    yield Shown("handheld-break", page)
    await page.click("#resume")
    practice = await page.request.post(f"{gateway.url}/api/v1/rooms/t1/call", data={})
    assert practice.ok, await practice.text()
    await sees(page, "Practice, not counted")
    yield Shown("handheld-practice", page)
    await stage.street.broker_dies()
    await sees(page, "the broker is not connected")
    yield Shown("handheld-no-broker", page)


async def _takes(page: Page, room: Device, called_ms: int, taken_ms: int) -> None:
    """Somebody called a while ago, and whose page this is took it a while ago."""
    await room.press(age_ms=called_ms)
    raised = page.locator('[data-call][data-state="raised"]')
    call = await raised.get_attribute("data-call")
    answer = f"{page.url.rpartition('/')[0]}/api/v1/calls/{call}/acknowledge"
    assert (await page.request.post(answer, data={"age_ms": taken_ms})).ok


async def a_dead_spot(stage: Stage) -> AsyncIterator[Shown]:
    """Two who go at once, an answer that waits, one that came too late, another version."""
    gateway = await stage.shop()
    rooms = await stage.devices()
    async with Tunnel(gateway.web).dug() as tunnel:
        page = await stage.open(f"http://127.0.0.1:{tunnel.port}/handheld")
        await signs_on(page, "Ana")
        await page.evaluate("navigator.serviceWorker.ready.then(() => caches.keys())")
        mira = await on_duty(gateway, "Mira")
        await rooms["w1"].press(age_ms=12_000)
        going = _card(page, "raised").locator('[data-verb="acknowledge"]')
        await expect(going).to_be_visible()
        tunnel.hold()
        await mira.says("w1", "acknowledge")
        await going.click()
        tunnel.let_through()
        await expect(page.locator(".tray")).to_contain_text("Mira has it, ")
        yield Shown("handheld-loser-of-a-race", page)

        await rooms["w2"].press(age_ms=5_000)
        await expect(going).to_be_visible()
        await page.context.set_offline(True)
        await tunnel.cut()
        await going.click()
        await expect(page.locator("#queue")).to_be_visible()
        await expect(page.locator("#banner")).not_to_be_empty()
        yield Shown("handheld-offline", page)
        await page.reload()
        await sees(page, "No connection to the shop")
        await expect(page.locator("#queue")).to_be_visible()
        yield Shown("handheld-dead-spot", page)
        await mira.says("w2", "acknowledge")
        await mira.says("w2", "arrive")
        tunnel.mend()
        await page.context.set_offline(False)
        await expect(page.locator("#refused")).to_be_visible(timeout=LIMIT_MS)
        await expect(page.locator("#banner")).to_be_empty(timeout=LIMIT_MS)
        yield Shown("handheld-too-late", page)
        await page.locator("#refused").get_by_role("button").click()
        await page.route("**/handheld/calls", _of_another_build)
        await rooms["w3"].press()
        await expect(page.locator("#newer")).to_be_visible()
        yield Shown("handheld-newer-version", page)


async def _of_another_build(route) -> None:  # type: ignore[no-untyped-def]
    answer = await route.fetch()
    text = await answer.text()
    build = text.partition('data-build="')[2].partition('"')[0]
    await route.fulfill(response=answer, body=text.replace(build, "0" * len(build)))
