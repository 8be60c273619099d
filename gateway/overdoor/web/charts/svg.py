"""Elements of SVG, escaped; and the frame that all charts share."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDE = 1000  # of the inner picture, which is stretched to the width of its place
_STEPS_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
TOP, BOTTOM = 20, 22  # pixels for the words above and below the plot

Say = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Words:
    """What a chart says to who does not see it: its name, and what it shows in a sentence."""

    id: str
    title: str
    told: str


def element(name: str, *inside: object, **attributes: object) -> Markup:
    """One element; `class_` and `text_anchor` become `class` and `text-anchor`; None leaves out."""
    said = Markup().join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _short(value))
        for key, value in attributes.items()
        if value is not None
    )
    if not inside:
        return Markup("<{}{}/>").format(name, said)
    return Markup("<{0}{1}>{2}</{0}>").format(
        name, said, Markup().join(escape(each) for each in inside)
    )


def percent(part: float) -> str:
    """A place or a width, of 0 to 1."""
    return f"{_short(100 * part)}%"


def picture(words: Words, height: int, *inside: object, kind: str) -> Markup:
    """A whole chart with its title and its sentence."""
    return element(
        "svg",
        element("title", words.title, id=f"{words.id}-t"),
        element("desc", words.told, id=f"{words.id}-d"),
        *inside,
        class_=f"chart chart-{kind}",
        width="100%",
        height=height,
        role="img",
        aria_labelledby=f"{words.id}-t",
        aria_describedby=f"{words.id}-d",
        focusable="false",
    )


def stretched(top: float, height: float, *inside: object) -> Markup:
    """An inner picture for paths, in `WIDE` × height units."""
    return element(
        "svg",
        *inside,
        y=top,
        width="100%",
        height=height,
        viewBox=f"0 0 {WIDE} {_short(height)}",
        preserveAspectRatio="none",
        overflow="visible",
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot of a chart: values up to `top` over `height` pixels."""

    top: float
    height: int
    ticks: Sequence[float]

    def y(self, value: float) -> float:
        """How far down the picture a value stands."""
        share = min(1.0, value / self.top) if self.top else 0.0
        return TOP + self.height * (1 - share)

    @property
    def foot(self) -> float:
        """Where nought is."""
        return TOP + self.height

    @property
    def whole(self) -> int:
        """The height of the picture."""
        return TOP + self.height + BOTTOM

    def grid(self, say: Say) -> Iterable[Markup]:
        """A line for each tick, with its value above it."""
        for tick in self.ticks:
            y = self.y(tick)
            yield element("line", x1=0, x2="100%", y1=y, y2=y, class_="grid" if tick else "foot")
            if tick:
                yield element("text", say(tick), x=0, y=y - 4, class_="tick")


def below(frame: Frame, labels: Iterable[tuple[float, str]]) -> Iterable[Markup]:
    """Words under the plot, each at its place of 0 to 1; those at an edge stay inside."""
    for at, said in labels:
        anchor = "start" if at < 0.04 else "end" if at > 0.96 else "middle"
        yield element(
            "text", said, x=percent(at), y=frame.whole - 5, text_anchor=anchor, class_="tick"
        )


def ms_ticks(most: float) -> list[float]:
    """Round times from nought to at least `most` ms, three to six of them."""
    seconds = (
        1,
        2,
        5,
        10,
        15,
        20,
        30,
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        14400,
        43200,
        86400,
    )
    step = next((s for s in seconds if most <= 5000 * s), seconds[-1]) * 1000
    return _up_to(most, step)


def ticks(most: float) -> list[float]:
    """Round numbers from nought to at least `most`, three to six of them."""
    if most <= 0:
        return [0.0, 1.0]
    size = 1e-6
    while size * 5 < most / 5:
        size *= 10
    step = next(size * by for by in (1, 2, 5, 10, 20, 50) if most <= 5 * size * by)
    return _up_to(most, step)


def _up_to(most: float, step: float) -> list[float]:
    count = max(1, int(-(-most // step)))
    return [step * number for number in range(count + 1)]


def _short(value: object) -> object:
    """Numbers without a tail of digits that nobody sees."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
    return value
