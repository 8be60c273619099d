"""Commands about the numbers: export, datasette, report."""

import json
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor import export as tables
from overdoor.config import Config
from overdoor.insight.privacy import AGREED
from overdoor.store.numbers import Numbers
from overdoor.store.store import ReadOnly

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The shop's file.", show_default=True)
]


def numbers_of(read: Config, store: ReadOnly) -> Numbers:
    """The numbers of a shop whose gateway may be running."""
    rule = AGREED if read.privacy.small_groups else None
    return Numbers(store, lambda: round(time.time() * 1000), lambda: read.shop.timezone, rule)


def export(
    csv: Annotated[Path | None, typer.Option(help="Write CSV into this folder.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write Parquet into this folder.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; else all.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; else today.")
    ] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Write calls, days and hours as tables, also while the gateway runs.

    Nobody is in them: no name, no shift. Groups that are too small are hidden as on the pages.
    """
    if csv is None and parquet is None:
        raise tables.ExportError("Say --csv DIR or --parquet DIR.")
    read = configuration.read(config)
    with closing(ReadOnly(read.data.path)) as store:
        numbers = numbers_of(read, store)
        today = numbers.today()
        asked = tables.Asked(
            first.date() if first else numbers.first_day() or today,
            last.date() if last else today,
            read.shop.timezone,
        )
        for folder, kind in ((csv, "csv"), (parquet, "parquet")):
            for file in tables.write(store, numbers, asked, folder, kind) if folder else ():
                typer.echo(file)


def datasette(config: ConfigFile = Path("shop.toml")) -> None:
    """Print metadata for Datasette 0.65, which opens the database with queries and no names.

    overdoor datasette > metadata.json; datasette DATA/overdoor.db -m metadata.json
    """
    read = configuration.read(config)
    with closing(ReadOnly(read.data.path)) as store:
        names = store.reader().execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        typer.echo(json.dumps(tables.datasette(sorted(name for (name,) in names)), indent=2))
