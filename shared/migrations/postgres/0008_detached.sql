-- A month that somebody has detached is a table of that name beside the log: it is attached again, with what came
-- meanwhile. Who waits for the lock gives up soon, so that nobody stands behind it.
DROP FUNCTION make_events_partition(date, bigint);
CREATE FUNCTION make_events_partition(day date, most bigint DEFAULT 200000) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first    date := date_trunc('month', day);
    name     text := 'events_' || to_char(day, 'YYYY_MM');
    lower    timestamptz := (first || ' 00:00+00')::timestamptz;
    upper    timestamptz := ((first + interval '1 month')::date || ' 00:00+00')::timestamptz;
    is_there boolean := to_regclass(name) IS NOT NULL;
    stray    bigint;
BEGIN
    IF EXISTS (
        SELECT FROM pg_inherits WHERE inhrelid = to_regclass(name) AND inhparent = 'events'::regclass
    ) THEN
        RETURN;
    END IF;
    SELECT count(*) INTO stray FROM (
        SELECT 1 FROM events_other WHERE recorded >= lower AND recorded < upper LIMIT most + 1
    ) AS found;
    IF stray > most THEN
        RAISE WARNING 'more than % events stand in no month: % was not made', most, name;
        RETURN;
    END IF;
    PERFORM set_config('lock_timeout', '1s', true);
    IF stray > 0 THEN
        LOCK TABLE events IN ACCESS EXCLUSIVE MODE;
        ALTER TABLE events DETACH PARTITION events_other;
    END IF;
    IF is_there THEN
        EXECUTE format(
            'ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, lower, upper
        );
    ELSE
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)', name, lower, upper
        );
    END IF;
    IF stray > 0 THEN
        EXECUTE format(
            'WITH moved AS (DELETE FROM events_other WHERE recorded >= %L AND recorded < %L RETURNING *) '
            'INSERT INTO %I SELECT * FROM moved', lower, upper, name
        );
        ALTER TABLE events ATTACH PARTITION events_other DEFAULT;
    END IF;
END $$;
