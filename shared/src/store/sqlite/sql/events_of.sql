-- The subject is a lot, a line, an envelope or a record: the other ids are NULL.
WITH RECURSIVE
    head (position) AS (
        SELECT event FROM lots WHERE id = ?1
        UNION ALL SELECT event FROM lines WHERE id = ?2
        UNION ALL SELECT event FROM envelopes WHERE id = ?3
        UNION ALL SELECT event FROM records WHERE kind = ?4 AND id = ?5
    ),
    trail (position, previous) AS (
        SELECT position, previous FROM events WHERE position IN (SELECT position FROM head)
        UNION ALL
        SELECT events.position, events.previous
        FROM trail JOIN events ON events.position = trail.previous
    )
SELECT position, at, actor, subject, number, kind, body
FROM events WHERE position IN (SELECT position FROM trail)
ORDER BY position
