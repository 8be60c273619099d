"""The catalogues: read once, whole, from the files that translators edit."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Literal

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from overdoor.languages.pseudo import PSEUDO, Pseudo
from overdoor.resources import folder, using

original = "en"  # the language of the code
ENOUGH = 0.9  # one new sentence takes no language away; it is in English until it is translated


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A language. `texts` are its sentences, `locale` what CLDR knows of it."""

    tag: str
    texts: NullTranslations
    locale: Locale
    done: float = 1.0  # the share of its sentences that is there

    @property
    def name(self) -> str:
        """How it calls itself."""
        name = self.locale.get_display_name(self.locale) or self.tag
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way its letters run."""
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"


english = Catalogue(original, NullTranslations(), Locale(original))


def locales() -> Path:
    """The folder of the catalogues."""
    return folder("dashboard") / "locales"


def file_of(language: str) -> Path:
    """Where the catalogue of a language is."""
    return locales() / language / "LC_MESSAGES" / "overdoor.po"


@cache
def catalogue(tag: str) -> Catalogue:
    """The catalogue of a language, offered or not.

    Raises `KeyError` if there is none, `BrokenInstall` if it cannot be read.
    """
    if tag == original:
        return english
    if tag in PSEUDO:
        return Catalogue(tag, Pseudo(tag), Locale(tag[:2]))
    if not tag.isalpha() or not file_of(tag).is_file():
        raise KeyError(tag)
    with using(file_of(tag)), file_of(tag).open("rb") as file:
        read = read_po(file, locale=tag)
    whole = io.BytesIO()
    write_mo(whole, read)
    whole.seek(0)
    return Catalogue(tag, GNUTranslations(whole), Locale(tag), done=done(read))


def done(read: Catalog) -> float:
    """The share of a catalogue's sentences that is there, and looked at."""
    messages = [message for message in read if message.id]
    whole = sum(not message.fuzzy and all(texts(message)) for message in messages)
    return whole / len(messages) if messages else 0.0


def texts(message: Message) -> Sequence[str]:
    """A sentence in all its plural forms."""
    string = message.string
    return [string] if isinstance(string, str) else [text or "" for text in string or [""]]


@cache
def offered() -> tuple[Catalogue, ...]:
    """The languages to choose from: English, and those of which `ENOUGH` is there."""
    with using(locales()):
        others = sorted(path.name for path in locales().iterdir() if path.is_dir())
    found = [catalogue(tag) for tag in others if file_of(tag).is_file()]
    return (english, *(one for one in found if one.done >= ENOUGH))
