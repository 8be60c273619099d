"""The page behind a room's card in a real browser, with and without JavaScript."""

import asyncio
import re
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, Response, expect

from tests.system.conftest import LIMIT_S, OVERDOOR, Street, process
from tests.system.test_demo import browser, demo, watch_for_errors

PHONE = {"width": 390, "height": 844}
PAGE_LIMIT = 30_000  # bytes: a phone at the edge of the shop's network


async def card(street_folder: Path, room: str = "w1") -> str:
    """The address on a room's card, as the manager prints it."""
    command = ("room", "cards", room, "--config", street_folder / "shop.toml")
    async with process(OVERDOOR, *command, stdout=asyncio.subprocess.PIPE) as printing:
        out, _ = await printing.communicate()
    return out.decode().split()[-1]


async def phone(chromium: Browser, **options: object) -> Page:
    context = await chromium.new_context(viewport=PHONE, **options)  # type: ignore[arg-type]
    return await context.new_page()


async def answers(http: httpx.AsyncClient, call: str, *verbs: str) -> None:
    for verb in verbs:
        answer = await http.post(f"/api/v1/calls/{call}/{verb}")
        assert answer.status_code == 200, answer.text


async def on_duty(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/duty", json={"name": "Mira", "zone": "women"})
    assert answer.status_code == 200


async def test_it_follows_a_call_from_the_button_to_the_last_question(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    device = await street.device("cp-w1")
    await on_duty(gateway.http)
    async with browser() as chromium:
        page = await phone(chromium)
        errors = watch_for_errors(page)
        await page.goto(await card(tmp_path))
        await expect(page.get_by_role("heading", name="Do you need somebody?")).to_be_visible()
        await device.press()
        await expect(page.get_by_role("heading", name="Registered")).to_be_visible()
        await expect(page).to_have_url(re.compile(r"\?call=[0-9a-z]{26}$"))
        call = page.url.rpartition("=")[2]
        await page.get_by_role("button", name="Another size").click()
        chosen = page.get_by_role("button", name="Another size", pressed=True)
        await expect(chosen).to_be_visible()
        await answers(gateway.http, call, "acknowledge")
        await expect(page.get_by_role("heading", name="Somebody is coming")).to_be_visible()
        said = {"phrase": "size", "missing": "M", "offer": "L"}
        assert (await gateway.http.post(f"/api/v1/calls/{call}/reply", json=said)).is_success
        await expect(page.get_by_text("Not in M. Shall I bring L?")).to_be_visible()
        await page.get_by_role("button", name="Yes, please").click()
        await expect(page.get_by_text("You said: yes")).to_be_visible()
        assert (await gateway.get(f"/calls/{call}"))["reply"]["yes"] is True
        await answers(gateway.http, call, "arrive")
        await expect(page.get_by_role("heading", name="Somebody is here")).to_be_visible()
        await answers(gateway.http, call, "close")
        await page.get_by_role("button", name="4 very").click()
        await page.get_by_role("button", name="Yes").click()
        await expect(page.get_by_text("Thank you.")).to_be_visible()
        assert errors == []


async def test_without_javascript_it_raises_follows_and_cancels(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    device = await street.device("cp-w1")
    await on_duty(gateway.http)
    async with browser() as chromium:
        page = await phone(chromium, java_script_enabled=False)
        await page.goto(await card(tmp_path))
        await page.get_by_role("radio", name="A question").check()
        await page.get_by_role("button", name="Call somebody").click()
        await expect(page.get_by_role("heading", name="Registered")).to_be_visible()
        raised = await device.hears("signal", lambda said: said["state"] == "raised")
        call = await gateway.call_of("w1")
        assert call is not None
        assert (call["id"], call["need"]) == (raised["call"], "question")
        await answers(gateway.http, call["id"], "acknowledge")
        coming = page.get_by_role("heading", name="Somebody is coming")
        await expect(coming).to_be_visible()  # it asks again every 5 s
        await page.get_by_role("button", name="Cancel the call").click()
        await expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
        assert await gateway.call_of("w1") is None


async def test_a_gateway_that_goes_away_is_said_and_one_that_returns_is_found(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    async with browser() as chromium:
        page = await phone(chromium)
        await page.goto(await card(tmp_path))
        await page.get_by_role("button", name="Call somebody").click()
        await expect(page.get_by_role("heading", name="Registered")).to_be_visible()
        await gateway.kill()
        await page.get_by_role("button", name="Cancel the call").click()
        await expect(page.get_by_role("alert")).to_contain_text("perhaps that was not sent")
        await expect(page.get_by_role("alert")).to_contain_text("No connection")
        await gateway.start()
        await expect(page.get_by_role("alert")).to_be_empty()
        await page.get_by_role("button", name="Cancel the call").click()
        await expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()


async def test_it_is_light_and_asks_nobody_else(street: Street, tmp_path: Path) -> None:
    gateway = await street.gateway()
    origin = f"http://127.0.0.1:{gateway.web}"
    async with browser() as chromium:
        page = await phone(chromium)
        loaded: list[Response] = []
        page.on("response", lambda one: loaded.append(one))  # noqa: PLW0108 - it marks what it is given
        await page.goto(await card(tmp_path))
        await page.get_by_role("button", name="Call somebody").click()
        await expect(page.get_by_role("heading", name="Registered")).to_be_visible()
        bodies = [await one.body() for one in loaded if one.status == 200]
        assert len(bodies) >= 5
        assert sum(map(len, bodies)) < PAGE_LIMIT, [(one.url, one.status) for one in loaded]
        assert all(one.url.startswith(origin) for one in loaded)
        assert await page.context.cookies() == []
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_a_phone_at_its_largest_text_needs_no_sideways_scroll(
    street: Street, tmp_path: Path
) -> None:
    await street.gateway()
    async with browser() as chromium:
        page = await phone(chromium)
        await page.set_viewport_size({"width": 180, "height": 400})  # 360 px at 200 %
        await page.goto(await card(tmp_path))
        for _ in range(2):
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 180
            sizes = await page.evaluate(
                "[...document.querySelectorAll('button, .need')].map(b => {"
                " const r = b.getBoundingClientRect(); return Math.min(r.width, r.height) })"
            )
            assert min(sizes) >= 44
            main = page.get_by_role("button", name="Call somebody")
            if await main.count():
                box = await main.bounding_box()
                assert box is not None
                assert box["height"] >= 64
                await main.press("Enter")
                await expect(page.get_by_role("heading", name="Registered")).to_be_visible()


async def test_the_handheld_tells_the_shopper_with_a_tap_and_a_choice(tmp_path: Path) -> None:
    async with demo("--rooms", "3", folder=tmp_path) as shop, browser() as chromium:
        plan = await chromium.new_page()
        await plan.goto(f"{shop.url}/demo")
        shopper = await phone(chromium)
        errors = watch_for_errors(shopper)
        address = await plan.locator("[data-card]").first.get_attribute("href")
        assert address is not None
        await shopper.goto(address)
        handheld = await phone(chromium)
        errors += watch_for_errors(handheld)
        await handheld.goto(f"{shop.url}/handheld")
        await handheld.fill('[name="name"]', "Mira")
        await handheld.locator("#signon").get_by_text("Women", exact=True).click()
        await handheld.locator("#signon-go").click()
        await shopper.get_by_role("button", name="Call somebody").click()
        card = handheld.locator('[data-call][data-state="raised"]')
        await card.locator('[data-verb="acknowledge"]').click(timeout=LIMIT_S * 1000)
        tell = handheld.get_by_role("button", name="Tell the shopper")
        await tell.click()
        await handheld.get_by_role("button", name="Two minutes").click()
        await expect(shopper.get_by_text("2 minutes, please")).to_be_visible()
        await tell.click()
        await expect(handheld.get_by_role("button", name="Two minutes")).to_be_hidden()
        await handheld.locator("#reply-missing").get_by_role("button", name="M", exact=True).click()
        await handheld.locator("#reply-offer").get_by_role("button", name="L", exact=True).click()
        await shopper.get_by_role("button", name="No, thank you").click()
        told = handheld.locator(".card-told")
        await expect(told).to_contain_text("Not in M; L? They say no.")
        assert errors == []
