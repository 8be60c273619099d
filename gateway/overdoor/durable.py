"""Writing a file so that a full disk, a crash or a power cut leaves the old one or the new one.

And so that nobody else can read a secret, not even while it is written.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SECRET, PUBLIC = 0o600, 0o644


def write(file: Path, content: bytes, mode: int = SECRET) -> None:
    """Makes a file, or puts another in its place. Raises `OSError`; the old one is then whole."""
    with _beside(file, content, mode) as new:
        new.replace(file)
    sync_folder(file.parent)


def create(file: Path, content: bytes, mode: int = SECRET) -> None:
    """Makes a file that is not there. Raises `FileExistsError` if it is, and `OSError`."""
    with _beside(file, content, mode) as new:
        os.link(new, file)
    sync_folder(file.parent)


def secret_folder(folder: Path) -> None:
    """Makes a folder for the owner only, and that no repository takes, if it is not there yet.

    Raises `OSError`.
    """
    if not folder.exists():
        with suppress(FileExistsError):  # another command may make it as well
            folder.mkdir(mode=0o700)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _give(handle, folder.parent)
        finally:
            os.close(handle)
        write(folder / ".gitignore", b"*\n")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time, of those that name this file; the others wait. Raises `OSError`."""
    with suppress(FileExistsError):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, SECRET)
        try:
            _give(handle, lock.parent)
        finally:
            os.close(handle)
    handle = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """So that a new name in it outlives a power cut."""
    with suppress(OSError):  # some network shares cannot; the file itself is safe
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _beside(file: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A file of this content that is safe on the disk, under another name, gone afterwards."""
    handle, name = tempfile.mkstemp(".new", f".{file.name}.", file.parent)  # ours only, at once
    new = Path(name)
    try:
        with open(handle, "wb") as opened:  # noqa: PTH123 - a handle
            opened.write(content)
            opened.flush()
            os.fchmod(handle, mode)
            _give(handle, file if file.exists() else file.parent)
            os.fsync(handle)
        yield new
    finally:
        new.unlink(missing_ok=True)


def _give(made: int, like: Path) -> None:
    """To the owner of something else, if root made it: the gateway's user has to read it.

    `made` is a handle: whose folder it is can put something else under its name meanwhile.
    """
    if os.geteuid() == 0:
        status = like.stat()
        os.chown(made, status.st_uid, status.st_gid)
