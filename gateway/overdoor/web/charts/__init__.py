"""Charts as SVG, from values: pure functions, no style of their own, and as wide as their place.

Widths are in per cent and only heights in pixels, so that letters keep their size on a phone. What
cannot be said in per cent (a path) lies in an inner picture of 1000 units that is stretched.
Colours and strokes come from `numbers.css`. Words come from whoever calls.
"""

from overdoor.web.charts.curve import Line, Mark, curves
from overdoor.web.charts.series import Place, series
from overdoor.web.charts.strip import bar, dots
from overdoor.web.charts.svg import Words

__all__ = ["Line", "Mark", "Place", "Words", "bar", "curves", "dots", "series"]
