-- By the index of what is waited for, which holds all that is asked here: the pluses keep to it.
SELECT lots.id, events.body, version, state, step, awaits, class, rank
FROM lots JOIN events ON events.position = lots.event
WHERE lots.id IN (
    SELECT id FROM lots WHERE awaits = ?2 AND +id > ?1 AND (?3 IS NULL OR class = ?3)
    ORDER BY +id LIMIT ?4
)
ORDER BY lots.id
