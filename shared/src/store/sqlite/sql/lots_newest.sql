SELECT lots.id, events.body
FROM lots JOIN events ON events.position = lots.event
WHERE lots.id < ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR step = ?3)
    AND (?4 IS NULL OR awaits = ?4) AND (?5 IS NULL OR class = ?5)
ORDER BY lots.id DESC LIMIT ?6
