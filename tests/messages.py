"""The catalogues of the languages: brings them up to date, and tells what is wrong with one.

    python -m tests.messages          finds the sentences, and updates every catalogue
    python -m tests.messages de       what is missing or wrong in the German one

`make messages` does the first. What the code says is found by Babel's own extraction; nothing here
translates.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message, TranslationError
from babel.messages.checkers import python_format
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from overdoor.languages.catalogue import done, file_of, locales, texts

ROOT = Path(__file__).parents[1]
TEMPLATE = "overdoor.pot"
METHODS = [("gateway/**.py", "python"), ("dashboard/templates/**.html", "jinja2")]
OPTIONS = {
    "dashboard/templates/**.html": {
        "trimmed": "true",
        "newstyle_gettext": "true",  # as words.py has it: a percent sign is doubled
        "silent": "false",
    }
}
KEYWORDS = {**DEFAULT_KEYWORDS, "Sentence": None, "forms": (1, 2)}
COMMENTS = ["Translators:"]

GLOSSARY = """\
What people read in Overdoor, a fitting-room call system.

The words of it. Use one of your own language for each, the same everywhere:
  shopper      who tries things on in a room, and calls
  associate    somebody of the shop's staff; a sales assistant
  manager      who looks after the shop
  room         a fitting room (or a table, or a counter)
  zone         a named part of the shop's floor
  call         from the press of the button to its close
  raised, acknowledged, arrived, closed                 how a call stands
  served, cancelled, left, unanswered                   how it ended; left: nobody there
  arrival      somebody stands in the room; evidence: how we know of it
  need         what the shopper asks for; another model: another piece of clothing
  duty, shift  the time in which one person works in a zone; on duty: during it
  lapse        an acknowledgement that ran out, because nobody arrived in time
  hand off     to give a call to a colleague
  page         to alert an associate about a call (as a verb); paged: alerted
  call point   the device of one room: call button, ring, lamp, presence button
  ring         the round light in the button
  lamp         the light over the door of a room
  presence button   the one that staff press at the door when they have come
  pager        a small device that staff carry
  handheld     the associate's page on a phone
  card         what hangs in a room and has a code to scan; also what a new associate is given
  gateway      the program in the shop that all devices and pages speak to
  voided       taken out of the numbers

Short, plain and friendly; in the polite form, to shoppers and to staff. Leave %(names)s,
{names}, <tags> and what stands in <code> as they are; a name may move within the sentence."""

REVIEWED = re.compile(r"^# Read by a native speaker: (no|yes, .+)$", re.MULTILINE)
AS_IN_ENGLISH = "As in English."  # of names, and words that a language took over
_CHANGING = re.compile(
    r'^"((POT-Creation|PO-Revision)-Date: .*|.*(EMAIL@ADDRESS|LL@li\.org).*)\n', re.MULTILINE
)
_BLANK = re.compile(r"%\(\w+\)s|%%|\{\w+\}")
_TAG = re.compile(r"<[^>]+>|&\w+;")


def found() -> Catalog:
    """Every sentence that the code and the templates say."""
    catalog = Catalog(project="Overdoor", version="1", charset="utf-8", fuzzy=False)
    catalog.header_comment = "\n".join(f"# {line}".rstrip() for line in GLOSSARY.splitlines())
    rows = extract_from_dir(ROOT, METHODS, OPTIONS, KEYWORDS, COMMENTS, strip_comment_tags=True)
    for name, _line, message, comments, context in sorted(rows, key=lambda row: row[:2]):
        catalog.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return catalog


def written(catalog: Catalog) -> str:
    """The file of a catalogue, without line numbers and dates: it changes with its sentences."""
    for message in catalog:
        message.locations = sorted({(name, None) for name, _ in message.locations})
    out = io.BytesIO()
    write_po(out, catalog, width=96, ignore_obsolete=True)
    text = out.getvalue().decode()
    return _CHANGING.sub("", text)


def read(language: str) -> Catalog:
    """A catalogue as it is in its file."""
    with file_of(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def tags() -> list[str]:
    """The languages that have a folder, complete or not."""
    return sorted(path.name for path in locales().iterdir() if path.is_dir())


def updated(language: str, template: Catalog) -> Catalog:
    """A catalogue with the sentences of now. What is new is empty, what is gone is gone."""
    file = file_of(language)
    if file.exists():
        known = read(language)
    else:
        known = Catalog(locale=language, project="Overdoor", version="1", fuzzy=False)
        name = Locale(language).english_name
        known.header_comment = f"# {name} for Overdoor.\n# Read by a native speaker: no"
    known.update(template, no_fuzzy_matching=True, update_header_comment=False)
    return known


def wrong(language: str, template: Catalog) -> Iterator[str]:
    """What is missing or wrong, a line for each."""
    text = file_of(language).read_text()
    if not REVIEWED.search(text):
        yield "the head does not say: # Read by a native speaker: no"
    catalog = read(language)
    for message in template:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        mine = catalog.get(ids[0], message.context)
        if mine is None:
            yield f"{ids[0]!r} is not in the file: run make messages"
            continue
        yield from (f"{ids[0]!r}: {trouble}" for trouble in _troubles(ids, mine, catalog))


def _troubles(ids: tuple[str, ...], mine: Message, catalog: Catalog) -> Iterator[str]:
    said = texts(mine)
    if not all(said):
        yield "is empty"
        return
    if mine.fuzzy:
        yield "is fuzzy: look at it, and remove the mark"
    if len(ids) > 1 and len(said) != catalog.num_plurals:
        yield f"has {len(said)} plural forms, not {catalog.num_plurals}"
    try:
        python_format(catalog, mine)
    except TranslationError as error:
        yield str(error)
    for index, text in enumerate(said):
        yield from _unlike(ids, text, plural=len(ids) > 1, last=index == len(said) - 1)
        if text in ids and AS_IN_ENGLISH not in mine.user_comments and bare(text):
            yield f"is the same as in English; if that is right, write above it: # {AS_IN_ENGLISH}"


def _unlike(ids: tuple[str, ...], text: str, *, plural: bool, last: bool) -> Iterator[str]:
    """Blanks and tags are those of the English; a form for one number may do without the number."""
    wanted = [sorted(_BLANK.findall(one)) for one in ids]
    given = sorted(_BLANK.findall(text))
    free = {"%(num)s", "%(count)s"} if plural else set()
    if given not in wanted and sorted({*given} - free) != sorted({*wanted[-1]} - free):
        yield f"has the blanks {given}, not {wanted[-1]}"
    if sorted(_TAG.findall(text)) != sorted(_TAG.findall(ids[-1])):
        yield f"has the tags {_TAG.findall(text)}, not {_TAG.findall(ids[-1])}"
    if text.strip() != text and ids[-1].strip() == ids[-1]:
        yield "begins or ends with a space"


def bare(text: str) -> str:
    """The letters of a sentence, without its blanks and tags."""
    return "".join(filter(str.isalpha, _TAG.sub("", _BLANK.sub("", text))))


def main() -> None:
    template = found()
    if sys.argv[1:]:
        if sys.argv[1] not in tags():
            sys.exit(f"usage: python -m tests.messages [{'|'.join(tags())}]")
        troubles = list(wrong(sys.argv[1], template))
        print("\n".join(troubles) or "complete, nothing wrong")
        sys.exit(bool(troubles))
    (locales() / TEMPLATE).write_text(written(template))
    for language in tags():
        catalog = updated(language, template)
        file_of(language).write_text(written(catalog))
        print(f"{language}: {done(catalog):.1%} of {len(catalog)}")


if __name__ == "__main__":
    main()
