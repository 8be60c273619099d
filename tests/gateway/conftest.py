"""What several of these tests need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .api import Client, serving
from .house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data")


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Client]:
    async with serving(house) as client:
        yield client
