"""The page behind a room's card, and what a phone shows that was held to a tag."""

import re
from collections.abc import AsyncIterator
from functools import partial

from playwright.async_api import Page, expect

from overdoor.tags import Tags
from tests.gateway.test_tags import UID, SoftTag
from tests.system.conftest import Device, Gateway, until

from .stage import Associate, Shown, Stage, on_duty, sees, signs_on

WALKS = 30  # proven ones as far, before the page says how long somebody takes
EVERY_DAY_CLOSED = '\n[hours]\nmon = "03:00-03:01"\ngrace_min = 0\n'


async def _heading(page: Page, words: str) -> None:
    await expect(page.get_by_role("heading", name=words)).to_be_visible()


async def _press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()


async def _walks(stage: Stage, gateway: Gateway, ana: Associate) -> None:
    """Enough proven arrivals to know how long it takes, each in a room of its own."""
    voice = (await stage.devices("q0"))["q0"].client
    for number in range(WALKS):
        room = f"q{number}"
        device = Device(voice, f"cp-{room}")
        await device.press(age_ms=110_000)
        await until(partial(_is, gateway, room, "raised"), f"{room} calls")
        await ana.says(room, "acknowledge", age_ms=105_000)
        await device.press("presence", age_ms=60_000 - 1_500 * number)
        await until(partial(_is, gateway, room, "arrived"), f"somebody is in {room}")
        await ana.says(room, "close")


async def _is(gateway: Gateway, room: str, state: str) -> bool:
    call = await gateway.call_of(room)
    return call is not None and call["state"] == state


async def a_call_by_the_card(stage: Stage) -> AsyncIterator[Shown]:
    """Every state of a call, as the shopper who waits sees it."""
    gateway = await stage.shop(more=WALKS)
    await stage.devices("w1")
    ana = await on_duty(gateway, "Ana")
    await _walks(stage, gateway, ana)
    page = await stage.open(await stage.card())
    await _heading(page, "Do you need somebody?")
    yield Shown("shopper-before", page)
    await page.locator("label", has_text="A question").click()
    yield Shown("shopper-need-chosen", page)
    await _press(page, "Call somebody")
    await _heading(page, "Registered")
    yield Shown("shopper-registered", page)
    await sees(page, "Nobody could be reached yet")  # Ana has no page open
    yield Shown("shopper-nobody-reached", page)
    await ana.says("w1", "acknowledge")
    await _heading(page, "Ana is coming")
    await sees(page, "min")
    yield Shown("shopper-coming-with-minutes", page)
    await ana.says("w1", "reply", phrase="wait", minutes=2)
    await sees(page, "2 minutes, please")
    yield Shown("shopper-told-minutes", page)
    await ana.says("w1", "reply", phrase="size", missing="M", offer="L")
    await sees(page, "Shall I bring L?")
    yield Shown("shopper-asked-about-a-size", page)
    await _press(page, "Yes, please")
    await sees(page, "You said: yes")
    yield Shown("shopper-said-yes", page)
    await ana.says("w1", "hand-off", zone="women")
    await sees(page, "We are asking somebody else")
    yield Shown("shopper-somebody-else", page)
    await ana.says("w1", "acknowledge")
    await ana.says("w1", "arrive")
    await _heading(page, "Ana is here")
    yield Shown("shopper-here", page)
    await ana.says("w1", "close")
    await _heading(page, "Done")
    yield Shown("shopper-two-questions", page)
    await _press(page, "4 very")
    await sees(page, "Thank you.")
    yield Shown("shopper-one-question", page)
    async for shown in _other_ends(gateway, page, ana):
        yield shown


async def thanks(stage: Stage) -> AsyncIterator[Shown]:
    """A shopper thanks who came: they see it, and the board as a number."""
    gateway = await stage.shop()
    await stage.devices("w1")
    phone = await stage.open(f"{gateway.url}/handheld")
    await signs_on(phone, "Ana")
    page, wall = await stage.open(await stage.card()), await stage.open(f"{gateway.url}/wall")
    await _press(page, "Call somebody")
    for verb in ("acknowledge", "arrive", "close"):
        await phone.wait_for_timeout(500)  # one tap too many must not be the next answer
        await phone.locator(f'[data-key="primary"][data-verb="{verb}"]').click()
    await _press(page, "Thank who came")
    await sees(page, "Your thanks go to who came.")
    yield Shown("shopper-thanked", page)
    await sees(phone, "A shopper thanks you")
    yield Shown("handheld-thanked", phone)
    await sees(wall, "Shoppers thanked today")
    yield Shown("wall-thanked", wall)


async def _other_ends(gateway: Gateway, page: Page, ana: Associate) -> AsyncIterator[Shown]:
    await _press(page, "Call again")
    await _heading(page, "Registered")
    await _press(page, "Cancel the call")
    await _heading(page, "Cancelled")
    yield Shown("shopper-cancelled", page)
    await _press(page, "Call again")
    await _heading(page, "Registered")
    await ana.says("w1", "acknowledge")
    await ana.says("w1", "nobody-there")
    await _heading(page, "Somebody came")
    yield Shown("shopper-not-found", page)
    text = gateway.config.read_text()
    gateway.config.write_text(
        text.replace("[policy]\n", "[policy]\ngive_up_s = 1.0\nstale_press_s = 1.0\n")
    )
    await page.wait_for_timeout(2_500)  # the gateway looks at its file every second
    await _press(page, "Call again")
    await _heading(page, "Nobody could come")
    yield Shown("shopper-nobody-came", page)
    answer = page.get_by_role("heading", name=re.compile("Registered|too often"))
    too_often = page.get_by_role("heading", name="That was too often")
    while not await too_often.is_visible():
        await _press(page, "Call again")
        await expect(answer).to_be_visible()
        if not await too_often.is_visible():
            await _heading(page, "Nobody could come")
    yield Shown("shopper-too-often", page)


async def no_call_by_the_card(stage: Stage) -> AsyncIterator[Shown]:
    """Out of service, closed, without a connection, and a card that is void."""
    gateway = await stage.shop()
    await stage.devices("w1")
    address = await stage.card()
    page = await stage.open(address)
    out = {"service": "out"}
    assert (await gateway.http.post("/api/v1/rooms/w1/service", json=out)).is_success
    await _heading(page, "This room is out of service")
    yield Shown("shopper-out-of-service", page)
    assert (
        await gateway.http.post("/api/v1/rooms/w1/service", json={"service": "open"})
    ).is_success
    await _heading(page, "Do you need somebody?")
    gateway.config.write_text(gateway.config.read_text() + EVERY_DAY_CLOSED)
    await _heading(page, "The shop is closed")
    yield Shown("shopper-closed", page)
    await stage.command("room", "rotate", "w1")
    await page.goto(address)
    await _heading(page, "This card is not valid any more")
    yield Shown("shopper-old-card", page)
    page = await stage.open(await stage.card())
    await gateway.kill()
    await expect(page.get_by_role("alert")).to_contain_text("No connection")
    yield Shown("shopper-connection-lost", page)


async def a_tag_and_a_card(stage: Stage) -> AsyncIterator[Shown]:
    """What staff see who held their phone to a tag, or scanned a card."""
    gateway = await stage.shop()
    tag = SoftTag(Tags(gateway.folder / "data", "http://x").add(UID, "w1"))
    card = await stage.card()

    def tapped(read: dict[str, str]) -> str:
        return f"{gateway.url}/t?e={read['e']}&c={read['c']}"

    page = await stage.open(f"{gateway.url}/trust")
    await page.route("**/tap.js", lambda route: route.abort())  # which would send it on at once
    await page.goto(tapped(tag.read()))
    yield Shown("tap-read", page)
    page = await stage.open(tapped(tag.read()))
    await _heading(page, "No open call")
    yield Shown("tap-no-call", page)
    read = tag.read()
    await gateway.http.post("/api/v1/rooms/w1/call", json={})
    await page.goto(tapped(read))
    await _heading(page, "Sign on within a minute")
    yield Shown("tap-sign-on", page)
    await page.goto(tapped(read))
    await _heading(page, "This tap was used before")
    yield Shown("tap-used", page)
    await page.goto(f"{gateway.url}/t?e={'0' * 32}&c={'0' * 16}")
    await _heading(page, "Not a tag of this shop")
    yield Shown("tap-unknown", page)
    page = await stage.open(f"{card}/here")
    await _heading(page, "You are in Women 1")
    yield Shown("card-here", page)
    await _press(page, "I’m here")
    await _heading(page, "Sign on first")
    yield Shown("card-sign-on-first", page)
    await page.goto(f"{gateway.url}/handheld")
    await signs_on(page, "Ana")
    await page.goto(card)
    await sees(page, "You are on duty")
    yield Shown("shopper-seen-by-staff", page)
    await stage.command("room", "rotate", "w1")
    await page.goto(f"{card}/here")
    await _heading(page, "Not a card of this shop")
    yield Shown("card-old", page)
