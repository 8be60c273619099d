"""Plates and cards to print, an A4 page for each language; the relief of the tactile plate."""

from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from fpdf import FPDF
from fpdf.fonts import TTFFont
from hardware.tools.files import toml
from ttf_opensans import OPENSANS_BOLD, OPENSANS_REGULAR

KEYS = (
    "name",
    "press",
    "light",
    "breathes",
    "steady",
    "blinks",
    "off",
    "private",
    "emergency",
    "staff",
)
_PLATE = (90.0, 130.0)  # mm
_CARD = (184.0, 84.0)
_INK, _PAPER = (0, 0, 0), (255, 255, 255)
_LAMP = (255, 236, 190)  # a lit lamp: light enough to be one in grey, too
_SIGNS = ("breathes", "steady", "blinks", "off")

Colour: TypeAlias = tuple[int, int, int]


class TooLongError(ValueError):
    """A text that does not fit its place even at its smallest size."""


def words() -> dict[str, dict[str, str]]:
    """What is printed, by language."""
    return toml("plates/words.toml")


def pdf(said: dict[str, str], language: str) -> bytes:
    """A page with both plates and the door's card. Raises `TooLongError`."""
    sheet = FPDF(format="A4")
    sheet.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))  # the same bytes each time
    sheet.set_auto_page_break(False)
    sheet.set_margin(0)
    sheet.c_margin = 0
    sheet.set_title(f"Overdoor: {said['press']}")
    sheet.set_lang(language)
    for style, font in (("", OPENSANS_REGULAR), ("B", OPENSANS_BOLD)):
        sheet.add_font("sans", style, font.path)
    try:
        _page(sheet, said)
        return bytes(sheet.output())
    finally:
        for font in sheet.fonts.values():
            if isinstance(font, TTFFont):
                font.close()  # else its file stays open for a while


def _page(sheet: FPDF, said: dict[str, str]) -> None:
    sheet.add_page()
    _plate(sheet, (13, 15), said)
    _contrast(sheet, (107, 15), said)
    _card(sheet, (13, 155), said)
    sheet.set_text_color(110, 110, 110)
    _text(sheet, "100 %, 210 x 297 mm", (13, 247), (120, 5), (8, 8))
    sheet.line(13, 254, 113, 254)  # to measure a print with
    for x in (13, 113):
        sheet.line(x, 252.5, x, 255.5)
    _text(sheet, "100 mm", (116, 252.4), (30, 5), (8, 8))


def _text(
    sheet: FPDF,
    said: str,
    at: tuple[float, float],
    room: tuple[float, float],
    points: tuple[float, float],
    *,
    style: str = "",
    align: str = "L",
) -> float:
    """Writes a text into a room (mm) as large as fits with its words whole; where it ends."""
    size, least = points
    while size >= least:
        sheet.set_font("sans", style, size)
        height: float = size * 0.3528 * 1.25
        got = cast("list[str]", sheet.multi_cell(room[0], text=said, dry_run=True, output="LINES"))
        whole = all(sheet.get_string_width(word) <= room[0] for word in said.split())
        if whole and height * len(got) <= room[1]:
            sheet.set_xy(*at)
            sheet.multi_cell(room[0], height, said, align=align)
            return at[1] + height * len(got)
        size -= 0.5
    raise TooLongError(f"{said!r} is too long.")


def _frame(sheet: FPDF, at: tuple[float, float], size: tuple[float, float], fill: Colour) -> None:
    sheet.set_line_width(0.3)
    sheet.set_draw_color(*_INK)
    sheet.set_fill_color(*fill)
    sheet.rect(*at, *size, style="DF", round_corners=True, corner_radius=4)


def _bell(sheet: FPDF, base: tuple[float, float], radius: float, ink: Colour) -> None:
    """A bell as on a counter, over the middle of its base."""
    x, y = base
    sheet.set_fill_color(*ink)
    sheet.set_draw_color(*ink)
    sheet.solid_arc(x - radius, y - radius * 1.4, radius * 2, 180, 360, b=radius * 2, style="F")
    sheet.rect(x - radius * 1.25, y - radius * 0.28, radius * 2.5, radius * 0.28, style="F")
    sheet.circle(x, y - radius * 1.55, radius * 0.17, style="F")


def _sign(sheet: FPDF, what: str, at: tuple[float, float], ink: Colour, lit: Colour) -> None:
    """What the light does, as shapes: for who does not see colours."""
    sheet.set_line_width(0.4)
    sheet.set_draw_color(*ink)
    sheet.set_fill_color(*lit)
    x, y = at
    match what:
        case "breathes":
            for offset, radius in ((-4.6, 1.0), (0.0, 2.4), (4.6, 1.0)):
                sheet.circle(x + offset, y, radius, style="DF")
        case "steady":
            sheet.circle(x, y, 2.4, style="DF")
        case "blinks":
            for offset in (-3.0, 3.0):
                sheet.circle(x + offset, y, 1.9, style="DF")
        case _:
            sheet.circle(x, y, 2.4, style="D")


def _lights(
    sheet: FPDF,
    said: dict[str, str],
    at: tuple[float, float],
    room: tuple[float, float],
    points: float,
) -> None:
    """The four signs with their words, one below the other, each in its `room`."""
    for number, what in enumerate(_SIGNS):
        y = at[1] + number * room[1]
        end = _text(sheet, said[what], (at[0] + 15, y), (room[0] - 15, room[1]), (points, 7))
        _sign(sheet, what, (at[0] + 6, (y + end) / 2), _INK, _LAMP)


def _plate(sheet: FPDF, at: tuple[float, float], said: dict[str, str]) -> None:
    """Beside the button, in the room."""
    left, top = at
    inner = _PLATE[0] - 14
    x = left + 7
    _frame(sheet, at, _PLATE, _PAPER)
    sheet.set_text_color(*_INK)
    _bell(sheet, (left + _PLATE[0] / 2, top + 23), 9, _INK)
    _text(sheet, said["press"], (x, top + 28), (inner, 25), (28, 15), style="B", align="C")
    _text(sheet, said["light"], (x, top + 56), (inner, 8), (13, 9), style="B")
    _lights(sheet, said, (x, top + 65), (inner, 11.2), 10.5)
    sheet.line(x, top + 112, left + _PLATE[0] - 7, top + 112)
    _text(sheet, said["private"], (x, top + 114), (inner, 6), (11, 8), style="B")
    _text(sheet, said["emergency"], (x, top + 120.5), (inner, 6), (11, 8), style="B")


def _contrast(sheet: FPDF, at: tuple[float, float], said: dict[str, str]) -> None:
    """The same place, in large white letters on black, and with the fewest words."""
    left, top = at
    inner = _PLATE[0] - 12
    x = left + 6
    _frame(sheet, at, _PLATE, _INK)
    _bell(sheet, (left + _PLATE[0] / 2, top + 36), 15, _PAPER)
    sheet.set_text_color(*_PAPER)
    _text(sheet, said["press"], (x, top + 42), (inner, 42), (38, 19), style="B", align="C")
    alone = said["private"].replace(". ", ".\n")
    _text(sheet, alone, (x, top + 88), (inner, 16), (17, 11), style="B", align="C")
    _text(sheet, said["emergency"], (x, top + 107), (inner, 16), (17, 11), style="B", align="C")


def _card(sheet: FPDF, at: tuple[float, float], said: dict[str, str]) -> None:
    """At the door frame, below the lamp and beside the presence button."""
    left, top = at
    inner = _CARD[0] - 16
    x = left + 8
    _frame(sheet, at, _CARD, _PAPER)
    sheet.set_text_color(*_INK)
    _text(sheet, said["light"], (x, top + 5), (inner, 10), (20, 12), style="B")
    _lights(sheet, said, (x, top + 19), (inner, 10.5), 14)
    sheet.line(x, top + 62, left + _CARD[0] - 8, top + 62)
    _text(sheet, said["staff"], (x, top + 64), (inner, 7), (14, 9), style="B")
    foot = f"{said['private']} {said['emergency']}"
    _text(sheet, foot, (x, top + 73), (inner, 7), (14, 9), style="B")


def tactile() -> str:
    """The plate round the button as a drawing of two layers: what is cut, what is raised."""
    width, height = _PLATE
    x, y, bell = width / 2, 88.0, 34.0
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" \
viewBox="0 0 {width:g} {height:g}" role="img">
<title>Tactile plate: a raised bell, a raised arrow down, a raised ring round the button</title>
<desc>1 unit is 1 mm. Layer "cut" goes through the plate. Layer "raised" stands 0.8 mm or more
above it, with edges rounded by 0.3 mm, in a colour that contrasts with the plate.</desc>
<g id="cut" fill="#fff" stroke="#000" stroke-width="0.3">
<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="4"/>
<circle cx="{x:g}" cy="{y:g}" r="11.1"/>
<circle cx="8" cy="8" r="1.75"/><circle cx="{width - 8:g}" cy="8" r="1.75"/>
<circle cx="8" cy="{height - 8:g}" r="1.75"/>
<circle cx="{width - 8:g}" cy="{height - 8:g}" r="1.75"/>
</g>
<g id="raised" fill="#000">
<path d="M{x - 15:g} {bell:g}a15 15 0 0 1 30 0z"/>
<rect x="{x - 19:g}" y="{bell + 2:g}" width="38" height="4" rx="1"/>
<circle cx="{x:g}" cy="{bell - 18:g}" r="2.5"/>
<path d="M{x - 2:g} 45h4v7h5l-7 9l-7 -9h5z"/>
<path fill-rule="evenodd" d="M{x - 25:g} {y:g}a25 25 0 1 1 50 0a25 25 0 1 1 -50 0z\
M{x - 21:g} {y:g}a21 21 0 1 1 42 0a21 21 0 1 1 -42 0z"/>
</g>
</svg>
"""


def check(said: dict[str, dict[str, Any]]) -> list[str]:
    """What is wrong with the words, a sentence each."""
    return [
        f"{language} lacks {key}."
        for language, table in said.items()
        for key in KEYS
        if not table.get(key)
    ]
