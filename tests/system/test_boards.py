"""Wall board, floor plan and a tapped tag in a real browser, before a real gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from overdoor.tags import Tags
from tests.gateway.test_tags import UID, SoftTag
from tests.system.conftest import LIMIT_S, Gateway, Street
from tests.system.test_demo import browser, watch_for_errors

LIMIT_MS = LIMIT_S * 1000
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
NARROW = {"width": 320, "height": 640}

SPILLS = """() => [...document.querySelectorAll(".place-in")].filter((box) =>
    box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1
).map((box) => box.innerText)"""


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


async def open_page(chromium: Browser, gateway: Gateway, path: str, **options: object) -> Page:
    context = await chromium.new_context(**({"viewport": DESKTOP} | options))  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(LIMIT_MS)
    await page.goto(f"http://127.0.0.1:{gateway.web}{path}")
    return page


async def call(gateway: Gateway, room: str, verb: str | None = None) -> None:
    """A call, and perhaps Ana's answer."""
    raised = await gateway.http.post(f"/api/v1/rooms/{room}/call", json={})
    assert raised.status_code == 201, raised.text
    if verb is not None:
        duty = await gateway.http.post("/api/v1/duty", json={"name": "Ana", "zone": "women"})
        bearer = {"Authorization": f"Bearer {duty.json()['token']}"}
        gateway.http.cookies.clear()
        path = f"/api/v1/calls/{raised.json()['id']}/{verb}"
        assert (await gateway.http.post(path, json={}, headers=bearer)).status_code == 200


async def test_the_wall_shows_rooms_and_ages_and_nobodys_name(
    street: Street, chromium: Browser
) -> None:
    gateway = await street.gateway()
    wall = await open_page(chromium, gateway, "/wall")
    errors = watch_for_errors(wall)
    await expect(wall.get_by_role("heading", name="All quiet")).to_be_visible()
    await call(gateway, "w1")
    room = wall.locator('[data-room="w1"]')
    await expect(room).to_have_attribute("data-face", "raised")
    await expect(room.locator("time")).to_have_text(r"0 s", use_inner_text=True)
    await call(gateway, "w2", "acknowledge")
    await expect(wall.locator('[data-room="w2"]')).to_contain_text("Coming")
    await expect(wall.get_by_role("heading", name="2 waiting")).to_be_visible()
    assert "Ana" not in await wall.content()
    assert errors == []


async def test_old_is_never_shown_as_live_and_the_wall_comes_back_by_itself(
    street: Street, chromium: Browser
) -> None:
    gateway = await street.gateway()
    await call(gateway, "w1")
    wall = await open_page(chromium, gateway, "/wall")
    age = wall.locator('[data-room="w1"] time')
    await expect(age).to_be_visible()
    await gateway.kill()
    await expect(wall.get_by_text("Not live.")).to_be_visible(timeout=LIMIT_MS)
    await expect(age).to_be_hidden()
    await gateway.start()
    await expect(wall.get_by_text("Not live.")).to_be_hidden(timeout=LIMIT_MS)
    await expect(age).to_be_visible()


@pytest.mark.parametrize("rooms", [4, 12, 40])
async def test_all_rooms_are_on_one_screen(street: Street, chromium: Browser, rooms: int) -> None:
    gateway = await street.gateway(start=False)
    file = gateway.config
    more = "".join(
        f'[[room]]\nid = "r{n}"\nname = "Fitting room {n}"\nzone = "women"\nat = [{n}.0, 9.0]\n'
        for n in range(rooms - 2)
    )
    file.write_text(file.read_text() + more)
    await gateway.start()
    for room in ("r0", "r1"):
        await call(gateway, room)
    for size in (DESKTOP, {"width": 1920, "height": 1080}, {"width": 1080, "height": 1920}):
        wall = await open_page(chromium, gateway, "/wall", viewport=size)
        await expect(wall.locator(".place")).to_have_count(rooms)
        last = await wall.locator(".place").last.bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= size["height"]
        assert last["x"] + last["width"] <= size["width"]
        assert await wall.evaluate(SPILLS) == []
        await wall.context.close()


async def test_f_fills_the_screen_and_the_pointer_rests(street: Street, chromium: Browser) -> None:
    gateway = await street.gateway()
    wall = await open_page(chromium, gateway, "/wall")
    await wall.keyboard.press("f")
    await wall.wait_for_function("document.fullscreenElement !== null")
    await wall.keyboard.press("f")
    await wall.wait_for_function("document.fullscreenElement === null")
    await wall.wait_for_selector("body.is-resting")
    await wall.mouse.move(20, 20)
    await wall.wait_for_selector("body:not(.is-resting)")


async def test_the_plan_glows_as_the_lamps_do_and_says_it_in_words(
    street: Street, chromium: Browser
) -> None:
    gateway = await street.gateway()
    plan = await open_page(chromium, gateway, "/plan")
    errors = watch_for_errors(plan)
    await call(gateway, "w1")
    place = plan.locator('[data-key="place-w1"]')
    await expect(place).to_have_attribute("data-face", "raised")
    breathes = (
        "getComputedStyle(document.querySelector('[data-face=raised] .f-glow')).animationName"
    )
    assert await plan.evaluate(breathes) == "breathe"
    await expect(plan.get_by_role("list", name="Rooms")).to_contain_text("Raised")
    await call(gateway, "w2", "acknowledge")
    await expect(plan.locator('[data-key="place-w2"]')).to_contain_text("Coming")
    await plan.emulate_media(reduced_motion="reduce")
    assert await plan.evaluate(breathes) == "none"
    assert errors == []


@pytest.mark.parametrize("path", ["/wall", "/plan", "/t?e=00&c=00"])
async def test_nothing_stands_in_anybodys_way(street: Street, chromium: Browser, path: str) -> None:
    gateway = await street.gateway()
    await call(gateway, "w1")
    await call(gateway, "w2", "acknowledge")
    for scheme in ("light", "dark"):
        for size in (NARROW, PHONE, DESKTOP):
            page = await open_page(
                chromium, gateway, path, viewport=size, color_scheme=scheme, reduced_motion="reduce"
            )
            found = await Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size["width"]
            await page.context.close()


async def test_a_phone_held_to_a_tag_is_an_arrival_with_nothing_to_press(
    street: Street, chromium: Browser, tmp_path: Path
) -> None:
    gateway = await street.gateway()
    tag = SoftTag(Tags(gateway.folder / "data", "http://x").add(UID, "w1"))
    phone = await open_page(chromium, gateway, "/handheld", viewport=PHONE)
    await phone.fill('[name="name"]', "Ana")
    await phone.click("#signon-go")
    await expect(phone.get_by_text("All quiet")).to_be_visible()
    await call(gateway, "w1")
    read = tag.read()
    opened = f"http://127.0.0.1:{gateway.web}/t?e={read['e']}&c={read['c']}"
    await phone.goto(opened)
    await expect(phone.locator('[data-call][data-state="arrived"]')).to_be_visible()
    came = await gateway.call_of("w1")
    assert came is not None
    assert (came["state"], came["evidence"]) == ("arrived", "B")
    await phone.goto(opened)
    await expect(phone.get_by_role("heading", name="This tap was used before")).to_be_visible()
