"""Writes how this version's database looks: an open call, a closed one, somebody on duty."""

import asyncio
import sqlite3
import sys
import tempfile
from pathlib import Path

from overdoor.core.inputs import DutyStarted
from overdoor.store.schema import migrations
from tests.gateway.house import House
from tests.gateway.shop import an_event

FOLDER = Path(__file__).parent


async def live(folder: Path) -> None:
    """A few minutes of a shop."""
    house = House(folder)
    async with house.open() as engine:
        await engine.do(DutyStarted("duty-1", "women"))
        await engine.do(an_event("cp-w1"))
        house.clock.now += 20_000
        await engine.do(an_event("cp-w2"))
        house.clock.now += 30_000
        await engine.do(an_event("cp-w2", n=2, button="presence"))
        house.clock.now += 60_000
        await engine.do(an_event("cp-w2", n=3, gesture="hold"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder)))
        db = sqlite3.connect(Path(folder) / "overdoor.db")
        said = "\n".join(db.iterdump())
        db.close()
    into = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    names = [each.name for each in migrations._migrations]
    (into / f"{len(names):02}-{names[-1]}.sql").write_text(said + "\n")


if __name__ == "__main__":
    main()
