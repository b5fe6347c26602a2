-- A month that somebody has detached is a table of that name beside the log: it is attached again, with what came
-- meanwhile. Who waits for the lock gives up soon, so that nobody stands behind it.
DROP FUNCTION make_events_partition(date, bigint);
CREATE FUNCTION make_events_partition(day date, most bigint DEFAULT 200000) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first    date := date_trunc('month', day);
    name     text := 'events_' || to_char(day, 'YYYY_MM');
    lower    timestamptz := (first || ' 00:00+00')::timestamptz;
    upper    timestamptz := ((first + interval '1 month')::date || ' 00:00+00')::timestamptz;
    -- Beside the log, wherever that is.
    place    text := (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'events'::regclass);
    own      regclass := to_regclass(format('%s.%I', place, name));
    stray    bigint;
BEGIN
    IF EXISTS (
        SELECT FROM pg_inherits WHERE inhrelid = own AND inhparent = 'events'::regclass
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
    IF own IS NOT NULL THEN
        EXECUTE format(
            'ALTER TABLE events ATTACH PARTITION %s.%I FOR VALUES FROM (%L) TO (%L)', place, name, lower, upper
        );
    ELSE
        EXECUTE format(
            'CREATE TABLE %s.%I PARTITION OF events FOR VALUES FROM (%L) TO (%L)', place, name, lower, upper
        );
    END IF;
    IF stray > 0 THEN
        EXECUTE format(
            'WITH moved AS (DELETE FROM events_other WHERE recorded >= %L AND recorded < %L RETURNING *) '
            'INSERT INTO %s.%I SELECT * FROM moved', lower, upper, place, name
        );
        ALTER TABLE events ATTACH PARTITION events_other DEFAULT;
    END IF;
END $$;
