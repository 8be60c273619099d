"""A small JSON file beside the database: secrets, for the owner's eyes only.

What another process writes holds at once. A file that is damaged is said, and never replaced.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from overdoor import durable

V = TypeVar("V")

PUSH_KEY = "vapid.pem"  # kept beside the database as well; of notify.push


class KeptFile(Generic[V]):
    """One such file. `parse` makes a value of its JSON, and raises `ValueError`, `TypeError`,
    `KeyError` or `AttributeError` if it cannot; `error` is raised with a sentence for people,
    of which `remedy` is what happens when a damaged file is removed.
    """

    def __init__(
        self, file: Path, parse: Callable[[Any], V], error: type[Exception], remedy: str
    ) -> None:
        self._file = file
        self._parse = parse
        self._error = error
        self._remedy = remedy
        self._stamp: tuple[int, int, int] | None = None
        self._kept: V | None = None

    def read(self) -> V | None:
        """What is in it; what was, if somebody took it away from a process that runs."""
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return self._kept
        stamp = status.st_mtime_ns, status.st_size, status.st_ino
        if self._kept is None or stamp != self._stamp:
            self._kept, self._stamp = self._load(), stamp
        return self._kept

    def _load(self) -> V:
        try:
            return self._parse(json.loads(self._file.read_text()))
        except OSError as error:
            raise self._error(f"{self._file} cannot be read: {error.strerror}.") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self._error(
                f"{self._file} is damaged. Bring it back from a copy, or remove it: {self._remedy}."
            ) from None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One process at a time."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with durable.alone(self._file.with_suffix(".lock")):
                yield
        except OSError as error:
            raise self._error(f"{self._file} cannot be written: {error.strerror}.") from None

    def write(self, said: Mapping[str, Any]) -> None:
        """All or nothing; within `writing`."""
        durable.write(self._file, (json.dumps(said) + "\n").encode())
