"""The weekly report: as text, page and PDF, and sent once a week."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pypdfium2
import pytest

from overdoor.config import ReportPart
from overdoor.engine import Engine
from overdoor.insight.days import day_of
from overdoor.languages import speaking
from overdoor.notify.message import Message, NotSent
from overdoor.store.numbers import Numbers
from overdoor.web.report import Report, as_html, as_text, report, week_of
from overdoor.web.report_pdf import as_pdf
from overdoor.weekly import Weekly
from tests.past import write_past

from .house import House
from .shop import NOW, SECOND

HOUR = 3600 * SECOND
DAY = 24 * HOUR
TODAY = date.fromisoformat(day_of(NOW, "UTC"))
MONDAY = TODAY - timedelta(TODAY.weekday() + 7)
NAMES = {"women": "Women", "men": "Men"}


@pytest.fixture(scope="module")
def slow_week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine weeks, of which the last one was slower."""
    folder = tmp_path_factory.mktemp("past") / "data"

    async def start_once() -> None:
        async with House(folder).open():
            pass

    asyncio.run(start_once())
    write_past(folder, TODAY, 63, per_day=50, slower_since=7 + TODAY.weekday())
    return folder


@asynccontextmanager
async def running(house: House, past: Path | None = None) -> AsyncIterator[tuple[Engine, Numbers]]:
    if past is not None:
        copytree(past, house.folder)
    async with house.open() as engine:
        yield engine, Numbers(engine.store, engine.clock, lambda: "UTC")


@pytest.fixture
async def told(house: House, slow_week: Path) -> AsyncIterator[Report]:
    async with running(house, slow_week) as (engine, numbers):
        yield report("Demo Shop", engine.store, numbers, MONDAY, 60_000, NAMES)


def test_a_week_is_the_last_whole_one_or_one_by_its_number() -> None:
    assert week_of(None, date(2026, 11, 22)) == date(2026, 11, 9)
    assert week_of(None, date(2026, 11, 23)) == date(2026, 11, 16)
    assert week_of("2026-W46", date(2026, 11, 23)) == date(2026, 11, 9)
    for wrong in ("2026", "2026-W60", "last week"):
        with pytest.raises(ValueError):
            week_of(wrong, date(2026, 11, 23))


async def test_what_changed_is_first_and_what_did_not_is_there(told: Report) -> None:
    text = as_text(told)
    changed, same = (text.index(head) for head in ("Changed beyond", "No change beyond"))
    assert changed < text.index("Time to be helped") < same
    assert same < text.index("Evidence")
    assert "worse" in text[changed:same]


async def test_the_page_needs_nothing_else(told: Report) -> None:
    html = as_html(told)
    assert "<link" not in html
    assert "src=" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert html.count('role="img"') == 2


async def test_the_pdf_is_one_a4_that_says_the_same(told: Report) -> None:
    pdf = pypdfium2.PdfDocument(io.BytesIO(as_pdf(told)))
    assert len(pdf) == 1
    text = pdf[0].get_textpage().get_text_range()
    for line in (*told.changed, *told.same):
        assert line.name in text
        assert line.value in text


async def test_it_is_told_in_the_language_that_is_spoken(house: House, slow_week: Path) -> None:
    async with running(house, slow_week) as (engine, numbers):
        with speaking("en-XA"):
            told = report("Demo Shop", engine.store, numbers, MONDAY, 60_000, NAMES)
            text = as_text(told)
    assert "Changed" not in text
    assert "Women" in text, "the shop's own word"


async def test_a_week_without_calls_says_that_it_shows_none(house: House) -> None:
    async with running(house) as (engine, numbers):
        told = report("Demo Shop", engine.store, numbers, MONDAY, 60_000, NAMES)
        assert "fewer than five calls" in as_text(told)
        assert len(pypdfium2.PdfDocument(io.BytesIO(as_pdf(told)))) == 1
        assert as_html(told)


# -- by itself -----------------------------------------------------------------------------------


class Post:
    """Keeps what was delivered; refuses what it is told to."""

    def __init__(self, refuses: str = "nothing") -> None:
        self.sent: list[tuple[str, Message]] = []
        self.refuses = refuses

    def __call__(self, url: str, message: Message) -> None:
        if self.refuses in url:
            raise NotSent("it is away")
        self.sent.append((url, message))


def weekly(engine: Engine, numbers: Numbers, post: Post, **part: Any) -> Weekly:
    to = {"to": ("ntfy://127.0.0.1/one", "ntfy://127.0.0.1/two")}
    return Weekly(ReportPart(**(to | part)), engine, numbers, "Demo Shop", "en", post)


async def test_it_is_sent_once_a_week_from_monday_morning_on(house: House, slow_week: Path) -> None:
    assert TODAY.weekday() == 0
    house.clock.now = NOW - NOW % DAY + 6 * HOUR
    async with running(house, slow_week) as (engine, numbers):
        post = Post()
        one = weekly(engine, numbers, post)
        assert not await one.look(), "it is 6 o'clock"
        house.clock.now += HOUR
        assert await one.look()
        assert [url for url, _ in post.sent] == ["ntfy://127.0.0.1/one", "ntfy://127.0.0.1/two"]
        assert "Changed beyond noise" in post.sent[0][1].body
        for _ in range(6):
            assert not await one.look()
            house.clock.now += DAY
    async with running(house) as (engine, numbers):
        again = weekly(engine, numbers, post)
        assert not await again.look(), "also after a restart"
        house.clock.now += DAY
        assert await again.look(), "the next week"


async def test_a_gateway_that_was_off_on_monday_tells_it_later(
    house: House, slow_week: Path
) -> None:
    house.clock.now = NOW + 3 * DAY
    async with running(house, slow_week) as (engine, numbers):
        post = Post()
        assert await weekly(engine, numbers, post).look()
        assert len(post.sent) == 2


async def test_one_who_cannot_be_reached_does_not_keep_it_from_the_others(
    house: House, slow_week: Path
) -> None:
    house.clock.now = NOW + DAY
    async with running(house, slow_week) as (engine, numbers):
        post = Post(refuses="one")
        assert await weekly(engine, numbers, post).look()
        assert [url for url, _ in post.sent] == ["ntfy://127.0.0.1/two"]


async def test_on_a_full_disk_it_waits_and_ends_nothing(house: House, slow_week: Path) -> None:
    house.clock.now = NOW + DAY
    async with running(house, slow_week) as (engine, numbers):
        post = Post()
        one = weekly(engine, numbers, post)
        engine._writer._db.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON meta "
            "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        assert not await one.look()
        assert post.sent == []
        engine._writer._db.execute("DROP TRIGGER full")
        assert await one.look()


async def test_a_new_shop_has_nothing_to_tell(house: House) -> None:
    house.clock.now = NOW + DAY
    async with running(house) as (engine, numbers):
        assert not await weekly(engine, numbers, Post()).look()
