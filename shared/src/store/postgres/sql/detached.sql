-- Months that somebody has taken out of the log, and how many events are missing from it: the chain lists them.
SELECT coalesce(string_agg(relname, ', ' ORDER BY relname), '')::text
FROM pg_class
WHERE relkind = 'r' AND relname ~ '^events_\d{4}_\d{2}$'
    AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass)
    AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = pg_class.oid)
