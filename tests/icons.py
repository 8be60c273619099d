"""Draws the icons that must be pixels from those that are not: `python -m tests.icons`."""

from playwright.sync_api import sync_playwright

from overdoor.resources import folder
from tests.conftest import tool

STATIC = folder("dashboard") / "static"
# (drawing, side in pixels, file). Phones round the corners of the home screen's icon themselves.
DRAWN = [
    ("icon-maskable.svg", 180, "icon-180.png"),
    ("icon.svg", 192, "icon-192.png"),
    ("icon.svg", 512, "icon-512.png"),
    ("icon-maskable.svg", 512, "icon-maskable-512.png"),
]


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=tool("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for drawing, side, file in DRAWN:
            page = browser.new_page(viewport={"width": side, "height": side})
            svg = (STATIC / drawing).read_text()
            page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{svg}")
            page.screenshot(path=STATIC / file, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
