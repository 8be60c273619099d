"""Another language in a real browser: chosen, brought along by an account, and by the shopper."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import expect

from tests.system.conftest import LIMIT_S, OVERDOOR, Gateway, Street, process
from tests.system.test_demo import browser, watch_for_errors
from tests.system.test_shopper_page import card, phone

LIMIT_MS = LIMIT_S * 1000
MANAGER, PIN = "a long password", "4071"


async def joins(gateway: Gateway, link: str, secret: str, name: str = "") -> dict[str, str]:
    """Somebody takes a link; their session."""
    path = "/join/" + link.rpartition("/")[2]
    form = {"name": name, "pin": secret, "again": secret}
    answer = await gateway.http.post(path, data=form)
    assert answer.status_code == 303, answer.text
    token = gateway.http.cookies["overdoor_session"]
    gateway.http.cookies.clear()
    return {"Authorization": f"Bearer {token}"}


async def test_the_choice_holds_for_the_page_its_fragments_and_its_scripts(street: Street) -> None:
    gateway = await street.gateway()
    async with browser() as chromium:
        page = await phone(chromium)
        errors = watch_for_errors(page)
        await page.goto(f"{gateway.url}/handheld")
        await page.get_by_role("button", name="Deutsch").click()
        await page.get_by_label("Ihr Name").fill("Ana")
        await page.get_by_role("button", name="Schicht beginnen").click()
        await expect(page.get_by_text("Alles ruhig.")).to_be_visible()
        await expect(page.locator("#kit")).to_contain_text("Ton an")
        raised = await gateway.http.post("/api/v1/rooms/w1/call", json={})
        assert raised.status_code == 201
        await page.get_by_role("button", name=re.compile("^Ich gehe hin")).click()
        await expect(page.get_by_text("Sie gehen hin")).to_be_visible(timeout=LIMIT_MS)
        await expect(page.locator(".undo-left")).to_contain_text("s")
        await page.locator("#duty").click()
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_text("you are going")).to_be_visible(timeout=LIMIT_MS)
        assert errors == []


async def test_who_signs_on_reads_their_own_language_at_once(street: Street) -> None:
    gateway = await street.gateway()
    command = ("associate", "link", "--first", "--config", gateway.config)
    async with process(OVERDOOR, *command, stdout=asyncio.subprocess.PIPE) as printing:
        out, _ = await printing.communicate()
    link = re.search(r"http://\S+", out.decode())
    assert link is not None
    mira = await joins(gateway, link[0], MANAGER, "Mira")
    ana = {"name": "Ana", "languages": ["de"]}
    made = await gateway.http.post("/api/v1/people", json=ana, headers=mira)
    await joins(gateway, made.json()["link"], PIN)
    async with browser() as chromium:
        page = await phone(chromium)
        await page.goto(f"{gateway.url}/handheld")
        await page.get_by_label("Your name").fill("Ana")
        await page.get_by_label("PIN").fill(PIN)
        await page.get_by_role("button", name="Start shift").click()
        await expect(page.get_by_text("Alles ruhig.")).to_be_visible(timeout=LIMIT_MS)
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.locator("#kit")).to_contain_text("Ton")


async def test_a_shopper_changes_the_language_in_the_middle_of_a_call(
    street: Street, tmp_path: Path
) -> None:
    await street.gateway()
    for scripts in (True, False):
        async with browser() as chromium:
            page = await phone(chromium, java_script_enabled=scripts)
            await page.goto(await card(tmp_path))
            await page.get_by_role("button", name="Call somebody").click()
            await expect(page.get_by_role("heading", name="Registered")).to_be_visible()
            await page.get_by_role("button", name="Deutsch").click()
            await expect(page.get_by_role("heading", name="Eingetragen")).to_be_visible()
            await expect(page.locator("html")).to_have_attribute("lang", "de")
            await page.get_by_role("button", name="Ruf abbrechen").click()
            await expect(page.get_by_role("heading", name="Abgebrochen")).to_be_visible()
