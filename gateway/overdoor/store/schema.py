"""The tables, and how a file of an older version becomes one of today.

`event` is the truth, on top of `base` and `ledger`, into which facts are folded that were kept
long enough. `call`, `room`, `device`, `duty`, `tag` and `shop` follow from it. Who is behind a duty
is in `person` and nowhere else; the row goes when the shift ends. Accounts stand apart from it all.
"""

from sqlite_utils import Database, Migrations

from overdoor.insight.days import day_of
from overdoor.store.stale import MARK, marking

migrations = Migrations("overdoor")

INCREMENTAL = 2  # the value of the pragma auto_vacuum
BUSY_TIMEOUT_MS = 5000  # how long a statement waits for another process

PROJECTIONS = ("call", "room", "device", "duty", "tag", "shop")


@migrations()
def m001_log_and_projections(db: Database) -> None:
    """The event log, its projections, and the people behind duties."""
    for statement in _M001:
        db.execute(statement)


_M001 = (
    """
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,        -- when it happened, ms since 1970 UTC
        noted_at INTEGER NOT NULL,  -- when the gateway learned of it
        fact TEXT NOT NULL,
        room TEXT, call TEXT, duty TEXT,
        device TEXT, boot TEXT, n INTEGER,
        key TEXT,                   -- idempotency key of the answer behind it
        data TEXT NOT NULL CHECK (json_valid(data))
    )
    """,
    "CREATE UNIQUE INDEX event_of_device ON event (device, boot, n) WHERE n IS NOT NULL",
    "CREATE UNIQUE INDEX event_key ON event (key) WHERE key IS NOT NULL",
    "CREATE INDEX event_of_call ON event (call, seq) WHERE call IS NOT NULL",
    """
    CREATE TABLE call (
        id TEXT PRIMARY KEY,
        room TEXT NOT NULL,
        zone TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('raised', 'acknowledged', 'arrived', 'closed')),
        outcome TEXT CHECK ((outcome IS NULL) = (state <> 'closed')),
        raised_at INTEGER NOT NULL,
        arrived_at INTEGER,
        closed_at INTEGER,
        voided TEXT,
        body TEXT NOT NULL CHECK (json_valid(body))
    ) WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX one_open_call_per_room ON call (room) WHERE state <> 'closed'",
    "CREATE INDEX call_raised ON call (raised_at)",
    "CREATE TABLE room (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE device (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE duty (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE shop (id INTEGER PRIMARY KEY CHECK (id = 1), plan TEXT NOT NULL)",
    """
    CREATE TABLE person (
        duty TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        token_hash TEXT NOT NULL UNIQUE  -- of the session, SHA-256
    ) WITHOUT ROWID
    """,
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
)


@migrations()
def m002_telemetry(db: Database) -> None:
    """What devices tell of themselves every few minutes."""
    db.execute(
        "CREATE TABLE telemetry (device TEXT, at INTEGER, rssi INTEGER, heap_free INTEGER, "
        "uptime_s INTEGER, outbox INTEGER, PRIMARY KEY (device, at)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX event_described ON event (device, at) WHERE fact = 'described'")


@migrations()
def m003_base(db: Database) -> None:
    """What stood before the log, and what devices were receipted before it."""
    db.execute(
        "CREATE TABLE base (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) "
        "WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE ledger (device TEXT, boot TEXT, upto INTEGER NOT NULL, "
        "beyond TEXT NOT NULL, PRIMARY KEY (device, boot)) WITHOUT ROWID"
    )


@migrations()
def m_tags(db: Database) -> None:
    """How often each signed tag was read, by its latest tap that counted."""
    db.execute("CREATE TABLE tag (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID")


@migrations()
def m_updates(db: Database) -> None:
    """How the last update of each device's firmware went."""
    db.execute(
        "CREATE TABLE device_update (device TEXT PRIMARY KEY, at INTEGER NOT NULL, "
        "version TEXT NOT NULL, stage TEXT NOT NULL, reason TEXT) WITHOUT ROWID"
    )


@migrations()
def m004_accounts(db: Database) -> None:
    """People who agreed to an account, and what opens the door to them and to programs."""
    for statement in _M004:
        db.execute(statement)


_M004 = (
    "ALTER TABLE person ADD COLUMN account TEXT",  # whose the shift is; NULL: signed on by name
    """
    CREATE TABLE account (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL CHECK (role IN ('associate', 'manager')),
        languages TEXT NOT NULL CHECK (json_valid(languages)),
        departments TEXT NOT NULL CHECK (json_valid(departments)),
        secret TEXT,                     -- argon2 of PIN or password; NULL: not agreed yet
        made_at INTEGER NOT NULL,
        agreed_at INTEGER
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE session (
        token_hash TEXT PRIMARY KEY,     -- SHA-256
        account TEXT NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX session_of_account ON session (account)",
    """
    CREATE TABLE invitation (            -- a link that works once
        token_hash TEXT PRIMARY KEY,
        account TEXT,                    -- NULL: of the first manager
        until INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE token (                 -- of programs
        token_hash TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        until INTEGER
    ) WITHOUT ROWID
    """,
)


@migrations()
def m_reach(db: Database) -> None:
    """How pages reached people, and by what else than an open page somebody can be reached."""
    db.execute(
        "CREATE TABLE reach (id INTEGER PRIMARY KEY, call TEXT NOT NULL, who TEXT NOT NULL, "
        "rung TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT)"
    )
    db.execute("CREATE INDEX reach_of_call ON reach (call)")
    db.execute("CREATE INDEX reach_at ON reach (at)")
    db.execute(
        "CREATE TABLE way (duty TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, "
        "keys TEXT NOT NULL CHECK (json_valid(keys)), base TEXT NOT NULL, "
        "UNIQUE (duty, kind, target))"
    )


@migrations()
def m_rollups(db: Database) -> None:
    """Numbers that stay when the facts go; every day that is still whole will be rolled up."""
    for statement in _ROLLUPS:
        db.execute(statement)
    plan = db.execute(  # the first versions knew a time zone of the opening hours only
        "SELECT coalesce(json_extract(plan, '$.timezone'), "
        "json_extract(plan, '$.hours.timezone'), 'UTC') FROM shop"
    ).fetchone()
    if plan is None:
        return
    days = {
        day_of(quarter * 900_000, plan[0])
        for (quarter,) in db.execute(
            "SELECT DISTINCT raised_at / 900000 FROM call UNION SELECT DISTINCT at / 900000 "
            "FROM event WHERE fact IN ('duty_started', 'duty_paused', 'duty_ended')"
        )
    }
    if db.execute("SELECT 1 FROM base").fetchone() is not None:
        days -= {*sorted(days)[:2]}  # some of their facts went already
    for values in marking(days):
        db.execute(MARK, values)


_COUNTED = """
    calls INTEGER NOT NULL,         -- that count in the measures
    arrived INTEGER NOT NULL,
    abandoned INTEGER NOT NULL,     -- cancelled before an arrival, left, or unanswered
    within_target INTEGER NOT NULL, -- arrived within the target that held for the call
    associates INTEGER NOT NULL,    -- that these numbers are about: at least so many
    body TEXT NOT NULL CHECK (json_valid(body))  -- overdoor.insight.cells.Cell
"""
_ROLLUPS = (
    f"""
    CREATE TABLE rollup (            -- a whole day, month or year, or all time
        level TEXT NOT NULL CHECK (level IN ('day', 'month', 'year', 'ever')),
        start TEXT NOT NULL,         -- 2026-11-21, 2026-11, 2026, or nothing
        zone TEXT NOT NULL,          -- '' is the whole shop
        {_COUNTED},
        PRIMARY KEY (level, start, zone)
    )
    """,
    f"""
    CREATE TABLE rollup_hour (       -- an hour of a weekday in it
        level TEXT NOT NULL CHECK (level IN ('day', 'month', 'year', 'ever')),
        start TEXT NOT NULL,
        weekday INTEGER NOT NULL,    -- Monday is 0
        zone TEXT NOT NULL,
        hour INTEGER NOT NULL,       -- on the shop's wall
        {_COUNTED},
        PRIMARY KEY (level, weekday, start, zone, hour)
    )
    """,
    """
    CREATE TABLE stale (             -- what is to be made anew from facts, or from finer roll-ups
        level TEXT, start TEXT, weekday INTEGER, PRIMARY KEY (level, start, weekday)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX event_of_duty ON event (at) "
    "WHERE fact IN ('duty_started', 'duty_paused', 'duty_ended')",
)


@migrations()
def m_languages(db: Database) -> None:
    """In which language somebody reads: on their pages, and what they are sent."""
    db.execute("ALTER TABLE account ADD COLUMN language TEXT")  # NULL: not chosen
    db.execute("ALTER TABLE way ADD COLUMN language TEXT NOT NULL DEFAULT 'en'")


@migrations()
def m_notes(db: Database) -> None:
    """What the manager notes beside the numbers, and what is to be looked into."""
    db.execute(
        "CREATE TABLE annotation (id TEXT PRIMARY KEY, day TEXT NOT NULL, text TEXT NOT NULL, "
        "zone TEXT)"
    )
    db.execute(
        "CREATE TABLE follow_up (call TEXT PRIMARY KEY, why TEXT NOT NULL, at INTEGER NOT NULL, "
        "dealt_with_at INTEGER) WITHOUT ROWID"
    )


@migrations()
def m_thanks(db: Database) -> None:
    """For how many thanks there were today."""
    db.execute("CREATE INDEX event_thanked ON event (at) WHERE fact = 'thanked'")


@migrations()
def m_webhooks(db: Database) -> None:
    """How far each webhook has been told of the log."""
    db.execute(
        "CREATE TABLE webhook (hook TEXT NOT NULL, room TEXT NOT NULL, seq INTEGER NOT NULL, "
        "PRIMARY KEY (hook, room)) WITHOUT ROWID"
    )
