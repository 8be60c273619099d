"""The tables of accounts: people who agreed to have one, their sessions, links, and tokens.

They follow from no fact and are no part of the log, so that deleting an account leaves nothing.
Only hashes are kept of whatever opens a door. Times are ms since 1970 UTC.
"""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from sqlite3 import Connection

from overdoor.core.model import Millis
from overdoor.store.problem import InUse, StoreError
from overdoor.store.projections import Statement
from overdoor.store.store import FILE, Store, connect

INVITATION_MS = 7 * 86_400_000
FIRST_LINK_MS = 86_400_000
NAME_LIMIT = 40


class Role(StrEnum):
    """What somebody may do: a manager all, an integration what a program needs.

    A reader is a program that changes nothing.
    """

    ASSOCIATE = "associate"
    MANAGER = "manager"
    INTEGRATION = "integration"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account. `secret`: argon2 of PIN or password; None until they agreed.

    `languages` are what they speak, the dearest first; `language` is the one they chose to read.
    """

    id: str
    name: str
    role: Role
    languages: tuple[str, ...]
    departments: tuple[str, ...]
    secret: str | None
    made_at: Millis
    agreed_at: Millis | None
    language: str | None = None

    @property
    def skills(self) -> tuple[str, ...]:
        """What dispatch looks at."""
        return (*self.languages, *self.departments)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that works once. `account`: whose; None: of the first manager, who has none yet."""

    account: Account | None
    until: Millis


def new_token() -> str:
    """What opens a session, a link or the API: 192 bits that nobody guesses."""
    return secrets.token_urlsafe(24)


def hashed(token: str) -> str:
    """What is stored of a token. SHA-256 will do for what nobody could guess."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_name(name: str) -> str:
    """By which names are compared."""
    return " ".join(name.split()).casefold()


# -- reading -------------------------------------------------------------------------------------

_COLUMNS = "id, name, role, languages, departments, secret, made_at, agreed_at, language"


def _accounts(db: Connection, where: str, values: tuple[object, ...] = ()) -> list[Account]:
    sql = f"SELECT {_COLUMNS} FROM account WHERE {where} ORDER BY name_key"  # noqa: S608 - ours
    return [
        Account(
            id_,
            name,
            Role(role),
            tuple(json.loads(languages)),
            tuple(json.loads(departments)),
            secret,
            *rest,
        )
        for id_, name, role, languages, departments, secret, *rest in db.execute(sql, values)
    ]


def all_accounts(db: Connection) -> list[Account]:
    """Everybody, by name."""
    return _accounts(db, "1")


def by_id(db: Connection, account: str) -> Account | None:
    """The account with this id."""
    return next(iter(_accounts(db, "id = ?", (account,))), None)


def by_name(db: Connection, name: str) -> Account | None:
    """The account of this name, however it is written."""
    return next(iter(_accounts(db, "name_key = ?", (same_name(name),))), None)


def managers(db: Connection) -> int:
    """How many managers agreed to their account."""
    sql = "SELECT count(*) FROM account WHERE role = 'manager' AND secret IS NOT NULL"
    return int(db.execute(sql).fetchone()[0])


def of_session(db: Connection, token: str, now: Millis) -> Account | None:
    """Whose session this token opens."""
    where = "id = (SELECT account FROM session WHERE token_hash = ? AND until > ?)"
    return next(iter(_accounts(db, where, (hashed(token), now))), None)


def sessions(db: Connection, account: str, now: Millis) -> list[tuple[str, Millis]]:
    """`(hash of the token, since)` of each session that is open."""
    sql = "SELECT token_hash, since FROM session WHERE account = ? AND until > ? ORDER BY since"
    return db.execute(sql, (account, now)).fetchall()


def invitation(db: Connection, token: str, now: Millis) -> Invitation | None:
    """The link with this token, if it still works."""
    sql = "SELECT account, until FROM invitation WHERE token_hash = ? AND until > ?"
    row = db.execute(sql, (hashed(token), now)).fetchone()
    if row is None:
        return None
    return Invitation(by_id(db, row[0]) if row[0] is not None else None, row[1])


def invited_until(db: Connection) -> dict[str, Millis]:
    """Account id → until when its link works."""
    return dict(db.execute("SELECT account, until FROM invitation WHERE account IS NOT NULL"))


def of_token(db: Connection, token: str, now: Millis) -> tuple[str, Role] | None:
    """Name and role of the program with this token."""
    sql = "SELECT name, role FROM token WHERE token_hash = ? AND (until IS NULL OR until > ?)"
    row = db.execute(sql, (hashed(token), now)).fetchone()
    return (row[0], Role(row[1])) if row else None


def tokens(db: Connection) -> list[tuple[str, Role, Millis, Millis | None]]:
    """`(name, role, made_at, until)` of each program's token; those that have ended too.

    The commands' own, of a minute, are managers' and are left out.
    """
    sql = "SELECT name, role, made_at, until FROM token WHERE role <> 'manager' ORDER BY name"
    return [(name, Role(role), made_at, until) for name, role, made_at, until in db.execute(sql)]


# -- writing: statements for one transaction -------------------------------------------------------


def put(account: Account) -> list[Statement]:
    """A new account. One that comes between, by a command, stays: nothing may hold up the shop."""
    values = (
        account.id,
        account.name,
        same_name(account.name),
        account.role.value,
        json.dumps(account.languages),
        json.dumps(account.departments),
        account.secret,
        account.made_at,
        account.agreed_at,
        account.language,
    )
    return [("INSERT OR IGNORE INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)]


def new_account(
    name: str, role: Role, languages: Iterable[str], departments: Iterable[str], now: Millis
) -> Account:
    """Somebody who has not agreed yet."""
    name = " ".join(name.split())
    about = tuple(dict.fromkeys(languages)), tuple(dict.fromkeys(departments))
    return Account(secrets.token_hex(8), name, role, *about, None, now, None)


def invite(account: str | None, token: str, until: Millis) -> list[Statement]:
    """A link for this account, or for the first manager; every earlier one is void."""
    return [
        ("DELETE FROM invitation WHERE account IS ?", (account,)),
        ("INSERT INTO invitation VALUES (?, ?, ?)", (hashed(token), account, until)),
    ]


def agree(account: str, secret: str, now: Millis) -> list[Statement]:
    """They chose their PIN: the link is used up, and whoever was signed in before is not."""
    update = "UPDATE account SET secret = ?, agreed_at = ? WHERE id = ?"
    return [
        (update, (secret, now, account)),
        ("DELETE FROM invitation WHERE account = ?", (account,)),
        *close_all(account),
    ]


def reads(account: str, language: str) -> list[Statement]:
    """They chose a language."""
    return [("UPDATE account SET language = ? WHERE id = ?", (language, account))]


def no_first_link() -> list[Statement]:
    """There is a manager now."""
    return [("DELETE FROM invitation WHERE account IS NULL", ())]


def open_session(account: str, token: str, now: Millis, until: Millis) -> list[Statement]:
    """A session; those that have ended go."""
    return [
        ("DELETE FROM session WHERE until <= ?", (now,)),
        ("INSERT INTO session VALUES (?, ?, ?, ?)", (hashed(token), account, now, until)),
    ]


def close_session(token: str) -> list[Statement]:
    """Ends one session."""
    return [("DELETE FROM session WHERE token_hash = ?", (hashed(token),))]


def close_all(account: str) -> list[Statement]:
    """Ends every session of somebody."""
    return [("DELETE FROM session WHERE account = ?", (account,))]


def remove(account: str) -> list[Statement]:
    """Forgets somebody."""
    return [
        *close_all(account),
        ("DELETE FROM invitation WHERE account = ?", (account,)),
        ("DELETE FROM account WHERE id = ?", (account,)),
    ]


def put_token(
    name: str, token: str, role: Role, now: Millis, until: Millis | None = None
) -> list[Statement]:
    """A program's token; `until` None: for good."""
    values = (hashed(token), name, role.value, now, until)
    return [
        ("DELETE FROM token WHERE until <= ?", (now,)),
        ("INSERT INTO token VALUES (?, ?, ?, ?, ?)", values),
    ]


def remove_token(name: str) -> list[Statement]:
    """Takes a program's token back."""
    return [("DELETE FROM token WHERE name = ?", (name,))]


# -- from beside the gateway -----------------------------------------------------------------------


@contextmanager
def beside(folder: Path) -> Iterator[Connection]:
    """The database for a command, whether or not its gateway runs. Raises `StoreError`."""
    with suppress(InUse):
        Store(folder, patience_s=0).close()  # makes the tables that are missing
    try:
        with closing(connect(folder / FILE)) as db:
            db.execute("PRAGMA secure_delete = ON")
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{folder / FILE} cannot be used: {error}.") from error


def write(db: Connection, statements: Sequence[Statement]) -> None:
    """All of them, or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        for sql, values in statements:
            db.execute(sql, values)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
