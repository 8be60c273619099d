"""A shop.toml that changes while the gateway runs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from overdoor import reload
from overdoor.config import read
from overdoor.engine import Engine
from overdoor.reload import ShopFile, follow, stamp
from overdoor.store import Store

from .test_cli import write_shop


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = Engine(Store(tmp_path / "data"))
    engine.start(read(write_shop(tmp_path)).plan())
    yield engine
    engine.stop()


@pytest.fixture
def shop_file(tmp_path: Path, engine: Engine) -> ShopFile:
    file = tmp_path / "shop.toml"
    return ShopFile(file, read(file), engine, stamp(file))


def edit(file: Path, old: str, new: str) -> None:
    """As an editor does it: another file in its place."""
    text = file.read_text()
    assert old in text
    beside = file.with_name("beside")
    beside.write_text(text.replace(old, new))
    beside.replace(file)


async def test_a_new_device_is_taken_up(
    tmp_path: Path, engine: Engine, shop_file: ShopFile
) -> None:
    edit(tmp_path / "shop.toml", '"cp-w1"', '"cp-w9"')
    await shop_file.look(asked=False)
    assert engine.committed.plan.room_of == {"cp-w9": "w1"}


async def test_a_mistake_changes_nothing_until_it_is_mended(
    tmp_path: Path, engine: Engine, shop_file: ShopFile
) -> None:
    await shop_file.look(asked=False)
    edit(tmp_path / "shop.toml", "[[room]]", "[[romm]]")
    await shop_file.look(asked=False)
    (tmp_path / "shop.toml").rename(tmp_path / "away.toml")
    await shop_file.look(asked=False)
    (tmp_path / "away.toml").rename(tmp_path / "shop.toml")
    edit(tmp_path / "shop.toml", "[[romm]]", "[[room]]")
    edit(tmp_path / "shop.toml", "Women 1", "Corner")
    await shop_file.look(asked=False)
    assert engine.committed.plan.rooms["w1"].name == "Corner"


async def test_what_is_read_at_the_start_only_stays(
    tmp_path: Path, engine: Engine, shop_file: ShopFile, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(tmp_path / "shop.toml", 'name = "Demo Shop"', 'name = "Other"\ntimezone = "Asia/Tokyo"')
    await shop_file.look(asked=False)
    assert engine.committed.plan.timezone == "UTC"
    assert "[shop]" in capsys.readouterr().out


async def test_what_cannot_be_read_is_said_and_taken_up_once_it_can(
    tmp_path: Path, engine: Engine, shop_file: ShopFile, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(tmp_path / "shop.toml", "Women 1", "Corner")
    (tmp_path / "shop.toml").rename(tmp_path / "away.toml")
    await shop_file.look(asked=True)
    assert "There is no file" in capsys.readouterr().out
    (tmp_path / "away.toml").rename(tmp_path / "shop.toml")
    await shop_file.look(asked=False)
    assert engine.committed.plan.rooms["w1"].name == "Corner"


async def test_who_asks_hears_that_the_file_was_read_although_it_is_the_same(
    shop_file: ShopFile, capsys: pytest.CaptureFixture[str]
) -> None:
    await shop_file.look(asked=False)
    assert capsys.readouterr().out == ""
    await shop_file.look(asked=True)
    assert "shop.toml was read again" in capsys.readouterr().out


@pytest.mark.parametrize("table", ["privacy", "staffing", "report"])
async def test_every_part_that_wants_a_restart_is_said_to(
    tmp_path: Path, shop_file: ShopFile, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    line = {
        "privacy": "small_groups = true",
        "staffing": "share = 0.9",
        "report": 'to = ["json://h/"]',
    }[table]
    with (tmp_path / "shop.toml").open("a") as file:
        file.write(f"\n[{table}]\n{line}\n")
    await shop_file.look(asked=False)
    assert f"[{table}]" in capsys.readouterr().out


async def test_a_fault_in_a_look_is_in_the_log_once_and_the_other_files_are_followed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.01)
    asked, looked = asyncio.Event(), asyncio.Semaphore(0)

    class Faulty:
        async def look(self, *, asked: bool) -> None:
            raise RuntimeError("a fault of ours")

    class Other:
        async def look(self, *, asked: bool) -> None:
            looked.release()

    following = asyncio.create_task(follow([Faulty(), Other()], asked))
    try:
        async with asyncio.timeout(60):
            for _ in range(5):
                await looked.acquire()
    finally:
        following.cancel()
    said = capsys.readouterr().out
    assert said.count("could not be taken up") == 1
    assert "a fault of ours" in said
