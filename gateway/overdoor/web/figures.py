"""Numbers as people read them, in their language: a figure, its interval, what changed."""

from babel.numbers import format_decimal, format_percent

from overdoor import languages
from overdoor.insight.change import Change
from overdoor.insight.intervals import Interval
from overdoor.insight.measures import CALLS, Better, Measure, Unit
from overdoor.insight.privacy import Hidden
from overdoor.insight.readings import Reading
from overdoor.languages import gettext as _
from overdoor.languages import ngettext
from overdoor.web.words import NBSP, span

_DECIMALS = {Unit.SCORE: "#,##0.0", Unit.CALLS: "#,##0"}


def figure(unit: Unit, value: float | None) -> str:
    """A value with its unit: 48 s, 83 %, 0.12."""
    if value is None:
        return "–"
    if unit is Unit.MS:
        return span(value)
    locale = languages.current().locale
    if unit is Unit.SHARE:
        few = 0 < value < 0.1 or 0.99 < value < 1
        # Hundreds of a per cent say nothing beside any interval of a shop.
        return str(format_percent(value, "#,##0.0%" if few else "#,##0%", locale))
    return str(format_decimal(value, _DECIMALS.get(unit, "#,##0.00"), locale))


def per_what(unit: Unit) -> str:
    """What a figure is per, where it does not say so itself."""
    return {
        Unit.PER_CALL: _("per call"),
        Unit.PER_VISIT: _("per visit"),
        Unit.PER_HOUR: _("per person and hour"),
        Unit.SCORE: _("of 5"),
    }.get(unit, "")


def count(value: float) -> str:
    """A whole number."""
    return figure(Unit.CALLS, value)


def around(unit: Unit, interval: Interval) -> str:
    """An interval in words; nothing where there is none."""
    low, high = interval
    if low is None and high is None:
        return ""
    if low is None:
        return _("at most %(high)s", high=figure(unit, high))
    if high is None:
        return _("at least %(low)s", low=figure(unit, low))
    return _("%(low)s to %(high)s", low=figure(unit, low), high=figure(unit, high))


def of_calls(reading: Reading) -> str:
    """The n beside a number; nothing where the number is its own n."""
    if reading.measure is CALLS or reading.of == reading.n:
        return ""
    return f"n{NBSP}={NBSP}{count(reading.n)}"


def hidden(why: Hidden) -> str:
    """Why a group is not shown."""
    return {
        Hidden.FEW_CALLS: _("fewer than five calls"),
        Hidden.FEW_ASSOCIATES: _("fewer than three associates"),
    }[why]


def calls(n: int) -> str:
    """So many calls."""
    return ngettext("%(num)s call", "%(num)s calls", n)


def tone(measure: Measure, change: Change | None) -> str:
    """Whether a change is good or bad, or nothing: a class for the page, beside the words."""
    if change is None or not change.beyond_noise:
        return "same"
    if measure.better not in (Better.LOWER, Better.HIGHER):
        return "other"
    up = change.estimate > 0
    return "good" if up is (measure.better is Better.HIGHER) else "bad"


def changed(measure: Measure, change: Change | None) -> str:
    """A change in words: whether it is one, and what it was before."""
    if change is None:
        return _("nothing to compare with")
    before = figure(measure.unit, change.before)
    return {
        "same": _("no change beyond noise; was %(before)s", before=before),
        "good": _("better, beyond noise; was %(before)s", before=before),
        "bad": _("worse, beyond noise; was %(before)s", before=before),
        "other": _("changed beyond noise; was %(before)s", before=before),
    }[tone(measure, change)]
