"""Cards and badges as PDF: what hangs in a room, what an associate is given. A4, with cut marks.

The QR codes are drawn as vectors, and the type is Open Sans, which has Latin, Greek and Cyrillic:
whatever the shop calls its rooms, the card can say it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from overdoor.cards import Cards
from overdoor.core.sentence import Sentence
from overdoor.languages import current, gettext, offered, original, speaking

if TYPE_CHECKING:
    from fpdf import FPDF

Box: TypeAlias = tuple[float, float, float, float]  # left, top, width, height in millimetres

ROOM_MM = (90.0, 130.0)  # four on a page
BADGE_MM = (85.6, 54.0)  # a bank card's, ten on a page
_PAGE_MM = (210.0, 297.0)
_MARK_MM = 4.0
LANGUAGES_MOST = 2
_LEAST = 5.0  # points; below, a long sentence is cut
_QUIET = 4  # modules of white around a code that scanners want
_INK, _SOFT, _LINE = (28, 31, 40), (80, 85, 95), (200, 197, 189)
_AMBER = (240, 160, 44)


@dataclass(frozen=True, slots=True)
class RoomCard:
    """The card of one room. `url` is what its QR code says; `tagged`: a signed tag sticks there.

    `languages`: one or two, in which the card says it all.
    """

    room: str
    shop: str
    url: str
    tagged: bool = False
    languages: tuple[str, ...] = (original,)


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


_LAMPS = ("breathes", "steady", "off", "blinks")


def room_cards(cards: Iterable[RoomCard]) -> bytes:
    """A PDF of room cards, four on a page."""
    listed = list(cards)
    with speaking(listed[0].languages[0] if listed else original):
        return _sheets(listed, ROOM_MM, _room_card)


class _Room(Protocol):
    """A room of the file or of the core."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


def printed(
    shop: str,
    rooms: Iterable[_Room],
    book: Cards,
    tagged: Collection[str],
    languages: tuple[str, ...],
) -> bytes:
    """The PDF of these rooms' cards; `tagged`: where signed tags stick. Raises `CardsError`."""
    return room_cards(
        RoomCard(room.name, shop, book.shopper_url(room.id), room.id in tagged, languages)
        for room in rooms
    )


def languages_of(text: str) -> tuple[str, ...]:
    """The languages of a card, written like `de` or `de,el`. Raises `ValueError` in words."""
    known = [one.tag for one in offered()]
    tags = tuple(dict.fromkeys(tag.strip() for tag in text.split(",")))
    for tag in tags:
        if tag not in known:
            there = ", ".join(known)
            raise ValueError(
                gettext("there is no language '%(tag)s'; there is %(there)s", tag=tag, there=there)
            )
    if len(tags) > LANGUAGES_MOST:
        raise ValueError(gettext("a card has room for two languages"))
    return tags


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


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where everything is on a room's card, in millimetres and points."""

    code: float  # side
    scan: float
    first_rule: float
    lights: float
    lamps: float
    pitch: float  # from lamp to lamp
    second_rule: float
    private: float
    tag: float
    line: float  # from language to language
    smaller: float  # points


_ONE = _Layout(50, 78, 82, 88, 94, 6.2, 115.5, 120, 125.2, 0, 0)
_TWO = _Layout(38, 66, 72.5, 77.5, 83, 7.6, 112, 115.6, 123.2, 3.2, 1.5)


def _room_card(card: _Card, said: RoomCard) -> None:
    inner = card.width - 16
    at = _ONE if len(said.languages) == 1 else _TWO
    card.text(said.shop, (8, 10), 9, colour=_SOFT, width=inner)
    card.text(said.room, (8, 21.5), 24, style="B", width=inner, smallest=11)
    card.code(said.url, ((card.width - at.code) / 2, 24), at.code)
    for y in (at.first_rule, at.second_rule):
        card.line((8, y), (card.width - 8, y))
    for number, what in enumerate(_LAMPS):
        middle = at.lamps + number * at.pitch - 1.1 + (len(said.languages) - 1) * at.line / 2
        _lamp(card, what, (14, middle))
    if said.tagged:
        _waves(card, (10, at.tag - 1 + (len(said.languages) - 1) * at.line / 2))
    heads = []
    for place, language in enumerate(said.languages):
        with speaking(language):
            words = {name: gettext(sentence) for name, sentence in WORDS.items()}
        down = place * at.line
        scan = (8, at.scan + down * 1.25)
        card.text(words["scan"], scan, 11 - at.smaller, style="B", width=inner, centred=True)
        heads.append(words["lights"])
        for number, what in enumerate(_LAMPS):
            y = at.lamps + number * at.pitch + down
            card.text(words[what], (22, y), 8.5 - at.smaller, width=inner - 14, smallest=_LEAST)
        last = f"{words['private']}  {words['emergency']}"
        small, private = 8 - at.smaller, (8, at.private + down)
        card.text(last, private, small, width=inner, colour=_SOFT, smallest=_LEAST)
        if said.tagged:
            tag = (16, at.tag + down)
            card.text(words["tag"], tag, small, style="B", width=inner - 8, smallest=_LEAST)
    card.text(" · ".join(heads), (8, at.lights), 9, style="B", width=inner)


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
    join = WORDS["join"]
    card.text(gettext(join), (6, 31), 8, width=38, smallest=5)
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
    pdf.set_lang(current().tag)
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
