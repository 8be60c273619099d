"""Line plots as SVG, the same bytes each time. They read in light and in dark, and in grey."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 44, 52
_DASHES = ("", "8 4", "2 4", "10 3 2 3")
_COLOURS = ("#1f6fb2", "#b3541e", "#3c7d3c", "#7a4fa3")


@dataclass(frozen=True, slots=True)
class Line:
    """A named line through points."""

    name: str
    points: tuple[tuple[float, float], ...]


def svg(title: str, x: tuple[str, float], y: tuple[str, float], lines: list[Line]) -> str:
    """A plot from zero to the ends of `x` and `y`, each with its label."""
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(px: float, py: float) -> tuple[float, float]:
        return _LEFT + px / x[1] * inner_width, _TOP + inner_height * (1 - py / y[1])

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" font-weight="bold" fill="#222">{escape(title)}</text>',
    ]
    for number in range(6):
        value = y[1] * number / 5
        _, down = at(0, value)
        out += [
            f'<path d="M{_LEFT} {down:.1f}H{_LEFT + inner_width}" stroke="#ddd"/>',
            f'<text x="{_LEFT - 8}" y="{down + 4:.1f}" text-anchor="end" fill="#444">{value:g}</text>',
        ]
        across, _ = at(x[1] * number / 5, 0)
        out.append(
            f'<text x="{across:.1f}" y="{_TOP + inner_height + 20}" text-anchor="middle" '
            f'fill="#444">{x[1] * number / 5:g}</text>'
        )
    middle = _LEFT + inner_width / 2
    out += [
        f'<path d="M{_LEFT} {_TOP}V{_TOP + inner_height}H{_LEFT + inner_width}" stroke="#444" fill="none"/>',
        f'<text x="{middle:.1f}" y="{_HEIGHT - 12}" text-anchor="middle" fill="#222">{escape(x[0])}</text>',
        f'<text transform="translate(18 {_TOP + inner_height / 2:.1f}) rotate(-90)" '
        f'text-anchor="middle" fill="#222">{escape(y[0])}</text>',
    ]
    ends = _spread([at(*line.points[-1])[1] for line in lines])
    for number, line in enumerate(lines):
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in (at(*point) for point in line.points))
        colour, dash = _COLOURS[number % 4], _DASHES[number % 4]
        out += [
            f'<path d="M{path}" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}" fill="none"/>',
            f'<text x="{at(*line.points[-1])[0] + 8:.1f}" y="{ends[number] + 4:.1f}" '
            f'fill="{colour}">{escape(line.name)}</text>',
        ]
    return "\n".join([*out, "</svg>\n"])


def _spread(downs: list[float]) -> list[float]:
    """Heights of labels, moved apart so that none covers another."""
    placed = dict(enumerate(downs))
    last = -100.0
    for number in sorted(placed, key=lambda n: placed[n]):
        placed[number] = last = max(placed[number], last + 16)
    return [placed[number] for number in range(len(downs))]
