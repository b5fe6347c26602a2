SELECT id, body FROM lots
WHERE id > ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR step = ?3)
    AND (?4 IS NULL OR awaits = ?4)
ORDER BY id LIMIT ?5
