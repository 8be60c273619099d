"""The numbers in a real browser: another period without a new page, by key and by click."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.past import write_past

from .conftest import Gateway, Street
from .test_boards import call, open_page
from .test_demo import browser, watch_for_errors


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


async def with_a_past(street: Street) -> Gateway:
    """A gateway with sixty days behind it."""
    gateway = await street.gateway()
    now = (await gateway.get("/insight/numbers"))["first"]
    await gateway.stop()
    write_past(gateway.folder / "data", date.fromisoformat(now), 60, per_day=30)
    await gateway.start()
    return gateway


async def said(page: Page, period: str) -> None:
    """The period that is shown, and that the address says."""
    current = page.locator(f'.periods [data-go="{period}"]')
    await expect(current).to_have_attribute("aria-current", "true")


async def test_keys_lead_through_the_periods_and_back(street: Street, chromium: Browser) -> None:
    gateway = await with_a_past(street)
    page = await open_page(chromium, gateway, "/")
    errors = watch_for_errors(page)
    await page.evaluate("window.same = true")
    for key, period in (("w", "week"), ("m", "month"), ("y", "year"), ("a", "ever"), ("d", "day")):
        await page.keyboard.press(key)
        await said(page, period)
    await page.keyboard.press("m")
    await said(page, "month")
    here = await page.locator(".when b").inner_text()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator(".when b")).not_to_have_text(here)
    await page.keyboard.press("ArrowRight")
    await expect(page.locator(".when b")).to_have_text(here)
    await page.locator('[data-number="service_level"] h3 a').click()
    await expect(page.locator("#chart-h")).to_have_text("Service level")
    assert "measure=service_level" in page.url
    await page.keyboard.press("Escape")
    await expect(page.locator("#chart-h")).to_contain_text("Arrived, and given up")
    await page.go_back()
    await expect(page.locator("#chart-h")).to_have_text("Service level")
    assert await page.evaluate("window.same"), "never a new page"
    assert errors == []


async def test_a_refresh_that_nobody_asked_for_takes_no_choice_back(
    street: Street, chromium: Browser
) -> None:
    gateway = await street.gateway()
    page = await chromium.new_page()
    await page.clock.install()
    await page.goto(f"{gateway.url}/")
    slow = asyncio.Event()

    async def late(route: Route) -> None:
        await slow.wait()
        await route.continue_()

    await page.route("**/numbers?*period=month*", late)
    async with page.expect_request("**/numbers?*period=month*"):
        await page.keyboard.press("m")
    await page.evaluate(
        "document.querySelector('[data-fragment]').dispatchEvent(new Event('pulled'))"
    )
    await page.clock.fast_forward(30_000)
    slow.set()
    await said(page, "month")


async def test_a_call_is_in_the_numbers_by_itself(street: Street, chromium: Browser) -> None:
    gateway = await street.gateway()
    page = await open_page(chromium, gateway, "/")
    await expect(page.get_by_text("No call in this time.")).to_be_visible()
    await call(gateway, "w1")
    calls = page.locator('[data-number="calls"]')
    await expect(calls).to_have_attribute("data-value", "1.0")


async def test_without_scripts_each_is_a_link(street: Street, chromium: Browser) -> None:
    gateway = await with_a_past(street)
    page = await open_page(chromium, gateway, "/", java_script_enabled=False)
    await page.locator('[data-go="week"]').click()
    await said(page, "week")
    await page.locator('[data-number="calls"] h3 a').click()
    await expect(page.locator("#chart-h")).to_have_text("Calls")
    await page.get_by_role("link", name="Work it out").click()
    await expect(page.get_by_text("Not enough data.")).to_be_visible()


async def test_a_note_is_written_on_the_page(street: Street, chromium: Browser) -> None:
    gateway = await with_a_past(street)
    page = await open_page(chromium, gateway, "/?period=month&measure=calls")
    day = date.today() - timedelta(20)
    await page.get_by_label("From this day on").fill(str(day))
    await page.get_by_label("What is different").fill("Sale started")
    await page.get_by_role("button", name="Note it").click()
    await expect(page.locator(".desk-list").get_by_text("Sale started").first).to_be_visible()
    await expect(page.locator(".chart .flag")).to_have_count(1)
