"""Where every page is brought into every state: a real shop, and browsers that are listened to."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Request, expect

from tests.system.conftest import LIMIT_S, OVERDOOR, Device, Gateway, Street, a_street, process
from tests.system.test_demo import browser

LIMIT_MS = LIMIT_S * 1000
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}

SHOP = """\
[shop]
id = "t"
name = "Fashion on the Corner"
timezone = "Europe/Sofia"

[mqtt]
url = "mqtt://127.0.0.1:{mqtt}"

[web]
bind = "127.0.0.1:{web}"

[notify]
personal = ["ntfy://127.0.0.1:9/"]

[shopper]
names = true

[[zone]]
id = "women"
name = "Women"

[[zone]]
id = "men"
name = "Men and accessories"

[[pager]]
device = "pg-1"

[[wall]]
from = [9.0, 0.0]
to = [9.0, 5.0]

[policy]
offline_alarm_s = 1.0

[[policy.step]]
after_s = 0
page = "zone"

[[policy.step]]
after_s = 100
page = "manager"
"""
ROOM = """
[[room]]
id = "{id}"
name = "{name}"
zone = "{zone}"
at = [{x}, {y}]
device = "cp-{id}"
"""
ROOMS = {  # id: name, zone, place
    "w1": ("Women 1", "women", 1.4, 1.4),
    "w2": ("Women 2", "women", 3.6, 1.4),
    "w3": ("Women 3", "women", 5.8, 1.4),
    "w4": ("Women 4, by the window", "women", 1.4, 6.2),
    "m1": ("Men 1", "men", 10.8, 1.4),
    "m2": ("Men 2", "men", 13.0, 1.4),
    "m3": ("Men 3, wide", "men", 10.8, 6.2),
}
TRAINING = """
[[room]]
id = "t1"
name = "Practice room"
zone = "women"
at = [5.8, 6.2]
training = true
"""

# A page says itself when its policy kept something out.
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} kept out ${event.blockedURI}`))"""


@dataclass(frozen=True)
class Shown:
    """A page in a state. `printed`: people print it."""

    name: str
    page: Page
    printed: bool = False


Story = Callable[["Stage"], AsyncIterator[Shown]]


class Stage:
    """A street and a browser. What its pages should not do is kept in `strayed`."""

    def __init__(self, street: Street, folder: Path, chromium: Browser) -> None:
        self.street = street
        self.folder = folder
        self.chromium = chromium
        self.strayed: list[str] = []

    async def shop(self, *, more: int = 0) -> Gateway:
        """A gateway whose shop has two zones; `more` rooms are in the first one."""
        gateway = await self.street.gateway(start=False)
        text = SHOP.format(mqtt=self.street.mqtt, web=gateway.web)
        rooms = [
            ROOM.format(id=id_, name=name, zone=zone, x=x, y=y)
            for id_, (name, zone, x, y) in ROOMS.items()
        ]
        rooms += [
            ROOM.format(id=f"q{n}", name=f"Women {n + 10}", zone="women", x=n / 10, y=6.2)
            for n in range(more)
        ]
        gateway.config.write_text("".join([text, *rooms, TRAINING]))
        await gateway.start()
        return gateway

    async def devices(self, *rooms: str) -> dict[str, Device]:
        """The devices of these rooms, online."""
        return {room: await self.street.device(f"cp-{room}") for room in rooms or ROOMS}

    async def open(self, url: str, **options: Any) -> Page:
        """A page in a browser of its own."""
        context = await self.chromium.new_context(**({"viewport": PHONE} | options))
        await context.add_init_script(TELL_VIOLATIONS)
        page = await context.new_page()
        page.set_default_timeout(LIMIT_MS)
        page.on("console", self._heard)
        page.on("request", lambda request: self._left(page, url, request))
        await page.goto(url)
        return page

    async def command(self, *words: str) -> str:
        """What a command of this shop prints."""
        line = (OVERDOOR, *words, "--config", self.folder / "shop.toml")
        async with process(*line, stdout=asyncio.subprocess.PIPE) as running:
            out, _ = await running.communicate()
        assert running.returncode == 0, f"{words}: {out.decode()}"
        return out.decode()

    async def card(self, room: str = "w1") -> str:
        """The address on the card of a room."""
        return (await self.command("room", "cards", room)).split()[-1]

    def _heard(self, said: Any) -> None:
        if said.text.startswith("policy:") or "Content Security Policy" in said.text:
            self.strayed.append(f"{said.location.get('url')}: {said.text}")

    def _left(self, page: Page, home: str, request: Request) -> None:
        there, here = urlsplit(request.url), urlsplit(home)
        if there.scheme not in ("data", "blob") and there.netloc != here.netloc:
            self.strayed.append(f"{page.url} asks {request.url}")


@asynccontextmanager
async def a_stage(folder: Path) -> AsyncIterator[Stage]:
    """A stage in an empty folder."""
    async with a_street(folder) as street, browser() as chromium:
        yield Stage(street, folder, chromium)


class Associate:
    """Somebody on duty who says by the API what a phone would say."""

    def __init__(self, gateway: Gateway, bearer: dict[str, str]) -> None:
        self._gateway = gateway
        self._bearer = bearer

    async def says(self, room: str, verb: str, **body: Any) -> str:
        """An answer to the open call of a room; the call's id."""
        call = await self._gateway.call_of(room)
        assert call is not None, f"{room} has no open call"
        path = f"/api/v1/calls/{call['id']}/{verb}"
        answer = await self._gateway.http.post(path, json=body, headers=self._bearer)
        assert answer.is_success, answer.text
        return str(call["id"])


async def on_duty(gateway: Gateway, name: str, zone: str = "women") -> Associate:
    """Signs on without a page."""
    answer = await gateway.http.post("/api/v1/duty", json={"name": name, "zone": zone})
    gateway.http.cookies.clear()
    assert answer.is_success, answer.text
    return Associate(gateway, {"Authorization": f"Bearer {answer.json()['token']}"})


async def signs_on(page: Page, name: str) -> None:
    """Starts a shift on an open handheld."""
    await page.fill('[name="name"]', name)
    await page.locator("#signon").get_by_text("Women", exact=True).click()
    await page.click("#signon-go")
    await expect(page.locator(".floor")).to_be_visible()


async def sees(page: Page, text: str | re.Pattern[str]) -> None:
    """Waits until a page says something."""
    await expect(page.get_by_text(text).first).to_be_visible(timeout=LIMIT_MS)
