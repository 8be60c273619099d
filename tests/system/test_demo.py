"""`overdoor demo` as a visitor meets it: real pages in a real browser, real firmware behind."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.conftest import free_port, tool
from tests.system.conftest import LIMIT_S, OVERDOOR, environment, process

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Demo:
    """A running demo and its addresses."""

    def __init__(self, running: asyncio.subprocess.Process, url: str, broker: str) -> None:
        self.process = running
        self.url = url
        self.broker = broker


@asynccontextmanager
async def demo(*options: str, folder: Path) -> AsyncIterator[Demo]:
    async with process(
        OVERDOOR,
        "demo",
        "--port",
        str(free_port()),
        *options,
        stdout=asyncio.subprocess.PIPE,
        env=environment(TMPDIR=str(folder)),
    ) as running:
        assert running.stdout is not None
        printed = ""
        async with asyncio.timeout(LIMIT_S):
            while "Ctrl-C" not in printed:
                line = await running.stdout.readline()
                assert line, f"the demo ended: {printed}"
                printed += line.decode()
        address = re.search(r"(http://\S+)/demo", printed)
        broker = re.search(r"broker +(.+)", printed)
        assert address is not None
        assert broker is not None
        yield Demo(running, address[1], broker[1])
        if running.returncode is None:
            running.send_signal(signal.SIGINT)
            async with asyncio.timeout(LIMIT_S):
                await running.wait()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=tool("chromium"), args=CHROMIUM)
        yield launched
        await launched.close()


def watch_for_errors(page: Page) -> list[str]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    return errors


@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
async def test_the_whole_loop(tmp_path: Path, broker: str) -> None:
    async with demo("--broker", broker, folder=tmp_path) as shop, browser() as chromium:
        assert broker in shop.broker
        plan = await chromium.new_page()
        errors = watch_for_errors(plan)
        await plan.goto(f"{shop.url}/demo")
        await expect(plan.locator('[data-room][data-online="true"]')).to_have_count(
            8, timeout=LIMIT_S * 1000
        )
        handheld = await (await chromium.new_context()).new_page()
        await handheld.set_viewport_size({"width": 390, "height": 844})
        errors += watch_for_errors(handheld)
        await handheld.goto(f"{shop.url}/handheld")
        await handheld.fill('[name="name"]', "Mira")
        await handheld.locator("#signon").get_by_text("Women", exact=True).click()
        await handheld.locator("#signon-go").click()
        await expect(handheld.get_by_text("All quiet")).to_be_visible()

        # The shopper presses: the ring lights, then the lamp breathes.
        room = plan.locator('[data-room="w2"]')
        await room.locator('[data-button="call"]').click()
        await expect(room).not_to_have_attribute("data-ring", "0")
        await expect(room).not_to_have_attribute("data-lamp", "0")

        # The associate goes: one tap, and the lamp is steady.
        card = handheld.locator('[data-call][data-state="raised"]')
        await expect(card).to_contain_text("Women 2")
        await card.locator('[data-verb="acknowledge"]').click()
        await expect(room).to_have_attribute("data-lamp", "255")
        await expect(handheld.locator('[data-call][data-state="acknowledged"]')).to_be_visible()

        # The presence button proves the arrival, and the lights go off.
        await room.locator('[data-button="presence"]').click()
        await expect(room).to_have_attribute("data-lamp", "0")
        await expect(room).to_have_attribute("data-ring", "0")

        manager = await chromium.new_page()
        errors += watch_for_errors(manager)
        await manager.goto(f"{shop.url}/")
        calls = manager.locator('[data-number="calls"]')
        await expect(calls).to_have_attribute("data-value", "1.0")
        await expect(manager.locator('[data-room="w2"]')).to_have_attribute("data-state", "arrived")
        assert errors == []


async def test_a_call_is_taken_and_arrived_at_with_the_pager(tmp_path: Path) -> None:
    async with demo("--rooms", "3", folder=tmp_path) as shop, browser() as chromium:
        plan = await chromium.new_page()
        errors = watch_for_errors(plan)
        await plan.goto(f"{shop.url}/demo")
        pager = plan.locator("#pager")
        await expect(pager).to_have_attribute("data-online", "true", timeout=LIMIT_S * 1000)
        room = plan.locator('[data-room="w1"]')
        await expect(room).to_have_attribute("data-online", "true", timeout=LIMIT_S * 1000)
        await room.locator('[data-button="call"]').click()
        await expect(room).not_to_have_attribute("data-lamp", "0")
        key = pager.get_by_role("button", name="Key A")

        async def until_lamp(level: str) -> None:
            # A key that comes within 0.6 s of the call on the screen answers nothing.
            async with asyncio.timeout(LIMIT_S):
                while await room.get_attribute("data-lamp") != level:
                    await key.click(delay=80)
                    await plan.wait_for_timeout(700)

        await until_lamp("255")
        await until_lamp("0")
        calls = await (await plan.request.get(f"{shop.url}/api/v1/calls")).json()
        assert calls["calls"][0]["by"] == "pg-1"
        assert errors == []


async def test_a_simulated_associate_serves_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    async with demo("--rooms", "3", folder=tmp_path) as shop, browser() as chromium:
        plan = await chromium.new_page()
        await plan.goto(f"{shop.url}/demo")
        await expect(plan.locator('[data-room][data-online="true"]')).to_have_count(
            3, timeout=LIMIT_S * 1000
        )
        await plan.get_by_role("switch", name="Ana").click()
        room = plan.locator('[data-room="w1"]')
        await room.locator('[data-button="call"]').click()
        await expect(room).to_have_attribute("data-lamp", "255", timeout=LIMIT_S * 1000)
        await expect(room).to_have_attribute("data-lamp", "0", timeout=LIMIT_S * 1000)
        manager = await chromium.new_page()
        await manager.goto(f"{shop.url}/")
        helped = manager.locator('[data-number="to_be_helped"]')
        await expect(helped).to_have_attribute("data-value", re.compile(r"^\d+"))

        shop.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(LIMIT_S):
            assert await shop.process.wait() == 0
        assert _commands_naming(str(tmp_path)) == []


def _commands_naming(text: str) -> list[str]:
    """Running processes whose command line names this text."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it ended meanwhile
        if text in command:
            found.append(command)
    return found
