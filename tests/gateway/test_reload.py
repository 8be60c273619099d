"""A shop.toml that changes while the gateway runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from overdoor.config import read
from overdoor.engine import Engine
from overdoor.reload import ShopFile
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
    return ShopFile(tmp_path / "shop.toml", read(tmp_path / "shop.toml"), engine)


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
    await shop_file.look()
    assert engine.committed.plan.room_of == {"cp-w9": "w1"}


async def test_a_mistake_changes_nothing_until_it_is_mended(
    tmp_path: Path, engine: Engine, shop_file: ShopFile
) -> None:
    await shop_file.look()
    edit(tmp_path / "shop.toml", "[[room]]", "[[romm]]")
    await shop_file.look()
    (tmp_path / "shop.toml").rename(tmp_path / "away.toml")
    await shop_file.look()
    (tmp_path / "away.toml").rename(tmp_path / "shop.toml")
    edit(tmp_path / "shop.toml", "[[romm]]", "[[room]]")
    edit(tmp_path / "shop.toml", "Women 1", "Corner")
    await shop_file.look()
    assert engine.committed.plan.rooms["w1"].name == "Corner"


async def test_what_is_read_at_the_start_only_stays(
    tmp_path: Path, engine: Engine, shop_file: ShopFile, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(tmp_path / "shop.toml", 'name = "Demo Shop"', 'name = "Other"\ntimezone = "Asia/Tokyo"')
    await shop_file.look()
    assert engine.committed.plan.timezone == "UTC"
    assert "[shop]" in capsys.readouterr().out
