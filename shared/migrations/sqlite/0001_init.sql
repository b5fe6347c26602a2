-- Times are milliseconds since 1970 UTC. Bodies are JSON, as the domain's types write it.
-- What a subject is now stands in the body of its last event, to which `event` points: it is
-- written once, and rows stay so narrow that many change within one page.

CREATE TABLE lines (
    id       INTEGER PRIMARY KEY,
    external TEXT    NOT NULL UNIQUE,
    alike    TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    event    INTEGER NOT NULL
) STRICT;

-- Lines that may ask for the same thing twice share their `alike`.
CREATE INDEX lines_alike ON lines (alike);

-- The hot table: one row a lot, updated in place. `due` is when somebody must look again.
CREATE TABLE lots (
    id      INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    event   INTEGER NOT NULL,
    state   TEXT    NOT NULL,
    step    TEXT,
    awaits  TEXT,
    due     INTEGER,
    class   INTEGER NOT NULL,
    rank    INTEGER NOT NULL
) STRICT;

CREATE INDEX lots_due ON lots (due) WHERE due IS NOT NULL;
CREATE INDEX lots_awaits ON lots (awaits, class, rank, id) WHERE awaits IS NOT NULL;

-- What changes seldom: parties, groups, contributions, suppliers, offers, orders, incidents.
CREATE TABLE records (
    kind    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    version INTEGER NOT NULL,
    event   INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The money ledger (I2). Minor units of the envelope's currency.
CREATE TABLE envelopes (
    id        TEXT    PRIMARY KEY,
    currency  TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    event     INTEGER NOT NULL,
    committed INTEGER NOT NULL CHECK (committed >= 0),
    opened    INTEGER NOT NULL CHECK (opened BETWEEN 0 AND committed),
    allocated INTEGER NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    obligated INTEGER NOT NULL DEFAULT 0 CHECK (obligated >= 0),
    disbursed INTEGER NOT NULL DEFAULT 0 CHECK (disbursed >= 0),
    expired   INTEGER NOT NULL DEFAULT 0 CHECK (expired >= 0),
    -- By how much outside facts exceed what is open.
    overrun   INTEGER NOT NULL DEFAULT 0 CHECK (overrun >= 0),
    CHECK (allocated + obligated + disbursed + expired <= opened + overrun)
) STRICT, WITHOUT ROWID;

-- Steps and acts on other subjects than lots, to be run when due.
CREATE TABLE jobs (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    due     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    UNIQUE (kind, key)
) STRICT;

CREATE INDEX jobs_due ON jobs (due);

-- Each outside document is taken once, by sender and number.
CREATE TABLE inbox (
    sender TEXT    NOT NULL,
    number TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    body   TEXT    NOT NULL,
    PRIMARY KEY (sender, number)
) STRICT, WITHOUT ROWID;

-- `previous` is the position of the subject's event before, 0 for its first: a timeline is walked
-- from its end, without an index that every commit would scatter its writes over.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    previous INTEGER NOT NULL,
    body     TEXT    NOT NULL
) STRICT;

-- One link a commit: SHA-256 over the link before and the events since, as stored.
CREATE TABLE chain (
    position INTEGER PRIMARY KEY,
    hash     TEXT    NOT NULL
) STRICT;

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
