-- The months of events that stand in none, the earliest first.
SELECT DISTINCT date_trunc('month', recorded AT TIME ZONE 'UTC')::date::text FROM events_other ORDER BY 1 LIMIT 12
