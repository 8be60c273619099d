"""What is in a backup: a list with the hash of each file first, then the files.

An archive comes from outside. Nothing of it is written under a name of its own choosing, and
nothing is believed that its list and its hashes do not say.
"""

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from overdoor import __version__, authority, cards, durable, tags
from overdoor.backups import BackupError
from overdoor.backups.sealed import Opening, Sealing, is_sealed
from overdoor.config import Config
from overdoor.keptfile import PUSH_KEY
from overdoor.store import FILE, copy_database
from overdoor.store.store import connect
from overdoor.store.version import Version
from overdoor.store.version import of as version_of

FORMAT = 1
SHOP, DATA = "shop.toml", "data"
_LIST = "backup.json"
_LIST_LIMIT = 1_000_000
# In the data folder, beside the database: what cannot be made anew without going from room to room.
_KEPT = (cards.FILE, tags.FILE, PUSH_KEY)
FOLDERS = ("devices", authority.FOLDER)  # beside shop.toml
_EMPTY = (".gitignore", ".lock")  # made anew where they are wanted
_NAME = re.compile(rf"{SHOP}|(?:{DATA}|{'|'.join(FOLDERS)})/[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}")
_CHUNK = 1 << 20
_PRIVATE = ".overdoor-backup-"
LEFT_FOR_S = 12 * 3600  # no backup takes so long


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself. `files`: name → size in bytes and SHA-256."""

    made_at: str
    overdoor: str
    shop: str
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(size for size, _ in self.files.values())


def write(config: Config, shop_file: Path, target: Path, password: str | None) -> Contents:
    """Makes a backup, and reads it again to the end. Raises `BackupError`, `StoreError`.

    The gateway may run meanwhile: its database is copied at one moment. Nothing but the backup is
    ever written where it goes: that may be a medium which others read.
    """
    try:
        if target.exists():
            raise BackupError(f"{target} is there already; a backup never overwrites.")
        if not (config.data.path / FILE).is_file():
            raise BackupError(f"There is no database {config.data.path / FILE}.")
        clear_up(config.data.path, re.compile(rf"{re.escape(_PRIVATE)}\w+"))
        with _unfinished(target) as beside:
            contents = _write(config, shop_file, beside, password)
            with _private(config.data.path) as folder:
                unpack(beside, folder, password)
            beside.replace(target)
        durable.sync_folder(target.parent)
    except OSError as error:
        raise BackupError(f"The backup to {target} failed: {error.strerror or error}.") from error
    return contents


def _write(config: Config, shop_file: Path, target: Path, password: str | None) -> Contents:
    """The backup is on the disk afterwards, not yet read again."""
    with _private(config.data.path) as folder:
        database = folder / FILE
        copy_database(config.data.path / FILE, database)
        files = {SHOP: shop_file, f"{DATA}/{FILE}": database} | _beside(config, shop_file)
        contents = Contents(
            datetime.now(UTC).isoformat("T", "seconds"),
            __version__,
            config.shop.name,
            {name: (path.stat().st_size, _hash(path)) for name, path in files.items()},
        )
        with target.open("wb") as file:
            with ExitStack() as stack:
                into = stack.enter_context(Sealing(file, password)) if password else file
                _pack(cast(BinaryIO, into), contents, files)
            file.flush()
            os.fsync(file.fileno())
    return contents


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """An empty file beside a target, for the owner only, and gone afterwards if it is not it."""
    beside = target.parent / f".{target.name}.new"
    beside.unlink(missing_ok=True)
    beside.touch(0o600, exist_ok=False)  # it has every secret of the shop
    try:
        yield beside
    finally:
        with suppress(OSError):  # a medium that is gone, too
            beside.unlink(missing_ok=True)


def clear_up(folder: Path, name: re.Pattern[str]) -> None:
    """Removes what a backup that was ended in its middle left: a whole shop, as large as it is."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if name.fullmatch(path.name) and time.time() - path.lstat().st_mtime > LEFT_FOR_S:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def check(file: Path, password: str | None) -> Contents:
    """Reads a backup to its end, and opens the database in it. Raises `BackupError`.

    What is in it is for a moment in this machine's folder for temporary files, never beside it.
    """
    try:
        with _private(None) as folder:
            return unpack(file, folder, password)
    except OSError as error:
        raise BackupError(
            f"{file} cannot be checked: {error}. Set TMPDIR to a folder that has space."
        ) from error


def unpack(file: Path, folder: Path, password: str | None) -> Contents:
    """Writes what is in a backup into an empty folder, whole and checked. Raises `BackupError`."""
    try:
        with _opened(file, password) as archive:
            members = iter(archive)
            contents = _contents(archive, next(members, None))
            missing = set(contents.files)
            for member in members:
                if member.name not in missing or not member.isreg():
                    raise BackupError(f"{file} has something in it that its list does not name.")
                missing.discard(member.name)
                said = archive.extractfile(member)
                assert said is not None  # a regular file
                _take(said, folder / member.name, *contents.files[member.name])
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{file} cannot be read as a backup: {error}.") from None
    except OSError as error:
        raise BackupError(
            f"{file} cannot be read, or not unpacked in {folder.parent}: {error}."
        ) from error
    if missing:
        raise BackupError(f"{file} is not whole: {', '.join(sorted(missing))} is missing.")
    _examine(folder / DATA / FILE, contents)
    return contents


def needs_password(file: Path) -> bool:
    """Whether a backup is sealed. Raises `BackupError`."""
    try:
        with file.open("rb") as opened:
            return is_sealed(opened)
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}.") from None


def left_out(shop_file: Path) -> list[Path]:
    """Files beside certificates and devices that no backup takes: their names are none it knows."""
    return [path for name, path in _in_folders(shop_file).items() if not _NAME.fullmatch(name)]


def _beside(config: Config, shop_file: Path) -> dict[str, Path]:
    """Secrets and certificates, by their names in a backup."""
    found = {f"{DATA}/{name}": config.data.path / name for name in _KEPT}
    taken = {name: path for name, path in found.items() if path.is_file()}
    more = _in_folders(shop_file)
    return taken | {name: path for name, path in more.items() if _NAME.fullmatch(name)}


def _in_folders(shop_file: Path) -> dict[str, Path]:
    beside = shop_file.resolve().parent
    return {
        f"{folder}/{path.name}": path
        for folder in FOLDERS
        for path in sorted((beside / folder).glob("*"))
        if path.is_file() and path.name not in _EMPTY
    }


@contextmanager
def _private(folder: Path | None) -> Iterator[Path]:
    """A new folder for the owner only, and gone afterwards; None: where temporary files go."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=_PRIVATE) as made:
        yield Path(made)


def _pack(into: BinaryIO, contents: Contents, files: dict[str, Path]) -> None:
    said = {
        "format": FORMAT,
        "made_at": contents.made_at,
        "overdoor": contents.overdoor,
        "shop": contents.shop,
        "files": {name: {"size": s, "sha256": h} for name, (s, h) in contents.files.items()},
    }
    listed = json.dumps(said, indent=2, ensure_ascii=False).encode()
    with tarfile.open(fileobj=into, mode="w|gz") as archive:
        for name, size in ((_LIST, len(listed)), *((n, s) for n, (s, _) in contents.files.items())):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = size, 0o600
            with io.BytesIO(listed) if name == _LIST else files[name].open("rb") as source:
                archive.addfile(entry, source)


@contextmanager
def _opened(file: Path, password: str | None) -> Iterator[tarfile.TarFile]:
    with file.open("rb") as raw, ExitStack() as stack:
        source: IO[bytes] = raw
        if is_sealed(raw):
            if not password:
                raise BackupError(f"{file} is encrypted: its password is needed.")
            source = cast(IO[bytes], stack.enter_context(Opening(raw, password)))
        with tarfile.open(fileobj=source, mode="r|gz") as archive:
            yield archive


def _contents(archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> Contents:
    if member is None or member.name != _LIST or member.size > _LIST_LIMIT or not member.isreg():
        raise BackupError("This is no backup of Overdoor: its list is not where it should be.")
    listed = archive.extractfile(member)
    assert listed is not None
    try:
        said: dict[str, Any] = json.loads(listed.read())
        if said["format"] != FORMAT:
            raise BackupError(
                f"The backup is of Overdoor {said['overdoor']}, which packs in another way. "
                "Bring it back with that version."
            )
        files = {
            str(name): (int(one["size"]), str(one["sha256"])) for name, one in said["files"].items()
        }
        contents = Contents(str(said["made_at"]), str(said["overdoor"]), str(said["shop"]), files)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupError("The backup is damaged: its list cannot be read.") from None
    for name in contents.files:
        if not _NAME.fullmatch(name):
            raise BackupError(f"The backup names a file that no shop has: {name!r}.")
    for name in (SHOP, f"{DATA}/{FILE}"):
        if name not in contents.files:
            raise BackupError(f"The backup has no {name}.")
    return contents


def _take(source: IO[bytes], path: Path, size: int, sha256: str) -> None:
    path.parent.mkdir(0o700, exist_ok=True)
    path.touch(0o600, exist_ok=False)
    hashed, left = hashlib.sha256(), size
    with path.open("wb") as file:
        while chunk := source.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            hashed.update(chunk)
            file.write(chunk)
    if left != 0 or hashed.hexdigest() != sha256:
        raise BackupError(f"The backup is damaged: {path.name} is not what was packed.")


def _examine(database: Path, contents: Contents) -> None:
    """Raises `BackupError` if the database is damaged, or newer than this Overdoor."""
    try:
        with closing(connect(database)) as db:
            (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            version = version_of(db)
    except sqlite3.Error as error:
        verdict, version = str(error), Version.SAME
    if verdict != "ok":
        raise BackupError(f"The database in the backup is damaged: {verdict}. Take another one.")
    if version is Version.NEWER:
        raise BackupError(
            f"The backup is of Overdoor {contents.overdoor}, which is newer than this one "
            f"({__version__}). Install that version, or a later one, and restore there."
        )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
