"""Charts: whatever the values are, they are well-formed, have a name, and stay in their place."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from overdoor.web import charts
from overdoor.web.charts import Line, Mark, Place, Words
from overdoor.web.charts.svg import ms_ticks, ticks

WORDS = Words("one", "Arrivals <b>", "Half came & went")
amounts = st.floats(0, 1e9, allow_nan=False)


def parsed(svg: Markup) -> ElementTree.Element:
    root = ElementTree.fromstring(str(svg))
    for element in root.iter():
        for name in ("cx", "x1", "x2", "x"):
            place = element.get(name, "")
            if place.endswith("%"):
                assert -0.01 <= float(place[:-1]) <= 100.01
    return root


def names(root: ElementTree.Element) -> None:
    assert root.get("role") == "img"
    told = {element.get("id"): element.text for element in root if element.get("id")}
    assert told[root.get("aria-labelledby")] == WORDS.title
    assert told[root.get("aria-describedby")] == WORDS.told


@given(st.lists(amounts), st.floats(1, 1e6))
def test_dots(values: list[float], most: float) -> None:
    root = parsed(charts.dots(WORDS, values, most=most, labels=[(0, "0")], target=most / 2))
    names(root)
    assert sum(element.tag == "circle" for element in root) == len(values)


@given(st.lists(st.tuples(amounts, st.floats(0, 1))), amounts)
def test_curves(points: list[tuple[float, float]], target: float) -> None:
    line = Line("arrived", sorted(points), filled=True)
    svg = charts.curves(
        WORDS,
        [line],
        across=(0, 1000),
        labels=[(0, "0"), (1000, "1 s")],
        ticks=[0, 0.5, 1],
        say=str,
        marks=[Mark(target, "target")],
    )
    names(parsed(svg))
    assert "nan" not in svg


limits = st.none() | st.floats(0, 100)


@given(
    st.lists(st.builds(Place, limits, st.text("a<&", max_size=4), fired=st.booleans())),
    st.booleans(),
)
def test_series(places: list[Place], bars: bool) -> None:
    root = parsed(charts.series(WORDS, places, ticks=[0, 50, 100], say=str, bars=bars))
    names(root)
    drawn = [element for element in root if element.tag in ("circle", "rect")]
    known = [place for place in places if place.value is not None]
    few = bars or len(places) <= 120
    assert len(drawn) == (len(known) if few else sum(place.fired for place in known))


@given(st.floats(0.001, 1e9))
def test_scales_are_round_and_reach_as_far(most: float) -> None:
    for scale in (ticks(most), ms_ticks(most)):
        assert scale[0] == 0
        assert scale[-1] >= most * 0.999
        assert len(scale) <= 8 or most > 5 * 86_400_000
    assert all(
        re.fullmatch(r"[125]0*(\.0)?|0\.0*[125]\d*", f"{tick:.6g}") for tick in ticks(4)[1:2]
    )


@pytest.mark.parametrize("text", ["<script>", "a & b", '"'])
def test_words_are_escaped(text: str) -> None:
    svg = charts.dots(Words("x", text, text), [1], most=2, labels=[(1, text)])
    assert ElementTree.fromstring(str(svg))[0].text == text
