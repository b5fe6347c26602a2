-- What keeps old rows from being cleaned up, and numbers of events from being settled: of any database.
SELECT holder, "end", database, extract(epoch FROM clock_timestamp() - since)::bigint
FROM (
    SELECT 'process ' || pid AS holder, format('SELECT pg_terminate_backend(%s)', pid) AS "end",
        coalesce(datname, '') AS database, xact_start AS since
    FROM pg_stat_activity
    WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND pid <> pg_backend_pid()
    UNION ALL
    SELECT format('the prepared transaction %L', gid), format('ROLLBACK PREPARED %L', gid), database, prepared
    FROM pg_prepared_xacts
) AS open
WHERE since < clock_timestamp() - $1::interval
ORDER BY since LIMIT 1
