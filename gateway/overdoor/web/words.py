"""What templates say, in the reader's language."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment

from overdoor import languages
from overdoor.languages import gettext as _
from overdoor.languages import ngettext

NBSP = "\u00a0"


def speak_in(env: Environment) -> None:
    """Gives templates `_`, `trans` and their like, and lengths of time.

    `_` and `trans` take their sentences as they stand in the template, as HTML. What comes from
    elsewhere goes through `said`, which escapes it.
    """
    env.policies["ext.i18n.trimmed"] = True
    env.add_extension("jinja2.ext.i18n")
    # Jinja fills the blanks itself, and escapes what it fills in.
    env.install_gettext_callables(  # type: ignore[attr-defined]
        _spoken("gettext"),
        _spoken("ngettext"),
        newstyle=True,
        pgettext=_spoken("pgettext"),
        npgettext=_spoken("npgettext"),
    )
    env.globals |= {"said": languages.gettext, "forms": languages.forms}
    env.filters |= {"span": span, "coarse": coarse, "day": day}


def _spoken(name: str) -> Callable[..., str]:
    """A function of whichever catalogue is spoken when it is called."""

    def say(*said: str | int) -> str:
        text: str = getattr(languages.current().texts, name)(*said)
        return text

    return say


def span(ms: float | None) -> str:
    """A length of time: 42 s, 3 min 05 s, 1 h 12 min. time.js has the twin of this."""
    s = max(int((ms or 0) // 1000), 0)
    if s < 60:
        return seconds(s)
    if s < 3600:
        return minutes(s // 60) + (f" {seconds(f'{s % 60:02}')}" if s % 60 else "")
    return f"{hours(s // 3600)} {minutes(f'{s % 3600 // 60:02}')}"


def coarse(ms: float | None) -> str:
    """A coarse length, for things long over. time.js has the twin of this."""
    s = max(int((ms or 0) // 1000), 0)
    if s < 60:
        return seconds(s)
    if s < 3600:
        return minutes(s // 60)
    if s < 172_800:
        return hours(s // 3600)
    days = s // 86_400
    return ngettext("%(num)s day", "%(num)s days", days).replace(" ", NBSP)


def seconds(n: int | str) -> str:
    # Translators: a length of time, as short as your language has it: "3 min 05 s", "1 h 12 min".
    return _("%(n)s s", n=n).replace(" ", NBSP)


def minutes(n: int | str) -> str:
    return _("%(n)s min", n=n).replace(" ", NBSP)


def hours(n: int | str) -> str:
    return _("%(n)s h", n=n).replace(" ", NBSP)


def day(at: str | None, timezone: str) -> str:
    """The day of an RFC 3339 time, in the shop."""
    if at is None:
        return ""
    return languages.day(datetime.fromisoformat(at).astimezone(ZoneInfo(timezone)).date())
