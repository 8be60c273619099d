"""A number over days or months: a point each, its limits, and what was noted beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

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
class Place:
    """One day or month. `value` None: nothing to show there, and the line has a gap.

    `fired`: a rule of the control chart marks it. `open`: it is not over yet. `now`: it is of the
    period that is looked at. `said` is read when a pointer rests on it.
    """

    value: float | None
    said: str
    label: str = ""  # under the plot
    centre: float | None = None
    low: float | None = None
    high: float | None = None
    fired: bool = False
    open: bool = False
    now: bool = True
    note: str = ""  # an annotation from here on


def series(
    words: Words,
    places: Sequence[Place],
    *,
    ticks: Sequence[float],
    say: Say,
    bars: bool = False,
    height: int = 180,
) -> Markup:
    """Points side by side, or bars from nought."""
    frame = Frame(ticks[-1], height, ticks)
    n = max(1, len(places))

    def middle(index: int) -> float:
        return (index + 0.5) / n

    inner = [*_limits(places, frame, n)]
    if not bars:
        inner += _lines(places, frame)
    points: list[Markup] = []
    few = n <= 120
    for index, place in enumerate(places):
        if place.note:
            points += _note(place, middle(index))
        if place.value is None:
            continue
        state = " is-fired" if place.fired else " is-open" if place.open else ""
        state += "" if place.now else " is-past"
        y = frame.y(place.value)
        told = element("title", place.said)
        if bars:
            points.append(
                element(
                    "rect",
                    told,
                    x=percent(middle(index) - 0.36 / n),
                    width=percent(0.72 / n),
                    y=y,
                    height=max(0.0, frame.foot - y),
                    class_=f"bar-up{state}",
                )
            )
        elif few or place.fired:
            radius = 4.5 if place.fired else 3
            points.append(
                element(
                    "circle", told, cx=percent(middle(index)), cy=y, r=radius, class_=f"dot{state}"
                )
            )
    labels = [(middle(index), place.label) for index, place in enumerate(places) if place.label]
    return picture(
        words,
        frame.whole,
        *frame.grid(say),
        stretched(TOP, height, *inner),
        *points,
        *below(frame, labels),
        kind="series",
    )


def _lines(places: Sequence[Place], frame: Frame) -> Iterable[Markup]:
    """A line through points that follow each other; the one that is not over is dotted."""
    n = max(1, len(places))
    shown = [
        (index, (index + 0.5) / n * WIDE, frame.y(place.value) - TOP)
        for index, place in enumerate(places)
        if place.value is not None
    ]
    for _, run in groupby(enumerate(shown), key=lambda pair: pair[0] - pair[1][0]):
        points = [point for _, point in run]
        tail = points[-2:] if places[points[-1][0]].open and len(points) > 1 else []
        body = points[:-1] if tail else points
        for kind, some in (("line", body), ("line is-open", tail)):
            if len(some) > 1:
                d = "M" + "L".join(f"{x:.1f} {y:.1f}" for _, x, y in some)
                yield element("path", d=d, class_=kind)


def _limits(places: Sequence[Place], frame: Frame, n: int) -> Iterable[Markup]:
    """The band between the limits, and the centre line; broken where a new phase begins."""
    step = WIDE / n
    start = 0
    for centre, run in groupby(places, key=lambda place: place.centre):
        phase = list(run)
        if centre is not None:
            upper, lower = "", ""
            for index, place in enumerate(phase, start):
                x, until = index * step, (index + 1) * step
                high, low = frame.y(place.high or 0.0) - TOP, frame.y(place.low or 0.0) - TOP
                upper += f"L{x:.1f} {high:.1f}L{until:.1f} {high:.1f}"
                lower = f"L{until:.1f} {low:.1f}L{x:.1f} {low:.1f}" + lower
            y = frame.y(centre) - TOP
            yield element("path", d="M" + upper[1:] + lower + "Z", class_="band is-limits")
            yield element(
                "path",
                d=f"M{start * step:.1f} {y:.1f}H{(start + len(phase)) * step:.1f}",
                class_="centre",
            )
        start += len(phase)


def _note(place: Place, at: float) -> list[Markup]:
    return [
        element("line", x1=percent(at), x2=percent(at), y1=4, y2="100%", class_="mark is-note"),
        element("circle", element("title", place.note), cx=percent(at), cy=6, r=4, class_="flag"),
    ]
