"""What a reader meets on a page: its text, and the words that screen readers and tabs say."""

import json
import re
from html.parser import HTMLParser

_SPOKEN = ("aria-label", "title", "alt", "placeholder", "data-lost", "data-title")
_VOID = frozenset({"meta", "link", "input", "br", "path", "circle", "rect", "line", "stop"})
_NOT_FOR_READERS = frozenset({"code", "style", "script", "tspan"})  # a list says what is drawn
# Blanks, addresses and paths, what a paper is called by, and days as English writes them.
_NOBODYS = re.compile(
    r"\{\w+\}|https?://\S+|(?<![\w<])/[\w./-]+|\([A-Z][^()]*\b(?:19|20)\d\d[^()]*\)"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
)


class Wording(HTMLParser):
    """The words of a page. What is marked as of another language is left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.language = ""
        self._open: list[tuple[str, bool]] = []  # each element, and whether it is for readers
        self._json = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        foreign = given.get("lang", self.language) != self.language
        readable = self._readable and not foreign and tag not in _NOT_FOR_READERS
        if readable:
            self.words += [given[name] for name in _SPOKEN if name in given]
        self._json = given.get("type") == "application/json"
        if tag not in _VOID:
            self._open.append((tag, readable))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        self._json = False

    def handle_data(self, data: str) -> None:
        if self._json:
            self.words += json.loads(data).values()
        elif self._readable:
            self.words.append(data)

    @property
    def _readable(self) -> bool:
        return not self._open or self._open[-1][1]


def plain(html: str, *data: str) -> list[str]:
    """The words on a page that have two plain Latin letters side by side, beside these names."""
    names = sorted(data, key=len, reverse=True)
    left = []
    for words in Wording(html).words:
        rest = _NOBODYS.sub("", words)
        for name in names:
            rest = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", rest)
        if re.search(r"[A-Za-z]{2}", rest):
            left.append(" ".join(rest.split()))
    return left
