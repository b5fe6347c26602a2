-- What keeps old rows from being cleaned up, and numbers of events from being settled: of any database.
SELECT pid::bigint, coalesce(datname, ''), extract(epoch FROM clock_timestamp() - xact_start)::bigint
FROM pg_stat_activity
WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND pid <> pg_backend_pid()
    AND xact_start < clock_timestamp() - interval '5 minutes'
ORDER BY xact_start LIMIT 1
