"""Cards on paper: what is printed is what was meant, and it can be scanned."""

from pathlib import Path

import pypdfium2
import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from overdoor.cards import Cards
from overdoor.languages import gettext, offered, speaking
from overdoor.printing import ROOM_MM, WORDS, Badge, RoomCard, badges, room_cards
from overdoor.room import app as room_app
from overdoor.tags import Tags

from .api import Client

URL = "https://overdoor.shop.lan:8080/s/AbCdEfGhIjKlMnOpQrStUv"
A4_POINTS = (595, 842)
POINTS_IN_MM = 72 / 25.4
SCALE = 4


def text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def test_a_card_says_its_room_its_light_and_what_it_is_not() -> None:
    said = text(room_cards([RoomCard("Women 1", "Demo Shop", URL, tagged=True)]))
    for words in ("Women 1", "Demo Shop", *(WORDS[key] for key in WORDS if key != "join")):
        assert words in said


def test_only_a_room_with_a_tag_sends_staff_to_it() -> None:
    assert WORDS["tag"] not in text(room_cards([RoomCard("Women 1", "Demo Shop", URL)]))


@pytest.mark.parametrize("name", ["Пробна 1", "Δοκιμαστήριο 2", "Čakaonica 3", "Größe 4"])
def test_a_room_can_be_called_what_it_is_called_here(name: str) -> None:
    assert name in text(room_cards([RoomCard(name, name, URL)]))
    assert name in text(badges([Badge(name, name, URL)]))


@pytest.mark.parametrize(("cards", "pages"), [(1, 1), (4, 1), (5, 2), (40, 10)])
def test_four_cards_to_a_page_of_a4(cards: int, pages: int) -> None:
    document = pypdfium2.PdfDocument(room_cards([RoomCard("Women 1", "Demo", URL)] * cards))
    assert len(document) == pages
    assert tuple(round(side) for side in document[0].get_size()) == A4_POINTS


@settings(max_examples=15)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=90))
def test_the_printed_code_is_the_address_module_by_module(path: str) -> None:
    url = f"https://shop.lan/s/{path}"
    page = pypdfium2.PdfDocument(room_cards([RoomCard("W", "S", url)]))[0]
    image = page.render(scale=SCALE, grayscale=True).to_pil()
    wanted = [list(row) for row in segno.make(url, error="m", micro=False).matrix_iter(border=4)]
    left, top = 15 + ROOM_MM[0] / 2 - 25, (297 - 2 * ROOM_MM[1]) / 2 + 24
    module = 50 / len(wanted)

    def is_dark(column: int, row: int) -> bool:
        x, y = left + (column + 0.5) * module, top + (row + 0.5) * module
        place = int(x * POINTS_IN_MM * SCALE), int(y * POINTS_IN_MM * SCALE)
        grey = image.getpixel(place)
        assert isinstance(grey, int)
        return grey < 128

    sides = range(len(wanted))
    assert [[is_dark(x, y) for x in sides] for y in sides] == [
        [bool(module) for module in row] for row in wanted
    ]


@settings(max_examples=30)
@given(st.text(max_size=200), st.text(max_size=80))
def test_no_name_breaks_the_sheet(room: str, shop: str) -> None:
    assert len(pypdfium2.PdfDocument(room_cards([RoomCard(room, shop, URL)]))) == 1
    assert len(pypdfium2.PdfDocument(badges([Badge(room, shop, URL, shop)]))) == 1


async def test_the_managers_link_prints_every_room(shop: Client) -> None:
    assert "/cards.pdf" in (await shop.http.get("/")).text
    answer = await shop.http.get("/cards.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    said = text(answer.content)
    assert all(room.name in said for room in shop.engine.committed.plan.rooms.values())


SHOP = """
[shop]
id = "demo"
name = "Demo"
[[zone]]
id = "women"
name = "Women"
[[room]]
id = "w1"
name = "Women 1"
zone = "women"
[[room]]
id = "w2"
name = "Women 2"
zone = "women"
"""


def test_the_command_makes_a_pdf_of_the_rooms_that_are_named(tmp_path: Path) -> None:
    file, out = tmp_path / "shop.toml", tmp_path / "cards.pdf"
    file.write_text(SHOP)
    Tags(tmp_path / "data", "http://127.0.0.1:8080").add("04DE5F1EACC040", "w2")
    said = CliRunner().invoke(room_app, ["cards", "w2", "--out", str(out), "-c", str(file)])
    assert said.exit_code == 0, said.output
    printed = text(out.read_bytes())
    assert "Women 2" in printed
    assert "Women 1" not in printed
    assert WORDS["tag"] in printed
    assert Cards(tmp_path / "data", "x").token("w2") not in said.output


@pytest.mark.parametrize("second", [one.tag for one in offered()])
@pytest.mark.parametrize("first", [one.tag for one in offered()])
def test_a_card_says_everything_in_one_language_or_two(first: str, second: str) -> None:
    spoken = tuple(dict.fromkeys((first, second)))
    said = text(room_cards([RoomCard("Women 1", "Demo", URL, tagged=True, languages=spoken)]))
    for language in spoken:
        with speaking(language):
            for name, words in WORDS.items():
                assert name == "join" or gettext(words) in said, "it does not fit"


def test_cards_are_in_the_shops_language_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    config, out = tmp_path / "shop.toml", tmp_path / "cards.pdf"
    config.write_text(
        '[shop]\nid = "t"\nname = "T"\nlanguage = "de"\n[data]\npath = "data"\n'
        '[[zone]]\nid = "z"\nname = "Z"\n[[room]]\nid = "r"\nname = "R"\nzone = "z"\n'
    )
    said = []
    for more in ([], ["--language", "en"], ["--language", "en,de"]):
        command = ["cards", "--out", str(out), "--config", str(config), *more]
        assert CliRunner().invoke(room_app, command).exit_code == 0
        words = text(out.read_bytes())
        said.append(("kein Notruf" in words, "not an emergency" in words))
    assert said == [(True, False), (False, True), (True, True)]


@pytest.mark.parametrize("language", ["tlh", "en,de,bg", ""])
async def test_a_language_that_no_card_can_have_is_said(shop: Client, language: str) -> None:
    answer = await shop.http.get("/cards.pdf", params={"language": language or " "})
    assert answer.status_code == 422
