"""The commands `overdoor associate ...` and `overdoor token ...`.

They write to the shop's database beside a gateway that may run: whoever can read that file on the
gateway's machine is trusted with all of it anyway.
"""

import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Annotated

import segno
import typer

from overdoor import config as configuration
from overdoor.config import Config
from overdoor.options import ConfigFile
from overdoor.store import accounts
from overdoor.store.accounts import NAME_LIMIT, Account, Role

app = typer.Typer(
    help="Who may sign on with a PIN, where a shop has accounts.", no_args_is_help=True
)
tokens = typer.Typer(help="Tokens for programs that use the API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Their nickname.")]
_WORD = re.compile(r"[a-z0-9-]{1,32}")


class AccountError(Exception):
    """It cannot be done. The message says why."""


@app.command()
def add(
    name: Name,
    manager: Annotated[bool, typer.Option("--manager", help="May do everything.")] = False,
    language: Annotated[list[str] | None, typer.Option(help="Like bg; may be repeated.")] = None,
    department: Annotated[list[str] | None, typer.Option(help="Like shoes; repeated too.")] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Add somebody, and print the link with which they agree and choose their PIN.

    A shop has accounts from the moment on that its first manager joined.

    Example: `overdoor associate add Ana --language bg --language en`
    """
    languages, departments = language or [], department or []
    if not name.strip() or len(name) > NAME_LIMIT:
        raise AccountError(f"A name has 1 to {NAME_LIMIT} characters.")
    for word in (*languages, *departments):
        if not _WORD.fullmatch(word):
            raise AccountError(f"{word!r}: a language or department has 1 to 32 of a-z, 0-9 and -.")
    read = configuration.read(config)
    role = Role.MANAGER if manager else Role.ASSOCIATE
    account = accounts.new_account(name, role, languages, departments, _now())
    with accounts.beside(read.data.path) as db:
        if accounts.by_name(db, name) is not None:
            raise AccountError(f"There is an account {name!r} already.")
        accounts.write(db, accounts.put(account))
        _print_link(read, db, account)


@app.command()
def link(
    name: Annotated[str | None, typer.Argument(help="Whose.")] = None,
    first: Annotated[bool, typer.Option("--first", help="Of the first manager.")] = False,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Print a new link for somebody, as for a forgotten PIN; the one before is void.

    Example: `overdoor associate link --first`
    """
    if (name is None) is not first:
        raise AccountError("Say for whom: a NAME, or --first.")
    read = configuration.read(config)
    with accounts.beside(read.data.path) as db:
        if first and accounts.managers(db):
            raise AccountError("The shop has a manager already; say whose link, by NAME.")
        _print_link(read, db, None if name is None else _one(db, name))


@app.command("list")
def list_(config: ConfigFile = Path("shop.toml")) -> None:
    """Show who has an account.

    Example: `overdoor associate list`
    """
    read = configuration.read(config)
    with accounts.beside(read.data.path) as db:
        found = accounts.all_accounts(db)
    rows = [(one.name, one.role, _day(one.agreed_at), " ".join(one.skills)) for one in found]
    _table([("NAME", "ROLE", "JOINED", "SKILLS"), *rows])


@app.command()
def remove(name: Name, config: ConfigFile = Path("shop.toml")) -> None:
    """Delete somebody's account and all that is held about it.

    Example: `overdoor associate remove Ana`
    """
    read = configuration.read(config)
    with accounts.beside(read.data.path) as db:
        account = _one(db, name)
        accounts.write(db, accounts.remove(account.id))
        left = accounts.managers(db)
    typer.echo(f"{account.name} is forgotten.")
    if account.role is Role.MANAGER and not left:
        typer.echo("That was the last manager: now anybody may sign on with a name again.")


@tokens.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="What it is for, like home-assistant.")],
    read_only: Annotated[
        bool, typer.Option("--read-only", help="It may read, and change nothing.")
    ] = False,
    days: Annotated[
        int | None, typer.Option(min=1, max=3660, help="It ends after so many; else never.")
    ] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Print a token for a program: it may read, raise and cancel. It is shown only now.

    Example: `overdoor token add grafana`
    """
    if not _WORD.fullmatch(name):
        raise AccountError(f"{name!r}: a name has 1 to 32 of a-z, 0-9 and -.")
    read = configuration.read(config)
    token = accounts.new_token()
    with accounts.beside(read.data.path) as db:
        known = {known: until for known, _, _, until in accounts.tokens(db)}
        if name in known and not _ended(known[name]):
            raise AccountError(f"There is a token {name!r} already; remove it first.")
        role, now = Role.READER if read_only else Role.INTEGRATION, _now()
        until = now + days * 86_400_000 if days is not None else None
        accounts.write(db, accounts.put_token(name, token, role, now, until))
    typer.echo(token)


@tokens.command("list")
def list_tokens(config: ConfigFile = Path("shop.toml")) -> None:
    """Show which programs have a token.

    Example: `overdoor token list`
    """
    read = configuration.read(config)
    with accounts.beside(read.data.path) as db:
        found = accounts.tokens(db)
    rows = [("NAME", "MAY", "MADE", "ENDS")]
    for name, role, made_at, until in found:
        does = "read" if role is Role.READER else "read, raise, cancel"
        ends = "never" if until is None else "ended" if _ended(until) else _day(until)
        rows.append((name, does, _day(made_at), ends))
    _table(rows)


@tokens.command("remove")
def remove_token(
    name: Annotated[str, typer.Argument(help="As it was added.")],
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Take a program's token back.

    Example: `overdoor token remove grafana`
    """
    read = configuration.read(config)
    with accounts.beside(read.data.path) as db:
        if all(name != known for known, *_ in accounts.tokens(db)):
            raise AccountError(f"There is no token {name!r}.")
        accounts.write(db, accounts.remove_token(name))
    typer.echo(f"The token of {name} does not work any more.")


def _one(db: Connection, name: str) -> Account:
    account = accounts.by_name(db, name)
    if account is None:
        names = ", ".join(one.name for one in accounts.all_accounts(db)) or "nobody"
        raise AccountError(f"There is no account {name!r}; there is {names}.")
    return account


def _print_link(read: Config, db: Connection, account: Account | None) -> None:
    token = accounts.new_token()
    lasts = accounts.FIRST_LINK_MS if account is None else accounts.INVITATION_MS
    whose = account.id if account is not None else None
    accounts.write(db, accounts.invite(whose, token, _now() + lasts))
    url = f"{read.web.origin}/join/{token}"
    if sys.stdout.isatty():
        segno.make(url, error="l").terminal(compact=True)
    typer.echo(f"{account.name if account else 'The first manager'} joins with\n  {url}")
    typer.echo(f"which works once, within {lasts // 86_400_000 * 24} hours.")


def _ended(until: int | None) -> bool:
    return until is not None and until <= _now()


def _now() -> int:
    return time.time_ns() // 1_000_000


def _day(at: int | None) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at / 1000)) if at is not None else "not yet"


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
