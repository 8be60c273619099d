"""Files that are replaced whole: what a power cut, a full disk or a curious user finds."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from overdoor import durable


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """No file can have more bytes than are left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    durable.write(file, b"old")
    with full_disk(left=100), pytest.raises(OSError, match="File too large"):
        durable.write(file, b"new" * 100)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, done, sync = tmp_path / "kept", list[str](), os.fsync
    file.write_bytes(b"old")

    def synced(handle: int) -> None:
        what = Path(f"/proc/self/fd/{handle}").readlink()
        done.append(f"{'folder' if what == tmp_path else what.read_text()}, {file.read_text()}")
        sync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    durable.write(file, b"new")
    assert done == ["new, old", "folder, new"]


def test_what_the_disk_did_not_take_is_said_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kept"
    durable.write(file, b"old")

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        durable.write(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_secret_is_for_its_owner_only_even_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes, sync = list[int](), os.fsync

    def synced(handle: int) -> None:
        modes.append(os.fstat(handle).st_mode & 0o777)
        sync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    before = os.umask(0)
    try:
        durable.write(tmp_path / "key", b"secret")
    finally:
        os.umask(before)
    assert modes[0] == 0o600
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_what_somebody_else_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    durable.create(file, b"first")
    with pytest.raises(FileExistsError):
        durable.create(file, b"second")
    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_of_secrets_is_for_its_owner_and_for_no_repository(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    durable.secret_folder(folder)
    durable.secret_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_link_that_was_put_in_the_place_of_a_new_folder_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose folder it is would else be given what the link leads to, if root makes the folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def swapped(folder: Path, mode: int) -> None:
        folder.symlink_to(elsewhere)

    monkeypatch.setattr(Path, "mkdir", swapped)
    with pytest.raises(OSError, match="tls"):
        durable.secret_folder(tmp_path / "tls")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for others")
def test_what_root_writes_belongs_to_the_user_of_the_shop(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    durable.secret_folder(tmp_path / "devices")
    durable.write(tmp_path / "devices" / "new", b"secret")
    durable.write(tmp_path / "shop.toml", b"old")
    os.chown(tmp_path / "shop.toml", 12346, 12346)
    durable.write(tmp_path / "shop.toml", b"new")
    with durable.alone(tmp_path / "devices" / ".lock"):
        pass
    made = [tmp_path / "devices" / name for name in (".", "new", ".lock")]
    assert [path.stat().st_uid for path in made] == [12345, 12345, 12345]
    assert (tmp_path / "shop.toml").stat().st_uid == 12346


def test_no_lock_is_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), durable.alone(tmp_path / ".lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()
