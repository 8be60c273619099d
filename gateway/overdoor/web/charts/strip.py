"""Small charts of one line: single calls as dots, and a share as a bar."""

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from overdoor.web.charts.svg import Words, element, percent, picture

_HEIGHT = 58
_PLACES = 80  # across
_EACH = 8  # pixels of a dot


def dots(
    words: Words,
    values: Sequence[float],
    *,
    most: float,
    labels: Sequence[tuple[float, str]],
    target: float | None = None,
) -> Markup:
    """Each value as a dot, those at one place above each other; `labels` are values, too."""
    slots = [round(min(1.0, value / most) * _PLACES) for value in values]
    tallest = max(Counter(slots).values(), default=0)
    height = max(_HEIGHT, 26 + _EACH * tallest)
    seen: Counter[int] = Counter()
    drawn = [
        element("line", x1=0, x2="100%", y1=height - 20, y2=height - 20, class_="foot"),
    ]
    if target is not None:
        aim = percent(min(1.0, target / most))
        drawn.append(element("line", x1=aim, x2=aim, y1=2, y2=height - 20, class_="mark is-target"))
    for value, slot in zip(values, slots, strict=True):
        seen[slot] += 1
        late = " is-late" if target is not None and value > target else ""
        drawn.append(
            element(
                "circle",
                cx=percent(0.01 + 0.98 * slot / _PLACES),
                cy=height - 18 - _EACH * seen[slot],
                r=3.5,
                class_=f"dot{late}",
            )
        )
    for value, said in labels:
        at = min(1.0, value / most)
        anchor = "start" if at < 0.04 else "end" if at > 0.96 else "middle"
        drawn.append(
            element(
                "text",
                said,
                x=percent(at),
                y=height - 5,
                text_anchor=anchor,
                class_="tick",
            )
        )
    return picture(words, height, *drawn, kind="dots")


def bar(
    share: float, low: float | None = None, high: float | None = None, *, kind: str = ""
) -> Markup:
    """A share of 0 to 1 with its interval. Says nothing by itself: its number stands beside it."""
    drawn = [
        element("rect", x=0, y=4, width="100%", height=6, rx=3, class_="track"),
        element("rect", x=0, y=4, width=percent(min(1.0, share)), height=6, rx=3, class_="fill"),
    ]
    if low is not None and high is not None:
        wide = percent(min(1.0, high) - low)
        drawn.append(element("rect", x=percent(low), y=2, width=wide, height=10, class_="whisker"))
    return element(
        "svg",
        *drawn,
        class_=f"chart chart-bar {kind}".strip(),
        width="100%",
        height=14,
        aria_hidden="true",
        focusable="false",
    )
