-- The transaction has its number before it draws, see `sequence`.
WITH transaction AS MATERIALIZED (SELECT pg_current_xact_id())
SELECT array_agg(nextval('event_ids')) FROM transaction, generate_series(1, $1)
