-- What keeps commits from being done or confirmed: commits that wait for a standby, and rights that were taken away.
SELECT
    (
        SELECT count(*) FROM pg_stat_activity
        WHERE wait_event = 'SyncRep' AND datname = current_database()
            AND query_start < clock_timestamp() - interval '1 second'
    ),
    current_setting('synchronous_standby_names'),
    current_user::text,
    current_schema()::text,
    (
        SELECT string_agg(need.operation || ' on ' || need.name, ', ' ORDER BY need.name, need.operation)
        FROM (
            SELECT name, operation
            FROM unnest(ARRAY['events', 'chain', 'lines', 'lots', 'records', 'envelopes', 'jobs', 'notes', 'leases'])
                AS name, unnest(ARRAY['SELECT', 'INSERT']) AS operation
            UNION ALL
            SELECT 'old_documents', 'SELECT'
            UNION ALL
            SELECT name, 'UPDATE'
            FROM unnest(ARRAY['lines', 'lots', 'records', 'envelopes', 'jobs', 'notes', 'leadership', 'generation']) AS name
            UNION ALL
            SELECT name, 'DELETE' FROM unnest(ARRAY['jobs', 'notes', 'leases']) AS name
        ) AS need
        WHERE NOT has_table_privilege(to_regclass(need.name), need.operation)
    )
