"""A disk that is full after so many files."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from overdoor import durable


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """That takes so many files more."""
    write = durable.write

    def until_it_is_full(*what: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*what)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "write", until_it_is_full)
        yield
