"""The numbers on the dashboard: nothing yet, a few calls, a day, weeks, and very many."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

from playwright.async_api import expect

from overdoor.insight.days import day_of
from tests.past import write_past

from .stage import Shown, Stage, on_duty, sees

ZONE = "Europe/Sofia"


async def the_numbers(stage: Stage) -> AsyncIterator[Shown]:
    """From an empty shop to one with a year behind it."""
    gateway = await stage.shop()
    page = await stage.open(f"{gateway.url}/")
    await sees(page, "No call in this time.")
    yield Shown("numbers-empty", page)
    devices = await stage.devices()
    people = [await on_duty(gateway, name) for name in ("Ana", "Boris", "Mira")]
    for number in range(12):
        room = f"w{number % 3 + 1}"
        await devices[room].press(age_ms=25_000 + 4_000 * number)
        await expect(page.locator(f'[data-room="{room}"]')).to_have_attribute("data-face", "raised")
        for verb in ("acknowledge", "arrive", "close"):
            await people[number % 3].says(room, verb)
        if number in (0, 11):
            await page.goto(f"{gateway.url}/")
            yield Shown("numbers-one-call" if not number else "numbers-twelve-calls", page)
    await gateway.kill()
    today = date.fromisoformat(day_of(await page.evaluate("Date.now()"), ZONE))
    write_past(gateway.folder / "data", today, 400, per_day=90, timezone=ZONE, slower_since=6)
    await gateway.start()
    week = today - timedelta(7)
    for name, query in {
        "numbers-a-week": f"period=week&day={week}",
        "numbers-a-measure": f"period=month&day={week}&zone=women&measure=service_level",
        "numbers-all": "period=ever&measure=calls",
    }.items():
        await page.goto(f"{gateway.url}/?{query}")
        await expect(page.locator("#numbers .number")).to_have_count(4)
        await expect(page.locator(".staffing")).to_be_visible()
        if name == "numbers-all":
            await page.locator(".as-table summary").first.click()
        yield Shown(name, page, printed=name == "numbers-a-week")
