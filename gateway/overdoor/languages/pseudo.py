"""Languages that nobody speaks, to look at pages with: made from the English, never offered.

`en-XA` has an accent on each letter and a third more of them: what stays plain was not marked for
translation, what spills has too little room. `ar-XB` is written from right to left.
"""

import re
from gettext import NullTranslations

PSEUDO = ("en-XA", "ar-XB")

_ACCENTED = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž",
)
# Blanks, tags and entities stay as they are.
_KEPT = re.compile(r"(%\(\w+\)s|%%|\{\w+\}|<[^>]*>|&\w+;)")
_LONGER = 0.3
_RIGHT_TO_LEFT, _END = "\u202e", "\u202c"


class Pseudo(NullTranslations):
    """Says everything in a pseudo-language."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._mirrored = tag == "ar-XB"

    def gettext(self, message: str) -> str:
        """The sentence, made unlike English."""
        parts = _KEPT.split(message)
        parts[::2] = [self._written(part) if part else "" for part in parts[::2]]
        return "".join(parts)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """As English has it."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        """The context is for people."""
        return self.gettext(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        """Both."""
        return self.ngettext(msgid1, msgid2, n)

    def _written(self, text: str) -> str:
        letters = sum(letter.isalpha() for letter in text)
        accented = text.translate(_ACCENTED) + "·" * round(letters * _LONGER)
        return f"{_RIGHT_TO_LEFT}{accented}{_END}" if self._mirrored else accented
