"""Where the files beside the code are: in a checkout, or in the installed package."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGE = Path(__file__).parent


class BrokenInstall(Exception):  # noqa: N818 - it is what was found
    """A file beside the code cannot be used. The message says which, and what to do."""

    def __init__(self, file: Path, why: object) -> None:
        super().__init__(f"{file} cannot be used: {why}. Install Overdoor again.")


def folder(name: str) -> Path:
    """The folder `dashboard` or `firmware`."""
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / name


@contextmanager
def using(file: Path) -> Iterator[None]:
    """Raises `BrokenInstall` for what goes wrong within: with this file, or below this folder."""
    try:
        yield
    except OSError as error:
        raise BrokenInstall(Path(error.filename or file), error.strerror) from error
    except ValueError as error:  # not UTF-8, no JSON
        raise BrokenInstall(file, error) from error
