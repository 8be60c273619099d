"""A manager has a device blink from the dashboard, to see which one it is."""

import json

from playwright.async_api import expect

from tests.system.conftest import Street
from tests.system.test_demo import browser, watch_for_errors


async def test_a_device_blinks_from_the_dashboard(street: Street) -> None:
    gateway = await street.gateway()
    device = await street.device("cp-9")
    await device.press()
    await device.hears("signal", lambda said: said["state"] == "offline")
    async with browser() as chromium:
        page = await chromium.new_page()
        errors = watch_for_errors(page)
        await page.goto(str(gateway.http.base_url))
        await page.get_by_role("button", name="Blink cp-9").click()
        order = await device.hears("command", lambda said: said["verb"] == "identify")
        refused = {"v": 1, "id": order["id"], "status": "error", "data": {"reason": "no lights"}}
        await device.client.publish(device.topic("result"), json.dumps(refused), qos=1)
        await expect(page.locator("#banner")).to_have_text("cp-9 refuses: no lights.")
        device.forget()
        await page.get_by_role("button", name="Blink cp-9").click()
        order = await device.hears("command")
        done = {"v": 1, "id": order["id"], "status": "ok", "data": {}}
        await device.client.publish(device.topic("result"), json.dumps(done), qos=1)
        await expect(page.locator("#banner")).to_have_text("")
    assert [error for error in errors if "409" not in error] == []
