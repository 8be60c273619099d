"""Accounts, trust, the demo: the pages around the floor."""

import re
from collections.abc import AsyncIterator

from playwright.async_api import Page, expect

from tests.system.conftest import LIMIT_S
from tests.system.test_demo import demo
from tests.system.test_https import over_https

from .stage import DESKTOP, Shown, Stage, sees


async def _joins(page: Page, secret: str) -> None:
    await page.get_by_label("Choose a").fill(secret)
    await page.get_by_label("Once more").fill(secret)
    await page.get_by_role("button", name="Agree and join").click()


async def accounts(stage: Stage) -> AsyncIterator[Shown]:
    """From a shop without accounts to people who join, sign in, and see what is held."""
    gateway = await stage.shop()
    for name in ("people", "sign-in", "me"):
        page = await stage.open(f"{gateway.url}/{name}")
        yield Shown(f"{name}-without-accounts", page)
    printed = await stage.command("associate", "link", "--first")
    first = re.search(r"http://\S+/join/\S+", printed)
    assert first is not None, printed
    page = await stage.open(f"{gateway.url}/check")
    yield Shown("check", page)
    await page.goto(first[0])
    yield Shown("join-first-manager", page)
    await page.get_by_label("Your name").fill("Mira")
    await page.get_by_label("Choose a").fill("a long password")
    await page.get_by_label("Once more").fill("another one")
    await page.get_by_role("button", name="Agree and join").click()
    await sees(page, "not the same")
    yield Shown("join-not-the-same", page)
    await _joins(page, "a long password")
    await sees(page, "1 account")
    yield Shown("people-first", page)
    people = {"Ana": ("en bg", ""), "Alexandra-Konstantina": ("de el en", "shoes evening-wear")}
    for name, (languages, departments) in people.items():
        await page.get_by_label("Nickname").fill(name)
        await page.get_by_label("Languages").fill(languages)
        await page.get_by_label("Departments").fill(departments)
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.locator(f'[data-person="{name}"]')).to_be_visible()
    await page.locator('[data-person="Ana"]').locator("summary").click()
    yield Shown("people-more", page)
    await page.get_by_label("Nickname").fill("Ana")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    yield Shown("people-same-name", page)
    await page.get_by_role("button", name=re.compile("Print card.*Ana")).click()
    link = (await page.locator(".join-link").inner_text()).strip()
    yield Shown("people-card", page)
    async for shown in _an_associate(stage, gateway.url, link):
        yield shown
    await page.goto(f"{gateway.url}/me")
    yield Shown("me-manager", page)
    await page.goto(f"{gateway.url}/")
    await expect(page.get_by_text("1 on duty")).to_be_visible()
    yield Shown("dashboard-manager", page)


async def _an_associate(stage: Stage, url: str, link: str) -> AsyncIterator[Shown]:
    page = await stage.open(link)
    yield Shown("join-associate", page)
    await _joins(page, "4071")
    await sees(page, "You are signed in as")
    yield Shown("handheld-sign-on-signed-in", page)
    await page.get_by_role("button", name="Start shift").click()
    await sees(page, "All quiet")
    await page.goto(f"{url}/me")
    await page.get_by_role("button", name="Keep it and send me a trial").click()
    await sees(page, "did not leave")  # nobody is at that address
    yield Shown("me-channel-does-not-work", page)
    await page.get_by_text("Delete all of this").click()
    yield Shown("me-on-duty", page)
    await page.goto(f"{url}/people")
    await sees(page, "That page is for managers.")
    yield Shown("sign-in-not-for-you", page)
    page = await stage.open(f"{url}/handheld")
    yield Shown("handheld-sign-on-pin", page)
    await page.goto(link)
    yield Shown("join-link-used", page)
    await page.goto(f"{url}/sign-in")
    yield Shown("sign-in", page)
    await page.get_by_label("Name").fill("Ana")
    await page.get_by_label("PIN or password").fill("0000")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    yield Shown("sign-in-wrong", page)


async def trust(stage: Stage) -> AsyncIterator[Shown]:
    """How a phone comes to trust the shop, before and after it has certificates."""
    gateway = await stage.street.gateway()
    page = await stage.open(f"{gateway.url}/trust")
    yield Shown("trust-http", page)
    await gateway.stop()
    gateway, _ = await over_https(stage.street)
    page = await stage.open(f"{gateway.url}/trust", ignore_https_errors=True)
    await sees(page, "iPhone, iPad")
    yield Shown("trust-https", page, printed=True)


async def the_demo(stage: Stage) -> AsyncIterator[Shown]:
    """The shop on a desk, before and after somebody presses."""
    async with demo(folder=stage.folder) as shop:
        page = await stage.open(f"{shop.url}/demo", viewport=DESKTOP)
        online = page.locator('[data-room][data-online="true"]')
        await expect(online).to_have_count(8, timeout=LIMIT_S * 1000)
        yield Shown("demo", page)
        room = page.locator('[data-room="w2"]')
        await room.locator('[data-button="call"]').click()
        await page.get_by_role("switch", name="Ana").click()
        await expect(room).not_to_have_attribute("data-lamp", "0")
        yield Shown("demo-call", page)
