"""The last lines that the device wrote, for `report`. No secret is ever in them."""

from .compat import const

_LINES = const(40)
_LENGTH = const(120)
_SHORTEST_SECRET = const(4)  # a shorter one would tear holes into plain words


class Log:
    """Prints lines, and keeps the last ones with the ms at which they came."""

    def __init__(self, now, write, secrets=()):
        """`now() -> int` gives ms; `write(text)` prints; `secrets` are texts to leave out.

        Nothing in the firmware logs a secret. But an error's text comes from elsewhere.
        """
        self._now = now
        self._write = write
        self._secrets = [text for text in secrets if text and len(text) >= _SHORTEST_SECRET]
        self._lines = []

    def __call__(self, text: str) -> None:
        """Take one line."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = text[:_LENGTH]
        if len(self._lines) >= _LINES:
            self._lines.pop(0)
        self._lines.append((self._now(), text))
        self._write(text)

    def tail(self, size: int) -> list:
        """The latest lines as [ms, text], oldest first, that fit into `size` characters."""
        tail = []
        for at_ms, text in reversed(self._lines):
            size -= len(text) + 16
            if size < 0:
                break
            tail.insert(0, [at_ms, text])
        return tail
