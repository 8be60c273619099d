"""The tables, and how a file of an older version becomes one of today.

`event` is the truth, on top of `base` and `ledger`, into which facts are folded that were kept
long enough. `call`, `room`, `device`, `duty`, `tag` and `shop` follow from it. Who is behind a duty
is in `person` and nowhere else; the row goes when the shift ends. Accounts stand apart from it all.
"""

from sqlite_utils import Database, Migrations

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
