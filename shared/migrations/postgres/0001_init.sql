-- Times of business are milliseconds since 1970 UTC; those of leases and terms are the database's
-- own clock. Bodies are JSON, as the domain's types write it, byte by byte: hence text.
-- Rows hold their body, too, so that cold partitions of the log can be detached.

CREATE TABLE lines (
    id       bigint PRIMARY KEY,
    external text   NOT NULL UNIQUE,
    alike    text   NOT NULL,
    version  bigint NOT NULL,
    event    bigint NOT NULL,
    body     text   NOT NULL
);

-- Lines that may ask for the same thing twice share their `alike`.
CREATE INDEX lines_alike ON lines (alike);

-- The hot table: one row a lot, updated in place. `due` is when somebody must look again.
CREATE TABLE lots (
    id      bigint   PRIMARY KEY,
    version bigint   NOT NULL,
    event   bigint   NOT NULL,
    due     bigint,
    lane    smallint NOT NULL,
    class   smallint NOT NULL,
    rank    integer  NOT NULL,
    state   text     NOT NULL,
    step    text,
    awaits  text,
    body    text     NOT NULL
) WITH (
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX lots_due ON lots (step, lane, due) WHERE due IS NOT NULL;
CREATE INDEX lots_awaits ON lots (awaits, class, rank, id) WHERE awaits IS NOT NULL;

-- What changes seldom: parties, groups, contributions, suppliers, offers, orders, incidents.
CREATE TABLE records (
    kind    text   COLLATE "C" NOT NULL,
    id      text   COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    event   bigint NOT NULL,
    body    text   NOT NULL,
    PRIMARY KEY (kind, id)
);

-- The money ledger (I2). Minor units of the envelope's currency.
CREATE TABLE envelopes (
    id        text   COLLATE "C" PRIMARY KEY,
    currency  text   NOT NULL,
    version   bigint NOT NULL,
    event     bigint NOT NULL,
    committed bigint NOT NULL CHECK (committed >= 0),
    opened    bigint NOT NULL CHECK (opened BETWEEN 0 AND committed),
    allocated bigint NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    obligated bigint NOT NULL DEFAULT 0 CHECK (obligated >= 0),
    disbursed bigint NOT NULL DEFAULT 0 CHECK (disbursed >= 0),
    expired   bigint NOT NULL DEFAULT 0 CHECK (expired >= 0),
    -- By how much outside facts exceed what is open.
    overrun   bigint NOT NULL DEFAULT 0 CHECK (overrun >= 0),
    CHECK (allocated + obligated + disbursed + expired <= opened + overrun)
);

-- Steps and acts on other subjects than lots, to be run when due. A claim raises `lease`; one that is
-- asked for while it runs is due `next` once it has ended.
CREATE TABLE jobs (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    text    COLLATE "C" NOT NULL,
    key     text    COLLATE "C" NOT NULL,
    due     bigint  NOT NULL,
    next    bigint,
    attempt integer NOT NULL,
    version bigint  NOT NULL,
    lease   bigint  NOT NULL DEFAULT 0,
    holder  text,
    held    timestamptz,
    body    text    NOT NULL,
    UNIQUE (kind, key)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX jobs_due ON jobs (kind, due);
CREATE INDEX jobs_held ON jobs (kind) WHERE held IS NOT NULL;

-- When the next job of a kind may begin, by what jobs are counted by.
CREATE TABLE flows (
    kind    text        COLLATE "C" NOT NULL,
    key     text        COLLATE "C" NOT NULL,
    free_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (kind, key)
) WITH (fillfactor = 50);

-- Batches of lots under way. After a crash of the database they are gone, and so is what they
-- guarded against: a second attempt meanwhile, which the lots' versions tell from the first.
CREATE UNLOGGED TABLE leases (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    holder   text        NOT NULL,
    step     text        NOT NULL,
    until    timestamptz NOT NULL,
    lots     bigint[]    NOT NULL,
    versions bigint[]    NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Each outside document is taken once, by sender and number.
CREATE TABLE inbox (
    sender text   NOT NULL,
    number text   NOT NULL,
    at     bigint NOT NULL,
    body   text   NOT NULL,
    PRIMARY KEY (sender, number)
);

-- Drawn once the subject's row is locked: in the order of a subject's events, with gaps.
CREATE SEQUENCE event_ids;

-- `previous` is the subject's event before, 0 for its first: a timeline is walked from its end.
CREATE TABLE events (
    id       bigint      NOT NULL,
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    at       bigint      NOT NULL,
    actor    text        NOT NULL,
    subject  text        NOT NULL,
    number   bigint      NOT NULL,
    kind     text        NOT NULL,
    previous bigint      NOT NULL,
    body     text        NOT NULL
) PARTITION BY RANGE (recorded);

CREATE INDEX events_id ON events (id);

-- Should the leader not have made the next month's partition in time.
CREATE TABLE events_other PARTITION OF events DEFAULT;

-- Makes the partition of the month that holds `day`, if it is not there.
CREATE FUNCTION make_events_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', day);
    name  text := 'events_' || to_char(day, 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
            name, first || ' 00:00+00', (first + interval '1 month')::date || ' 00:00+00'
        );
    END IF;
END $$;

SELECT make_events_partition((now() AT TIME ZONE 'UTC')::date);
SELECT make_events_partition((now() AT TIME ZONE 'UTC' + interval '1 month')::date);

-- One link a batch: SHA-256 over the link before and the events in the order of their positions, of
-- which `position` is the last and `newest` the one drawn last. Every event up to `settled` has its
-- position.
CREATE TABLE chain (
    position bigint   PRIMARY KEY,
    hash     text     NOT NULL,
    settled  bigint   NOT NULL,
    newest   bigint   NOT NULL,
    events   bigint[] NOT NULL
);

CREATE INDEX chain_newest ON chain (newest);

-- Who leads the schedulers.
CREATE TABLE leadership (
    single boolean     PRIMARY KEY DEFAULT true CHECK (single),
    term   bigint      NOT NULL,
    holder text        NOT NULL,
    until  timestamptz NOT NULL
);
INSERT INTO leadership (term, holder, until) VALUES (0, '', '-infinity');

-- Raised whenever what steps look up and keep has changed.
CREATE TABLE generation (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number bigint  NOT NULL
);
INSERT INTO generation (number) VALUES (1);

CREATE FUNCTION events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'events are never changed or deleted'; END $$;
CREATE TRIGGER events_are_not_changed BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_only_grow();
CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_only_grow();
