-- How many lots are where, changed as they move: a million rows need not be counted. `since` is the
-- hour in which they came there, in seconds since 1970 UTC; 0 for those that have ended.
CREATE TABLE tallies (
    step   TEXT    NOT NULL,
    state  TEXT    NOT NULL,
    awaits TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    lots   INTEGER NOT NULL,
    PRIMARY KEY (step, state, awaits, since)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (step, state, awaits, since, lots)
SELECT coalesce(lots.step, ''), lots.state, coalesce(lots.awaits, ''),
    CASE WHEN lots.step IS NULL THEN 0
        ELSE coalesce(json_extract(events.body, '$.since'), 0) / 3600 * 3600 END,
    count(*)
FROM lots JOIN events ON events.position = lots.event
GROUP BY 1, 2, 3, 4;

-- Where nothing is any more, there is no row.
CREATE TRIGGER tallies_end AFTER UPDATE ON tallies WHEN NEW.lots = 0
BEGIN
    DELETE FROM tallies
    WHERE step = NEW.step AND state = NEW.state AND awaits = NEW.awaits AND since = NEW.since;
END;

-- Few are parked, and those are looked for.
CREATE INDEX lots_parked ON lots (id) WHERE state = 'parked';
