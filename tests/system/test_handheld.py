"""The handheld in a real browser: races, dead spots, restarts, new versions, more than one tab."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

import overdoor
from overdoor.resources import folder
from tests.conftest import tool
from tests.system.conftest import LIMIT_S, Gateway, Street, until
from tests.system.test_demo import CHROMIUM, browser, watch_for_errors
from tests.system.tunnel import Tunnel

LIMIT_MS = LIMIT_S * 1000
BACK_MS = 5_000  # what the handheld promises after a restart

HEARD = "navigator.serviceWorker.ready.then(() => caches.keys())"
COUNT_TONES = """
globalThis.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { tones += 1; return start.apply(this, when); };
"""


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as running:
        yield running


EVERYBODY = """
[[policy.step]]
after_s = 0
page = "zone"
"""


@pytest.fixture
async def gateway(street: Street) -> Gateway:
    """A shop that pages everybody at once."""
    gateway = await street.gateway(start=False)
    gateway.config.write_text(gateway.config.read_text() + EVERYBODY)
    await gateway.start()
    return gateway


@asynccontextmanager
async def tunnel_to(gateway: Gateway) -> AsyncIterator[Tunnel]:
    async with Tunnel(gateway.web).dug() as tunnel:
        yield tunnel


async def phone(where: Browser | BrowserContext, port: int, name: str) -> Page:
    """A phone on duty, with a worker that has what it needs."""
    context = await where.new_context() if isinstance(where, Browser) else where
    page = await context.new_page()
    page.set_default_timeout(LIMIT_MS)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"http://127.0.0.1:{port}/handheld")
    await page.fill('[name="name"]', name)
    await page.click("#signon-go")
    await expect(page.get_by_text("All quiet")).to_be_visible()
    await page.evaluate(HEARD)
    return page


async def raise_call(gateway: Gateway, room: str = "w1") -> None:
    answer = await gateway.http.post(f"/api/v1/rooms/{room}/call", json={})
    assert answer.status_code == 201, answer.text


async def going(page: Page) -> None:
    await page.locator('[data-verb="acknowledge"]').first.click()


async def state_of(gateway: Gateway, room: str = "w1") -> str:
    call = await gateway.call_of(room)
    return str(call["state"]) if call else "idle"


async def falls_asleep(page: Page) -> None:
    """As mobile systems do it. A headless Chromium hides no page, so its events are made here."""
    await page.evaluate("""() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
      document.dispatchEvent(new Event("freeze"));
    }""")


async def wakes_up(page: Page) -> None:
    await page.evaluate("""() => {
      delete document.visibilityState;
      document.dispatchEvent(new Event("resume"));
      document.dispatchEvent(new Event("visibilitychange"));
    }""")


async def test_of_two_who_press_one_has_it_and_the_other_reads_who(
    gateway: Gateway, chromium: Browser
) -> None:
    async with tunnel_to(gateway) as slow:
        ana = await phone(chromium, gateway.web, "Ana")
        mira = await phone(chromium, slow.port, "Mira")
        await raise_call(gateway)
        await expect(mira.locator('[data-call][data-state="raised"]')).to_be_visible()
        slow.hold()
        await going(ana)
        await expect(ana.locator('[data-call][data-state="acknowledged"]')).to_be_visible()
        await going(mira)
        slow.let_through()
        await expect(mira.locator(".tray")).to_contain_text("Ana has it, ")
        await expect(mira.locator(".others")).to_contain_text("Ana has it, ")
        await expect(mira.locator("[data-call]")).to_have_count(0)
        call = await gateway.call_of("w1")
        assert call is not None
        assert call["who"] == "Ana"


async def test_an_answer_given_in_a_dead_spot_survives_a_reload_and_keeps_its_time(
    gateway: Gateway, chromium: Browser
) -> None:
    async with tunnel_to(gateway) as tunnel:
        mira = await phone(chromium, tunnel.port, "Mira")
        errors: list[str] = []
        mira.on("pageerror", lambda error: errors.append(str(error)))
        await raise_call(gateway)
        await expect(mira.locator('[data-call][data-state="raised"]')).to_be_visible()
        await mira.context.set_offline(True)
        await tunnel.cut()
        await going(mira)
        await expect(mira.locator("#queue")).to_contain_text("1 answer is waiting to be sent")
        await expect(mira.locator("#banner")).to_contain_text("Connection lost")

        await mira.reload()
        await expect(mira.get_by_text("No connection to the shop")).to_be_visible()
        await expect(mira.locator("#queue")).to_contain_text("Women 1: I’m going")
        await expect(mira.locator("[data-call]")).to_have_count(0)  # nothing old looks like now
        assert await state_of(gateway) == "raised"

        back = datetime.now(UTC)
        tunnel.mend()
        await mira.context.set_offline(False)
        await expect(mira.locator('[data-call][data-state="acknowledged"]')).to_be_visible()
        await expect(mira.locator("#queue")).to_be_hidden()
        call = await gateway.call_of("w1")
        assert call is not None
        assert datetime.fromisoformat(call["acknowledged_at"]) < back
        assert errors == []


async def test_a_late_answer_that_is_refused_is_told_until_it_is_read(
    gateway: Gateway, chromium: Browser
) -> None:
    async with tunnel_to(gateway) as tunnel:
        ana = await phone(chromium, gateway.web, "Ana")
        mira = await phone(chromium, tunnel.port, "Mira")
        await raise_call(gateway)
        await expect(mira.locator('[data-call][data-state="raised"]')).to_be_visible()
        await tunnel.cut()
        await going(mira)
        await expect(mira.locator("#queue")).to_be_visible()
        await going(ana)
        await ana.locator('[data-verb="arrive"]').click()
        await expect(ana.locator('[data-call][data-state="arrived"]')).to_be_visible()
        tunnel.mend()
        told = mira.locator("#refused")
        await expect(told).to_contain_text("Ana has it", timeout=LIMIT_MS)
        await expect(told).to_contain_text("Women 1: I’m going")
        await mira.reload()
        await expect(told).to_contain_text("Ana has it")
        await told.get_by_role("button", name="OK").click()
        await expect(told).to_be_hidden()
        await mira.reload()
        await expect(mira.locator(".floor")).to_be_visible()
        await expect(told).to_be_hidden()


async def test_what_one_said_in_a_dead_spot_is_not_said_by_the_next(
    gateway: Gateway, chromium: Browser
) -> None:
    async with tunnel_to(gateway) as tunnel:
        mira = await phone(chromium, tunnel.port, "Mira")
        await raise_call(gateway)
        await expect(mira.locator('[data-call][data-state="raised"]')).to_be_visible()
        await tunnel.cut()
        await going(mira)
        await expect(mira.locator("#queue")).to_be_visible()
        # Her shift ends elsewhere, and Ana signs on on this phone, whose page sees it first.
        token = await gateway.http.post("/api/v1/duty", json={"name": "Ana", "zone": "women"})
        await mira.context.clear_cookies()
        address = f"http://127.0.0.1:{tunnel.port}"
        session = {"name": "overdoor_session", "value": token.json()["token"], "url": address}
        await mira.context.add_cookies([session])  # type: ignore[list-item]
        tunnel.mend()
        await expect(mira.locator("#refused")).to_contain_text("another shift", timeout=LIMIT_MS)
        assert await state_of(gateway) == "raised"


async def test_a_gateway_that_was_killed_is_found_again_within_five_seconds(
    gateway: Gateway, chromium: Browser
) -> None:
    mira = await phone(chromium, gateway.web, "Mira")
    await raise_call(gateway, "w1")
    await expect(mira.locator('[data-call][data-state="raised"]')).to_be_visible()
    await gateway.kill()
    await expect(mira.locator("#banner")).to_contain_text("Connection lost")
    await gateway.start()
    await raise_call(gateway, "w2")
    await expect(mira.locator('[data-call][data-state="raised"]')).to_have_count(2, timeout=BACK_MS)
    await expect(mira.locator("#banner")).to_be_empty()


async def test_a_page_that_slept_for_an_hour_comes_back_right(
    gateway: Gateway, chromium: Browser
) -> None:
    async with tunnel_to(gateway) as tunnel:
        context = await chromium.new_context()
        await context.clock.install()
        mira = await phone(context, tunnel.port, "Mira")
        await falls_asleep(mira)
        tunnel.collapse()  # as mobile systems do it: the stream is dead and says nothing
        await raise_call(gateway)
        await context.clock.fast_forward(3_600_000)
        await wakes_up(mira)
        card = mira.locator('[data-call][data-state="raised"]')
        await expect(card).to_be_visible(timeout=LIMIT_MS)
        await expect(card.locator(".card-age")).not_to_contain_text("h")
        await expect(mira.locator("#banner")).to_be_empty()
        await gateway.http.post("/api/v1/rooms/w1/cancel")
        await expect(card).to_have_count(0)  # and it hears again


async def test_several_tabs_of_one_person_count_once_and_chime_once(
    gateway: Gateway, chromium: Browser
) -> None:
    context = await chromium.new_context()
    await context.add_init_script(COUNT_TONES)
    tabs = [await phone(context, gateway.web, "Mira")]
    for _ in range(2):
        tab = await context.new_page()
        await tab.goto(f"http://127.0.0.1:{gateway.web}/handheld")
        await tab.locator(".floor").click()  # the touch that allows sound
        await expect(tab.locator("#kit")).to_contain_text("Chime on")
        tabs.append(tab)

    async def tones() -> int:
        return sum([await tab.evaluate("tones") for tab in tabs])

    for calls in (1, 2, 3):
        await raise_call(gateway)
        for tab in tabs:
            await expect(tab.locator('[data-call][data-state="raised"]')).to_be_visible()
        async with asyncio.timeout(LIMIT_S):
            while await tones() < 2 * calls:
                await asyncio.sleep(0.01)
        assert await tones() == 2 * calls  # a chime has two
        await gateway.http.post("/api/v1/rooms/w1/cancel")
        for tab in tabs:
            await expect(tab.get_by_text("1 device reachable")).to_be_visible()


async def test_somebody_on_a_break_is_not_counted_as_reachable(
    gateway: Gateway, chromium: Browser
) -> None:
    ana = await phone(chromium, gateway.web, "Ana")
    mira = await phone(chromium, gateway.web, "Mira")
    await expect(mira.get_by_text("2 devices reachable")).to_be_visible()
    await expect(ana.locator("#kit")).to_contain_text("Screen stays on")
    await ana.click("#duty")
    await ana.click("#shift-break")
    await expect(ana.get_by_text("You are on a break.")).to_be_visible()
    await expect(mira.get_by_text("1 device reachable")).to_be_visible()
    await ana.click("#resume")
    await expect(mira.get_by_text("2 devices reachable")).to_be_visible()


async def test_a_phone_that_sleeps_or_goes_is_not_counted_as_reachable(
    gateway: Gateway, chromium: Browser
) -> None:
    ana = await phone(chromium, gateway.web, "Ana")
    mira = await phone(chromium, gateway.web, "Mira")
    await expect(mira.get_by_text("2 devices reachable")).to_be_visible()
    await falls_asleep(ana)
    await expect(mira.get_by_text("1 device reachable")).to_be_visible()
    await wakes_up(ana)
    await expect(mira.get_by_text("2 devices reachable")).to_be_visible()
    await ana.close()
    await expect(mira.get_by_text("1 device reachable")).to_be_visible()


async def test_hand_off_and_nobody_there(gateway: Gateway, chromium: Browser) -> None:
    ana = await phone(chromium, gateway.web, "Ana")
    mira = await phone(chromium, gateway.web, "Mira")
    await raise_call(gateway)
    await going(ana)
    card = ana.locator('[data-call][data-state="acknowledged"]')
    await card.locator("summary").click()
    await card.locator('[data-verb="hand-off"]').click()
    await ana.locator("#handoff").get_by_role("button", name="Mira").click()
    await expect(card).to_have_count(0)
    card = mira.locator("[data-call]").first
    await going(mira)
    await card.locator("summary").click()
    await card.locator('[data-verb="nobody-there"]').click()
    await expect(mira.get_by_text("nobody there")).to_be_visible()
    calls = (await gateway.get("/calls"))["calls"]
    assert [call["outcome"] for call in calls] == ["left"]


async def test_a_call_is_served_without_a_pointer(gateway: Gateway, chromium: Browser) -> None:
    mira = await phone(chromium, gateway.web, "Mira")
    await raise_call(gateway)
    card = mira.locator('[data-call][data-state="raised"]')
    await expect(card).to_be_visible()

    async def tab_to(name: str) -> None:
        for _ in range(12):
            await mira.keyboard.press("Tab")
            said = await mira.evaluate("document.activeElement.innerText")
            if said.strip().startswith(name):
                return
        pytest.fail(f"the tab key does not reach {name!r}")

    await tab_to("I’m going")
    await mira.keyboard.press("Enter")
    await expect(mira.locator('[data-call][data-state="acknowledged"]')).to_be_visible()
    await tab_to("More")
    await mira.keyboard.press("Enter")
    await tab_to("Hand to somebody else")
    await mira.keyboard.press("Enter")
    await expect(mira.locator("#handoff")).to_be_visible()
    await mira.keyboard.press("Escape")
    await expect(mira.locator("#handoff")).to_be_hidden()
    assert await state_of(gateway) == "acknowledged"


COUNT_WORDS = """() => {
  globalThis.announced = [];
  for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]"))
    new MutationObserver(() => announced.push(region.innerText)).observe(
      region, { subtree: true, childList: true, characterData: true });
}"""


@pytest.mark.parametrize("path", ["/handheld", "/", "/wall", "/plan"])
async def test_a_poke_without_news_is_not_announced(
    gateway: Gateway, chromium: Browser, path: str
) -> None:
    mira = await phone(chromium, gateway.web, "Mira")
    await raise_call(gateway)
    await mira.goto(f"http://127.0.0.1:{gateway.web}{path}")
    await expect(mira.get_by_text("Women 1").first).to_be_visible()
    await mira.evaluate(COUNT_WORDS)
    for name in ("Ana", "Boris"):  # two come on duty: a poke each, and nothing for her
        async with mira.expect_response(lambda one: "live" in one.url or "calls" in one.url):
            posted = await gateway.http.post("/api/v1/duty", json={"name": name, "zone": "women"})
            assert posted.is_success
    await expect(mira.get_by_text("Women 1").first).to_be_visible()
    assert await mira.evaluate("announced") == []


async def test_the_page_can_be_installed(gateway: Gateway, tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=tool("chromium"), args=CHROMIUM
        )
        page = await phone(context, gateway.web, "Mira")
        devtools = await context.new_cdp_session(page)
        manifest = await devtools.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert manifest["url"].endswith("/manifest/en.json")
        assert (await devtools.send("Page.getInstallabilityErrors"))["installabilityErrors"] == []
        await context.close()


async def test_plain_http_says_what_it_cannot_do_and_works(street: Street) -> None:
    gateway = await street.gateway(start=False)
    text = gateway.config.read_text().replace("[web]\n", '[web]\nnames = ["shop.lan"]\n')
    gateway.config.write_text(text)
    await gateway.start()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=tool("chromium"),
            args=[*CHROMIUM, "--host-resolver-rules=MAP shop.lan 127.0.0.1"],
        )
        page = await running.new_page()
        errors = watch_for_errors(page)
        await page.goto(f"http://shop.lan:{gateway.web}/handheld")
        await page.fill('[name="name"]', "Mira")
        await page.click("#signon-go")
        await expect(page.locator("#kit")).to_contain_text("keeping it on needs https")
        await page.click("#duty")
        await expect(page.locator("#phone")).to_contain_text(
            "Does not open without a connection: that needs https"
        )
        await page.keyboard.press("Escape")
        await raise_call(gateway)
        await going(page)
        await expect(page.locator('[data-call][data-state="acknowledged"]')).to_be_visible()
        assert errors == []
        await running.close()


class Installed(Gateway):
    """A gateway that was installed into a folder, so that its files can become other ones."""

    def __init__(self, gateway: Gateway) -> None:
        self.__dict__ |= gateway.__dict__
        self._home = self.folder / "installed"
        shutil.copytree(Path(overdoor.__file__).parent, self._home / "overdoor")
        self.files = self._home / "overdoor" / "_dashboard"
        shutil.copytree(folder("dashboard"), self.files)

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", "from overdoor.cli import main; main()", "run", "--config", str(self.config)),
            stdout=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": str(self._home), "PATH": "/usr/bin:/bin"},
        )
        async with asyncio.timeout(LIMIT_S):
            while not await self.ready():
                await asyncio.sleep(0.02)

    async def becomes(self, mark: str) -> None:
        """Another version, which the page's colour tells."""
        await self.kill()
        style = self.files / "static" / "handheld.css"
        style.write_text(style.read_text() + f"\n:root {{ --mark: {mark}; }}\n")
        await self.start()


KEPT_IS_SHOWN = """async () => {
  const names = await caches.keys();
  const shell = await caches.match("/handheld/shell");
  const build = document.documentElement.dataset.build;
  return names.length === 1 && shell && (await shell.text()).includes(build);
}"""
MARK = "getComputedStyle(document.documentElement).getPropertyValue('--mark').trim()"


async def test_a_new_version_is_taken_by_the_page_and_its_worker(
    street: Street, chromium: Browser
) -> None:
    async with AsyncExitStack() as stack:
        gateway = Installed(await street.gateway(start=False))
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        page = await phone(chromium, gateway.web, "Mira")
        # In a shift it asks, because a new page is silent until it is touched.
        await gateway.becomes("one")
        await expect(page.get_by_text("This page has a newer version")).to_be_visible(
            timeout=LIMIT_MS
        )
        await page.click("#update")
        await page.wait_for_function(f"() => {MARK} === 'one'")
        await page.wait_for_load_state()
        await expect(page.locator("#newer")).to_be_hidden()
        await until(lambda: page.evaluate(KEPT_IS_SHOWN), "the worker keeps what is shown")

        # Between shifts it does not.
        await page.click("#duty")
        await page.click("#shift-off")
        await expect(page.locator("#signon")).to_be_visible()
        await gateway.becomes("two")
        await page.wait_for_function(f"() => {MARK} === 'two'", timeout=LIMIT_MS)

        # The worker keeps the new shell alone, and opens with it.
        await until(lambda: page.evaluate(KEPT_IS_SHOWN), "the worker keeps what is shown")
        await page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        await gateway.kill()
        await page.reload()
        await expect(page.get_by_text("No connection to the shop")).to_be_visible()
        assert await page.evaluate(MARK) == "two"
