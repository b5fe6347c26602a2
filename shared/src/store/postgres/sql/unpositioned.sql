-- As in tail.sql, counted.
WITH last AS (SELECT coalesce(max(settled), 0) AS settled FROM chain),
known AS (
    SELECT entry.id FROM chain, last, unnest(chain.events) AS entry (id)
    WHERE chain.newest > last.settled AND entry.id > last.settled
)
SELECT count(*), (extract(epoch FROM min(recorded)) * 1000)::bigint
FROM events, last WHERE id > last.settled AND NOT EXISTS (SELECT 1 FROM known WHERE known.id = events.id)
