"""What people read, in their language.

The sentences in the code are English. A catalogue in `dashboard/locales` has the same ones in
another language; it is offered once it is as good as complete. `gettext` and its like say a
sentence in the language of whoever is being spoken to, which `speaking` sets for a while:

    with speaking("de"):
        title = gettext("Somebody calls")

What is said later, to a reader who is not known yet, is a `Sentence` until then.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date

from overdoor.core.sentence import Sentence
from overdoor.languages.catalogue import Catalogue, catalogue, english, offered, original

__all__ = [
    "Catalogue",
    "Sentence",
    "catalogue",
    "current",
    "day",
    "forms",
    "gettext",
    "ngettext",
    "npgettext",
    "offered",
    "original",
    "pgettext",
    "speak",
    "speaking",
]

_READERS: ContextVar[Catalogue] = ContextVar("language", default=english)


def current() -> Catalogue:
    """The language that is spoken now."""
    return _READERS.get()


def speak(language: str) -> None:
    """From now on to the end of this task or thread, speaks this one. See `speaking`."""
    _READERS.set(catalogue(language))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speaks a language within the block. Raises `KeyError` for one that there is not."""
    token = _READERS.set(catalogue(language))
    try:
        yield
    finally:
        _READERS.reset(token)


def gettext(message: str, /, **names: object) -> str:
    """A sentence in the language that is spoken, with its blanks `%(name)s` filled in."""
    if isinstance(message, Sentence):
        names, message = {**message.names, **names}, message.message
    return _filled(current().texts.gettext(message), names)


def ngettext(one: str, many: str, num: int, /, **names: object) -> str:
    """The form that the language has for this number, which also fills `%(num)s`."""
    return _filled(current().texts.ngettext(one, many, num), {"num": num, **names})


def pgettext(context: str, message: str, /, **names: object) -> str:
    """A sentence that is said otherwise elsewhere; `context` tells translators which this is."""
    return _filled(current().texts.pgettext(context, message), names)


def npgettext(context: str, one: str, many: str, num: int, /, **names: object) -> str:
    """Both."""
    text = current().texts.npgettext(context, one, many, num)
    return _filled(text, {"num": num, **names})


def forms(one: str, many: str) -> dict[str, str]:
    """Every plural form by CLDR's name (zero, one, two, few, many, other), for scripts.

    https://cldr.unicode.org/index/cldr-spec/plural-rules
    """
    speech = current()
    found: dict[str, str] = {}
    for number in range(200):  # all whole numbers follow from these, in every language
        found.setdefault(
            speech.locale.plural_form(number), speech.texts.ngettext(one, many, number)
        )
    return {"other": next(reversed(found.values())), **found}


def day(at: date) -> str:
    """A date, as it is written in the language."""
    from babel.dates import format_date  # noqa: PLC0415 - few pages have one

    return format_date(at, "medium", current().locale)


def _filled(text: str, names: Mapping[str, object]) -> str:
    if not names:
        return text
    return text % {
        name: gettext(value) if isinstance(value, Sentence) else value
        for name, value in names.items()
    }
