"""What the need button says: each press soon after the last one chooses the next. Pure."""

from .compat import const

_NEXT_MS = const(10000)  # a press sooner than that after the last one chooses the next need


class Needs:
    """The choice of one shopper. The last choice counts."""

    def __init__(self, names: tuple):
        """`names`: what there is to choose from."""
        self._names = names
        self._chosen = 0
        self._at = None  # ms of the last press

    def choose(self, at_ms: int) -> tuple:
        """Pressed at `at_ms`: (its place, from 1; its name). After a while the first one again."""
        again = self._at is not None and at_ms - self._at < _NEXT_MS
        self._chosen = (self._chosen + 1) % len(self._names) if again else 0
        self._at = at_ms
        return self._chosen + 1, self._names[self._chosen]
