-- How many lots are where: what each commit added and took away, to be summed up. Nobody waits for
-- another's row; the leader folds them into few. `since` is the hour in which lots came there, in
-- seconds since 1970 UTC; 0 for those that have ended.
CREATE TABLE tallies (
    step   text   COLLATE "C" NOT NULL,
    state  text   COLLATE "C" NOT NULL,
    awaits text   COLLATE "C" NOT NULL,
    since  bigint NOT NULL,
    lots   bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

INSERT INTO tallies (step, state, awaits, since, lots)
SELECT coalesce(step, ''), state, coalesce(awaits, ''),
    CASE WHEN step IS NULL THEN 0
        ELSE coalesce((body::json ->> 'since')::bigint, 0) / 3600 * 3600 END,
    count(*)
FROM lots
GROUP BY 1, 2, 3, 4;

-- Few are parked, and those are looked for.
CREATE INDEX lots_parked ON lots (id) WHERE state = 'parked';
