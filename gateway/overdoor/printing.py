"""Cards and badges as PDF: what hangs in a room, what an associate is given. A4, with cut marks.

The QR codes are drawn as vectors, and the type is Open Sans, which has Latin, Greek and Cyrillic:
whatever the shop calls its rooms, the card can say it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from overdoor.cards import Cards
from overdoor.core.sentence import Sentence

if TYPE_CHECKING:
    from fpdf import FPDF

Box: TypeAlias = tuple[float, float, float, float]  # left, top, width, height in millimetres

ROOM_MM = (90.0, 130.0)  # four on a page
BADGE_MM = (85.6, 54.0)  # a bank card's, ten on a page
_PAGE_MM = (210.0, 297.0)
_MARK_MM = 4.0
_QUIET = 4  # modules of white around a code that scanners want
_INK, _SOFT, _LINE = (28, 31, 40), (80, 85, 95), (200, 197, 189)
_AMBER = (240, 160, 44)


@dataclass(frozen=True, slots=True)
class RoomCard:
    """The card of one room. `url` is what its QR code says; `tagged`: a signed tag sticks there."""

    room: str
    shop: str
    url: str
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class Badge:
    """The card that an associate is given. `url` is where their phone joins; `note` is below it."""

    name: str
    shop: str
    url: str
    note: str = ""


WORDS = {
    "scan": Sentence("No button at hand? Scan to call."),
    "lights": Sentence("What the light says"),
    "breathes": Sentence("breathes: you called, nobody has it yet"),
    "steady": Sentence("steady: somebody is coming"),
    "off": Sentence("off: nothing is open, or somebody is here"),
    "blinks": Sentence("blinks twice: not connected, please call out"),
    "private": Sentence("No camera and no microphone in here."),
    "emergency": Sentence("This is not an emergency call."),
    "tag": Sentence("Staff: hold your phone here when you arrive."),
    "join": Sentence("Scan with your phone to join."),
}


def room_cards(cards: Iterable[RoomCard]) -> bytes:
    """A PDF of room cards, four on a page."""
    return _sheets(list(cards), ROOM_MM, _room_card)


class _Room(Protocol):
    """A room of the file or of the core."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


def printed(shop: str, rooms: Iterable[_Room], book: Cards, tagged: Collection[str]) -> bytes:
    """The PDF of these rooms' cards; `tagged`: where signed tags stick. Raises `CardsError`."""
    return room_cards(
        RoomCard(room.name, shop, book.shopper_url(room.id), room.id in tagged) for room in rooms
    )


def badges(cards: Iterable[Badge]) -> bytes:
    """A PDF of associates' cards, ten on a page."""
    return _sheets(list(cards), BADGE_MM, _badge)


class _Card:
    """Draws within one card; places are millimetres from its corner."""

    def __init__(self, pdf: "FPDF", box: Box) -> None:
        self.pdf = pdf
        self.left, self.top, self.width, self.height = box

    def text(
        self,
        said: str,
        at: tuple[float, float],
        points: float,
        *,
        style: str = "",
        colour: tuple[int, int, int] = _INK,
        width: float | None = None,
        centred: bool = False,
        smallest: float = 6.0,
    ) -> None:
        """One line; set smaller, and at last cut, if it is too long for its width."""
        pdf, room = self.pdf, width or self.width - at[0]
        pdf.set_text_color(*colour)
        pdf.set_font("sans", style, points)
        while pdf.get_string_width(said) > room and points > smallest:
            points -= 0.25
            pdf.set_font("sans", style, points)
        if pdf.get_string_width(said) > room:
            while said and pdf.get_string_width(said + "…") > room:
                said = said[:-1]
            said = said.rstrip() + "…"
        x = at[0] + ((room - pdf.get_string_width(said)) / 2 if centred else 0)
        pdf.text(self.left + x, self.top + at[1], said)

    def code(self, url: str, at: tuple[float, float], side: float) -> None:
        """A QR code with its white border, `side` millimetres in all."""
        import segno  # noqa: PLC0415 - see _sheets

        matrix = segno.make(url, error="m", micro=False).matrix_iter(border=_QUIET)
        rows = [list(row) for row in matrix]
        module = side / len(rows)
        self.pdf.set_fill_color(0, 0, 0)
        for y, row in enumerate(rows):
            x = 0
            while x < len(row):
                run = x
                while run < len(row) and row[run]:
                    run += 1
                if run > x:  # one rectangle for neighbours: no hairlines between them
                    place = (self.left + at[0] + x * module, self.top + at[1] + y * module)
                    self.pdf.rect(*place, (run - x) * module, module, style="F")
                x = max(run, x + 1)

    def disc(self, at: tuple[float, float], radius: float, *, filled: bool) -> None:
        """A lamp."""
        self.pdf.set_line_width(0.35)
        self.pdf.set_draw_color(*_INK)
        self.pdf.set_fill_color(*_AMBER)
        self.pdf.circle(self.left + at[0], self.top + at[1], radius, style="DF" if filled else "D")

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A thin line."""
        self.pdf.set_line_width(0.2)
        self.pdf.set_draw_color(*_LINE)
        self.pdf.line(
            self.left + start[0], self.top + start[1], self.left + end[0], self.top + end[1]
        )


def _room_card(card: _Card, said: RoomCard) -> None:
    inner = card.width - 16
    card.text(said.shop, (8, 10), 9, colour=_SOFT, width=inner)
    card.text(said.room, (8, 21.5), 24, style="B", width=inner, smallest=11)
    card.code(said.url, (card.width / 2 - 25, 24), 50)
    card.text(WORDS["scan"], (8, 78), 11, style="B", width=inner, centred=True)
    card.line((8, 82), (card.width - 8, 82))
    card.text(WORDS["lights"], (8, 88), 9, style="B", width=inner)
    for number, what in enumerate(("breathes", "steady", "off", "blinks")):
        y = 94 + number * 6.2
        _lamp(card, what, (14, y - 1.1))
        card.text(WORDS[what], (22, y), 8.5, width=inner - 14)
    card.line((8, 115.5), (card.width - 8, 115.5))
    card.text(f"{WORDS['private']}  {WORDS['emergency']}", (8, 120), 8, width=inner, colour=_SOFT)
    if said.tagged:
        _waves(card, (10, 124.2))
        card.text(WORDS["tag"], (16, 125.2), 8, style="B", width=inner - 8)


def _lamp(card: _Card, what: str, at: tuple[float, float]) -> None:
    """What the light does, as a picture: rhythm and shape, for who does not see its colour."""
    x, y = at
    match what:
        case "breathes":
            for offset, radius in ((-3.6, 0.8), (0.0, 1.9), (3.6, 0.8)):
                card.disc((x + offset, y), radius, filled=True)
        case "steady":
            card.disc((x, y), 1.9, filled=True)
        case "off":
            card.disc((x, y), 1.9, filled=False)
        case _:
            for offset in (-2.4, 2.4):
                card.disc((x + offset, y), 1.5, filled=True)


def _waves(card: _Card, at: tuple[float, float]) -> None:
    """The sign for holding a phone near."""
    pdf = card.pdf
    pdf.set_line_width(0.4)
    pdf.set_draw_color(*_INK)
    for radius in (1.0, 2.0, 3.0):
        x, y = card.left + at[0] - radius, card.top + at[1] - radius
        pdf.arc(x, y, 2 * radius, -45, 45, b=2 * radius)


def _badge(card: _Card, said: Badge) -> None:
    card.text(said.shop, (6, 9), 8, colour=_SOFT, width=38)
    card.text(said.name, (6, 22), 20, style="B", width=38, smallest=7)
    card.text(WORDS["join"], (6, 31), 8, width=38, smallest=5)
    if said.note:
        card.text(said.note, (6, 36), 8, colour=_SOFT, width=38, smallest=5)
    card.code(said.url, (44, 8), 38)


def _sheets(
    cards: Sequence[Any], size: tuple[float, float], draw: Callable[[_Card, Any], None]
) -> bytes:
    """Cards side by side, with marks where to cut."""
    # Loaded only to print: a gateway that never does keeps 20 MB.
    from fpdf import FPDF  # noqa: PLC0415
    from ttf_opensans import OPENSANS_BOLD, OPENSANS_REGULAR  # noqa: PLC0415

    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_title("Overdoor")
    pdf.set_lang("en")
    for style, font in (("", OPENSANS_REGULAR), ("B", OPENSANS_BOLD)):
        pdf.add_font("sans", style, font.path)
    width, height = size
    columns, rows = int(_PAGE_MM[0] // width), int((_PAGE_MM[1] - 2 * _MARK_MM) // height)
    margins = (_PAGE_MM[0] - columns * width) / 2, (_PAGE_MM[1] - rows * height) / 2
    for number, card in enumerate(cards):
        place = number % (columns * rows)
        if place == 0:
            pdf.add_page()
            _marks(pdf, size, (columns, rows), margins)
        left = margins[0] + place % columns * width
        top = margins[1] + place // columns * height
        draw(_Card(pdf, (left, top, width, height)), card)
    return bytes(pdf.output())


def _marks(
    pdf: "FPDF", size: tuple[float, float], many: tuple[int, int], margins: tuple[float, float]
) -> None:
    """Short lines in the margins, outside of every card."""
    pdf.set_line_width(0.15)
    pdf.set_draw_color(*_SOFT)
    right, bottom = _PAGE_MM[0] - margins[0], _PAGE_MM[1] - margins[1]
    for column in range(many[0] + 1):
        x = margins[0] + column * size[0]
        pdf.line(x, margins[1] - 1 - _MARK_MM, x, margins[1] - 1)
        pdf.line(x, bottom + 1, x, bottom + 1 + _MARK_MM)
    for row in range(many[1] + 1):
        y = margins[1] + row * size[1]
        pdf.line(margins[0] - 1 - _MARK_MM, y, margins[0] - 1, y)
        pdf.line(right + 1, y, right + 1 + _MARK_MM, y)
