"""Commands about the numbers: export, datasette, report."""

import json
import time
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor import export as tables
from overdoor import weekly
from overdoor.config import Config
from overdoor.insight.privacy import AGREED
from overdoor.languages import catalogue, speaking
from overdoor.notify.channels import Channels
from overdoor.options import ConfigFile
from overdoor.store.numbers import Numbers
from overdoor.store.store import ReadOnly
from overdoor.web.report import as_html, as_text, week_of
from overdoor.web.report import report as of_week
from overdoor.web.report_pdf import as_pdf


class ReportError(Exception):
    """There is no report, and why."""


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

    Example: `overdoor export --csv numbers`
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

    Example: `overdoor datasette > metadata.json`
    """
    read = configuration.read(config)
    with closing(ReadOnly(read.data.path)) as store:
        names = store.reader().execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        typer.echo(json.dumps(tables.datasette(sorted(name for (name,) in names)), indent=2))


def report(
    week: Annotated[
        str | None, typer.Option(help="Which one, like 2026-W46; else the last whole one.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page, complete in itself.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write one A4.")] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send it to whom [report] names, now.")
    ] = False,
    language: Annotated[str | None, typer.Option(help="Else the shop's.")] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Tell a week: what changed beyond noise, and what did not.

    Without an option it is printed. The gateway sends it by itself on Monday, if [report] says to
    whom.

    Example: `overdoor report --week 2026-W46 --pdf week.pdf`
    """
    read = configuration.read(config)
    if send and not read.report.to:
        raise ReportError('Nobody is named: write [report] to = ["mailto://…"] into the file.')
    spoken = language or read.shop.language
    with closing(ReadOnly(read.data.path)) as store, _speaking(spoken):
        numbers = numbers_of(read, store)
        try:
            monday = week_of(week, numbers.today())
        except ValueError:
            raise ReportError(f"{week} is no week; write it like 2026-W46.") from None
        if monday > numbers.today():
            raise ReportError(f"{week} is still to come.")
        told = of_week(
            read.shop.name,
            store,
            numbers,
            monday,
            read.plan().policy.target_arrival_ms,
            {zone.id: zone.name for zone in read.zone},
        )
        try:
            if html is not None:
                html.write_text(as_html(told), encoding="utf-8")
            if pdf is not None:
                pdf.write_bytes(as_pdf(told))
        except OSError as error:
            raise ReportError(f"The report cannot be written: {error}.") from error
        if send:
            wrong = weekly.send(told, read.report.to, Channels({}).send)
            if wrong:
                raise ReportError("; ".join(wrong))
        if not (html or pdf or send):
            typer.echo(f"{told.title} · {told.shop}\n\n{as_text(told)}")


def _speaking(language: str) -> AbstractContextManager[None]:
    """A language, or a sentence about it."""
    try:
        catalogue(language)
    except KeyError:
        raise ReportError(f"There is no language {language!r}.") from None
    return speaking(language)
