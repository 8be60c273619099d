"""The weekly page as a PDF of one A4, with the daily times to be helped as its picture."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from overdoor.insight import measures
from overdoor.languages import current
from overdoor.languages import gettext as _
from overdoor.web.charts.svg import ms_ticks
from overdoor.web.insight_charts import glances, limits, short_day
from overdoor.web.report import Line, Report
from overdoor.web.words import span

if TYPE_CHECKING:
    from fpdf import FPDF

_LEFT, _TOP, _WIDE = 15.0, 14.0, 180.0  # millimetres
_INK, _SOFT, _FAINT, _AMBER = (28, 31, 40), (80, 85, 95), (225, 223, 216), (240, 160, 44)
_CHART_MM = 38.0
_COLUMNS_MM = (52, 36, 42, 18, 32)


def as_pdf(told: Report) -> bytes:
    """The report, in the language that is spoken."""
    # Loaded only to print: a gateway that never does keeps 20 MB.
    from fpdf import FPDF  # noqa: PLC0415
    from ttf_opensans import OPENSANS_BOLD, OPENSANS_REGULAR  # noqa: PLC0415

    pdf = FPDF(format="A4")
    pdf.set_title(f"{told.title} · {told.shop}")
    pdf.set_lang(current().tag)
    pdf.set_margins(_LEFT, _TOP)
    pdf.set_auto_page_break(True, 12)
    for style, font in (("", OPENSANS_REGULAR), ("B", OPENSANS_BOLD)):
        pdf.add_font("sans", style, font.path)
    pdf.add_page()
    _text(pdf, told.title, 15, style="B")
    _text(pdf, told.shop, 9, colour=_SOFT)
    if told.hidden:
        _text(pdf, _("The week's numbers are not shown: %(why)s.", why=told.hidden), 9)
    _lines(pdf, _("Changed beyond noise"), told.changed, _("Nothing."))
    if told.told:
        _head(pdf, _("Also"))
        for line in told.told:
            _text(pdf, f"• {line}", 8)
    _picture(pdf, told)
    _lines(pdf, _("No change beyond noise"), told.same)
    _lines(pdf, _("Not compared"), told.alone)
    return bytes(pdf.output())


def _text(
    pdf: "FPDF", said: str, points: float, *, style: str = "", colour: tuple[int, int, int] = _INK
) -> None:
    pdf.set_font("sans", style, points)
    pdf.set_text_color(*colour)
    pdf.multi_cell(_WIDE, points * 0.46, said, new_x="LMARGIN", new_y="NEXT", align="L")


def _head(pdf: "FPDF", said: str) -> None:
    pdf.ln(2.2)
    _text(pdf, said, 9.5, style="B")
    pdf.set_draw_color(*_FAINT)
    pdf.line(_LEFT, pdf.get_y() + 0.4, _LEFT + _WIDE, pdf.get_y() + 0.4)
    pdf.ln(1)


def _lines(pdf: "FPDF", head: str, lines: Sequence[Line], none: str = "") -> None:
    if not lines and not none:
        return
    _head(pdf, head)
    if not lines:
        _text(pdf, none, 8)
    marks = {"good": _("better"), "bad": _("worse")}
    for line in lines:
        was = _("was %(before)s", before=line.was) if line.was else ""
        ends = ", ".join(filter(None, (was, marks.get(line.tone, ""))))
        cells = (line.name, line.value, line.interval, line.n, ends)
        for width, said, style in zip(
            (52, 36, 42, 18, 32), cells, ("", "B", "", "", ""), strict=True
        ):
            pdf.set_font("sans", style, 7.5)
            pdf.set_text_color(*(_INK if style or said is line.name else _SOFT))
            pdf.cell(width, 3.9, said)
        pdf.ln(3.9)


def _picture(pdf: "FPDF", told: Report) -> None:
    """The daily medians of eight weeks, their band, and the points that a rule marks."""
    measure = measures.TO_BE_HELPED
    readings = glances(measure, told.points)
    values = [reading.value if reading else None for reading in readings]
    known = [value for value in values if value is not None]
    if not known:
        return
    after = told.points[-1].start + timedelta(1)
    bounds = limits(measure, told.points, readings, after, told.phases)
    scale = ms_ticks(max([*known, *(one.high or 0 for one in bounds.values())]))
    _head(pdf, _("Time to be helped, day by day"))
    top, step = pdf.get_y() + 2, _WIDE / len(values)

    def place(index: int, value: float) -> tuple[float, float]:
        return _LEFT + (index + 0.5) * step, top + _CHART_MM * (1 - value / scale[-1])

    pdf.set_font("sans", "", 6.5)
    pdf.set_text_color(*_SOFT)
    pdf.set_draw_color(*_FAINT)
    pdf.set_line_width(0.15)
    for tick in scale:
        y = place(0, tick)[1]
        pdf.line(_LEFT, y, _LEFT + _WIDE, y)
        pdf.text(_LEFT, y - 0.6, span(tick))
    pdf.set_fill_color(*_FAINT)
    for index, one in bounds.items():
        x, high = place(index, min(one.high or 0.0, scale[-1]))
        pdf.rect(x - step / 2, high, step, place(index, one.low or 0.0)[1] - high, style="F")
    pdf.set_draw_color(*_SOFT)
    pdf.set_line_width(0.35)
    for index in range(1, len(values)):
        before, here = values[index - 1], values[index]
        if before is not None and here is not None:
            pdf.line(*place(index - 1, before), *place(index, here))
    for index, value in enumerate(values):
        if value is not None:
            fired = index in bounds and bounds[index].rules
            pdf.set_fill_color(*(_AMBER if fired else (255, 255, 255)))
            x, y = place(index, value)
            pdf.circle(x, y, 1.1 if fired else 0.7, style="FD")
        if index % max(1, len(values) // 6) == 0:
            pdf.text(
                place(index, 0)[0] - 4, top + _CHART_MM + 3, short_day(told.points[index].start)
            )
    pdf.set_y(top + _CHART_MM + 4)
