"""Accounts as people meet them: the printed link, the card, a PIN, what is held about oneself."""

import asyncio
import re

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.conftest import tool
from tests.system.conftest import LIMIT_S, OVERDOOR, Gateway, Street, process
from tests.system.test_demo import CHROMIUM, watch_for_errors


async def printed_link(gateway: Gateway, running: asyncio.subprocess.Process) -> str:
    assert running.stdout is not None
    said = ""
    async with asyncio.timeout(LIMIT_S):
        while "for a day" not in said:
            line = await running.stdout.readline()
            assert line, f"the gateway ended: {said}"
            said += line.decode()
    found = re.search(r"http://\S+/join/\S+", said)
    assert found is not None
    return found[0]


async def phone(chromium: Browser) -> tuple[Page, list[str]]:
    page = await (await chromium.new_context(viewport={"width": 390, "height": 844})).new_page()
    return page, watch_for_errors(page)


async def test_from_the_printed_link_to_an_associate_on_duty(street: Street) -> None:
    gateway = await street.gateway()
    await gateway.stop()
    async with (
        process(OVERDOOR, "run", "-c", gateway.config, stdout=asyncio.subprocess.PIPE) as running,
        async_playwright() as playwright,
    ):
        chromium = await playwright.chromium.launch(executable_path=tool("chromium"), args=CHROMIUM)
        manager, errors = await phone(chromium)
        await manager.goto(await printed_link(gateway, running))
        await manager.get_by_label("Your name").fill("Mira")
        await manager.get_by_label("Choose a password").fill("a long password")
        await manager.get_by_label("Once more").fill("a long password")
        await manager.get_by_role("button", name="Agree and join").click()
        await manager.get_by_label("Nickname").fill("Ana")
        await manager.get_by_role("button", name="Add", exact=True).click()
        await manager.get_by_role("button", name=re.compile("Print card.*Ana")).click()
        link = (await manager.locator(".join-link").inner_text()).strip()

        associate, more = await phone(chromium)
        await associate.goto(link)
        await associate.get_by_label("Choose a PIN").fill("4071")
        await associate.get_by_label("Once more").fill("4071")
        await associate.get_by_role("button", name="Agree and join").click()
        await associate.get_by_role("button", name="Start shift").click()
        await expect(associate.get_by_text("All quiet")).to_be_visible()

        # Signed off is signed out; a name alone opens nothing any more, the PIN does.
        await associate.locator("#duty").click()
        await associate.get_by_role("button", name="Sign off").click()
        await associate.get_by_label("Your name").fill("Ana")
        await associate.get_by_label("PIN").fill("4071")
        await associate.get_by_role("button", name="Start shift").click()
        await expect(associate.get_by_text("All quiet")).to_be_visible()

        await associate.goto(f"http://127.0.0.1:{gateway.web}/me")
        await associate.get_by_text("Delete all of this").click()
        await associate.get_by_role("button", name="Delete it now").click()
        await expect(associate.get_by_text("Nothing, as far as this phone tells")).to_be_visible()
        await manager.goto(f"http://127.0.0.1:{gateway.web}/people")
        await expect(manager.get_by_text("1 account")).to_be_visible()
        assert errors + more == []
        await chromium.close()
