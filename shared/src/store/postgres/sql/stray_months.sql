-- The months of events that stand in none, and those that were detached, the earliest first.
SELECT DISTINCT date_trunc('month', recorded AT TIME ZONE 'UTC')::date::text FROM events_other
UNION
SELECT replace(substr(relname, 8), '_', '-') || '-01' FROM pg_class
WHERE relkind = 'r' AND relname ~ '^events_\d{4}_\d{2}$' AND relnamespace = (
    SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass
) AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = pg_class.oid)
ORDER BY 1 LIMIT 12
