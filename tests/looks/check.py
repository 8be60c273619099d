"""What is held against each page: nobody may meet a page that is not for them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from axe_playwright_python.async_playwright import Axe
from babel import Locale
from playwright.async_api import Browser, Page
from playwright.async_api import Error as PlaywrightError

from overdoor.insight.measures import MEASURES
from overdoor.web.language import COOKIE as LANGUAGE
from tests.gateway.wording import plain

from .stage import DESKTOP, PHONE, ROOMS, Shown

SCHEMES = ("light", "dark")
NARROWEST = 320  # CSS pixels: WCAG 1.4.10
LAID_OUT_MS = 50  # a new size is laid out a frame later
SMALL_PHONE = 360  # with its text at 200 %: WCAG 1.4.4
ENGLISH = Locale("en")  # dates in a pseudo-language are written in it
NAMES = (  # what stands on pages and is nobody's to translate
    *ENGLISH.days["format"]["abbreviated"].values(),
    *ENGLISH.months["format"]["abbreviated"].values(),
    *(measure.source for measure in MEASURES),
    *(name for name, *_ in ROOMS.values()),
    *(f"cp-{room}" for room in ROOMS),
    *("Fashion on the Corner", "Test Shop", "Demo Shop", "Overdoor", "Android"),
    *("Practice room", "Men and accessories", "Women", "Men", "Kids", "women", "men", "pg-1"),
    *("Ana", "Boris", "Chen", "Mira", "Alexandra-Konstantina", "evening-wear", "shoes"),
    *("bg", "de", "el", "en", "Nov", "fire drill", "cp-new"),
)
AXE = {"rules": {"target-size": {"enabled": True}}}
_readers: WeakKeyDictionary[Browser, Page] = WeakKeyDictionary()
_ASK = f"({{ what, of }}) => {Path(__file__).with_name('check.js').read_text()}[what](of)"


@dataclass
class Findings:
    """What is wrong, each a line that begins with the name of the page."""

    axe: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    keyboard: list[str] = field(default_factory=list)
    motion: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)
    english: list[str] = field(default_factory=list)
    seen: int = 0
    told: bool = False  # the story came to its end


async def looks(page: Page) -> AsyncIterator[tuple[str, str]]:
    """The page as a phone and a desktop show it, light and dark: (size, scheme)."""
    for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            yield size, scheme


async def ask(page: Page, what: str, of: object = None) -> Any:
    """What a function of check.js says of the page."""
    return await page.evaluate(_ASK, {"what": what, "of": of})


async def check(shown: Shown, findings: Findings) -> None:
    """Adds what is wrong with a page."""
    page, name = shown.page, shown.name
    findings.seen += 1
    async for size, scheme in looks(page):
        if (size == "phone") is (scheme == "dark"):
            continue  # each size once, each scheme once: axe takes its time
        found = await Axe().run(page, options=AXE)
        findings.axe += [
            f"{name}, {size}, {scheme}: {one['id']}: {node['html'][:160]}: {node['failureSummary']}"
            for one in found.response["violations"]
            for node in one["nodes"]
        ]
    if await ask(page, "moving"):
        findings.motion.append(f"{name} moves for somebody who wants no motion")
    if not name.startswith("wall"):  # a board for a large screen
        await _narrow(page, name, findings)
    await _read_by_others(page, name, findings)
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await _tab_through(page, name, findings)
    await page.emulate_media(color_scheme="light", reduced_motion="no-preference")


async def _narrow(page: Page, name: str, findings: Findings) -> None:
    await page.set_viewport_size({"width": NARROWEST, "height": 640})
    await page.wait_for_timeout(LAID_OUT_MS)
    if wide := await ask(page, "tooWide"):
        findings.wide.append(f"{name} at {NARROWEST} px: {wide}")
    session = await page.context.new_cdp_session(page)
    await page.set_viewport_size({"width": SMALL_PHONE, "height": 640})
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    await page.wait_for_timeout(LAID_OUT_MS)
    if wide := await ask(page, "tooWide"):
        findings.wide.append(f"{name} at {SMALL_PHONE} px, text at 200 %: {wide}")
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    await session.detach()


async def _read_by_others(page: Page, name: str, findings: Findings) -> None:
    """The page as the gateway gives it to readers of other languages; scripts stay away from it.

    In `en-XA` no plain letter is left of what is translated; in the others nothing sticks out.
    """
    home = urlsplit(page.url)
    address = home._replace(fragment="").geturl()  # else the page that is there would do
    other = await _reader(page)
    for language in ("en-XA", "ar-XB", "de"):
        cookie = {"name": LANGUAGE, "value": language, "url": f"{home.scheme}://{home.netloc}"}
        await other.context.add_cookies([cookie])  # type: ignore[list-item]
        try:
            await other.goto(address)
        except PlaywrightError:
            return  # the gateway of this state is away
        if await other.locator("html").get_attribute("lang") != language:
            continue  # an account that reads something else
        if not name.startswith("wall") and (wide := await ask(other, "tooWide")):
            findings.wide.append(f"{name} in {language} at {SMALL_PHONE} px: {wide}")
        if language == "en-XA":
            left = plain(await other.content(), *NAMES)
            findings.english += [f"{name}: {words}" for words in left]


async def _reader(page: Page) -> Page:
    """A page without scripts, of who has `page`. Each browser has one, which keeps its files."""
    chromium = page.context.browser
    assert chromium is not None
    if chromium not in _readers:
        context = await chromium.new_context(
            java_script_enabled=False,
            ignore_https_errors=True,
            viewport={"width": SMALL_PHONE, "height": 640},
        )
        _readers[chromium] = await context.new_page()
    reader = _readers[chromium]
    await reader.context.clear_cookies()
    await reader.context.add_cookies(await page.context.cookies())  # type: ignore[arg-type]
    return reader


async def _tab_through(page: Page, name: str, findings: Findings) -> None:
    """Every control is reached with the tab key, and shows that it is."""
    many = await ask(page, "controls")
    left, unseen = set(range(many)), dict[str, None]()
    for _ in range(2 * many + 6):
        if not left:
            break
        await page.keyboard.press("Tab")
        at: dict[str, Any] = await ask(page, "focused")
        left.discard(at["place"])
        if at["place"] >= 0 and not at["seen"]:
            unseen[at["name"]] = None
    findings.keyboard += [f"{name}: focus is not to be seen on {one}" for one in unseen]
    for place in left:
        what = await ask(page, "name", place)
        if what is None:
            continue  # it went meanwhile: what can be undone can be so for five seconds
        findings.keyboard.append(f"{name}: not reached by tab: {what}")
