"""A database of every version since the first is brought up to today's, and loses nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from overdoor.core.model import State
from overdoor.store import FILE, Store
from overdoor.store.projections import rebuild
from overdoor.store.schema import PROJECTIONS, migrations
from overdoor.store.version import Version, of
from tests.schema import fixtures

NAMES = [each.name for each in migrations._migrations]


def written(fixture: Path, folder: Path) -> Path:
    """The database as that version left it."""
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / FILE)) as db:
        db.executescript(fixture.read_text())
    return folder / FILE


def test_each_version_has_its_database_here() -> None:
    """After a new migration: python -m tests.schema."""
    assert [one.stem for one in fixtures()] == [f"{n:02}-{name}" for n, name in enumerate(NAMES, 1)]


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture.stem)
def test_it_is_opened_and_has_its_calls(fixture: Path, tmp_path: Path) -> None:
    file = written(fixture, tmp_path / "data")
    with closing(sqlite3.connect(file)) as db:
        applied = [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations")]
        events = db.execute("SELECT count(*) FROM event").fetchone()
        assert sorted(applied) == sorted(NAMES[: len(applied)])
        assert of(db) is (Version.SAME if len(applied) == len(NAMES) else Version.OLDER)
    store = Store(tmp_path / "data")
    try:
        calls = store.load().calls
        assert {room: call.state for room, call in calls.items()} == {"w1": State.RAISED}
        assert "duty-1" in store.load().duties
        db = store._db
        (closed,) = db.execute("SELECT outcome FROM call WHERE state = 'closed'").fetchall()
        assert closed == ("served",)
        assert db.execute("SELECT count(*) FROM event").fetchone() == events
        before = {name: sorted(db.execute(f"SELECT * FROM {name}")) for name in PROJECTIONS}
        rebuild(db)
        after = {name: sorted(db.execute(f"SELECT * FROM {name}")) for name in PROJECTIONS}
        assert after.keys() == before.keys()
        assert [row[0] for row in after["call"]] == [row[0] for row in before["call"]]
        assert of(db) is Version.SAME
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        store.close()
