-- Months of the log to which nothing is added any more.
SELECT child.relname::text
FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = 'events'::regclass AND child.relname ~ '^events_\d{4}_\d{2}$'
    AND child.relname < 'events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')
ORDER BY 1
