"""What leaves the shop as tables: all that the pages say, and nobody."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette  # type: ignore[import-untyped]
from pyarrow import parquet

from overdoor import export
from overdoor.store import FILE, StoreError
from overdoor.store.store import ReadOnly

from .api import Client, serving
from .house import House
from .shop import SECOND

TABLES = ["calls", "days", "hours"]
NAMES = ["Ana-Maria", "Borislava", "Chrysanthi"]


@pytest.fixture
async def busy(house: House) -> AsyncIterator[Client]:
    """Three people had nine calls in hand."""
    async with serving(house) as shop:
        tokens = [await shop.sign_on(name) for name in NAMES]
        for number in range(9):
            call = await shop.raised()
            for verb in ("acknowledge", "arrive", "close"):
                house.clock.now += 5 * SECOND
                await shop.post(f"{call}/{verb}", tokens[number % 3])
        yield shop


async def rows(shop: Client, table: str, **asked: str) -> list[dict[str, str]]:
    answer = await shop.get("/insight/export.csv", table=table, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_each_table_is_what_the_pages_say(busy: Client) -> None:
    calls = await rows(busy, "calls")
    assert len(calls) == 9
    assert {call["outcome"] for call in calls} == {"served"}
    days = {
        (row["zone"], row["measure"]): row for row in await rows(busy, "days") if row["measure"]
    }
    told = (await busy.get("/insight/numbers")).json()
    for one in told["measures"]:
        if one["value"] is not None:
            assert float(days["", one["id"]]["value"]) == pytest.approx(one["value"])
            assert int(days["", one["id"]]["n"]) == one["n"]
    assert {row["hour"] for row in await rows(busy, "hours")} == {"14"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("table", TABLES)
async def test_nobody_is_in_it(busy: Client, kind: str, table: str) -> None:
    duties = list(busy.engine.people)
    assert len(duties) == 3
    content = (await busy.get(f"/insight/export.{kind}", table=table)).content
    if kind == "parquet":
        content = str(parquet.read_table(io.BytesIO(content)).to_pylist()).encode()
    assert b"women" in content
    for secret in (*NAMES, *duties):
        assert secret.encode() not in content


async def test_small_groups_are_hidden_here_as_well(shop: Client) -> None:
    await shop.raised()
    days = await rows(shop, "days")
    assert {(row["hidden"], row["measure"], row["calls"]) for row in days} == {
        ("fewer than five calls", "", "1")
    }


async def test_parquet_has_the_same_rows_with_types(busy: Client) -> None:
    for table in TABLES:
        content = (await busy.get("/insight/export.parquet", table=table)).content
        read = parquet.read_table(io.BytesIO(content))
        assert read.num_rows == len(await rows(busy, table))
    assert str(read.schema.field("value").type) == "double"


async def test_days_and_zones_that_were_not_asked_for_stay(busy: Client) -> None:
    assert await rows(busy, "calls", zone="men") == []
    assert await rows(busy, "calls", to="2020-01-01") == []


def test_a_text_is_no_formula() -> None:
    table = export.Table("one", ("text",), lambda *_: iter(()))
    (_, line) = export.as_csv(table, [{"text": "=1+1"}])
    assert line == "'=1+1\r\n"


def test_where_there_is_no_shop_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database"):
        ReadOnly(tmp_path)


# -- Datasette -----------------------------------------------------------------------------------


@pytest.fixture
async def opened(busy: Client, house: House) -> Any:
    """The database in the real Datasette, beside the gateway, with our metadata."""
    with closing(ReadOnly(house.folder)) as store:
        names = store.reader().execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        metadata = export.datasette(sorted(name for (name,) in names))
    site = Datasette([str(house.folder / FILE)], metadata=metadata)
    await site.invoke_startup()
    return site


async def test_each_query_of_the_metadata_answers(opened: Any) -> None:
    queries = opened.metadata()["databases"]["overdoor"]["queries"]
    assert len(queries) == 5
    for name in queries:
        answer = await opened.client.get(f"/overdoor/{name}.json?_shape=array")
        assert answer.status_code == 200, (name, answer.text)
    calls = (await opened.client.get("/overdoor/calls.json?_shape=array")).json()
    assert len(calls) == 9
    assert not {"by", "duty", "name"} & calls[0].keys()


async def test_no_other_way_leads_to_people(opened: Any) -> None:
    for path in ("person", "session", "account", "token", "way", "event", "call", "duty", "rollup"):
        assert (await opened.client.get(f"/overdoor/{path}.json")).status_code == 403, path
    answer = await opened.client.get("/overdoor.json", params={"sql": "select * from person"})
    assert answer.status_code == 403
    front = (await opened.client.get("/overdoor")).text
    assert "numbers_by_day" in front
    assert not any(name in front for name in NAMES)
