-- Of few among many: all are looked at, then sorted. The pluses keep from the index by priority.
-- Ordered before bodies are read: rows without them are narrow.
SELECT lots.id, events.body
FROM lots JOIN events ON events.position = lots.event
WHERE lots.id IN (
    SELECT id FROM lots
    WHERE (+class, +rank, +id) > (?1, ?2, ?3) AND (?4 IS NULL OR state = ?4)
        AND (?5 IS NULL OR step = ?5) AND (?6 IS NULL OR awaits = ?6)
        AND (?7 IS NULL OR class = ?7)
    ORDER BY +class, +rank, +id LIMIT ?8
)
ORDER BY lots.class, lots.rank, lots.id
