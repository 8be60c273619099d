"""A pager's view as lines of text, for a screen of eight rows. Pure.

A line is (text, style, size): its style is plain, key, alert, mine or quiet; its size plain, tall
(two rows) or big (two rows, letters twice as wide). Every text fits.
"""

from .compat import const

ROWS = const(8)

_NEEDS = {
    "another-size": "size",
    "another-model": "model",
    "question": "question",
    "ready-to-pay": "pay",
    "other": "other",
}
_LOOKS = {
    "waiting": "waiting",
    "sending": "sending…",
    "queued": "not sent yet",
    "declined": "declined",
    "mine": "yours",
    "there": "you are there",
    "lost": "taken",
}
_MARKS = {"waiting": "●", "mine": "✓", "there": "✓", "lost": "✗", "declined": "✗"}
_KEYS = {"waiting": ("A go", "B next/no"), "mine": ("A here", "")}
_NOTICES = {
    "changed": "List has changed",
    "taken": "Somebody has it",
    "over": "It is over",
    "full": "Too much unsent",
}
_TROUBLES = {"link": "NO LINK", "gateway": "NO GATEWAY", "old": "OLD LIST"}


def lines(view, columns: int, fault=None) -> list:
    """What a screen with so many columns shows.

    `fault` is a word of `fault.py` for what keeps the link from its first session, or None.
    """
    if not view.lit:
        return []
    shown = [_head(view, columns)]
    if view.selected is None:
        shown += _nothing(view, columns, fault)
    else:
        shown += _selected(view, columns)
        shown += _others(view, columns)
    left = ROWS - 1 - sum([1 if size == "plain" else 2 for _, _, size in shown])
    shown += [("", "plain", "plain")] * left
    look = None if view.selected is None else view.calls[view.selected][4]
    left_key, right_key = _KEYS.get(look, ("", ""))
    if not right_key and len(view.calls) > 1:
        right_key = "B next"
    keys = _both(left_key, right_key, columns)
    shown.append((keys, "key" if left_key or right_key else "plain", "plain"))
    return shown


def _head(view, columns: int) -> tuple:
    if view.trouble is not None:
        since = "" if view.trouble_s is None else span(view.trouble_s)
        return (_both(_TROUBLES[view.trouble], since, columns), "alert", "plain")
    waiting = len([call for call in view.calls if call[4] == "waiting"])
    if waiting:
        return (fit("%d waiting" % waiting, columns), "plain", "plain")
    return (fit("Overdoor", columns), "quiet", "plain")


def _nothing(view, columns: int, fault) -> list:
    if view.notice is not None:
        said, more = _NOTICES[view.notice], ""
    elif view.trouble is None:
        said, more = "All quiet", ""
    else:
        said, more = "Not reachable", (fault or "by any call").replace("_", " ")
    blank = ("", "plain", "plain")
    return [blank, (fit(said, columns), "plain", "tall"), (fit(more, columns), "quiet", "plain")]


def _selected(view, columns: int) -> list:
    name, zone, seconds, at_least, look, need = view.calls[view.selected]
    size = "big" if 2 * len(name) <= columns else "tall"
    style = "mine" if look in ("mine", "there") else "plain"
    if view.notice is not None:
        said, said_style = fit(_NOTICES[view.notice], columns), "alert"
    else:
        said, said_style = _both(_LOOKS[look], _NEEDS.get(need, ""), columns), style
    return [
        (fit(name, columns // 2 if size == "big" else columns), style, size),
        (_both(zone, _age(seconds, at_least), columns), "quiet", "plain"),
        (said, said_style, "plain"),
    ]


def _others(view, columns: int) -> list:
    """Two rows for the calls that come after the selected one, and how many there are besides."""
    count = len(view.calls)
    places = [(view.selected + step) % count for step in range(1, count)]
    shown = []
    for place in places[:2]:
        name, _, seconds, at_least, look, _ = view.calls[place]
        left = "%s %s" % (_MARKS.get(look, "…"), name)
        style = "mine" if look in ("mine", "there") else "plain"
        shown.append((_both(left, _age(seconds, at_least), columns), style, "plain"))
    if len(places) > 2:
        shown[1] = (fit("+ %d more" % (len(places) - 1), columns), "quiet", "plain")
    return shown


def _age(seconds: int, at_least: bool) -> str:
    return span(seconds) + ("+" if at_least else "")


def span(seconds: int) -> str:
    """A time in four letters at most."""
    if seconds < 600:
        return "%d:%02d" % (seconds // 60, seconds % 60)
    if seconds < 6000:
        return "%dm" % (seconds // 60)
    return "%dh" % min(999, seconds // 3600)


def fit(text: str, columns: int) -> str:
    """The text, cut where it does not fit, with a sign that it was."""
    return text if len(text) <= columns else text[: columns - 1] + "…"


def _both(left: str, right: str, columns: int) -> str:
    """One text at either end; the right one is never cut."""
    room = columns - len(right) - (1 if right else 0)
    left = fit(left, room)
    return left + " " * (columns - len(left) - len(right)) + right
