"""A backup is whole, for its owner only, and comes back; what is not one changes nothing."""

import errno
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from overdoor import config
from overdoor.backups import BackupError, archive, sealed, several
from overdoor.backups.command import PASSWORD
from overdoor.backups.sealed import Opening, Sealing
from overdoor.cli import app
from overdoor.core.model import State
from overdoor.store import FILE, Store, StoreError

from .test_checkup import newer
from .test_cli import write_shop
from .test_schema import fixtures, written

# -- sealed --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in no time, and short pieces."""
    monkeypatch.setattr(sealed, "_SCRYPT", sealed._SCRYPT | {"n": 2})
    monkeypatch.setattr(sealed, "PIECE", 64)


def seal(said: bytes, parts: list[int]) -> bytes:
    into = io.BytesIO()
    with Sealing(into, "word") as sealing:
        for size in parts:
            sealing.write(said[:size])
            said = said[size:]
        sealing.write(said)
    return into.getvalue()


def opened(content: bytes, password: str = "word") -> bytes:
    return Opening(io.BytesIO(content), password).read()


@settings(max_examples=100)
@given(st.binary(max_size=400), st.lists(st.integers(0, 150), max_size=5))
def test_what_is_sealed_is_opened_by_its_password_only(said: bytes, parts: list[int]) -> None:
    content = seal(said, parts)
    assert opened(content) == said
    with pytest.raises(BackupError, match="password is not the one"):
        opened(content, "other")


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=300), st.data())
def test_no_bit_can_change_and_no_piece_can_go(said: bytes, data: st.DataObject) -> None:
    content = seal(said, [])
    at = data.draw(st.integers(len(sealed.MAGIC), len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BackupError):
        opened(bytes(changed))
    with pytest.raises(BackupError):
        opened(content[:at])


def test_pieces_do_not_change_places() -> None:
    content, size = seal(bytes(200), []), sealed.PIECE + 16
    start = len(content) - (3 * size + 8 + 16)
    first, second = content[start : start + size], content[start + size : start + 2 * size]
    with pytest.raises(BackupError):
        opened(content[:start] + second + first + content[start + 2 * size :])


# -- a shop --------------------------------------------------------------------------------------


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def said(*words: str | Path) -> str:
    ended = run(*words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    return ended.output


def refused(words: str, *command: str | Path) -> None:
    ended = run(*command)
    assert isinstance(ended.exception, BackupError | StoreError), ended.output
    assert words in str(ended.exception)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A shop with an open call, a device, certificates and cards; written by the first version."""
    folder = tmp_path / "shop"
    folder.mkdir()
    file = write_shop(folder)
    written(fixtures()[0], folder / "data")
    (folder / "data" / "cards.json").write_text("{}")
    for name in ("devices/cp-w1.json", "devices/.gitignore", "tls/ca.key"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    return file


def test_a_shop_comes_back_elsewhere_with_its_call_and_its_secrets(
    file: Path, tmp_path: Path
) -> None:
    kept, there = tmp_path / "kept", tmp_path / "new" / "shop.toml"
    assert "holds all of Demo Shop up to now: 5 files" in said("backup", kept, "-c", file)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "is whole: Demo Shop" in said("restore", kept, "-c", there)
    assert there.read_text() == file.read_text()
    for name in ("data/cards.json", "devices/cp-w1.json", "tls/ca.key"):
        assert (there.parent / name).read_text() == (file.parent / name).read_text()
        assert stat.S_IMODE((there.parent / name).stat().st_mode) == 0o600
    store = Store(config.read(there).data.path)
    try:
        assert store.load().calls["w1"].state is State.RAISED
    finally:
        store.close()
    left = {path.name for path in there.parent.iterdir()}
    assert left == {"shop.toml", "data", "devices", "tls"}


def test_certificates_that_are_elsewhere_are_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("ca", "cert", "key")
    elsewhere = {name: str(tmp_path / "elsewhere" / f"{name}.pem") for name in names}
    monkeypatch.setenv("OVERDOOR_MQTT__BIND", "10.0.0.5")
    monkeypatch.setenv("OVERDOOR_MQTT__CA", elsewhere["ca"])
    monkeypatch.setenv("OVERDOOR_MQTT__TLS_CERT", elsewhere["cert"])
    monkeypatch.setenv("OVERDOOR_MQTT__TLS_KEY", elsewhere["key"])
    told = said("backup", tmp_path / "kept", "-c", file)
    assert all(one in told for one in elsewhere.values())


def test_a_sealed_one_wants_its_password(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, there = tmp_path / "kept", tmp_path / "new" / "shop.toml"
    monkeypatch.setenv(PASSWORD, "")
    refused("An empty password", "backup", kept, "--encrypt", "-c", file)
    monkeypatch.setenv(PASSWORD, "a word")
    said("backup", kept, "--encrypt", "-c", file)
    assert b"Demo Shop" not in kept.read_bytes()
    monkeypatch.setenv(PASSWORD, "another")
    refused("The password is not the one", "restore", kept, "-c", there)
    assert not there.exists()
    monkeypatch.setenv(PASSWORD, "a word")
    said("restore", kept, "-c", there)
    assert there.exists()


def test_in_a_folder_the_latest_stay_and_the_one_just_made_whatever_the_clock_said(
    file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    made = [folder / f"demo-29{year}1122-033000.overdoor" for year in (91, 92, 93)]  # a clock ahead
    others = [folder / "demo-second-29901122-033000.overdoor", folder / "notes"]
    for path in (*made, *others):
        path.touch()
    assert "Older ones removed: 2; the latest 2 stay" in said(
        "backup", folder, "--keep", "2", "-c", file
    )
    left = set(folder.iterdir()) - {made[-1], *others}
    assert len(left) == 1
    assert "is whole: Demo Shop" in said("restore", left.pop(), "--check")
    refused("for whole shops in a folder", "backup", tmp_path / "nas", "--keep", "2", "-c", file)


def test_what_a_backup_that_was_ended_left_goes_with_the_next(file: Path, tmp_path: Path) -> None:
    folder, data = tmp_path / "kept", config.read(file).data.path
    folder.mkdir()
    halves = [folder / ".demo-20261122-033000.overdoor.new", data / ".overdoor-backup-abc_1234"]
    others = [folder / ".demo-second-20261122-033000.overdoor.new", folder / ".notes.new"]
    halves[1].mkdir()
    for path in (halves[0], halves[1] / FILE, *others):
        path.write_bytes(b"half")
    several.next_in(folder, "demo")
    said("backup", tmp_path / "another", "-c", file)
    assert all(path.exists() for path in halves)  # of one that runs, perhaps
    for path in (*halves, *others):
        os.utime(path, (0, 0))
    said("backup", folder, "--keep", "2", "-c", file)
    assert not any(path.exists() for path in halves)
    assert all(path.exists() for path in others)


def test_neither_overwrites(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    said("backup", kept, "-c", file)
    refused("a backup never overwrites", "backup", kept, "-c", file)
    refused("is there already. With --replace", "restore", kept, "-c", file)
    assert (file.parent / "devices" / "cp-w1.json").exists()


def test_what_was_there_is_put_aside(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    said("backup", kept, "-c", file)
    (file.parent / "devices" / "cp-w9.json").write_text("made later")
    file.write_text(file.read_text() + "\n# changed\n")
    said("restore", kept, "--replace", "-c", file)
    assert "# changed" not in file.read_text()
    (aside,) = file.parent.glob("before-restore-*")
    assert "# changed" in (aside / "shop.toml").read_text()
    assert (aside / "devices" / "cp-w9.json").read_text() == "made later"
    assert (aside / "data" / FILE).exists()
    assert not (file.parent / "devices" / "cp-w9.json").exists()


def test_a_gateway_that_runs_is_left_alone(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    store = Store(file.parent / "data")
    try:
        said("backup", kept, "-c", file)
        refused("A gateway is running on", "restore", kept, "--replace", "-c", file)
    finally:
        store.close()
    assert file.exists()


def test_looking_writes_nothing(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    said("backup", kept, "-c", file)
    before = sorted(tmp_path.rglob("*"))
    assert "is whole" in said("restore", kept, "--check", "-c", tmp_path / "new" / "shop.toml")
    assert sorted(tmp_path.rglob("*")) == before


def test_one_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    file = write_shop(folder)
    newer(folder / "data")
    refused("which is newer than this one", "backup", tmp_path / "kept", "-c", file)


# -- the medium ----------------------------------------------------------------------------------


@pytest.fixture
def medium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where backups go, with a password; no folder for temporary files may be made in it."""
    medium, make = tmp_path / "medium", tempfile.mkdtemp
    medium.mkdir()
    monkeypatch.setenv(PASSWORD, "a word")

    def made(*words: Any, **more: Any) -> str:
        folder: str = make(*words, **more)
        assert not Path(folder).resolve().is_relative_to(medium), "in the clear on the medium"
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", made)
    return medium


def test_nothing_in_the_clear_is_ever_on_the_medium(file: Path, medium: Path) -> None:
    said("backup", medium / "kept", "--encrypt", "-c", file)
    said("restore", medium / "kept", "--check")
    assert [path.name for path in medium.iterdir()] == ["kept"]
    assert not [*(file.parent / "data").glob(".*")]


def test_a_database_alone_is_its_owners_from_its_first_byte(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, modes, connect = tmp_path / "kept.db", list[int](), sqlite3.connect

    def connected(path: Path, *words: Any, **more: Any) -> Any:
        if path == kept:
            modes.append(stat.S_IMODE(kept.stat().st_mode))
        return connect(path, *words, **more)

    monkeypatch.setattr(sqlite3, "connect", connected)
    said("backup", kept, "--database", "-c", file)
    assert modes == [0o600]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    refused("never overwrites", "backup", kept, "--database", "-c", file)
    refused("failed", "backup", kept / "below", "--database", "-c", file)


def test_where_nobody_can_be_asked_the_variable_of_the_password_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    monkeypatch.delenv(PASSWORD, raising=False)
    refused(f"Say one in {PASSWORD}", "backup", kept, "--encrypt", "-c", file)
    monkeypatch.setenv(PASSWORD, "word")
    said("backup", kept, "--encrypt", "-c", file)
    monkeypatch.delenv(PASSWORD)
    refused(f"Say its password in {PASSWORD}", "restore", kept, "--check")


def test_a_medium_that_cannot_be_written_is_one_sentence(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    said("backup", kept, "-c", file)
    refused("failed", "backup", kept / "below", "-c", file)
    refused("never overwrites", "backup", "/", "-c", file)
    refused("cannot be brought back", "restore", kept, "-c", kept / "below" / "shop.toml")

    def read_only(*_: object, **__: object) -> str:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", read_only)
    refused("cannot be checked: [Errno 30] Read-only file system", "restore", kept, "--check")
    refused("cannot be brought back", "restore", kept, "--replace", "-c", file)


def test_a_backup_is_on_the_disk_before_it_is_checked_and_before_it_is_told(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, done, sync, unpack = tmp_path / "kept", list[str](), os.fsync, archive.unpack

    def synced(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        done.append(f"{name} synced, {'in' if kept.exists() else 'not in'} its place")
        sync(handle)

    def unpacked(*words: Any) -> archive.Contents:
        done.append("checked")
        return unpack(*words)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(archive, "unpack", unpacked)
    said("backup", kept, "-c", file)
    assert done == [
        ".kept.new synced, not in its place",
        "checked",
        f"{tmp_path.name} synced, in its place",
    ]


# -- half-way ------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in found
        if path.name != "overdoor.lock"
    }


@pytest.mark.parametrize("failing", range(8))
def test_a_restore_that_fails_half_way_puts_back_what_was_there(
    failing: int, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, moved, move = tmp_path / "kept", list[Path](), shutil.move
    said("backup", kept, "-c", file)
    file.write_text(file.read_text() + "\n# changed\n")
    before = contents(file.parent)

    def full(source: Path, target: Path) -> None:
        moved.append(source)
        if len(moved) == failing + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        move(source, target)

    monkeypatch.setattr(shutil, "move", full)
    refused("Everything is as it was before", "restore", kept, "--replace", "-c", file)
    assert contents(file.parent) == before
    assert not [*file.parent.glob("before-restore-*")]


def test_what_cannot_be_put_back_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, moved, move = tmp_path / "kept", list[Path](), shutil.move
    said("backup", kept, "-c", file)
    before = file.read_text()

    def gone(source: Path, target: Path) -> None:
        moved.append(source)
        if len(moved) > 2:
            raise OSError(errno.EIO, "Input/output error")
        move(source, target)

    monkeypatch.setattr(shutil, "move", gone)
    ended = run("restore", kept, "--replace", "-c", file)
    (aside,) = file.parent.glob("before-restore-*")
    assert isinstance(ended.exception, BackupError)
    assert str(aside) in str(ended.exception)
    assert (aside / "shop.toml").read_text() == before


@pytest.mark.parametrize("place", [".", "..", "tls", "devices/data"])
def test_a_data_folder_with_more_than_data_in_it_is_refused_before_anything_moves(
    place: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    said("backup", kept, "-c", file)
    text = file.read_text()
    changed = text.replace('path = "data"', f'path = "{place}"')
    odd = forged(kept, lambda parts: parts.update({"shop.toml": changed.encode()}))
    before = contents(tmp_path)
    refused("OVERDOOR_DATA__PATH=data", "restore", odd, "--replace", "-c", file)
    assert contents(tmp_path) == before
    monkeypatch.setenv("OVERDOOR_DATA__PATH", "data")
    said("restore", odd, "--replace", "-c", file)
    assert file.read_text() == changed


def test_a_file_whose_name_no_backup_takes_is_named(file: Path, tmp_path: Path) -> None:
    strange = [file.parent / "tls" / "my shop.key", file.parent / "devices" / "café.json"]
    for path in strange:
        path.write_text("a secret")
    told = said("backup", tmp_path / "kept", "-c", file)
    assert all(str(path) in told for path in strange)
    assert ".gitignore" not in told


# -- what others wrote ---------------------------------------------------------------------------


def forged(path: Path, change: Callable[[dict[str, bytes]], None], **more: object) -> Path:
    """An archive whose list fits its files, unless `more` says otherwise of the list."""
    with tarfile.open(path) as real:
        parts = {one.name: real.extractfile(one).read() for one in real}  # type: ignore[union-attr]
    listed = json.loads(parts.pop("backup.json"))
    change(parts)
    listed["files"] = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in parts.items()
    }
    evil = path.with_name("evil")
    with tarfile.open(evil, "w:gz") as out:
        head = json.dumps(listed | more).encode()
        for name, content in {"backup.json": head, **parts}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))
    return evil


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "data/../../evil", "devices/.ssh", "tls/a/b", "overdoor.py", "data/"],
)
def test_an_evil_name_is_refused_and_nothing_is_written(
    name: str, file: Path, tmp_path: Path
) -> None:
    kept, there = tmp_path / "kept", tmp_path / "new" / "shop.toml"
    said("backup", kept, "-c", file)
    evil = forged(kept, lambda parts: parts.update({name: b"evil"}))
    before = set(tmp_path.rglob("*"))
    refused("names a file that no shop has", "restore", evil, "-c", there)
    assert set(tmp_path.rglob("*")) - before <= {there.parent}


def test_a_link_is_no_file(file: Path, tmp_path: Path) -> None:
    kept, evil = tmp_path / "kept", tmp_path / "evil"
    said("backup", kept, "-c", file)
    with tarfile.open(kept) as real, tarfile.open(evil, "w:gz") as out:
        for one in real:
            if one.name == "shop.toml":
                one.type, one.linkname, one.size = tarfile.SYMTYPE, "/etc/hostname", 0
                out.addfile(one)
            else:
                out.addfile(one, real.extractfile(one))
    refused("that its list does not name", "restore", evil, "-c", tmp_path / "new" / "shop.toml")


@pytest.mark.parametrize("place", ["{0}/home", "../../home"])
def test_a_backup_cannot_have_somebody_elses_folder_put_aside(
    place: str, file: Path, tmp_path: Path
) -> None:
    kept, there = tmp_path / "kept", tmp_path / "a" / "b" / "shop.toml"
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters").write_text("mine")
    said("backup", kept, "-c", file)
    text = file.read_text().replace('path = "data"', f'path = "{place.format(tmp_path)}"')
    evil = forged(kept, lambda parts: parts.update({"shop.toml": text.encode()}))
    refused("something else is there", "restore", evil, "--replace", "-c", there)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letters"]
    assert not there.exists()


def test_what_is_not_what_was_packed_is_refused(file: Path, tmp_path: Path) -> None:
    kept, there = tmp_path / "kept", tmp_path / "new" / "shop.toml"
    said("backup", kept, "-c", file)
    wrong = forged(kept, lambda parts: None, files={
        name: {"size": 1, "sha256": "00"} for name in ("shop.toml", f"data/{FILE}")
    })  # fmt: skip
    refused("is not what was packed", "restore", wrong, "-c", there)
    lacking = forged(kept, lambda parts: parts.pop("shop.toml") and None)
    refused("The backup has no shop.toml", "restore", lacking, "-c", there)
    damaged = forged(kept, lambda parts: parts.update({f"data/{FILE}": b"garbage" * 1000}))
    refused("The database in the backup is damaged", "restore", damaged, "-c", there)
    later = forged(kept, lambda parts: None, format=2)
    refused("which packs in another way", "restore", later, "-c", there)
    assert not there.exists()


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_nonsense_is_one_sentence(content: bytes) -> None:
    with pytest.raises(BackupError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", lambda *_, **__: io.BytesIO(content))
        archive.unpack(Path("nonsense"), Path("nowhere"), None)
