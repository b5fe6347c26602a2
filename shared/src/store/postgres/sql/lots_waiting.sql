-- By the index of what is waited for, which holds all that is asked here.
WITH found AS MATERIALIZED (
    SELECT id FROM lots WHERE awaits = $2 AND id > $1 AND ($3::bigint IS NULL OR class = $3)
    ORDER BY id + 0 LIMIT $4
)
SELECT id, body, version, state, step, awaits, class::bigint, rank::bigint
FROM lots WHERE id IN (SELECT id FROM found)
ORDER BY id
