"""Takes a picture of every page in every state: `python -m tests.looks [FOLDER] [STORY...]`.

Phone and desktop, light and dark, printed where people print, and a page that shows them all.
"""

import asyncio
import sys
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2

from overdoor.printing import Badge, RoomCard, badges, room_cards

from .check import looks
from .stage import Shown, a_stage
from .stories import STORIES

FOLDER = "screenshots"
A4 = {"width": 794, "height": 1123}  # CSS pixels
_STYLE = """
body { font: 16px system-ui, sans-serif; margin: 2rem; background: #888; }
h2 { margin: 2rem 0 .5rem; color: #fff; }
div { display: flex; gap: 1rem; align-items: start; overflow-x: auto; }
figure { margin: 0; } figcaption { color: #fff; font-size: .8rem; }
img { display: block; max-height: 900px; max-width: 700px; }
"""


async def photograph(shown: Shown, folder: Path) -> list[Path]:
    """The pictures of a page in its state."""
    page, taken = shown.page, list[Path]()
    whole = not await page.locator("dialog[open]").count()
    async for size, scheme in looks(page):
        picture = folder / f"{shown.name}-{size}-{scheme}.png"
        await page.screenshot(path=picture, full_page=whole, animations="disabled")
        taken.append(picture)
    if shown.printed:
        picture = folder / f"{shown.name}-print.png"
        await page.set_viewport_size(A4)  # type: ignore[arg-type]
        await page.emulate_media(media="print", color_scheme="light")
        await page.screenshot(path=picture, full_page=True)
        await page.emulate_media(media="screen")
        taken.append(picture)
    return taken


def paper(folder: Path) -> dict[str, list[Path]]:
    """What is printed as PDF."""
    link = "http://10.0.0.7:8080"
    rooms = room_cards(
        RoomCard(room, "Fashion on the Corner", f"{link}/s/{'x' * 22}", tagged)
        for room, tagged in (("Women 1", True), ("Προβαδοκιμαστήριο 2", False), ("Men 3", False))
    )
    people = badges(
        Badge(name, "Fashion on the Corner", f"{link}/join/{'x' * 22}", "Works once, for a week.")
        for name in ("Ana", "Александра-Константина")
    )
    found: dict[str, list[Path]] = {}
    for name, pdf in (("paper-room-cards", rooms), ("paper-join-cards", people)):
        picture = folder / f"{name}.png"
        pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil().save(picture)
        found[name] = [picture]
    return found


def index(pictures: dict[str, list[Path]]) -> str:
    """A page with all of them."""
    parts = [
        f"<h2>{escape(name)}</h2><div>"
        + "".join(
            f'<figure><a href="{one.name}"><img loading="lazy" src="{one.name}" alt=""></a>'
            f"<figcaption>{escape(one.stem.removeprefix(name).strip('-'))}</figcaption></figure>"
            for one in taken
        )
        + "</div>"
        for name, taken in pictures.items()
    ]
    head = f'<!doctype html><meta charset="utf-8"><title>Overdoor</title><style>{_STYLE}</style>'
    return head + "\n".join(parts)


async def main(folder: Path, wanted: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, list[Path]] = {}
    for name in wanted or STORIES:
        with TemporaryDirectory(prefix="overdoor-") as place:
            async with a_stage(Path(place)) as stage:
                async for shown in STORIES[name](stage):
                    pictures[shown.name] = await photograph(shown, folder)
                    print(shown.name, flush=True)
    pictures |= paper(folder)
    (folder / "index.html").write_text(index(pictures), encoding="utf-8")
    print(f"{sum(map(len, pictures.values()))} pictures: {folder / 'index.html'}")


if __name__ == "__main__":
    asyncio.run(main(Path((sys.argv[1:] or [FOLDER])[0]), sys.argv[2:]))
