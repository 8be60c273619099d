"""The flash of a call point, as its journal sees it: it keeps what it takes, and may break."""

from collections.abc import Iterable, Iterator

PIECE = 256


class Flash:
    """Files that outlive the power, and fail while they are `broken`."""

    def __init__(self) -> None:
        self.broken = False
        self._files: dict[str, bytes] = {}

    def as_it_is(self) -> "Flash":
        """A copy that works."""
        copy = Flash()
        copy._files = dict(self._files)
        return copy

    def read(self, name: str) -> Iterator[bytes]:
        """The content, piece by piece. Raises OSError, as everything here, while broken."""
        self._check()
        data = self._files.get(name, b"")
        yield from (data[start : start + PIECE] for start in range(0, len(data), PIECE))

    def append(self, name: str, data: bytes) -> None:
        """Adds to a file, or begins it."""
        self._check()
        self._files[name] = self._files.get(name, b"") + data

    def replace(self, name: str, pieces: Iterable[bytes]) -> None:
        """Gives a file this content."""
        self._check()
        self._files[name] = b"".join(pieces)

    def rename(self, name: str, to: str) -> None:
        """Moves a file out of the way."""
        self._check()
        self._files[to] = self._files.pop(name)

    def remove(self, name: str) -> None:
        """Removes a file that is there."""
        self._check()
        del self._files[name]

    def _check(self) -> None:
        if self.broken:
            raise OSError(5, "flash is broken")
