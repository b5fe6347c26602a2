-- The subject is a lot, a line, an envelope or a record: the other ids are NULL.
WITH RECURSIVE head (id) AS (
    SELECT event FROM lots WHERE id = $1
    UNION ALL SELECT event FROM lines WHERE id = $2
    UNION ALL SELECT event FROM envelopes WHERE id = $3
    UNION ALL SELECT event FROM records WHERE kind = $4 AND id = $5
), trail AS (
    SELECT events.* FROM events JOIN head ON events.id = head.id
    UNION ALL
    SELECT events.* FROM trail JOIN events ON events.id = trail.previous
)
SELECT coalesce((
        SELECT position - cardinality(near.events) + array_position(near.events, trail.id)
        -- The link that holds it is among the first that reach as far.
        FROM (SELECT * FROM chain WHERE newest >= trail.id ORDER BY newest LIMIT 1000) AS near
        WHERE near.events @> ARRAY[trail.id] LIMIT 1
    ), 0)::bigint, at, actor, subject, number, kind, body
FROM trail ORDER BY number
