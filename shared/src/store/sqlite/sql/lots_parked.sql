-- The plus keeps to the index of those that are parked.
SELECT lots.id, events.body, version, state, step, awaits, class, rank
FROM lots JOIN events ON events.position = lots.event
WHERE state = 'parked' AND lots.id > ?1 AND (?2 IS NULL OR step = ?2)
    AND (?3 IS NULL OR class = ?3)
ORDER BY lots.id LIMIT ?4
