SELECT (SELECT count(*) FROM _sqlx_migrations WHERE success),
    pg_database_size(current_database()),
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    holder, term,
    CASE WHEN isfinite(until) THEN (extract(epoch FROM until) * 1000)::bigint ELSE 0 END,
    until > clock_timestamp(),
    -- What a session has set for itself says nothing of the database.
    pg_is_in_recovery() OR EXISTS (
        SELECT FROM pg_settings
        WHERE name = 'default_transaction_read_only' AND setting = 'on' AND source NOT IN ('client', 'session')
    )
FROM leadership
