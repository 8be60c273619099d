"""What the shop's file, its certificates and its database say."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from overdoor import authority
from overdoor.authority import AuthorityError
from overdoor.config import Config
from overdoor.core.sentence import Sentence
from overdoor.finding import Finding, bad, good, warning
from overdoor.store import FILE, accounts
from overdoor.store.problem import is_around
from overdoor.store.store import connect
from overdoor.store.version import Version
from overdoor.store.version import of as version_of


def certificates(config: Config) -> Iterator[Finding]:
    """When the pages' certificate ends, and whether the broker's CA is there."""
    web, ca = config.web, config.mqtt.ca
    again = Sentence(
        "Renew it, with overdoor ca if the shop made it itself; a gateway that runs takes it up."
    )
    try:
        if web.tls_cert is not None:
            left = authority.days_left(authority.read_certificate(web.tls_cert))
            if left < 0:
                yield bad(Sentence("The pages' certificate has ended; phones refuse it."), again)
            elif left < authority.SOON_DAYS:
                ends = Sentence("The pages' certificate ends in %(days)s days.", days=left)
                yield warning(ends, again)
            else:
                yield good(
                    Sentence(
                        "The pages are served over HTTPS; the certificate ends in %(days)s days.",
                        days=left,
                    )
                )
        if ca is not None:
            authority.read_certificate(ca)
    except AuthorityError as error:
        yield bad(Sentence("A certificate cannot be used. %(why)s", why=error), again)


def database(config: Config) -> Iterator[Finding]:
    """Whether this version can open the database, and whether the shop has a manager."""
    file = config.data.path / FILE
    if file.is_file():
        try:
            with closing(connect(file)) as db:
                db.execute("PRAGMA query_only = ON")
                version = version_of(db)
                managed = version is not Version.NEWER and _is_managed(db)
        except sqlite3.Error as error:
            yield bad(
                Sentence("The database cannot be used. %(why)s", why=error),
                Sentence("See to its disk, and to who may write there.")
                if is_around(error)
                else Sentence("Bring back a backup with overdoor restore."),
            )
            return
        if version is Version.NEWER:
            yield bad(
                Sentence("%(path)s was written by a newer Overdoor.", path=file),
                Sentence("Install that version again, or bring back a backup of this one."),
            )
            return
        if version is Version.OLDER:
            yield good(
                Sentence(
                    "The database is of an older version; the next start brings it up to date."
                )
            )
        if managed:
            yield good(Sentence("The database can be opened, and the shop has a manager."))
            return
    yield warning(
        Sentence("There is no manager yet: anybody who reaches the pages may sign on."),
        Sentence("Take the link that overdoor associate link --first prints."),
    )


def _is_managed(db: sqlite3.Connection) -> bool:
    has_accounts = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'account'").fetchone()
    return has_accounts is not None and accounts.managers(db) > 0


def rooms(config: Config) -> Iterator[Finding]:
    """Whether each room has a device."""
    bare = [room.id for room in config.room if not room.all_devices() and not room.training]
    if bare:
        yield warning(
            Sentence("Rooms without a device: %(rooms)s.", rooms=", ".join(bare)),
            Sentence("overdoor device add ROOM makes one."),
        )
    else:
        yield good(Sentence("Every room has a device."))
