"""Curves over a length of time: shares that rise in steps, what is needed at each hour."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from overdoor.web.charts.svg import (
    TOP,
    WIDE,
    Frame,
    Say,
    Words,
    below,
    element,
    percent,
    picture,
    stretched,
)


@dataclass(frozen=True, slots=True)
class Line:
    """Steps: from each x on, the y. `kind` is its class; `band` the steps below and above it."""

    kind: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = ()
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """An upright line at an x, with a word at its head: the target."""

    at: float
    said: str
    kind: str = "target"


def curves(
    words: Words,
    lines: Iterable[Line],
    *,
    across: tuple[float, float],
    labels: Iterable[tuple[float, str]],
    ticks: Sequence[float],
    say: Say,
    marks: Iterable[Mark] = (),
    height: int = 200,
) -> Markup:
    """Lines of steps over `across` (from, to); x is cut off beyond it, and `labels` are x too."""
    frame = Frame(ticks[-1], height, ticks)
    left, right = across
    span = (right - left) or 1.0

    def place(x: float) -> float:
        return min(1.0, max(0.0, (x - left) / span))

    def path(points: Sequence[tuple[float, float]], *, back: bool = False) -> str:
        """The steps to the right edge, or from there back."""
        steps: list[tuple[float, float]] = []
        for index, (x, y) in enumerate(points):
            until = points[index + 1][0] if index + 1 < len(points) else right
            level = frame.y(y) - TOP
            steps += [(place(x) * WIDE, level), (place(until) * WIDE, level)]
        if back:
            steps.reverse()
        return "L".join(f"{x:.1f} {y:.1f}" for x, y in steps)

    drawn: list[Markup] = []
    for line in lines:
        if line.band:
            low = path([(x, least) for x, least, _ in line.band])
            high = path([(x, most) for x, _, most in line.band], back=True)
            drawn.append(element("path", d=f"M{low}L{high}Z", class_=f"band is-{line.kind}"))
        if line.filled and line.points:
            d = f"M{place(line.points[0][0]) * WIDE:.1f} {height}L{path(line.points)}V{height}Z"
            drawn.append(element("path", d=d, class_=f"area is-{line.kind}"))
        if line.points:
            drawn.append(element("path", d=f"M{path(line.points)}", class_=f"line is-{line.kind}"))
    upright: list[Markup] = []
    for mark in marks:
        at = place(mark.at)
        upright += [
            element(
                "line",
                x1=percent(at),
                x2=percent(at),
                y1=TOP - 4,
                y2=frame.foot,
                class_=f"mark is-{mark.kind}",
            ),
            element(
                "text",
                mark.said,
                x=percent(at),
                y=TOP - 8,
                text_anchor="middle" if 0.12 < at < 0.88 else "start" if at <= 0.12 else "end",
                class_="tick is-strong",
            ),
        ]
    return picture(
        words,
        frame.whole,
        *frame.grid(say),
        stretched(TOP, height, *drawn),
        *upright,
        *below(frame, [(place(x), said) for x, said in labels]),
        kind="curve",
    )
