SELECT lots.id, events.body
FROM lots JOIN events ON events.position = lots.event
WHERE lots.awaits = ?1 AND (lots.class, lots.rank, lots.id) > (?2, ?3, ?4)
    AND (?5 IS NULL OR class = ?5)
ORDER BY lots.class, lots.rank, lots.id LIMIT ?6
